"""From what is ticked in a folder to the list."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from datalad_jsdl.orders.choosing.choice import Choice
from datalad_jsdl.portal import actions
from datalad_jsdl.portal.pages import filters
from datalad_jsdl.portal.pages.browse import address_of, served_at, view_of
from datalad_jsdl.portal.pages.forms import Fields
from datalad_jsdl.portal.pages.names import unpacked

if TYPE_CHECKING:
    from starlette.responses import Response

    from datalad_jsdl.portal.pages.turn import Turn
    from datalad_jsdl.portal.rows import View
    from datalad_jsdl.portal.served import Served
    from datalad_jsdl.portal.site import Site

__all__ = ["add"]

#: Names that the answer's own address has.
_OWN = frozenset({"self", "path", "of", "added", "left_out", "none", "removed"})
_VIEW = "view."  # begins the names of fields that lead back to the page
_ALL = 10_000  # results of a search that are asked for at a time


async def add(turn: Turn) -> Response:
    """Put on the list, or take off it, what a form says; then back to where it was."""
    served = served_at(turn)
    form = turn.form
    query = {
        name.removeprefix(_VIEW): [form.one(name)]
        for name in form.values
        if name.startswith(_VIEW) and name.removeprefix(_VIEW) not in _OWN
    }
    back = {name: values[0] for name, values in query.items()}
    run, site = turn.site.run, turn.site
    if path := form.one("remove"):
        gone = await run(actions.remove_below, site, turn.user, served.name, [unpacked(path)])
        return turn.go(address_of(served), **back, removed=gone or None)
    choice = await _choice(turn, served, Fields(query))
    if choice is None:
        return turn.go(address_of(served), **back, none=1)
    chosen = await run(actions.choose, site, served, choice)
    added = await run(actions.add, site, turn.user, chosen)
    return turn.go(
        address_of(served), **back, of=len(chosen.files), added=added or None,
        left_out=len(chosen.missing) or None,
    )  # fmt: skip


async def _choice(turn: Turn, served: Served, query: Fields) -> Choice | None:
    """What the pressed button says; None if nothing is ticked."""
    view = view_of(query)
    pressed = turn.form.one("add")
    if pressed.startswith("="):
        return Choice((unpacked(pressed[1:]),), recursive=True)
    if pressed == "folder":
        return Choice((view.folder,), recursive=True)
    if pressed == "all":
        if where := filters.asked(query).where:
            return Choice(where=where)
        paths = await turn.site.run(_found, turn.site, served, view)
        return Choice(tuple(paths), recursive=True) if paths else None
    ticked = tuple(map(unpacked, turn.form.all("path")))
    return Choice(ticked, recursive=True) if ticked else None


def _found(site: Site, served: Served, view: View) -> list[str]:
    """All that a search finds, on whichever page."""
    paths: list[str] = []
    number = 1
    while True:
        page = site.browser.page(served, replace(view, number=number, size=_ALL))
        paths += [row.path for row in page.rows]
        if number >= page.pages:
            return paths
        number += 1
