"""Records that are as most are, checked by a few regular expressions; others are for `record`.

Nothing is decided here: what is taken, the full check takes, too, and gives the same `Entry`.
Millions of entries are read four times as fast for it.
"""

from __future__ import annotations

import re
from binascii import unhexlify
from typing import TYPE_CHECKING, Any

from datalad_jsdl.model.candidates import Candidate, PlainCandidates, by_priority
from datalad_jsdl.model.digests import ALGORITHMS, HexDigests, canonical_name
from datalad_jsdl.model.entry import Entry
from datalad_jsdl.model.references import plainly_resolved
from datalad_jsdl.model.secrecy import DEFAULT, Secrecy
from datalad_jsdl.model.stores import plain_web_form, web_form
from datalad_jsdl.model.times import parse_mtime, usual_time
from datalad_jsdl.model.urls import is_normal_url, is_plain_url

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

__all__ = ["FOLDER", "plain_entry"]

#: How a path ends that is of a file only if a size or a digest is known
#: (https://zarr-specs.readthedocs.io: a store of Zarr is a folder, or an archive with another end).
FOLDER = ".zarr"

# ASCII without controls, backslash and tilde; a component neither is empty nor begins with a dot
_FIRST, _LATER = r"[ -\-0-\[\]-}]", r"[ -.0-\[\]-}]"
_is_path = re.compile(f"{_FIRST}{_LATER}*(?:/{_FIRST}{_LATER}*)*").fullmatch
_LONGEST = 255  # characters of a path: no component can be too long then
_LARGEST = (1 << 63) - 1
_FIELDS = frozenset({"urls", "url", "size", "digests", "mtime", "path"})
_HEX_LENGTHS = {name: row.hex_length for name, row in ALGORITHMS.items()}
# as IANA's registry of hash functions has them, and so Metalink (RFC 5854, 4.2.5); with the
# family's name; or in capitals
_SPELLED = (
    {f"sha-{bits}": f"sha{bits}" for bits in (1, 224, 256, 384, 512)}
    | {f"sha2-{bits}": f"sha{bits}" for bits in (224, 256, 384, 512)}
    | {name.upper(): name for name in ("md5", "sha1", "sha256", "sha512")}
)
_OF_URLS = frozenset({"url", "priority", "location"})
_OTHERS = ("s3://", "gs://", "ftp:/")  # of which some have a form in https


def plain_entry(
    path: Any,
    value: Any,
    where: str,
    base_url: str | None = None,
    secrecy: Secrecy = DEFAULT,
) -> Entry | None:
    """The entry of a record (see `Record`) that needs no closer look; None for all others.

    That is one with a path in ASCII, URLs whose hosts are names and that have no secrets (or one
    relative URL below such a base), and nothing else but a size, digests in lower case (or of
    algorithms that are not known) and a modification time.
    """
    if type(path) is not str or len(path) > _LONGEST or not _is_path(path):
        return None
    urls: Any = None
    size = digests = mtime = None
    moved = 0
    named: dict[str, Any] = {}
    if type(value) is list:
        urls = value
    elif type(value) is dict:
        get = value.get
        urls, size, digests, mtime = get("urls"), get("size"), get("digests"), get("mtime")
        found = (urls is not None) + (size is not None) + (digests is not None)
        # most have nothing else; what has is looked at name by name
        if found + (mtime is not None) + ("path" in value) != len(value):
            for name, given in value.items():
                if name in _HEX_LENGTHS:
                    named[name] = given
                elif name == "url":
                    if urls is not None:
                        return None
                    urls = given
                elif name not in _FIELDS:
                    return None
    if size is not None and not (type(size) is int and 0 <= size <= _LARGEST):
        return None
    if type(urls) is list and len(urls) == 1 and type(urls[0]) is str:
        urls = urls[0]
    candidates: Sequence[Candidate]
    if type(urls) is str:
        if urls.startswith(_OTHERS):
            if (urls := _by_https(urls)) is None:
                return None
            moved = 1
        elif "?" in urls or not is_plain_url(urls):
            urls = urls if _is_harmless(urls, secrecy) else _joined(base_url, urls)
            if urls is None:
                return None
        candidates = PlainCandidates.of_lines(urls)
    elif type(urls) is not list or not urls:
        return None
    elif dict in map(type, urls):
        if (described := _described(urls, secrecy)) is None:
            return None
        candidates = described
    elif (several := _lines(urls, secrecy)) is None:
        return None
    else:
        text, moved = several
        candidates = PlainCandidates.of_lines(text)
    if named and digests:
        return None
    stated = _digests(named if digests is None else digests)
    if stated is None:
        return None
    hexdigests, unknown = stated
    if size is None and not hexdigests and path.endswith(FOLDER):
        return None
    time = None
    if mtime is not None and (time := _time(mtime)) is None:
        return None
    return Entry.plain(
        path,
        candidates,
        size,
        HexDigests.of_lines(hexdigests),
        time,
        where,
        moved,
        unknown,
    )


def _joined(base: str | None, url: str) -> str | None:
    """The whole of a relative URL, if it needs no closer look."""
    found = None if base is None else plainly_resolved(base, url)
    return found if found and is_plain_url(found) else None


def _is_harmless(url: str, secrecy: Secrecy) -> bool:
    """Whether a URL is taken as it stands, and has parameters of which none is secret."""
    if secrecy.is_mere_version(url):
        return True
    return is_normal_url(url) is not None and secrecy.finding(url) is None


def _described(urls: list[Any], secrecy: Secrecy) -> Sequence[Candidate] | None:
    """Of URLs, and objects that say nothing but one, its priority and its location."""
    found: list[Candidate] = []
    texts: list[str] = []
    told, in_order = False, True
    last: int | None = 0
    url: Any
    for item in urls:
        if type(item) is str:
            url, priority, location = item, None, None
        elif type(item) is dict and _OF_URLS.issuperset(item):
            url, priority, location = item.get("url"), item.get("priority"), item.get("location")
        else:
            return None
        if type(url) is not str or not (is_plain_url(url) or _is_harmless(url, secrecy)):
            return None
        if priority is None:
            last = None
        elif type(priority) is int and priority >= 0:
            told = True
            if last is None or priority < last:
                in_order = False
            last = priority
        else:
            return None
        if location is not None:
            if type(location) is not str or not location.isascii():
                return None
            told = True
        texts.append(url)
        found.append(Candidate.plain(url, priority, location))
    if len(texts) > 1 and len(set(texts)) != len(texts):
        return None
    if not told:
        return PlainCandidates(texts)
    return tuple(found if in_order else sorted(found, key=by_priority))


def _lines(urls: list[Any], secrecy: Secrecy) -> tuple[str, int] | None:
    """Several URLs, one a line; and how many of them were given in another scheme."""
    found: list[str] = []
    moved = 0
    for url in urls:
        if type(url) is not str:
            return None
        if not url.startswith(_OTHERS):
            if not is_plain_url(url) and not _is_harmless(url, secrecy):
                return None
            found.append(url)
        elif by_https := _by_https(url):
            found.append(by_https)
            moved += 1
        else:
            return None
    return ("\n".join(found), moved) if len(set(found)) == len(found) else None


def _by_https(url: str) -> str | None:
    """The https URL of what is in a store of objects, if it needs no closer look."""
    if found := plain_web_form(url):
        return found
    found = web_form(url)
    return found if found and is_plain_url(found) else None


def _time(given: Any) -> datetime | None:
    if type(given) is str and (usual := usual_time(given)) is not None:
        return usual
    try:
        return parse_mtime(given)
    except ValueError:
        return None


def _digests(given: Any) -> tuple[str, tuple[str, ...]] | None:
    """Digests as `HexDigests` holds them, and the names of those that are of no known algorithm."""
    if type(given) is not dict:
        return None
    lines = ""
    unknown: tuple[str, ...] = ()
    for name, hexdigest in given.items():
        if (length := _HEX_LENGTHS.get(name)) is None:
            if canonical_name(name) is None:
                unknown += (f"digests.{name}",)
                continue
            name = _SPELLED.get(name, "")
            if not name or name in given or f"\n{name} " in lines:
                return None
            length = _HEX_LENGTHS[name]
        if type(hexdigest) is not str or len(hexdigest) != length:
            return None
        try:
            # in a third of the time of a regular expression
            unhexlify(hexdigest)
        except ValueError:
            return None
        if hexdigest.lower() != hexdigest:
            return None
        lines += f"\n{name} {hexdigest}"
    return lines, unknown
