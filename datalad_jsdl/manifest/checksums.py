"""Checksum lists, as md5sum, sha256sum and the like write them → digests for entries.

A line is ``HEX  path`` (or ``HEX *path``; coreutils' manual, "md5sum invocation"), with a
backslash before it where the path has escapes, or ``SHA256 (path) = HEX`` (BSD's, and that of
``openssl dgst``). Blank lines and those that begin with # or ; say nothing.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

from datalad_jsdl.errors import ManifestError
from datalad_jsdl.manifest.lines import lines
from datalad_jsdl.manifest.text import decoded
from datalad_jsdl.model.amounts import counted
from datalad_jsdl.model.digests import BY_LENGTH, canonical_name, digest_fault
from datalad_jsdl.model.entry import Entry, Refusal
from datalad_jsdl.model.subdatasets import joined

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from datalad_jsdl.manifest.unpacking import Readable

__all__ = ["Checksums", "Digest", "is_checksum", "parsed_line"]

# A second space is the mode (text), so that a star behind it is of the name.
_SUM = re.compile(r"(\\?)([0-9A-Fa-f]+)(?: [ *](?=\S)|[ \t]+\*?)(\S.*)", re.DOTALL)
_TAGGED = re.compile(r"(\\?)([A-Za-z0-9/-]+) ?\((.+)\) ?= ?([0-9A-Fa-f]+)", re.DOTALL)
_ESCAPED = re.compile(r"\\(.)")
_PLAIN = {"n": "\n", "r": "\r", "\\": "\\"}

_FORM = "expected a checksum and a path, as sha256sum writes them, or: SHA256 (path) = checksum"


class Digest(NamedTuple):
    """One line of a list: lower-case hex, and the line's place."""

    hexdigest: str
    where: str


@dataclass(frozen=True)
class _Names:
    """What is found by the ends of paths.

    Attributes:
        entries: last part of a path to the number of entries that have it.
        below: path of an entry to the paths of lines that end in it, and in no longer one.
    """

    entries: Mapping[str, int]
    below: Mapping[str, list[str]]


@dataclass
class Checksums:
    """Digests by path, of one list or several.

    Attributes:
        found: number of entries that got digests.
        missed: number of those that have no line.
        first_missed: the path of the first of them, and why, for a message; "" without one.
        flattened: number of entries that have no folder, but their line has one.
    """

    found: int = 0
    missed: int = 0
    first_missed: str = ""
    flattened: int = 0
    _digests: dict[str, dict[str, Digest]] = field(default_factory=dict)
    _faults: dict[str, str] = field(default_factory=dict)
    # paths by what they may be asked for instead: their NFC, their last part
    _alike: dict[str, list[str]] = field(default_factory=dict)
    _names: dict[str, list[str]] = field(default_factory=dict)

    @property
    def paths(self) -> Iterable[str]:
        """All that there are lines for."""
        return self._digests.keys()

    def read(
        self,
        stream: Readable,
        name: str,
        *,
        encoding: str = "utf-8",
        algorithm: str | None = None,
        unescape: Callable[[str], str] | None = None,
    ) -> None:
        """Take in a list.

        Args:
            stream: the document.
            name: of it, for messages.
            encoding: of its text.
            algorithm: of its digests (a name of `ALGORITHMS`); None to tell it by a line's tag,
                or its length.
            unescape: what makes the path of a line's name, where that is not as coreutils do.

        Raises:
            ManifestError: a line is not of the form; it is named.
        """
        for number, line in lines(decoded(stream, encoding)):
            line = line.rstrip("\r\n")
            if line.strip() and line[0] not in "#;":
                where = f"{name} line {number}"
                try:
                    known, hexdigest, path = parsed_line(line, algorithm, unescape)
                except ValueError as error:
                    raise ManifestError(f"{where}: {error}", where=where) from None
                self._add(known, hexdigest, path, where)

    def _add(self, algorithm: str | None, hexdigest: str, path: str, where: str) -> None:
        if algorithm is None:
            return  # an algorithm that we cannot verify with
        given = self._digests.get(path)
        if given is None:
            given = self._digests[path] = {}
            self._alike.setdefault(_nfc(path), []).append(path)
            self._names.setdefault(_last(path), []).append(path)
        first = given.setdefault(algorithm, Digest(hexdigest, where))
        if first.hexdigest != hexdigest:
            self._faults[path] = f"two different {algorithm} digests: {first.where} and {where}"

    def applied(
        self, items: Iterable[Entry | Refusal], *, by_name: bool = False
    ) -> Iterator[Entry | Refusal]:
        """The entries with the digests that they have here; those that contradict are refused.

        Args:
            items: what a manifest has.
            by_name: its paths are but what URLs end in, so that a path that ends in the other is
                enough: the entry's in folders, or one that no other has the last part of, neither
                here nor there; all of *items* are held then.
        """
        names: _Names | None = None
        if by_name:
            items = list(items)
            names = self._named([joined(item.path) for item in items if item.path])
        for item in items:
            if isinstance(item, Refusal):
                yield item
                continue
            alike = self._paths_for(item.path, names)
            if len(alike) != 1:
                self.missed += 1
                self.first_missed = self.first_missed or _missed(item.path, alike)
                yield item
                continue
            self.found += 1
            bare = by_name and "/" not in item.path
            self.flattened += bare and "/" in alike[0].removeprefix("./")
            yield self._entry(item, alike[0])

    def warnings(self) -> Iterator[str]:
        """What to tell of the entries without a line, after all have been `applied`."""
        if self.flattened:
            files = counted(self.flattened, "file")
            yield (
                f"the list of URLs has no folders, but the checksum list has, for {files}; to keep "
                "them, import the checksum list itself, with the URL of its folder as --base-url"
            )
        if not self.missed:
            return
        example = next(iter(self.paths), None)
        text = (
            f"no checksum in the checksum list for {self.missed} of "
            f"{counted(self.found + self.missed, 'entry', 'entries')}, such as {self.first_missed}"
        )
        if self.found or example is None:
            yield text
        else:
            yield f"{text}; the list must use the manifest's paths, but has paths like {example!r}"

    def _named(self, paths: Sequence[str]) -> _Names:
        own = set(map(_nfc, paths))
        longest = max(map(len, own), default=0)
        below: dict[str, list[str]] = {}
        for path in self._digests:
            end = _nfc(path)
            if len(end) > longest:
                end = end[-longest - 1 :].partition("/")[2]
            while end and end not in own:
                end = end.partition("/")[2]
            # a line that has an entry's own path is no other's
            if end:
                below.setdefault(end, []).append(path)
        return _Names(Counter(map(_last, paths)), below)

    def _paths_for(self, path: str, names: _Names | None) -> list[str]:
        """The paths here that may be meant: one if it is clear, none if there is no line.

        Args:
            path: of an entry.
            names: to find it by the end of a path, if that is enough.
        """
        path = joined(path)  # a list knows of no subdatasets
        if path in self._digests:
            return [path]
        alike = self._alike.get(_nfc(path), [])
        if alike or names is None:
            return alike
        if "/" in path and (below := names.below.get(_nfc(path))):
            return below
        if names.entries[_last(path)] != 1:
            return []  # of several files with that name it may be any one's
        alike = self._names.get(_last(path), [])
        if len(alike) == 1 and not _one_ends_in_the_other(alike[0], path):
            return []  # their folders contradict
        return alike

    def _entry(self, entry: Entry, path: str) -> Entry | Refusal:
        if fault := self._faults.get(path):
            return Refusal(entry.path, fault, entry.where)
        digests = dict(entry.digests)
        for algorithm, digest in self._digests[path].items():
            if digests.setdefault(algorithm, digest.hexdigest) != digest.hexdigest:
                fault = f"the {algorithm} differs from that of the checksum list ({digest.where})"
                return Refusal(entry.path, fault, entry.where)
        if entry.inline and (fault := entry.inline.fault(None, digests)):
            return Refusal(entry.path, fault, entry.where)
        return replace(entry, digests=digests)


def parsed_line(
    line: str, algorithm: str | None = None, unescape: Callable[[str], str] | None = None
) -> tuple[str | None, str, str]:
    """Algorithm (None if it is not known), lower-case hex digest and path of a line.

    Args:
        line: without its end.
        algorithm: see `Checksums.read`.
        unescape: likewise.

    Raises:
        ValueError: it is of another form, or the digest cannot be one.
    """
    if "(" in line and (tagged := _TAGGED.fullmatch(line)):
        backslash, tag, path, hexdigest = tagged.groups()
        name = canonical_name(tag.replace("/", "-"))  # SHA512/256 is one of its own
    elif match := _SUM.fullmatch(line):
        backslash, hexdigest, path = match.groups()
        name = algorithm or BY_LENGTH.get(len(hexdigest))
        if name is None:
            raise ValueError(f"no known checksum has {counted(len(hexdigest), 'digit')}")
    else:
        raise ValueError(_FORM)
    if name and (fault := digest_fault(name, hexdigest)):
        raise ValueError(fault)
    if backslash:
        path = _ESCAPED.sub(lambda escape: _PLAIN.get(escape[1], escape[0]), path)
    if unescape is not None:
        path = unescape(path)
    return name, hexdigest.lower(), path.removeprefix("./")  # so the lists that find makes


def is_checksum(line: str) -> bool:
    """Whether a line is one of a checksum list, in a form and of a length that is known."""
    try:
        parsed_line(line)
    except ValueError:
        return False
    return True


def _missed(path: str, alike: list[str]) -> str:
    if not alike:
        return repr(path)
    shown = ", ".join(map(repr, alike[:2])) + (", …" if len(alike) > 2 else "")
    return f"{path!r} ({len(alike)} lines match: {shown})"


def _last(path: str) -> str:
    return path.rpartition("/")[2]


def _one_ends_in_the_other(path: str, other: str) -> bool:
    return f"/{path}".endswith(f"/{other}") or f"/{other}".endswith(f"/{path}")


def _nfc(path: str) -> str:
    return path if path.isascii() else unicodedata.normalize("NFC", path)
