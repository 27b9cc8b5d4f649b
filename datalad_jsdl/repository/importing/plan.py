"""Entries + what the dataset holds → what is to be done: a value, nothing is written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datalad_jsdl.model.filters import folders_of
from datalad_jsdl.repository.annex.branch import KeyRecord
from datalad_jsdl.repository.annex.keys import ExtensionRule, entry_key, parse_key
from datalad_jsdl.repository.commit import EXECUTABLE, LINK, REGULAR, SUBMODULE
from datalad_jsdl.repository.importing.in_git import (
    replaced_in_git,
    stands_for_key,
    step_in_git,
)
from datalad_jsdl.repository.importing.key_records import WantedRecords, wanted_records
from datalad_jsdl.repository.importing.renames import renames
from datalad_jsdl.repository.importing.steps import Change, Conflict, Plan, Step

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set

    from datalad_jsdl.model.entry import Entry
    from datalad_jsdl.repository.commit import Tree


__all__ = ["KeyRecord", "make_plan"]


def make_plan(
    entries: Mapping[str, Entry],
    tree: Tree,
    *,
    rule: ExtensionRule,
    records_of: Callable[[Iterable[str]], Iterable[tuple[str, KeyRecord]]],
    in_the_way: Callable[[Sequence[Step]], Mapping[str, str]],
    imported: Callable[[Iterable[str]], set[str]],
    written: Callable[[Iterable[str]], set[str]],
    gone: Iterable[str] = (),
    delete: bool = False,
    unlocked: bool = False,
) -> Plan:
    """Compare entries with a dataset.

    Args:
        entries: by path within the dataset.
        tree: of the commit that is built upon.
        rule: how keys take over file extensions.
        records_of: looks up what the git-annex branch has of keys, each once.
        in_the_way: of steps that write the tree, the paths with user work at or above
            them, each with a sentence about it.
        imported: which of some paths an earlier import wrote last.
        written: likewise, and nobody has changed its commit since.
        gone: see `Plan.gone`.
        delete: delete what is gone.
        unlocked: new files are unlocked (the branch is an adjusted one).
    """
    gone = sorted(gone)
    removed = frozenset(gone) if delete else frozenset()
    folders = tree.folders_without(removed)
    old_keys = tree.keys(entries)
    # a million records are more than the rest: only those are held that decide something
    undecided = _undecided(entries, old_keys)
    records = dict(records_of(undecided))
    relaxed = _no_longer_executable(entries, tree, old_keys, imported)
    replaced = set(replaced_in_git(entries, tree, old_keys))
    own = replaced - written(replaced)
    steps: list[Step] = []
    conflicts: list[Conflict] = []
    for path, entry in entries.items():
        reason = _OWN_FILE if path in own else _conflict(path, entry, tree, removed, folders)
        if reason:
            conflicts.append(Conflict(path, reason))
        else:
            special = path in replaced, path in relaxed
            decided = old_keys.get(path) not in undecided
            step = _step(path, entry, tree, old_keys, records, rule, unlocked, decided, *special)
            steps.append(step)
    kept = dict.fromkeys(_perhaps_of_others(steps, records), _PERHAPS_OF_OTHERS)
    kept |= dict.fromkeys(_users_own(steps, records, imported), _OWN_FILE)
    if kept:
        conflicts += [Conflict(path, reason) for path, reason in kept.items()]
        steps = [step for step in steps if step.path not in kept]
    gone_keys = tree.keys(gone)
    if delete:
        steps += [
            Step(path, Change.DELETED, key or "", tree.files[path].mode, key)
            for path, key in gone_keys.items()
        ]
    blocked = in_the_way([s for s in steps if s.change is not Change.UNCHANGED])
    conflicts += [Conflict(path, reason) for path, reason in blocked.items()]
    steps = [step for step in steps if step.path not in blocked]
    wanted = wanted_records(steps, records_of, tree)
    steps = [_with_recorded_change(step, wanted) for step in steps]
    added = ((step.path, step.key) for step in steps if step.change is Change.ADDED)
    return Plan(steps, conflicts, gone, wanted, renames(added, gone_keys))


_NOTHING = KeyRecord()
_OWN_FILE = "the dataset has a file of its own there; move it away or use --exclude"

_PERHAPS_OF_OTHERS = (
    "the dataset has another file there, perhaps of another entry of the original manifest with "
    "that name; to tell them apart, import the original manifest again"
)


def _no_longer_executable(
    entries: Mapping[str, Entry],
    tree: Tree,
    old_keys: Mapping[str, str | None],
    imported: Callable[[Iterable[str]], set[str]],
) -> set[str]:
    """Paths that an import made executable, and the manifest no longer does."""
    executable = {path for path, file in tree.files.items() if file.mode == EXECUTABLE}
    return imported(
        {
            p
            for p in executable
            if p in entries and (old_keys[p] or entries[p].inline) and not entries[p].executable
        }
    )


def _perhaps_of_others(steps: Iterable[Step], records: Mapping[str, KeyRecord]) -> Iterator[str]:
    """Paths that are tried again and would change, although the file there has none of the URLs."""
    for step in steps:
        replaces = step.change is Change.CHANGED and step.key != step.old_key
        if replaces and step.entry is not None and step.entry.perhaps_twice:
            known = records.get(step.old_key or "", _NOTHING)
            if set(step.entry.registrable).isdisjoint(known.urls):
                yield step.path


def _users_own(
    steps: Iterable[Step],
    records: Mapping[str, KeyRecord],
    imported: Callable[[Iterable[str]], set[str]],
) -> set[str]:
    """Paths whose content would be lost with the change: without URLs, and not imported."""
    changed = [s for s in steps if s.change is Change.CHANGED and s.key != s.old_key]
    paths = {s.path for s in changed if s.old_key and not records[s.old_key].urls}
    return paths - imported(paths)


def _conflict(
    path: str,
    entry: Entry,
    tree: Tree,
    removed: frozenset[str],
    folders: Set[str],
) -> str | None:
    for folder in folders_of(path):
        if folder in tree.files and folder not in removed:
            what = "a subdataset" if tree.files[folder].mode == SUBMODULE else "a file"
            return f"{folder} is {what} of the dataset"
    if path in folders:
        return "the path is a folder of the dataset"
    if path in tree.files and tree.files[path].mode == SUBMODULE:
        return "the path is a subdataset"
    if entry.inline is not None and stands_for_key(entry.inline):
        return "git-annex would take its content for another file's"
    return None


def _step(
    path: str,
    entry: Entry,
    tree: Tree,
    old_keys: Mapping[str, str | None],
    records: Mapping[str, KeyRecord],
    rule: ExtensionRule,
    unlocked: bool,
    decided: bool,
    replaced: bool,
    relaxed: bool,
) -> Step:
    if entry.inline is not None:
        old_key = old_keys.get(path)
        return step_in_git(path, entry, entry.inline, tree, old_key, relaxed=relaxed)
    fresh_mode = EXECUTABLE if entry.executable else REGULAR if unlocked else LINK
    if path not in tree.files:
        return Step(path, Change.ADDED, _new_key(entry, rule), fresh_mode, None, entry)
    old_mode, old_key = tree.files[path].mode, old_keys[path]
    if old_key is None and replaced:
        return Step(path, Change.CHANGED, _new_key(entry, rule), fresh_mode, None, entry)
    if old_key is None:
        return Step(path, Change.UNCHANGED, "", old_mode, None, entry)
    mode = fresh_mode if entry.executable or relaxed else old_mode
    stays = decided or _same(old_key, entry, records.get(old_key, _NOTHING))
    key = old_key if stays else _new_key(entry, rule)
    same = key == old_key and mode == old_mode
    return Step(path, Change.UNCHANGED if same else Change.CHANGED, key, mode, old_key, entry)


def _new_key(entry: Entry, rule: ExtensionRule) -> str:
    # without a digest or registrable URL there is a key only once the content is here
    return entry_key(entry, rule) if entry.digests or entry.registrable else ""


def _undecided(entries: Mapping[str, Entry], old_keys: Mapping[str, str | None]) -> set[str]:
    """The keys of which a digest alone does not tell that they stay as they are."""
    return {
        key for path, key in old_keys.items() if key and not _same(key, entries[path], _NOTHING)
    }


def _same(key: str, entry: Entry, record: KeyRecord) -> bool:
    """Whether the content of *key* is, as far as can be told, what the entry describes."""
    parsed = parse_key(key)
    if parsed is None:
        return False
    if None not in (parsed.size, entry.size) and parsed.size != entry.size:
        return False
    if parsed.algorithm and parsed.algorithm in entry.digests:
        return entry.digests[parsed.algorithm] == parsed.hexdigest
    if entry.digests:
        return False
    if parsed.algorithm is None and parsed.size is None and entry.size is not None:
        return False  # now there is something to check
    if entry.registrable:
        return not set(entry.registrable).isdisjoint(record.urls)
    return parsed.size is not None and parsed.size == entry.size


def _with_recorded_change(step: Step, wanted: WantedRecords) -> Step:
    if step.change is not Change.UNCHANGED or step.key not in wanted:
        return step
    new, known = wanted[step.key], wanted.known(step.key)
    same = (set(new.urls), new.in_web, new.state.order) == (
        set(known.urls),
        known.in_web,
        known.state.order,
    )
    change = Change.URLS
    if same:
        change = Change.ACCESS if new.state.mtime == known.state.mtime else Change.MTIME
    return Step(step.path, change, step.key, step.mode, step.old_key, step.entry)
