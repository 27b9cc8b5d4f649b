"""Metalink 3: files with sizes, hashes, pieces and mirrors in XML (the older form)."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from datalad_jsdl.manifest.formats.metalink4 import Said, file_record
from datalad_jsdl.manifest.formats.metalink4 import sniff as is_metalink4
from datalad_jsdl.manifest.formats.values import based, whole_number
from datalad_jsdl.manifest.formats.xml_root import root_tag

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalad_jsdl.manifest.formats.options import Options
    from datalad_jsdl.manifest.formats.xml_stream import Element
    from datalad_jsdl.manifest.record import Record

__all__ = ["records", "sniff"]

_BEST = 100  # preferences go up to it


def sniff(head: str) -> bool:
    """The root element is of Metalink 3's namespace, or has Metalink 3's version number."""
    tag = root_tag(head, "metalink")
    named = "www.metalinker.org" in tag or 'version="3' in tag or "version='3" in tag
    return named and not is_metalink4(head)


def records(text: Iterator[str], options: Options) -> Iterator[Record]:
    """One record a ``file`` element.

    Raises:
        ManifestError: the document is not XML, or has entities.
    """
    # it loads parsers, and the special remote, which starts often, needs none
    from datalad_jsdl.manifest.formats.xml_stream import elements

    for file in elements(text, "file"):
        name = file.attributes.get("name", "")
        said = Said()
        urls: list[str | dict[str, Any]] = []
        verified = False
        for child in file.children:
            if child[0] == "resources":
                urls += (
                    _url(url, options)
                    for url in child[4]
                    if url[0] == "url" and not _is_torrent(url, name)
                )
            elif child[0] == "size":
                said.takes("size", child)
            elif child[0] == "verification" and not verified:
                verified = True
                for check in child[4]:
                    if check[0] != "size":
                        said.takes(check[0], check)
        yield file_record(file, said, urls)


def _is_torrent(url: Element, name: str) -> bool:
    """Whether the URL leads to a description of the file, not to the file."""
    if kind := url[1].get("type"):
        return kind == "bittorrent"
    return url.text.endswith(".torrent") and not name.endswith(".torrent")


def _url(url: Element, options: Options) -> str | dict[str, Any]:
    _, given, _, bases, _, text = url
    text = text.strip()
    if bases:
        text = based(text, bases, options)
    priority = _priority(given.get("preference", ""))
    location = given.get("location")
    if priority is None and location is None:
        return text
    return {"url": text, "priority": priority, "location": location}


@lru_cache(maxsize=1000)  # a document has few that are different
def _priority(text: str) -> int | None:
    preference = whole_number(text)
    # the highest is the best, in our own form the lowest
    return max(_BEST - preference, 0) if isinstance(preference, int) else None
