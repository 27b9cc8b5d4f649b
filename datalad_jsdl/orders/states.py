"""What stands between users and files, as it was found last: rows that all users share."""

from __future__ import annotations

import json
import time
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from datalad_jsdl.operations.availability import Access
from datalad_jsdl.orders.lists import portions
from datalad_jsdl.orders.model import FileRef
from datalad_jsdl.orders.store.rows import state_of
from datalad_jsdl.orders.store.sources import known_sources
from datalad_jsdl.orders.store.tables import file_states, listed_files, order_files

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sqlalchemy import Table
    from sqlalchemy.engine import Connection

    from datalad_jsdl.orders.model import FileState
    from datalad_jsdl.orders.store.opening import Store

__all__ = ["Found", "states_of_list", "states_of_order", "write_states"]

_AT_ONCE = 500  # files; as long as they are written, who writes about the same ones waits

#: What was found of a file; None: it is open, and there is nothing to be kept.
Found = tuple["FileRef", "FileState | None"]


def write_states(store: Store, found: Iterable[Found], *, is_check: bool = True) -> None:
    """Keep what was found; what is the same as before keeps its time.

    Args:
        store: to write into.
        found: file → what stands in its way.
        is_check: mirrors were asked; else only the manifest says so, which counts for less.

    Raises:
        StoreError: the store is locked or cannot be written.
    """
    now = time.time()
    for portion in portions(found, _AT_ONCE):
        with store.write() as connection:
            ids = {source.name: i for i, source in known_sources(connection).items()}
            places = [((ids[ref.source], ref.version, ref.path), state) for ref, state in portion]
            # all lock rows in one order, and so none another one for ever
            for place, state in sorted(places, key=itemgetter(0)):
                _write(connection, place, state, now, is_check)


def _write(
    connection: Connection,
    place: tuple[int, str, str],
    state: FileState | None,
    now: float,
    is_check: bool,
) -> None:
    columns = ("source", "version", "path")
    mine = and_(*(file_states.c[name] == value for name, value in zip(columns, place, strict=True)))
    before = connection.execute(select(file_states).where(mine)).one_or_none()
    if not is_check and before is not None:
        return
    if state is None or state.access is Access.OPEN:
        if before is not None:
            connection.execute(delete(file_states).where(mine))
        return
    same = before is not None and before.access == state.access.value
    values = {
        **dict(zip(columns, place, strict=True)),
        "access": state.access.value,
        "fault": state.fault,
        "mirrors": json.dumps(state.mirrors),
        "url": state.url,
        "text": state.text,
        "since": before.since if before is not None and same else now,
        "checked_on": now if is_check else None,
    }
    dialect: Any = sqlite if connection.dialect.name == "sqlite" else postgresql
    adding = dialect.insert(file_states).values(values)
    connection.execute(adding.on_conflict_do_update(index_elements=columns, set_=values))


def states_of_list(store: Store, user: str) -> dict[FileRef, FileState]:
    """What is known of the files of a list; those that are not in it are available, or unknown."""
    return _states(store, listed_files, listed_files.c.user == user)


def states_of_order(store: Store, order_id: str) -> dict[FileRef, FileState]:
    """What is known of the files of an order; see `states_of_list`."""
    return _states(store, order_files, order_files.c.order == order_id)


def _states(store: Store, table: Table, mine: Any) -> dict[FileRef, FileState]:
    same = [table.c[name] == file_states.c[name] for name in ("source", "version", "path")]
    with store.read() as connection:
        names: Mapping[int, str] = {
            i: source.name for i, source in known_sources(connection).items()
        }
        chosen = select(file_states).join(table, and_(*same)).where(mine)
        return {
            FileRef(names[row.source], row.path, row.version): state_of(row)
            for row in connection.execute(chosen)
        }
