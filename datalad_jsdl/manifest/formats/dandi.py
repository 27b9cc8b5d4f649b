"""Assets of the DANDI archive: a page of its API's listing, or a list of asset metadata (JSON).

The listing is that of ``/api/dandisets/ID/versions/VERSION/assets/``
(https://api.dandiarchive.org/swagger/); the list is a version's ``assets.jsonld``, or the
``.dandi/assets.json`` in the repository of a dandiset, with whole records of assets. The metadata
(https://github.com/dandi/schema) are in a listing that was asked for with
``metadata=true``; without them the URL is built from the asset's id, relative to the manifest's
base URL, and there is no digest. ``dandi:dandi-etag`` is a digest of
the digests of a multipart upload's parts, no MD5 of the content, and is passed over. A Zarr asset
is a tree of many files behind one prefix: it is refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datalad_jsdl.errors import ManifestError
from datalad_jsdl.manifest.formats.documents import (
    dig,
    each,
    is_array,
    is_list,
    is_object,
    load,
    objects,
    one_page,
    outline,
)
from datalad_jsdl.manifest.formats.fields import quoted, stated
from datalad_jsdl.manifest.record import Record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalad_jsdl.manifest.formats.options import Options

__all__ = ["asset_records", "records", "sniff"]

_ZARR = "a Zarr asset is a folder of many files, not a single file with a URL"


def sniff(head: str) -> bool:
    """A list of objects with ``path`` and ``contentUrl`` (in their ``metadata``, or not), or a
    page of ``results``."""
    if is_array(head):
        assets = objects(outline(head, "path", "contentUrl"))
        return any(asset.keys() >= {"path", "contentUrl"} or _is_whole(asset) for asset in assets)
    if not is_object(head):
        return False
    assets = objects(dig(outline(head, "results", "path"), "results"))
    return any(
        "path" in asset and ("asset_id" in asset or dig(asset, "metadata", "contentUrl"))
        for asset in assets
    )


def _is_whole(asset: dict[str, Any]) -> bool:
    """Whether it is a record with its metadata."""
    return asset.keys() >= {"asset_id", "path"} and bool(dig(asset, "metadata", "contentUrl"))


def records(text: Iterator[str], options: Options) -> Iterator[Record]:
    """One record an asset, and a fault if there are more pages.

    Raises:
        ManifestError: the document is not JSON, or has no list of assets.
    """
    document = load(text)
    if is_list(document):
        yield from each(document, "", asset_records)
    elif isinstance(document, dict):
        yield from each(document.get("results"), "results", asset_records)
        yield from one_page(document.get("next"), "next")
    else:
        raise ManifestError("the document is neither a page of results nor a list of assets")


def asset_records(asset: dict[str, Any], where: str) -> Iterator[Record]:
    """The record of one asset of a listing, or of its metadata."""
    given = asset.get("metadata")
    metadata = given if isinstance(given, dict) else asset
    path = asset.get("path", metadata.get("path"))
    if isinstance(path, str):
        path = path.removeprefix("/")  # so in assets of the archive's first years
    if _is_zarr(asset, metadata):
        yield Record(path, None, where, _ZARR)
        return
    value = {
        "urls": metadata.get("contentUrl") or _download(asset),
        "size": metadata.get("contentSize", asset.get("size")),
        "digests": _digests(metadata.get("digest")),
        "mtime": metadata.get("blobDateModified"),
    }
    yield Record(path, value, where)


def _is_zarr(asset: dict[str, Any], metadata: dict[str, Any]) -> bool:
    return (
        asset.get("zarr") is not None
        or metadata.get("encodingFormat") == "application/x-zarr"
        or dig(metadata, "digest", "dandi:dandi-zarr-checksum") is not None
    )


def _download(asset: dict[str, Any]) -> str | None:
    asset_id = asset.get("asset_id")
    return f"/api/assets/{quoted(asset_id)}/download/" if isinstance(asset_id, str) else None


def _digests(digest: Any) -> Any:
    if not isinstance(digest, dict):
        return digest
    plain = {name.removeprefix("dandi:"): value for name, value in digest.items()}
    plain.pop("dandi-etag", None)
    return stated(plain)
