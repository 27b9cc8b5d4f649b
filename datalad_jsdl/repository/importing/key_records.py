"""What is recorded of keys, and what is to be after an import."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from datalad_jsdl.repository.annex.branch import KeyRecord
from datalad_jsdl.repository.annex.logs import KeyState, in_order, order_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from datalad_jsdl.model.entry import Entry
    from datalad_jsdl.repository.commit import Tree
    from datalad_jsdl.repository.importing.steps import Step


__all__ = ["wanted_records"]


_NOTHING = KeyRecord()


def wanted_records(
    steps: Iterable[Step], records: Mapping[str, KeyRecord], tree: Tree
) -> Mapping[str, KeyRecord]:
    """What the git-annex branch is to say of the keys of a plan; only what changes.

    Args:
        steps: of the plan; what is listed of a key in several of them is put together.
        records: what the branch says now; a key that is not there has no record.
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
    return _Wanted(listed, records, _later_mtimes_of_others(listed, records, tree, steps))


def _several(entries: Entry | list[Entry]) -> list[Entry]:
    return entries if isinstance(entries, list) else [entries]


def _latest(entries: Iterable[Entry]) -> datetime | None:
    return max((e.mtime for e in entries if e.mtime is not None), default=None)


def _later_mtimes_of_others(
    listed: Mapping[str, Entry | list[Entry]],
    records: Mapping[str, KeyRecord],
    tree: Tree,
    steps: Iterable[Step],
) -> dict[str, datetime]:
    """For a key that another path has too, a later mtime than is listed: it was said of that."""
    later = {
        key: known
        for key, entries in listed.items()
        if (known := records.get(key, _NOTHING).state.mtime) is not None
        and (mtime := _latest(_several(entries))) is not None
        and known > mtime
    }
    if not later:
        return {}
    paths = {step.path for step in steps}
    others = set(tree.keys(path for path in tree.files if path not in paths).values())
    return {key: mtime for key, mtime in later.items() if key in others}


class _Wanted(Mapping[str, KeyRecord]):
    """What is to be recorded of keys, worked out when asked for: there may be millions."""

    def __init__(
        self,
        listed: dict[str, Entry | list[Entry]],
        records: Mapping[str, KeyRecord],
        later: Mapping[str, datetime],
    ) -> None:
        self._listed = listed
        self._records = records
        self._later = later
        same = [key for key in listed if self._is_known(key)]
        for key in same:
            del listed[key]
        # of the others nothing is held on to
        self._records = {
            key: known for key in listed if (known := records.get(key, _NOTHING)) != _NOTHING
        }

    def __getitem__(self, key: str) -> KeyRecord:
        known = self._records.get(key, _NOTHING)
        entries = _several(self._listed[key])
        urls = list(dict.fromkeys(url for entry in entries for url in entry.registrable))
        # URLs that only the dataset knows stay, and are tried last
        urls += in_order(set(known.urls).difference(urls), known.state.order)
        mtime = self._later.get(key) or _latest(entries) or known.state.mtime
        return KeyRecord(tuple(urls), known.in_web or bool(urls), KeyState(mtime, order_of(urls)))

    def _is_known(self, key: str) -> bool:
        known = self._records.get(key, _NOTHING)
        if known == _NOTHING and any(entry.registrable for entry in _several(self._listed[key])):
            return False  # quickly: this is every key of a first import
        wanted = self[key]
        return (set(wanted.urls), wanted.in_web, wanted.state) == (
            set(known.urls),
            known.in_web,
            known.state,
        )

    def __contains__(self, key: object) -> bool:
        return key in self._listed

    def __iter__(self) -> Iterator[str]:
        return iter(self._listed)

    def __len__(self) -> int:
        return len(self._listed)
