"""What formats share that describe a dataset in linked data: its distributions and their facts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from datalad_jsdl.manifest.formats.documents import dig
from datalad_jsdl.manifest.formats.fields import digests_in, is_web, known_time, stated, whole_bytes
from datalad_jsdl.manifest.formats.listing import file_record
from datalad_jsdl.manifest.formats.values import name_in_url
from datalad_jsdl.manifest.record import Record
from datalad_jsdl.model.digests import canonical_name

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["distribution_record", "field", "file_name", "is_page", "listed", "types"]

_PREFIXES = ("", "schema:", "dcat:", "dct:", "dcterms:", "sc:", "spdx:")
_PAGES = ("text/html", "application/xhtml+xml", "html", "htm", "xhtml")
# of a whole site, which templates have in the place of a file's URL
_SITE = re.compile(r"https?://[^/?#]+/?", re.IGNORECASE)
_ENDING = re.compile(r".*[^./]\.[A-Za-z0-9][A-Za-z0-9_+-]*", re.DOTALL)
_FORMATS = ("encodingFormat", "fileFormat", "mediaType", "format")


def field(item: Any, *names: str) -> Any:
    """What stands under the first of *names* that is there, with whichever prefix."""
    for name in names:
        for prefix in _PREFIXES:
            if (value := dig(item, prefix + name)) is not None:
                return value
    return None


def listed(value: Any) -> list[Any]:
    """A value of JSON-LD that may stand alone where a list is meant."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def types(item: Any) -> set[str]:
    """The types of an object, without prefix."""
    found = listed(dig(item, "@type"))
    return {t.replace("/", ":").rpartition(":")[2] for t in found if isinstance(t, str)}


def is_page(kind: Any) -> bool:
    """Whether a format or media type is that of a web page."""
    return isinstance(kind, str) and kind.strip().lower().partition(";")[0] in _PAGES


def file_name(url: Any) -> str | None:
    """What the URL ends in, if that is a file's name: one with an ending."""
    name = name_in_url(url) if isinstance(url, str) else None
    return name if name and _ENDING.fullmatch(name) else None


def distribution_record(
    item: dict[str, Any], where: str, urls: Any, folder: str = ""
) -> Iterator[Record]:
    """The record of a distribution.

    Args:
        item: with the terms of schema.org or DCAT.
        where: its place in the document.
        urls: those that lead to the file itself; None if it names but a page.
        folder: of the path, with a slash at its end, or "".
    """
    found = [dig(url, "@id") if isinstance(url, dict) else url for url in listed(urls)]
    title = field(item, "name", "title")
    if not found:
        yield Record(title, None, where, "the distribution is a page or service, not a file")
        return
    if any(is_page(field(item, name)) for name in _FORMATS):
        yield Record(title, None, where, "the distribution is a web page, not a file")
        return
    if all(isinstance(url, str) and _SITE.fullmatch(url.strip()) for url in found):
        yield Record(title, None, where, "the URL is that of a whole site, not of a file")
        return
    names = [file_name(url) for url in found]
    if len(set(names)) > 1:  # several files, of which nobody says which one the facts are of
        for url in found:
            plain = {key: item[key] for key in item if key.rpartition(":")[2] in ("name", "title")}
            yield from distribution_record(plain, where, url, folder)
        return
    name = names[0]
    if name is None and isinstance(title, str) and _ENDING.fullmatch(title):
        name = title
    if name is None:
        yield Record(title, None, where, "neither the URL nor the name is that of a file")
        return
    yield file_record(
        folder + name,
        found,
        where,
        size=_size(field(item, "contentSize", "byteSize")),
        digests=digests_in(item) | _checksums(item),
        mtime=known_time(field(item, "dateModified", "modified")),
    )


def _size(value: Any) -> Any:
    value = dig(value, "@value") if isinstance(value, dict) else value
    return whole_bytes(value)


def _checksums(item: dict[str, Any]) -> dict[str, Any]:
    """Digests in the terms of SPDX, as DCAT 3 and science-on-schema.org have them."""
    found: dict[str, Any] = {}
    for checksum in listed(field(item, "checksum")):
        algorithm = field(checksum, "algorithm", "checksumAlgorithm")
        named = dig(algorithm, "@id") if isinstance(algorithm, dict) else algorithm
        value = field(checksum, "checksumValue")
        value = dig(value, "@value") if isinstance(value, dict) else value
        if isinstance(named, str) and not is_web(value):
            # spdx:checksumAlgorithm_md5, http://spdx.org/rdf/terms#checksumAlgorithm_sha256
            bare = re.sub(r".*[:#/]", "", named).removeprefix("checksumAlgorithm_")
            if canonical_name(bare):
                found[bare] = value
    return stated(found)
