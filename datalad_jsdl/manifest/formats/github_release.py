"""Assets of releases on GitHub, Gitea or Forgejo, from their API (JSON).

Described at https://docs.github.com/en/rest/releases. An answer is one release, a list of them
(each then has a folder named by its tag), or the list of one's assets. The archives of the source
code (``zipball_url``) are made anew for each request, and passed over. ``digest`` is
``sha256:HEX``.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from datalad_jsdl.manifest.formats.documents import is_list, load
from datalad_jsdl.manifest.formats.fields import known_time, named_digest
from datalad_jsdl.manifest.formats.listing import Listing, file_record
from datalad_jsdl.manifest.record import Record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalad_jsdl.manifest.formats.options import Options

__all__ = ["asset_records", "records", "sniff"]

_ASSET = (("name",), ("size",), ("browser_download_url",))
_ASSETS = Listing((("assets",), ()), _ASSET)
_RELEASES = Listing(((),), (("tag_name",), ("assets",)))


def sniff(head: str) -> bool:
    """Assets with ``browser_download_url``, or releases with ``tag_name`` and ``assets``."""
    return _ASSETS.sniff(head) or _RELEASES.sniff(head)


def records(text: Iterator[str], options: Options) -> Iterator[Record]:
    """One record an asset.

    Raises:
        ManifestError: the document is not JSON, or has no list of assets.
    """
    yield from _ASSETS.document_records(load(text), partial(asset_records, ""))


def asset_records(folder: str, item: dict[str, Any], where: str) -> Iterator[Record]:
    """The records of an asset, or of a release's assets.

    Args:
        folder: that the paths begin with, with a slash at its end, or "".
        item: an asset or a release.
        where: its place in the document.
    """
    assets, tag = item.get("assets"), item.get("tag_name")
    if is_list(assets) and isinstance(tag, str):
        yield from _ASSETS.document_records(item, partial(asset_records, f"{tag}/"))
        return
    name = item.get("name")
    yield file_record(
        folder + name if isinstance(name, str) else name,
        item.get("browser_download_url"),
        where,
        size=item.get("size"),
        digests=named_digest(item.get("digest")),
        mtime=known_time(item.get("updated_at")),
    )
