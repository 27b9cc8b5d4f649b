"""From what a document says of a file (a record) to a checked `Entry` or a `Refusal`."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple, TypeGuard
from urllib.parse import urlsplit

from datalad_jsdl.manifest.given_urls import given_urls
from datalad_jsdl.manifest.inline import inline_of
from datalad_jsdl.manifest.own_form import PERHAPS
from datalad_jsdl.manifest.plain import FOLDER, plain_entry
from datalad_jsdl.manifest.stated_digests import StatedDigests, stated_digests
from datalad_jsdl.model.amounts import counted
from datalad_jsdl.model.candidates import by_priority, compact_candidates
from datalad_jsdl.model.data_urls import is_data_url
from datalad_jsdl.model.digests import HexDigests, canonical_name, digest_fault
from datalad_jsdl.model.entry import Candidate, Entry, Pieces, Refusal
from datalad_jsdl.model.paths import marked_path_fault
from datalad_jsdl.model.restriction import FIELDS as ACCESS_FIELDS
from datalad_jsdl.model.restriction import Restriction
from datalad_jsdl.model.secrecy import DEFAULT, Secrecy
from datalad_jsdl.model.times import parse_mtime
from datalad_jsdl.model.urls import excerpt, normalise_url

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from datalad_jsdl.model.inline import Inline

__all__ = ["Record", "candidate_of", "entry_from_record", "fully_checked", "given_fields"]

_URL_FIELDS = ("urls", "url", "extra_urls")
_FIELDS = frozenset(
    {"path", *_URL_FIELDS, "size", "digests", "pieces", "mtime", "own_mtime", "executable"}
    | {"access", "symlink"}
    # why an earlier import failed (download-manifest --failed), and whether another entry had the
    # path (true), or may have had it (`PERHAPS`)
    | {"reason", "twice"}
)


class Record(NamedTuple):
    """One entry as the document gives it, unchecked.

    Attributes:
        path: whatever stands where the path should be.
        value: a list of URLs, or an object with ``urls`` and more.
        where: the place in the document ("line 7").
        fault: why not even a value could be read, or None.
    """

    path: Any
    value: Any
    where: str
    fault: str | None = None


def entry_from_record(
    record: Record, base_url: str | None = None, secrecy: Secrecy = DEFAULT
) -> Entry | Refusal:
    """Check a record.

    The value's fields: ``urls``, ``url`` and ``extra_urls`` (a string, an object with
    ``url`` and perhaps ``priority`` and ``location``, or a list of these), ``size``
    (bytes), ``digests`` (algorithm to hex; see `stated_digests` for other ways to say them),
    ``pieces`` (``algorithm``, ``length`` in bytes and the parts' ``digests``), ``mtime`` (see
    `times.parse_mtime`), ``own_mtime``, ``executable`` and ``access`` (``kind``, and perhaps
    ``url`` and ``text``; see `restriction`). Fields with other names are for other programs, and
    ignored. URLs of other schemes that have a form in https (see `stores`) are taken by that.

    A ``data:`` URL has the content itself: all else that is said of that has to agree, and other
    URLs are not needed. ``symlink`` says that it is a symlink's target.
    """
    path, value, where, fault = record
    if fault is None and (entry := plain_entry(path, value, where, base_url, secrecy)) is not None:
        return entry
    return fully_checked(record, base_url, secrecy)


def fully_checked(
    record: Record, base_url: str | None = None, secrecy: Secrecy = DEFAULT
) -> Entry | Refusal:
    """The same, without the short way for what most records are."""
    path = record.path if isinstance(record.path, str) else None
    try:
        if record.fault:
            raise ValueError(record.fault)
        if path is None:
            raise ValueError("the path is missing or not a string")
        if fault := marked_path_fault(path):
            raise ValueError(fault)
        if isinstance(record.value, dict) and record.value.get("twice") is True:
            raise ValueError(_TWICE)
        return _entry(path, record, base_url, secrecy)
    except ValueError as error:
        return Refusal(path, str(error), record.where, given_fields(record.value, base_url))


_DIGITS = 19  # of 2**63
_TWICE = (
    "the path was listed twice in the original manifest, and this entry would replace the other; "
    'if it should, remove "twice" from it'
)


def given_fields(value: Any, base_url: str | None) -> dict[str, Any]:
    """A value that was refused, as an object; what is wrong with it stays."""
    if value is None:
        return {}
    fields = dict(value) if isinstance(value, dict) else {"urls": value}
    fields.pop("path", None)
    if base_url is not None:
        for name in _URL_FIELDS:
            if name in fields:
                items = fields[name]
                many = isinstance(items, list)
                found = [_resolved(item, base_url) for item in (items if many else [items])]
                fields[name] = found if many else found[0]
        if isinstance(fields.get("access"), dict):
            fields["access"] = _resolved(fields["access"], base_url)
    return fields


def _resolved(item: Any, base_url: str) -> Any:
    if isinstance(item, dict) and "url" in item:
        return {**item, "url": _absolute(item["url"], base_url)}
    return _absolute(item, base_url)


def _absolute(url: Any, base_url: str) -> Any:
    if isinstance(url, str):
        with suppress(ValueError):  # it has a fault of its own
            if not is_data_url(url) and not urlsplit(url).scheme:
                return normalise_url(url, base_url)
    return url


def _entry(path: str, record: Record, base_url: str | None, secrecy: Secrecy) -> Entry:
    value = record.value
    if isinstance(value, list):
        value = {"urls": value}
    if not isinstance(value, dict):
        raise ValueError("the value is neither a list of URLs nor an object with urls")
    mtime = value.get("mtime")
    given = given_urls(list(_url_items(value)))
    items = given.items
    inline = inline_of(path, value, items)
    stated = stated_digests(value)
    candidates = () if inline else compact_candidates(_candidates(items, base_url, secrecy))
    size = _size(value.get("size"))
    if path.endswith(FOLDER) and size is None and not stated.digests and not inline:
        raise ValueError("a Zarr store is a folder, whose files have to be listed one by one")
    entry = Entry(
        path=path,
        candidates=candidates,
        size=size,
        digests=HexDigests(stated.digests),
        mtime=None if mtime is None else parse_mtime(mtime),
        executable=_flag(value, "executable"),
        pieces=_pieces(value.get("pieces"), value.get("size")),
        left_over="reason" in value,
        perhaps_twice=value.get("twice") == PERHAPS,
        where=record.where,
        unknown=(*given.unknown, *_unknown(value, stated)),
        restriction=_restriction(value.get("access"), base_url, secrecy),
        inline=inline,
        own_mtime=_flag(value, "own_mtime"),
        impossible=stated.impossible,
        moved=given.moved,
    )
    return entry if inline is None else _complete(entry, inline)


def _complete(entry: Entry, inline: Inline) -> Entry:
    """An entry with its content: what is not said of that is found out."""
    if fault := inline.fault(entry.size, entry.digests, entry.pieces):
        raise ValueError(fault)
    digests = dict(entry.digests)
    digests.setdefault("sha256", inline.digest("sha256"))
    size = len(inline.content)
    return replace(entry, size=size, digests=HexDigests(digests), pieces=None)


def _unknown(value: dict[str, Any], stated: StatedDigests) -> Iterator[str]:
    yield from (name for name in value if name not in _FIELDS and name not in stated.fields)
    yield from stated.unknown
    if isinstance(access := value.get("access"), dict):
        yield from (f"access.{name}" for name in access if name not in ACCESS_FIELDS)


def _candidates(
    items: Iterable[Any], base_url: str | None, secrecy: Secrecy
) -> tuple[Candidate, ...]:
    found: dict[str, Candidate] = {}
    for item in items:
        candidate = candidate_of(item, base_url, secrecy)
        found.setdefault(candidate.url, candidate)
    if not found:
        raise ValueError("no URL")
    # stable: the given order decides among equal priorities
    return tuple(sorted(found.values(), key=by_priority))


def _url_items(value: dict[str, Any]) -> Iterator[Any]:
    for field in _URL_FIELDS:
        items = value.get(field)
        if items is None:
            continue
        if isinstance(items, list):
            yield from items
        elif isinstance(items, (str, dict)):
            yield items
        else:
            raise ValueError(f"{field} is neither a URL nor a list of URLs")


def candidate_of(item: Any, base_url: str | None, secrecy: Secrecy) -> Candidate:
    """A URL of a record, checked.

    Raises:
        ValueError: it is not a URL that can be used; the text says why.
    """
    if isinstance(item, str):
        item = {"url": item}
    if not isinstance(item, dict) or not isinstance(item.get("url"), str):
        raise ValueError("a URL is neither a string nor an object with a url")
    priority, location = item.get("priority"), item.get("location")
    if priority is not None and not _is_count(priority):
        raise ValueError("a URL's priority is not a whole number of 0 or more")
    if location is not None and not _is_text(location):
        raise ValueError("a URL's location is not a string of valid Unicode")
    url = normalise_url(item["url"], base_url)
    return Candidate(url, priority, location, secrecy.is_signed(url))


def _size(value: Any) -> int | None:
    if value is None:
        return None
    if isinstance(value, str) and value.isdecimal():
        if len(value) > _DIGITS:  # whatever document it is from
            raise ValueError("the size is larger than any file")
        raise ValueError(f"the size is the text {excerpt(value)}, not a number")
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError(f"the size {excerpt(value)} is not a whole number of bytes")
    if value < 0:
        raise ValueError("the size is negative")
    if value >= 1 << 63:
        raise ValueError("the size is larger than any file")
    return value


def _pieces(value: Any, size: Any) -> Pieces | None:
    if value is None:
        return None
    if not isinstance(value, dict) or not isinstance(value.get("digests"), list):
        raise ValueError("pieces is not an object of algorithm, length and a list of digests")
    name = canonical_name(str(value.get("algorithm")))
    length, digests = value.get("length"), value["digests"]
    if name is None:
        return None
    if not _is_count(length) or length == 0:
        raise ValueError("the pieces' length is not a whole number of bytes above 0")
    if isinstance(size, int) and len(digests) != -(-size // length):
        count = len(digests)
        raise ValueError(
            f"{counted(count, 'piece')} of {excerpt(length)} bytes cannot make {size} bytes"
        )
    for hexdigest in digests:
        if fault := digest_fault(name, hexdigest):
            raise ValueError(f"a piece: {fault}")
    return Pieces(name, length, tuple(d.lower() for d in digests))


def _flag(value: dict[str, Any], name: str) -> bool:
    found = value.get(name)
    if found is None:
        return False
    if not isinstance(found, bool):
        raise ValueError(f"{name} is neither true nor false")
    return found


def _restriction(value: Any, base_url: str | None, secrecy: Secrecy) -> Restriction | None:
    if value is None:
        return None
    found = Restriction.parse(value, base_url)
    if found != found.public(secrecy):
        raise ValueError("access: the url or text seems to contain a secret")
    return found


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and not any("\ud800" <= c <= "\udfff" for c in value)


def _is_count(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
