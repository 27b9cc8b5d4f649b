"""A user's file list: files are added and removed in transactions that lock it."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, func, insert, literal, select, true, update
from sqlalchemy.dialects import postgresql, sqlite

from datalad_jsdl.cycles import no_cycles_made
from datalad_jsdl.orders.model import Statistics
from datalad_jsdl.orders.store.rows import file_of, file_values, utc
from datalad_jsdl.orders.store.sources import known_sources, source_ids
from datalad_jsdl.orders.store.tables import file_lists, listed_files, removed_files
from datalad_jsdl.orders.store.tables import sources as sources_table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from sqlalchemy import Table
    from sqlalchemy.engine import Connection

    from datalad_jsdl.orders.model import FileRef, ListedFile, Source
    from datalad_jsdl.orders.store.opening import Store

__all__ = ["FileLists", "locked", "portions"]

_PORTION = 5000  # rows a statement
_AT_ONCE = 500  # paths in the condition of a statement
_UNDONE = 10  # changes of a list that can be undone


@dataclass(frozen=True)
class FileLists:
    """The lists of all users of a store.

    Attributes:
        store: that has them.
    """

    store: Store

    @no_cycles_made()
    def add(self, user: str, files: Iterable[ListedFile], sources: Iterable[Source]) -> int:
        """Put files on a list; one that is on it in another version is there in this one then.

        Args:
            user: whose list.
            files: to be added; read once, so that there may be any number.
            sources: of the files.

        Returns:
            How many were not on it.

        Raises:
            StoreError: the store is locked or cannot be written.
        """
        with self.store.write() as connection:
            locked(connection, user)
            ids = source_ids(connection, sources)
            before = _count(connection, user)
            for portion in portions(files):
                rows = [{"user": user, **file_values(file, ids)} for file in portion]
                _add(connection, rows)
            return _count(connection, user) - before

    def remove(self, user: str, refs: Iterable[FileRef]) -> int:
        """Take files off a list, in whatever version; `undo` brings them back.

        Returns:
            How many were on it.
        """
        removed = 0
        with self.store.write() as connection:
            batch = locked(connection, user, change=True)
            ids = {source.name: i for i, source in known_sources(connection).items()}
            paths: dict[int, list[str]] = {}
            for ref in refs:
                paths.setdefault(ids.get(ref.source, 0), []).append(ref.path)
            for source, names in paths.items():
                of_source = listed_files.c.source == source
                for portion in portions(names, _AT_ONCE):
                    wanted = of_source & listed_files.c.path.in_(portion)
                    removed += _take_off(connection, user, batch, wanted)
        return removed

    def clear(self, user: str) -> int:
        """Take all files off a list; `undo` brings them back.

        Returns:
            How many there were.
        """
        with self.store.write() as connection:
            batch = locked(connection, user, change=True)
            return _take_off(connection, user, batch, true())

    def undo(self, user: str) -> int:
        """Bring back what the last `remove` or `clear` that is not undone has taken off.

        Returns:
            How many files are on the list again.
        """
        with self.store.write() as connection:
            locked(connection, user)
            mine = removed_files.c.user == user
            last = connection.scalar(select(func.max(removed_files.c.batch)).where(mine))
            if last is None:
                return 0
            mine = mine & (removed_files.c.batch == last)
            names = [column.name for column in listed_files.columns]
            chosen = select(*(removed_files.c[name] for name in names)).where(mine)
            before = _count(connection, user)
            back = _insert(connection, listed_files).from_select(names, chosen)
            connection.execute(back.on_conflict_do_nothing())
            connection.execute(delete(removed_files).where(mine))
            return _count(connection, user) - before

    def files(self, user: str) -> Iterator[ListedFile]:
        """What is on a list, by source and path."""
        with self.store.read() as connection:
            names = {i: source.name for i, source in known_sources(connection).items()}
            chosen = (
                select(listed_files)
                .join(sources_table)
                .where(listed_files.c.user == user)
                .order_by(sources_table.c.name, listed_files.c.path)
            )
            for row in connection.execute(chosen.execution_options(yield_per=_PORTION)):
                yield file_of(row, names)

    def listed(self, user: str, source: str, paths: Iterable[str]) -> set[str]:
        """Those of a source's *paths* that are on a list, in whatever version."""
        found: set[str] = set()
        with self.store.read() as connection:
            ids = {known.name: i for i, known in known_sources(connection).items()}
            mine = (listed_files.c.user == user) & (listed_files.c.source == ids.get(source, 0))
            # a list has no name that is not UTF-8, as no archive can have it
            for portion in portions(filter(_is_utf8, paths), _AT_ONCE):
                chosen = select(listed_files.c.path).where(mine, listed_files.c.path.in_(portion))
                found.update(connection.scalars(chosen))
        return found

    def updated_on(self, user: str) -> datetime | None:
        """When a list was changed last; None if it never was."""
        chosen = select(file_lists.c.updated_on).where(file_lists.c.user == user)
        with self.store.read() as connection:
            found = connection.scalar(chosen)
            return None if found is None else utc(found)

    def below(self, user: str, source: str, folder: str = "") -> Counter[str]:
        """How many files of a list each name in a folder stands for.

        Args:
            user: whose list.
            source: of the folder.
            folder: path without a slash at its end; "" for the whole source.

        Returns:
            Name of a file, or of a folder in it → the number of files that are on the list.
        """
        start = f"{folder}/" if folder else ""
        mine = (listed_files.c.user == user) & (sources_table.c.name == source)
        chosen = select(listed_files.c.path).join(sources_table).where(mine)
        if start:
            path = listed_files.c.path
            chosen = chosen.where(func.substr(path, 1, len(start)) == start)
        with self.store.read() as connection:
            paths = connection.scalars(chosen.execution_options(yield_per=_PORTION))
            return Counter(path[len(start) :].partition("/")[0] for path in paths)

    def sources(self, user: str) -> set[str]:
        """Names of the sources that a list has files of."""
        its = select(listed_files.c.source).where(listed_files.c.user == user).distinct()
        with self.store.read() as connection:
            chosen = select(sources_table.c.name).where(sources_table.c.id.in_(its))
            return set(connection.scalars(chosen))

    def statistics(self, user: str) -> Statistics:
        """How much is on a list."""
        with self.store.read() as connection:
            size = listed_files.c.size
            counts = (func.count(), func.coalesce(func.sum(size), 0), func.count(size))
            chosen = select(*counts).where(listed_files.c.user == user)
            files, total, sized = connection.execute(chosen).one()
            return Statistics(files, int(total), files - sized)


def locked(connection: Connection, user: str, *, change: bool = False) -> int:
    """Lock a user's list until the transaction ends; it is made if there is none.

    Args:
        connection: in a transaction that writes.
        user: whose list.
        change: begin a change that can be undone.

    Returns:
        The number of the change.
    """
    now = time.time()
    new = _insert(connection, file_lists).values(user=user, updated_on=now, batch=0)
    connection.execute(new.on_conflict_do_nothing())
    mine = file_lists.c.user == user
    chosen = select(file_lists.c.batch).where(mine).with_for_update()
    batch: int = connection.execute(chosen).scalar_one() + change
    connection.execute(update(file_lists).where(mine).values(updated_on=now, batch=batch))
    return batch


def _take_off(connection: Connection, user: str, batch: int, wanted: Any) -> int:
    names = [column.name for column in listed_files.columns]
    mine = (listed_files.c.user == user) & wanted
    kept = select(*(listed_files.c[name] for name in names), literal(batch)).where(mine)
    connection.execute(insert(removed_files).from_select([*names, "batch"], kept))
    old = (removed_files.c.user == user) & (removed_files.c.batch <= batch - _UNDONE)
    connection.execute(delete(removed_files).where(old))
    return int(connection.execute(delete(listed_files).where(mine)).rowcount)


def portions(things: Iterable[Any], size: int = _PORTION) -> Iterator[list[Any]]:
    """Things in lists of at most *size*."""
    rest = iter(things)
    while portion := list(islice(rest, size)):
        yield portion


def _is_utf8(path: str) -> bool:
    return not any("\ud800" <= char <= "\udfff" for char in path)


def _count(connection: Connection, user: str) -> int:
    mine = listed_files.c.user == user
    chosen = select(func.count()).select_from(listed_files).where(mine)
    return connection.execute(chosen).scalar_one()


def _add(connection: Connection, rows: list[dict[str, Any]]) -> None:
    """Add files; of one that is there all is replaced, as far as it differs."""
    adding = _insert(connection, listed_files)
    given = {name: adding.excluded[name] for name in ("version", "size", "mtime", "entry")}
    key = ["user", "source", "path"]
    connection.execute(adding.on_conflict_do_update(index_elements=key, set_=given), rows)


def _insert(connection: Connection, table: Table) -> Any:
    """The insert that can pass over what is there: both databases have it, under two names."""
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    return dialect.insert(table)
