"""Files that a page elsewhere has chosen: posted and signed, or in a link.

A browser sends no cookie along with a form from elsewhere. So what is posted is kept under an id
that nobody can guess, and the browser is sent to a page for that, where it is known who asks.
"""

from __future__ import annotations

import json
import logging
import secrets
import time
from http import HTTPStatus
from typing import TYPE_CHECKING

from datalad_jsdl.bugs import LOGGER
from datalad_jsdl.orders.choosing.choice import statistics_of
from datalad_jsdl.orders.store.posted import (
    PostedSelection,
    find_posted,
    forget_posted,
    keep_posted,
    take_posted,
)
from datalad_jsdl.portal import actions
from datalad_jsdl.portal.embedding.selection import chosen_for, wanted_of
from datalad_jsdl.portal.embedding.signing import Refused, verified
from datalad_jsdl.portal.problems import ProblemError

if TYPE_CHECKING:
    from starlette.responses import Response

    from datalad_jsdl.orders.choosing.choice import Chosen
    from datalad_jsdl.portal.pages.turn import Turn

__all__ = ["LARGEST", "add", "add_linked", "chosen", "linked", "posted", "undo"]

lgr = logging.getLogger(LOGGER)

LARGEST = 2 << 20  # bytes of a form
_KEPT = 3600  # seconds that a visitor has, to sign in for instance
_AHEAD = 300  # seconds that clocks of several machines may differ
_SHOWN = 20  # files
_LONGEST = 16 << 10  # characters of the selection of a link
_FIELDS = ("key", "expires", "nonce", "selection", "signature")
_AGAIN = "Nothing was changed. Reload the page that you come from, and choose there again."
_REFUSALS = {
    Refused.UNKNOWN: (HTTPStatus.FORBIDDEN, "The page that you come from is not known here."),
    Refused.CHANGED: (HTTPStatus.FORBIDDEN, "What that page has signed was changed on the way."),
    Refused.EXPIRED: (HTTPStatus.GONE, "That page was open for too long."),
}  # fmt: skip
_USED = "This was used before, or it was too long ago."


async def posted(turn: Turn) -> Response:
    """Keep what a page has posted, and have the browser come for it: nobody's list is changed."""
    site, form = turn.site, turn.form
    found = verified({name: form.one(name) for name in _FIELDS}, site.embed)
    if isinstance(found, Refused):
        lgr.warning("a page's selection was refused: %s", found.value)
        status, why = _REFUSALS[found]
        raise ProblemError(status, f"{why} {_AGAIN}")
    key = site.embed[found.key]
    wanted = await site.run(wanted_of, found.selection)
    if wanted.manifest and not key.may_post_manifests:
        lgr.warning("a manifest with the key %s was refused", key.name)
        raise ProblemError(HTTPStatus.FORBIDDEN, f"That page may not send a manifest. {_AGAIN}")
    is_trusted = turn.request.headers.get("origin", "").lower() in key.origins
    until = max(found.expires, time.time() + _KEPT) + _AHEAD
    posted_id = await site.run(
        keep_posted, site.desk.store, key.name, found.nonce, found.selection, until,
        is_trusted=is_trusted,
    )  # fmt: skip
    if posted_id is None:
        lgr.warning("a selection with the key %s was refused: it was sent before", key.name)
        raise ProblemError(HTTPStatus.GONE, f"{_USED} {_AGAIN}")
    answer = turn.go(f"/chosen/{posted_id}")
    is_secure = turn.address.startswith("https:")
    answer.set_cookie(
        _cookie(turn), posted_id, max_age=_KEPT, httponly=True, samesite="lax", secure=is_secure,
        path="/",
    )  # fmt: skip
    return answer


async def chosen(turn: Turn) -> Response:
    """Put it on the list where it was posted by this browser, from a page that is trusted."""
    found = await _found(turn)
    if found.user is not None:
        return turn.go("/list")
    # a link to what somebody else has posted must not do it unasked
    is_own = turn.request.cookies.get(_cookie(turn)) == found.id
    if found.is_trusted and is_own and turn.request.method == "GET":
        return await _added(turn, found)
    return await _asked(turn, found.selection, found.posted_by, f"/chosen/{found.id}/add")


async def add(turn: Turn) -> Response:
    """Put it on the list: the visitor wants it."""
    found = await _found(turn)
    return turn.go("/list") if found.user is not None else await _added(turn, found)


async def undo(turn: Turn) -> Response:
    """Take off the list what was put there, but what was on it before."""
    found = await _found(turn)
    site, store = turn.site, turn.site.desk.store
    gone = 0
    if found.user is not None:
        was = await _chosen(turn, found.selection, found.posted_by)
        before = set(found.listed_before)
        files = [
            (file.ref.source, file.ref.path) for file in was.files if file.ref.path not in before
        ]
        gone = await site.run(actions.remove, site, turn.user, files)
        await site.run(forget_posted, store, found.id)
    return turn.go("/list", removed=gone or None)


async def linked(turn: Turn) -> Response:
    """Ask whether what a link has chosen is wanted."""
    query = turn.query
    value = {
        "dataset": query.one("dataset"),
        **({"paths": list(query.all("path"))} if query.all("path") else {}),
        **({"query": {"glob": list(query.all("glob"))}} if query.all("glob") else {}),
    }
    return await _asked(turn, json.dumps(value), "", "/choose/add", is_link=True)


async def add_linked(turn: Turn) -> Response:
    """Put on the list what a link has chosen."""
    store, selection = turn.site.desk.store, turn.form.one("selection")
    if len(selection) > _LONGEST or wanted_of(selection).manifest:
        raise ProblemError(HTTPStatus.FORBIDDEN, "A link cannot have so much in it.")
    until = time.time() + _KEPT
    nonce = secrets.token_urlsafe(24)
    posted_id = await turn.site.run(keep_posted, store, "", nonce, selection, until)
    assert posted_id is not None  # noqa: S101 - nobody else has the nonce
    return await _added(turn, PostedSelection(posted_id, "", selection, False, None, ()))


async def _found(turn: Turn) -> PostedSelection:
    """What an address is about, unless it is on another one's list."""
    found: PostedSelection | None
    found = await turn.site.run(find_posted, turn.site.desk.store, turn.path["id"])
    if found is None or found.user not in (None, turn.user) or not found.selection:
        raise ProblemError(HTTPStatus.GONE, f"{_USED} {_AGAIN}")
    return found


async def _chosen(turn: Turn, selection: str, posted_by: str) -> Chosen:
    assert turn.visitor is not None  # noqa: S101 - pages of somebody only ask for it
    run, site = turn.site.run, turn.site
    return await run(chosen_for, site, turn.visitor, selection, posted_by)


async def _added(turn: Turn, found: PostedSelection) -> Response:
    """Put files on the list, once; the review offers to take them off again."""
    site, store = turn.site, turn.site.desk.store
    wanted = await _chosen(turn, found.selection, found.posted_by)
    paths = [file.ref.path for file in wanted.files]
    before = await site.run(site.desk.lists.listed, turn.user, wanted.source.name, paths)
    if not await site.run(take_posted, store, found.id, turn.user, sorted(before)):
        return turn.go("/list")
    added = await site.run(actions.add, site, turn.user, wanted)
    return turn.go(
        "/list", of=len(paths), added=added or None, chosen=found.id,
        left_out=len(wanted.missing) or None,
    )  # fmt: skip


async def _asked(
    turn: Turn, selection: str, posted_by: str, action: str, *, is_link: bool = False
) -> Response:
    """The page that asks whether files are wanted."""
    found = await _chosen(turn, selection, posted_by)
    return await turn.render(
        "choose.html",
        here="list",
        action=action,
        selection=selection if is_link else "",
        posted_by=posted_by,
        source=found.source.name,
        statistics=statistics_of(found.files),
        files=found.files[:_SHOWN],
        more=max(0, len(found.files) - _SHOWN),
        left_out=len(found.missing),
    )


def _cookie(turn: Turn) -> str:
    """The prefix has browsers take it from this host alone."""
    return f"{'__Host-' if turn.address.startswith('https:') else ''}jsdl_chosen"
