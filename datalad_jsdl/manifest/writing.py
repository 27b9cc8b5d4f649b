"""Entries → a manifest: the one table of formats that can be written.

A format has the name here that it has in the table of those that are read
(`datalad_jsdl.manifest.formats`), and what is written is read back by it. To add one, write a
function that turns entries into pieces of text, and give it a row.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape, quoteattr

from datalad_jsdl.errors import ArchiveError
from datalad_jsdl.manifest.archives import ARCHIVES, archives_member
from datalad_jsdl.manifest.formats.bagit_fetch import escaped
from datalad_jsdl.manifest.formats.metalink4 import NAMESPACE, OWN_NAMESPACE
from datalad_jsdl.manifest.own_form import own_form
from datalad_jsdl.model.times import format_mtime

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from datalad_jsdl.model.archives import NamedArchive
    from datalad_jsdl.model.entry import Candidate, Entry
    from datalad_jsdl.model.restriction import Restriction

__all__ = ["WRITERS", "Writer", "format_of", "json_line", "write_entries", "write_manifest"]

# What a name can speak of that is none of the formats here
_OTHER_ENDINGS = (
    *(".csv", ".tsv", ".tab", ".xls", ".xlsx", ".xml", ".html", ".yaml", ".yml", ".jsonld"),
    *(".gz", ".bz2", ".xz", ".zst", ".zip", ".7z", ".tar", ".tgz"),
)


@dataclass(frozen=True)
class Writer:
    """One format.

    Attributes:
        pieces: the text of a document of entries, none of which has a signed URL; it is to
            be encoded as UTF-8.
        endings: of the names of files in it.
        fault: why an entry cannot be in such a document at all, or None.
        lost: what of an entry it has no place for, in words for a count of such entries.
        with_archives: the same text, before it a member that names zips of the entries; None if
            there is no place for such a thing.
    """

    pieces: Callable[[Iterable[Entry]], Iterator[str]]
    endings: tuple[str, ...]
    fault: Callable[[Entry], str | None] = lambda entry: None
    lost: Callable[[Entry], Iterable[str]] = lambda entry: ()
    with_archives: Callable[[dict[str, Any], Iterable[Entry]], Iterator[str]] | None = None


def write_entries(
    name: str, entries: Iterable[Entry], archives: Sequence[NamedArchive] = ()
) -> Iterator[str]:
    """A document in the format *name*, in pieces, free of signed URLs.

    Entries that have signed URLs only are left out, as are those that the format cannot hold
    (`Writer.fault`), and zips of the entries (*archives*) where it has no place for them.
    """
    writer = WRITERS[name]
    public = (_without_signed(entry) for entry in entries if entry.registrable or entry.inline)
    fit = (entry for entry in public if not writer.fault(entry))
    named = archives_member(archives)
    if writer.with_archives is None or not named["archives"]:
        return writer.pieces(fit)
    return writer.with_archives(named, fit)


def write_manifest(
    entries: Iterable[Entry], limit: int | None = None, archives: Sequence[NamedArchive] = ()
) -> str | None:
    """A JSON object that reads back as *entries*, free of signed URLs.

    Args:
        entries: those that have signed URLs only are left out.
        limit: characters; a longer document is given up.
        archives: zips of the entries.

    Returns:
        The document, or None if it would be longer than *limit*.
    """
    pieces: list[str] = []
    length = 0
    for piece in write_entries("json", entries, archives):
        pieces.append(piece)
        length += len(piece)
        if limit is not None and length > limit:
            return None
    return "".join(pieces)


def format_of(name: str) -> str | None:
    """The format that a file's name speaks of, or None.

    Raises:
        ArchiveError: it speaks of one that cannot be written, or of a compressed file.
    """
    for format_name, writer in WRITERS.items():
        if name.lower().endswith(writer.endings):
            return format_name
    if name.lower().endswith(_OTHER_ENDINGS):
        known = ", ".join(f"{known} ({' '.join(w.endings)})" for known, w in WRITERS.items())
        raise ArchiveError(f"{name}: cannot write this kind of manifest; known are {known}")
    return None


def _without_signed(entry: Entry) -> Entry:
    if not any(candidate.signed for candidate in entry.candidates):
        return entry
    return replace(entry, candidates=tuple(c for c in entry.candidates if not c.signed))


def _dump(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _json(entries: Iterable[Entry], start: str = "{\n") -> Iterator[str]:
    for entry in entries:
        fields = own_form(entry)
        value = fields if len(fields) > 1 else fields["urls"]
        yield f"{start} {_dump(entry.path)}: {_dump(value)}"
        start = ",\n"
    yield "{}\n" if start == "{\n" else "\n}\n"


def _json_with_archives(named: dict[str, Any], entries: Iterable[Entry]) -> Iterator[str]:
    yield f"{{\n {_dump(ARCHIVES)}: {_dump(named)}"
    yield from _json(entries, ",\n")


def json_line(path: str, fields: dict[str, Any]) -> str:
    """One line of JSON Lines: an entry's path and its fields (see `own_form`)."""
    return _dump({"path": path, **fields}) + "\n"


def _json_lines(entries: Iterable[Entry]) -> Iterator[str]:
    return (json_line(entry.path, own_form(entry)) for entry in entries)


def _json_lines_with_archives(named: dict[str, Any], entries: Iterable[Entry]) -> Iterator[str]:
    yield json_line(ARCHIVES, named)
    yield from _json_lines(entries)


def _fetch_txt(entries: Iterable[Entry]) -> Iterator[str]:
    for entry in entries:
        size = "-" if entry.size is None else entry.size
        yield f"{entry.candidates[0].url} {size} {escaped(entry.path)}\n"


_NO_CONTENT = "the format cannot hold content, only URLs"


def _fetch_txt_fault(entry: Entry) -> str | None:
    if entry.inline is not None:
        return _NO_CONTENT
    return "the path begins with a space" if entry.path.startswith(" ") else None


def _fetch_txt_lost(entry: Entry) -> Iterator[str]:
    first, *others = entry.candidates
    if entry.digests:
        yield "digests"
    if others:
        yield "further URLs"
    if entry.mtime is not None:
        yield "times"
    if entry.own_mtime:
        yield "times of their own"
    if entry.executable:
        yield "executable bits"
    if entry.pieces is not None:
        yield "pieces"
    if first.priority is not None or first.location is not None:
        yield "priorities or locations"
    if entry.restriction is not None:
        yield "access restrictions"


# of a metalink:url (RFC 5854): 1 is the best; a country of ISO 3166-1
_MOST_PRIORITY = 999999
_COUNTRY = re.compile("[A-Za-z]{2}")


def _not_xml(text: str) -> re.Match[str] | None:
    """The first character that XML 1.0 has no place for (its section 2.2).

    A path has no control characters, but a location may.
    """
    # compiled when first used: that takes 4 ms
    return re.search("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", text)


def _metalink(entries: Iterable[Entry]) -> Iterator[str]:
    yield '<?xml version="1.0" encoding="UTF-8"?>\n'
    yield f'<metalink xmlns="{NAMESPACE}" xmlns:jsdl="{OWN_NAMESPACE}">\n'
    for entry in entries:
        yield "".join(f"{line}\n" for line in _metalink_file(entry))
    yield "</metalink>\n"


def _metalink_file(entry: Entry) -> Iterator[str]:
    yield f"  <file name={quoteattr(entry.path)}>"
    if entry.size is not None:
        yield f"    <size>{entry.size}</size>"
    for name, hexdigest in entry.digests.items():
        yield f'    <hash type="{_hash_name(name)}">{hexdigest}</hash>'
    if (pieces := entry.pieces) is not None:
        yield f'    <pieces length="{pieces.length}" type="{_hash_name(pieces.algorithm)}">'
        yield from (f"      <hash>{hexdigest}</hash>" for hexdigest in pieces.hexdigests)
        yield "    </pieces>"
    if entry.mtime is not None:
        yield f"    <jsdl:mtime>{format_mtime(entry.mtime)}</jsdl:mtime>"
    if entry.executable:
        yield "    <jsdl:executable>true</jsdl:executable>"
    if (restriction := entry.restriction) is not None:
        yield f"    {_metalink_access(restriction)}"
    for candidate in entry.candidates:
        yield f"    <url{_metalink_attributes(candidate)}>{escape(candidate.url)}</url>"
    yield "  </file>"


def _hash_name(name: str) -> str:
    """The name in IANA's registry of hash functions, as far as it has one (RFC 5854)."""
    return re.sub(r"^sha(?=\d{3}$|1$)", "sha-", name)


def _metalink_attributes(candidate: Candidate) -> str:
    """What Metalink's own attributes may not say goes into ours."""
    text = ""
    priority, location = candidate.priority, candidate.location
    if priority is not None:
        own = "" if 1 <= priority <= _MOST_PRIORITY else "jsdl:"
        text += f' {own}priority="{priority}"'
    if location is not None and not _not_xml(location):
        own = "" if _COUNTRY.fullmatch(location) else "jsdl:"
        text += f" {own}location={quoteattr(location)}"
    return text


def _metalink_access(restriction: Restriction) -> str:
    url = f" url={quoteattr(restriction.url)}" if restriction.url else ""
    text = "" if _not_xml(restriction.text) else escape(restriction.text)
    return f'<jsdl:access kind="{restriction.kind.value}"{url}>{text}</jsdl:access>'


def _metalink_fault(entry: Entry) -> str | None:
    if entry.inline is not None:
        return _NO_CONTENT
    if found := _not_xml(entry.path):
        return f"the path contains the character U+{ord(found.group()):04X}, which XML cannot hold"
    return None


def _metalink_lost(entry: Entry) -> Iterator[str]:
    if any(c.location is not None and _not_xml(c.location) for c in entry.candidates):
        yield "locations"
    if entry.own_mtime:
        yield "times of their own"
    if entry.restriction is not None and _not_xml(entry.restriction.text):
        yield "texts on access"


WRITERS: dict[str, Writer] = {
    "json": Writer(_json, (".json",), with_archives=_json_with_archives),
    "jsonl": Writer(_json_lines, (".jsonl", ".ndjson"), with_archives=_json_lines_with_archives),
    "metalink4": Writer(_metalink, (".meta4", ".metalink"), _metalink_fault, _metalink_lost),
    "bagit-fetch": Writer(_fetch_txt, ("fetch.txt",), _fetch_txt_fault, _fetch_txt_lost),
}
