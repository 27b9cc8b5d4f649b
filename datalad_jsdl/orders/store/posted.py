"""Selections that pages elsewhere have posted: kept for a while, each accepted once."""

from __future__ import annotations

import json
import secrets
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from datalad_jsdl.errors import StoreError
from datalad_jsdl.orders.store.tables import posted_selections as table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from datalad_jsdl.orders.store.opening import Store

__all__ = ["PostedSelection", "find_posted", "forget_posted", "keep_posted", "take_posted"]

_MOST = 256 << 20  # characters of all selections that are kept at a time, of links and of pages


@dataclass(frozen=True, slots=True)
class PostedSelection:
    """A selection that waits for its visitor.

    Attributes:
        id: nobody can guess it.
        posted_by: name of the key that it was signed with; "" for a link.
        selection: JSON; "" once nothing can be done with it any more.
        is_trusted: it is from a page that need not ask the visitor again.
        user: on whose list it is; None for nobody's yet.
        listed_before: paths that were on that list before.
    """

    id: str
    posted_by: str
    selection: str
    is_trusted: bool
    user: str | None
    listed_before: Sequence[str]


def keep_posted(
    store: Store,
    posted_by: str,
    nonce: str,
    selection: str,
    until: float,
    *,
    is_trusted: bool = False,
) -> str | None:
    """Keep a selection.

    Args:
        store: to write into.
        posted_by: name of the key.
        nonce: of the one who signed it.
        selection: JSON.
        until: when it may be forgotten, in seconds since 1970; its nonce has expired then.
        is_trusted: see `PostedSelection`.

    Returns:
        Its id; None if the nonce was used before.

    Raises:
        StoreError: the store is locked or cannot be written, or too many selections wait.
    """
    dialect: Any = sqlite if store.is_sqlite else postgresql
    posted_id = secrets.token_urlsafe(18)  # 144 bits
    kept: Any = dialect.insert(table).values(
        id=posted_id, posted_by=posted_by, nonce=nonce, selection=selection,
        is_trusted=is_trusted, until=until,
    )  # fmt: skip
    with store.write() as connection:
        connection.execute(delete(table).where(table.c.until < time.time()))
        # links are everybody's: they must not take the room of pages that have a key
        alike = (table.c.posted_by == "") == (posted_by == "")
        size = select(func.sum(func.length(table.c.selection))).where(alike)
        held = connection.scalar(size) or 0
        if held + len(selection) > _MOST:
            raise StoreError("too many posted selections wait for their visitors")
        row = connection.execute(kept.on_conflict_do_nothing().returning(table.c.id)).one_or_none()
    return None if row is None else posted_id


def find_posted(store: Store, posted_id: str) -> PostedSelection | None:
    """A selection that has not expired; None if there is none.

    Raises:
        StoreError: the store cannot be read.
    """
    wanted = select(table).where(table.c.id == posted_id, table.c.until >= time.time())
    with store.read() as connection:
        row = connection.execute(wanted).one_or_none()
    if row is None:
        return None
    before = json.loads(row.listed_before) if row.listed_before else ()
    return PostedSelection(
        row.id, row.posted_by, row.selection, row.is_trusted, row.user, tuple(before)
    )


def take_posted(store: Store, posted_id: str, user: str, listed_before: Sequence[str]) -> bool:
    """A selection is put on somebody's list; False if it was before.

    Raises:
        StoreError: the store is locked or cannot be written.
    """
    free = (table.c.id == posted_id) & table.c.user.is_(None)
    taken = update(table).where(free).values(user=user, listed_before=json.dumps(listed_before))
    with store.write() as connection:
        return bool(connection.execute(taken).rowcount)


def forget_posted(store: Store, posted_id: str) -> None:
    """Nothing more can be done with a selection; its nonce is remembered.

    Raises:
        StoreError: the store is locked or cannot be written.
    """
    done = update(table).where(table.c.id == posted_id)
    with store.write() as connection:
        connection.execute(done.values(selection="", listed_before=None))
