"""What is recorded of keys, and what is to be after an import."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from datalad_jsdl.repository.annex.branch import KeyRecord
from datalad_jsdl.repository.annex.logs import KeyState, in_order, order_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime

    from datalad_jsdl.model.entry import Entry
    from datalad_jsdl.model.restriction import Restriction
    from datalad_jsdl.repository.commit import Tree
    from datalad_jsdl.repository.importing.steps import Step


__all__ = ["WantedRecords", "wanted_records"]


_NOTHING = KeyRecord()


def wanted_records(
    steps: Iterable[Step],
    records_of: Callable[[Iterable[str]], Iterable[tuple[str, KeyRecord]]],
    tree: Tree,
) -> WantedRecords:
    """What the git-annex branch is to say of the keys of a plan; only what changes.

    Args:
        steps: of the plan; what is listed of a key in several of them is put together.
        records_of: looks up what the branch says now of keys, each once.
        tree: of the commit that is built upon.
    """
    listed: dict[str, Entry | list[Entry]] = {}
    for step in steps:
        if step.entry is not None and step.key:
            known = listed.setdefault(step.key, step.entry)
            if isinstance(known, list):
                known.append(step.entry)
            elif known is not step.entry:
                listed[step.key] = [known, step.entry]
    found = WantedRecords(listed)
    for key, record in records_of(list(listed)):
        found.settle(key, record)
    if more := found.said_more():
        paths = {step.path for step in steps}
        others = set(tree.keys(path for path in tree.files if path not in paths).values())
        found.keep(key for key in more if key in others)
    return found


def _several(entries: Entry | list[Entry]) -> list[Entry]:
    return entries if isinstance(entries, list) else [entries]


def _latest(entries: Iterable[Entry]) -> datetime | None:
    return max((e.mtime for e in entries if e.mtime is not None), default=None)


def _first(entries: Iterable[Entry]) -> Restriction | None:
    return next((e.restriction for e in entries if e.restriction is not None), None)


class WantedRecords(Mapping[str, KeyRecord]):
    """What is to be recorded of keys, worked out when asked for: there may be millions.

    Args:
        listed: key → what the manifest says of it; changed by `settle`.
    """

    def __init__(self, listed: dict[str, Entry | list[Entry]]) -> None:
        self._listed = listed
        self._known: dict[str, KeyRecord] = {}
        self._later: dict[str, datetime] = {}
        self._restricted: dict[str, Restriction] = {}

    def settle(self, key: str, record: KeyRecord) -> None:
        """Forget a key whose record is as it should be; else hold on to the record."""
        later = self._is_later(key, record)
        if not later and self._is_recorded(key, record):
            del self._listed[key]
        elif record != _NOTHING:
            self._known[key] = record

    def said_more(self) -> set[str]:
        """Keys of which more is recorded than is listed, maybe of another path.

        That is a later mtime, or a restriction where none is listed.
        """
        return {
            key
            for key, record in self._known.items()
            if self._is_later(key, record) or self._is_lifted(key, record)
        }

    def keep(self, keys: Iterable[str]) -> None:
        """Have *keys* keep what is recorded of that, as another path has them, too."""
        for key in keys:
            known = self._known[key]
            if known.state.mtime is not None and self._is_later(key, known):
                self._later[key] = known.state.mtime
            if known.state.restriction is not None and self._is_lifted(key, known):
                self._restricted[key] = known.state.restriction
            if self._is_recorded(key, known):
                del self._listed[key]

    def known(self, key: str) -> KeyRecord:
        """What is recorded of a key that is to have another record."""
        return self._known.get(key, _NOTHING)

    def __getitem__(self, key: str) -> KeyRecord:
        entry = self._listed[key]
        if key not in self._known and not isinstance(entry, list):
            # shortly: this is every key of a first import
            urls = entry.registrable
            if len(set(urls)) == len(urls):
                state = KeyState(entry.mtime, order_of(urls), entry.restriction)
                return KeyRecord(urls, bool(urls), state)
        return self._wanted(key, self.known(key))

    def _wanted(self, key: str, known: KeyRecord) -> KeyRecord:
        entries = _several(self._listed[key])
        urls = list(dict.fromkeys(url for entry in entries for url in entry.registrable))
        # URLs that only the dataset knows stay, and are tried last
        if more := set(known.urls).difference(urls):
            urls += in_order(more, known.state.order)
        mtime = self._later.get(key) or _latest(entries) or known.state.mtime
        restriction = _first(entries) or self._restricted.get(key)
        state = KeyState(mtime, order_of(urls), restriction)
        return KeyRecord(tuple(urls), known.in_web or bool(urls), state)

    def _is_later(self, key: str, known: KeyRecord) -> bool:
        mtime = _latest(_several(self._listed[key])) if known.state.mtime is not None else None
        return known.state.mtime is not None and mtime is not None and known.state.mtime > mtime

    def _is_lifted(self, key: str, known: KeyRecord) -> bool:
        return known.state.restriction is not None and _first(_several(self._listed[key])) is None

    def _is_recorded(self, key: str, known: KeyRecord) -> bool:
        if known == _NOTHING and any(entry.registrable for entry in _several(self._listed[key])):
            return False  # quickly: this is every key of a first import
        if self._is_as_listed(key, known):
            return True  # and this is every key of one without changes
        wanted = self._wanted(key, known)
        return (set(wanted.urls), wanted.in_web, wanted.state) == (
            set(known.urls),
            known.in_web,
            known.state,
        )

    def _is_as_listed(self, key: str, known: KeyRecord) -> bool:
        """Whether the record of a key is just what its one entry says; False may be wrong."""
        entry, state = self._listed[key], known.state
        if isinstance(entry, list) or not known.in_web or entry.restriction or state.restriction:
            return False
        urls = entry.registrable
        return (
            (entry.mtime is None or entry.mtime == state.mtime)
            and set(known.urls) == set(urls)
            and state.order == order_of(urls)
            and key not in self._later
        )

    def __contains__(self, key: object) -> bool:
        return key in self._listed

    def __iter__(self) -> Iterator[str]:
        return iter(self._listed)

    def __len__(self) -> int:
        return len(self._listed)
