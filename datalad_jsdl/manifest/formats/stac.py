"""A STAC Item, Collection or ItemCollection: assets of scenes of the Earth (JSON).

Described at https://stacspec.org, and for sizes, checksums and mirrors in the extensions ``file``
and ``alternate-assets``. ``file:checksum`` is a multihash in hex (https://multiformats.io), of
which those algorithms are taken that we verify with. An asset's name is its relative ``href``, or
the last part of an absolute one, in a folder named by the item; its key is no file's name.
Alternates are mirrors if they end in the same name.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from datalad_jsdl.errors import ManifestError
from datalad_jsdl.manifest.formats.documents import (
    dig,
    each,
    is_object,
    load,
    objects,
    one_page,
    outline,
)
from datalad_jsdl.manifest.formats.fields import known_time
from datalad_jsdl.manifest.formats.listing import file_record
from datalad_jsdl.manifest.formats.values import based, name_in_url, scheme_of
from datalad_jsdl.manifest.record import Record
from datalad_jsdl.model.digests import ALGORITHMS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalad_jsdl.manifest.formats.options import Options

__all__ = ["records", "sniff"]

# https://github.com/multiformats/multicodec, as hex of the varint
_CODES = {
    "11": "sha1",
    "12": "sha256",
    "13": "sha512",
    "14": "sha3-512",
    "15": "sha3-384",
    "16": "sha3-256",
    "17": "sha3-224",
    "20": "sha384",
    "d501": "md5",
    "c0e402": "blake2b-512",
}
_CODE = re.compile(r"((?:[89a-f][0-9a-f])*[0-7][0-9a-f])([0-7][0-9a-f])((?:[0-9a-f]{2})+)")
_TEMPLATE = re.compile(r"[{}]")
_PAGES = ("text/html", "application/xhtml+xml")
_FOLDERS = ("application/vnd+zarr", "application/vnd.zarr", "application/x-zarr")


def sniff(head: str) -> bool:
    """An object with ``stac_version`` and ``assets``, or features that have them.

    An Item whose geometry is long has its assets behind that.
    """
    if not is_object(head):
        return False
    document = outline(head, "stac_version")
    if dig(document, "type") == "Feature" and _is_stac(document, document):
        return True
    features = objects(dig(document, "features"))
    return any(
        isinstance(dig(item, "assets"), dict) and _is_stac(item, document)
        for item in (document, *features)
    )


def _is_stac(item: Any, document: Any) -> bool:
    return any(isinstance(dig(of, "stac_version"), str) for of in (item, document))


def records(text: Iterator[str], options: Options) -> Iterator[Record]:
    """One record an asset, and a fault if there are more pages.

    Raises:
        ManifestError: the document is not JSON, or has neither assets nor features.
    """
    document = load(text)

    def item_records(item: dict[str, Any], where: str) -> Iterator[Record]:
        yield from _item(item, where, options)

    if not isinstance(document, dict):
        raise ManifestError("the document is neither an Item nor an ItemCollection")
    if "features" not in document:
        yield from item_records(document, "")
        return
    yield from each(document["features"], "features", item_records)
    yield from one_page(_link(document, "next"), "links")


def _link(item: dict[str, Any], relation: str) -> Any:
    links = objects(item.get("links"))
    return next((link.get("href") for link in links if link.get("rel") == relation), None)


def _item(item: dict[str, Any], where: str, options: Options) -> Iterator[Record]:
    assets, folder = item.get("assets"), item.get("id")
    place = f"{where}.assets" if where else "assets"
    if not isinstance(assets, dict) or not isinstance(folder, str):
        yield Record(None, None, where or "assets", "the item has no id, or assets is no object")
        return
    own = _link(item, "self")
    bases = [own] if isinstance(own, str) else []
    names = {key: _name(dig(asset, "href")) for key, asset in assets.items()}
    count = Counter(names.values())
    for key, asset in assets.items():
        name = names[key]
        if name is not None and count[name] > 1:  # two files of the same name
            name = f"{key}/{name}"
        path = None if name is None else f"{folder}/{name}"
        yield _asset(path, asset, f"{place}.{key}", bases, options)


def _name(href: Any) -> str | None:
    """A relative reference as a path, or the last part of the URL."""
    if not isinstance(href, str):
        return None
    relative = href.removeprefix("./")
    if scheme_of(href) or relative.startswith(("/", "../")) or "?" in relative:
        return name_in_url(href)
    return unquote(relative)


def _asset(path: str | None, asset: Any, where: str, bases: list[str], options: Options) -> Record:
    href = dig(asset, "href")
    if not isinstance(asset, dict) or not isinstance(href, str):
        return Record(path, None, where, "the asset has no href")
    if _TEMPLATE.search(href):
        return Record(path, None, where, "the href is a template for many tiles")
    kind = asset.get("type")
    if isinstance(kind, str) and kind.startswith(_PAGES):
        return Record(path, None, where, "the asset is a web page, not a file")
    if href.endswith("/") or (isinstance(kind, str) and kind.startswith(_FOLDERS)):
        return Record(path, None, where, "the asset is a folder of many files")
    alternates = asset.get("alternate")
    others = alternates.values() if isinstance(alternates, dict) else ()
    hrefs = [href, *(url for other in others if isinstance(url := dig(other, "href"), str))]
    hrefs = [url for url in hrefs if name_in_url(url) == name_in_url(href)]
    return file_record(
        path,
        [based(url, bases, options) for url in hrefs],
        where,
        size=asset.get("file:size"),
        digests=_multihash(asset.get("file:checksum", asset.get("checksum:multihash"))),
        mtime=known_time(asset.get("updated")),
    )


def _multihash(value: Any) -> dict[str, str]:
    """The digest in a multihash; none if the algorithm is another, or its length is wrong."""
    match = _CODE.fullmatch(value.lower()) if isinstance(value, str) else None
    if match is None:
        return {}
    code, length, digest = match.groups()
    name = _CODES.get(code)
    if name is None or len(digest) != 2 * int(length, 16):
        return {}
    return {name: digest} if len(digest) == ALGORITHMS[name].hex_length else {}
