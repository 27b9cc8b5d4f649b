"""Which of a manifest's entries are imported, and what only shows in the whole."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from datalad_jsdl.cycles import no_cycles_made
from datalad_jsdl.errors import ManifestError
from datalad_jsdl.manifest.addressed import may_be_folder
from datalad_jsdl.manifest.own_form import own_form
from datalad_jsdl.manifest.sharing import settle
from datalad_jsdl.model.amounts import counted
from datalad_jsdl.model.candidates import PlainCandidates
from datalad_jsdl.model.data_urls import MOST_IN_ALL
from datalad_jsdl.model.entry import Entry, Refusal
from datalad_jsdl.model.filters import Filter, Unmatched, folders_of
from datalad_jsdl.model.paths import looks_alike_key, marked_path_fault, path_warning
from datalad_jsdl.model.secrecy import DEFAULT, Secrecy
from datalad_jsdl.model.subdatasets import MARK, joined, marked, misplaced
from datalad_jsdl.model.urls import excerpt

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Set

    from datalad_jsdl.model.archives import NamedArchive

__all__ = ["Selection", "select_entries"]


@dataclass
class Selection:
    """What a manifest comes to.

    Attributes:
        entries: by path within the dataset (the prefix is in it), with ``//`` where a
            subdataset begins, in the given order.
        refusals: entries not let in; of those with a path, only what the filter lets through.
        skipped: number of entries that the filter left out.
        warnings: sentences about names that will trouble some file systems.
        left_over: the manifest has only what an earlier import could not take in: what it
            does not have is not gone.
        content: bytes of content that the entries have themselves.
        archives: zips of the entries that the manifest names, by paths as *entries* has them.
    """

    entries: dict[str, Entry] = field(default_factory=dict)
    refusals: list[Refusal] = field(default_factory=list)
    skipped: int = 0
    warnings: list[str] = field(default_factory=list)
    left_over: bool = False
    content: int = 0
    archives: list[NamedArchive] = field(default_factory=list)


@no_cycles_made()
def select_entries(
    items: Iterable[Entry | Refusal],
    wanted: Filter | None = None,
    prefix: str = "",
    *,
    use_signed: bool = False,
    way: str = "--get downloads from them now",
    split: int | None = None,
    secrecy: Secrecy = DEFAULT,
) -> Selection:
    """Filter entries, put them under *prefix*, and refuse those that collide.

    Args:
        items: what `read_manifest` yields.
        wanted: filter on the manifest's own paths.
        prefix: folder in the dataset, without a trailing slash; may be empty.
        use_signed: whether content is fetched now, so that an entry may have
            signed URLs only.
        way: what else can be done with such an entry, for people.
        split: the number of folders behind which a subdataset begins; None for where the
            manifest itself says so.
        secrecy: what in URLs is a secret.

    Raises:
        ManifestError: there is more content in the manifest than may be.
    """
    selection, unmatched = Selection(), Unmatched(wanted)
    for item in items:
        selection.left_over |= _is_left_over(item)
        if item.path is not None:
            path = joined(item.path)
            unmatched.see(path)
            if wanted is not None and not _is_wanted(item, path, wanted):
                selection.skipped += 1
                continue
        if isinstance(item, Refusal):
            selection.refusals.append(item)
        else:
            _let_in(selection, item, prefix, split)
    shared = settle(selection.entries, secrecy)
    if not use_signed:
        _refuse_signed(selection, prefix, secrecy, shared, way)
    _refuse_misplaced(selection, prefix)
    _refuse_folders(selection, prefix)
    selection.warnings = [
        *_warnings(map(joined, selection.entries)),
        *_taken_otherwise(selection.entries),
        *(f"the pattern {p!r} matches no path in the manifest" for p in unmatched.patterns),
    ]
    return selection


def _is_wanted(item: Entry | Refusal, path: str, wanted: Filter) -> bool:
    if wanted(path):
        return True
    if isinstance(item, Entry) or not may_be_folder(item):
        return False
    # if it were filtered out, what is below it would be taken for gone
    return path == "./" or wanted.may_match_in(path.rstrip("/"))


def _is_left_over(item: Entry | Refusal) -> bool:
    """Whether an item is of a list of what an earlier import left over, filtered out or not."""
    return "reason" in item.given if isinstance(item, Refusal) else item.left_over


def _let_in(selection: Selection, entry: Entry, prefix: str, split: int | None) -> None:
    path = entry.path if split is None else marked(entry.path, split)
    fault = None
    more: dict[str, Any] = {}
    if prefix:
        path = f"{prefix}/{path}"
        fault = marked_path_fault(path)
    if path in selection.entries:
        more["twice"] = True  # imported alone, it would take the first one's place
        fault = f"the manifest lists the path twice (first at {selection.entries[path].where})"
    if fault:
        selection.refusals.append(_refused(entry, entry.path, fault, more))
    else:
        selection.entries[path] = entry if path == entry.path else replace(entry, path=path)
        _hold(selection, entry)


def _hold(selection: Selection, entry: Entry) -> None:
    if entry.inline is not None:
        selection.content += len(entry.inline.content)
        if selection.content > MOST_IN_ALL:
            raise ManifestError(
                f"{entry.where}: with {excerpt(entry.path)} the data: URLs have more content than "
                f"the {MOST_IN_ALL >> 20} MiB that are allowed in all",
                where=entry.where,
            )


def _refuse_signed(
    selection: Selection, prefix: str, secrecy: Secrecy, shared: Set[str], way: str
) -> None:
    """Refuse entries that would have no URL in the dataset."""
    entries = selection.entries
    secret = [
        path
        for path, entry in entries.items()
        if not isinstance(entry.candidates, PlainCandidates)
        and entry.candidates
        and not entry.registrable
    ]
    for path in secret:
        entry = entries.pop(path)
        reason = _why_secret(entry.candidates[0].url, secrecy, shared, way)
        selection.refusals.append(_refused(entry, _given(path, prefix), reason))


_HINT = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,40}")


def _why_secret(url: str, secrecy: Secrecy, shared: Set[str], way: str) -> str:
    """Which parameter is to blame, and what to do; its value is never shown."""
    finding = secrecy.finding(url)
    name = next(iter(sorted(shared)), "") if finding is None else finding.name
    shown = f" (parameter {excerpt(name)})" if name else ""
    if finding is not None and (finding.signature or not name):
        return (
            f"its only URL is signed{shown} and would expire; signed URLs are never registered, "
            f"but {way}"
        )
    text = (
        f"its only URL seems to contain a secret{shown}; such URLs are never registered, but {way}"
    )
    if not _HINT.fullmatch(name):
        return text
    setting = f"git config --global --add datalad.jsdl.not-secret {name}"
    return f"{text}; if it is not secret, run: {setting}"


def _refuse_misplaced(selection: Selection, prefix: str) -> None:
    for path, folder in misplaced(selection.entries).items():
        entry = selection.entries.pop(path)
        reason = (
            f"the path is in {folder!r}, which other entries make a subdataset ({folder}{MARK}…)"
        )
        selection.refusals.append(_refused(entry, _given(path, prefix), reason))


def _refuse_folders(selection: Selection, prefix: str) -> None:
    plain = (joined(path) for path in selection.entries)
    folders = {folder for path in plain for folder in folders_of(path)}
    for path in sorted(path for path in selection.entries if joined(path) in folders):
        entry = selection.entries.pop(path)
        reason = "the path is also a folder of another entry"
        selection.refusals.append(_refused(entry, _given(path, prefix), reason))


def _refused(
    entry: Entry, path: str, reason: str, more: Mapping[str, Any] | None = None
) -> Refusal:
    return Refusal(path, reason, entry.where, {**own_form(entry, signed=True), **(more or {})})


def _given(path: str, prefix: str) -> str:
    return path.removeprefix(f"{prefix}/")  # no path begins with a slash


def _warnings(paths: Iterable[str]) -> Iterator[str]:
    alike: dict[str, str] = {}
    collisions: list[str] = []
    troubled: list[str] = []
    for path in paths:
        other = alike.setdefault(looks_alike_key(path), path)
        if other != path:
            collisions.append(f"{other!r} and {path!r}")
        if warning := path_warning(path):
            troubled.append(f"{path!r}: {warning}")
    if collisions:
        yield (
            "paths that differ only in case or Unicode form are the same file on macOS and "
            f"Windows ({len(collisions)}): {_examples(collisions)}"
        )
    if troubled:
        yield f"paths that Windows cannot check out ({len(troubled)}): {_examples(troubled)}"


def _taken_otherwise(entries: Mapping[str, Entry]) -> Iterator[str]:
    unknown = Counter(name for entry in entries.values() for name in entry.unknown)
    if unknown:
        yield f"ignored unknown field{'s' * (len(unknown) > 1)} {_by_number(unknown)}"
    if moved := sum(entry.moved for entry in entries.values()):
        yield f"{counted(moved, 'URL')} of ftp, s3 or gs read as https"
    impossible = Counter(name for entry in entries.values() for name in entry.impossible)
    if impossible:
        yield (
            f"ignored digests of impossible length, as there are others: {_by_number(impossible)}"
        )


def _by_number(counts: Counter[str]) -> str:
    return ", ".join(
        f"{name!r} ({counted(count, 'entry', 'entries')})" for name, count in counts.most_common(5)
    )


def _examples(items: list[str]) -> str:
    return "; ".join(items[:3]) + ("; …" if len(items) > 3 else "")
