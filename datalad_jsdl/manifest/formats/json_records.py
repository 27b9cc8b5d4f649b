"""A JSON list of files in a portal's own form: objects with a name, a URL, and a size or digest.

A list, or the only one in an object. What is what is told by the names that columns of tables have,
too (``file_name``, ``download_url``, ``md5sum`` …). JSON of other programs has such lists, so each
object in the beginning must have all of it: a name with an ending or that the URL ends in, one
URL that is named as that of the content or is the only one, and a size or a digest.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from datalad_jsdl.errors import ManifestError
from datalad_jsdl.manifest.formats.columns import CHECKSUM, well_known
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
from datalad_jsdl.manifest.formats.fields import is_web, known_time, stated
from datalad_jsdl.manifest.formats.listing import file_record
from datalad_jsdl.manifest.formats.values import name_in_url, scheme_of
from datalad_jsdl.model.digests import canonical_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalad_jsdl.manifest.formats.options import Options
    from datalad_jsdl.manifest.record import Record

__all__ = ["records", "sniff"]

_SCHEMES = frozenset({"http", "https", "ftp", "s3", "gs"})
_FILE = re.compile(r".*[^./]\.[A-Za-z0-9][A-Za-z0-9]*", re.DOTALL)
_DIGEST = re.compile(r"(?:checksum|hexdigest|digest|hash|hex|sum|file|data|content|_|-)+")
_FOLLOWING = ("next", "next_page", "nextPageToken", "next_page_token")
_HEAD = 1 << 16  # characters that are looked at
_OBJECTS = re.compile(r"\[\s*\{")
_OWN = frozenset({"path", "url", "urls"})  # of an entry in the project's own forms
# of these names the value may be the address of a page about the file
_VAGUE = frozenset({"url", "urls", "uri", "link", "links", "href"})


@dataclass(frozen=True, slots=True)
class _Roles:
    """Which field has what, or None; for digests also the algorithm."""

    path: str | None
    url: str | None
    size: str | None
    mtime: str | None
    checksum: str | None
    digests: tuple[tuple[str, str], ...]


@lru_cache(maxsize=64)
def _roles(names: tuple[str, ...]) -> _Roles:
    path, url, size, mtime, checksum = (
        well_known(names, role) for role in ("path", "url", "size", "mtime", CHECKSUM)
    )
    bare = ((name, _DIGEST.sub("", name) or name) for name in names)
    digests = tuple(pair for pair in bare if canonical_name(pair[1]))
    return _Roles(path, url, size, mtime, checksum, digests)


def sniff(head: str) -> bool:
    """All objects of the list have a name, a URL, and a size or digest; there is at least one."""
    if not is_object(head) and not is_array(head):
        return False
    head = head[:_HEAD]
    if not _OBJECTS.search(head):
        return False
    items = _list(outline(head))[1]
    *others, last = objects(items) or [{}]
    # where the beginning breaks off, the last is a part of one
    whole = head.rstrip().endswith(("]", "}"))
    cut = not whole and bool(others) and tuple(others[-1])[: len(last)] == tuple(last)
    return all(map(_is_file, others)) and (cut or _is_file(last))


def records(text: Iterator[str], options: Options) -> Iterator[Record]:
    """One record an object, and a fault if there are more pages.

    Raises:
        ManifestError: the document is not JSON, or has not one list of objects.
    """
    document = load(text)
    where, items = _list(document)
    if items is None:
        raise ManifestError("the document is neither a list of files, nor has it one such list")
    yield from each(items, where, _record)
    for name in _FOLLOWING:
        yield from one_page(dig(document, name) or None, name)


def _list(document: Any) -> tuple[str, Any]:
    """Where the list is, and the list; None if there is none, or more that may have URLs."""
    if is_list(document):
        return "", document
    if not isinstance(document, dict) or not _OWN.isdisjoint(document):
        return "", None
    found = [(name, value) for name, value in document.items() if is_list(value)]
    others = (value for value in document.values() if isinstance(value, dict))
    clear = len(found) == 1 and all(map(_OWN.isdisjoint, others))
    return found[0] if clear else ("", None)


def _is_file(item: dict[str, Any]) -> bool:
    roles = _roles(tuple(item))
    path = item.get(roles.path or "")
    url = item.get(roles.url or "")
    if not isinstance(path, str) or not isinstance(url, str) or scheme_of(url) not in _SCHEMES:
        return False
    if not (_FILE.fullmatch(path) or name_in_url(url) == path.rpartition("/")[2]):
        return False
    vague = roles.url in _VAGUE and any(
        is_web(value) for name, value in item.items() if name != roles.url
    )
    return not vague and (_is_size(item.get(roles.size or "")) or bool(_digests(item, roles)))


def _is_size(value: Any) -> bool:
    return (isinstance(value, int) and not isinstance(value, bool)) or (
        isinstance(value, str) and value.isdecimal()
    )


def _digests(item: dict[str, Any], roles: _Roles) -> dict[str, Any]:
    """Those that are named for their algorithm: ``md5``, ``md5sum``, ``sha256_hash``."""
    bare = {algorithm: item[name] for name, algorithm in roles.digests}
    found = stated({name: value for name, value in bare.items() if isinstance(value, str)})
    checksum = item.get(roles.checksum or "")
    if isinstance(checksum, str) and checksum and not found:
        return {CHECKSUM: checksum}
    return found


def _record(item: dict[str, Any], where: str) -> Iterator[Record]:
    roles = _roles(tuple(item))
    digests = _digests(item, roles)
    checksum = digests.pop(CHECKSUM, None)
    yield file_record(
        item.get(roles.path or ""),
        item.get(roles.url or ""),
        where,
        size=item.get(roles.size or ""),
        digests=digests,
        checksum=checksum,
        mtime=known_time(item.get(roles.mtime or "")),
    )
