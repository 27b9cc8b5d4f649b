"""What is served: all datasets, and one of them folder by folder."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import quote

from datalad_jsdl.errors import JsdlError
from datalad_jsdl.orders.model import Statistics
from datalad_jsdl.portal.access import find_served
from datalad_jsdl.portal.pages import filters
from datalad_jsdl.portal.pages.names import is_utf8, packed, query_of, unpacked
from datalad_jsdl.portal.pages.words import Word, files_text, total
from datalad_jsdl.portal.rows import Sort, View

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from starlette.responses import Response

    from datalad_jsdl.portal.pages.forms import Fields
    from datalad_jsdl.portal.pages.turn import Turn
    from datalad_jsdl.portal.rows import Row
    from datalad_jsdl.portal.served import Served

__all__ = ["added_text", "address_of", "browse", "home", "served_at", "view_of"]

_ROWS = 100  # on a page
_LISTED = Word("On your list", "run", "check")


@dataclass(frozen=True)
class _Dataset:
    """What is served, as the first page has it."""

    name: str
    href: str
    kind: str
    folder: Row | None
    size: str = ""
    problem: str = ""
    text: str = ""


async def home(turn: Turn) -> Response:
    """All datasets; the only one at once, if there is but one."""
    every = turn.served
    if not every and turn.has_studies:
        return turn.go("/studies")
    if len(every) == 1 and not turn.has_studies:
        return turn.go(address_of(every[0]))
    rows = list(await asyncio.gather(*(_dataset(turn, served) for served in every)))
    known = [row.folder for row in rows if row.folder is not None]
    found = Statistics(
        sum(row.files for row in known),
        sum(row.size or 0 for row in known),
        sum(row.unsized for row in known),
    )
    return await turn.render(
        "home.html", here="datasets", rows=rows, files=found.files, size=total(found),
        others_have=bool(turn.site.served) or turn.site.orthanc is not None,
    )  # fmt: skip


async def _dataset(turn: Turn, served: Served) -> _Dataset:
    kind = "Manifest" if served.root is None else "Dataset"
    made = partial(_Dataset, served.name, address_of(served), kind)
    try:
        folder = await turn.site.run(turn.site.browser.total, served)
    except JsdlError:
        return made(None, problem="yes")
    return made(folder, size_of(folder))


async def browse(turn: Turn) -> Response:
    """A folder, what a search finds, or what fits a filter."""
    if turn.has_studies and turn.site.orthanc and turn.site.orthanc.name == turn.path["name"]:
        return turn.go("/studies")
    served = served_at(turn)
    view = view_of(turn.query)
    asked = filters.asked(turn.query)
    found, problem = None, asked.problem
    if asked.where:
        try:
            found = await turn.site.run(filters.matching, turn.site, served, asked.where)
        except JsdlError as error:
            problem = turn.site.told(str(error))
    if found is None:
        page = await turn.site.run(turn.site.browser.page, served, view)
    else:
        whole = await turn.site.run(turn.site.browser.total, served)
        page = filters.page_of(whole, found, view.number, _ROWS)
    listed = await turn.site.run(_listed, turn, served, page.rows)
    return await turn.render(
        "browse.html",
        here="datasets",
        served=served,
        home=address_of(served),
        crumbs=_crumbs(served, view.folder),
        page=page,
        folder_size=size_of(page.folder),
        size_of=size_of,
        view=view,
        address=partial(_address, turn, served),
        kept=_kept(turn),
        states=_states(page.rows, listed),
        on_list=listed,
        notice=_notice(turn),
        nothing_ticked=bool(turn.query.one("none")),
        problem=problem,
        where=asked.where if found is not None else "",
        matching=found.statistics if found else None,
        **await filters.offered(turn, served, asked),
    )


def _listed(turn: Turn, served: Served, rows: Sequence[Row]) -> dict[str, int]:
    """Path → how many of its files are on the visitor's list, of the rows that have any."""
    lists, found = turn.site.desk.lists, {}
    files = [row.path for row in rows if not row.is_folder]
    for path in lists.listed(turn.user, served.name, files):
        found[path] = 1
    for folder in {row.path.rpartition("/")[0] for row in rows if row.is_folder}:
        if not is_utf8(folder):
            continue  # what is in it cannot be on a list
        below = lists.below(turn.user, served.name, folder)
        for row in rows:
            if row.is_folder and row.path.rpartition("/")[0] == folder and below[row.name]:
                found[row.path] = below[row.name]
    return found


def _states(rows: Sequence[Row], listed: Mapping[str, int]) -> dict[str, Word]:
    found = {}
    for row in rows:
        number = listed.get(row.path, 0)
        if number and (not row.is_folder or number >= row.files):
            found[row.path] = _LISTED
        elif number:
            found[row.path] = Word(f"{number:,} on your list", "run", "check")
    return found


def served_at(turn: Turn) -> Served:
    """What an address is about.

    Raises:
        NothingThereError: nothing of that name is served.
    """
    assert turn.visitor is not None  # noqa: S101 - pages of somebody only ask for it
    return find_served(turn.site, turn.visitor, turn.path["name"])


def view_of(query: Fields) -> View:
    """What is to be seen, by the address."""
    sort = query.one("sort")
    kinds = {kind.value: kind for kind in Sort}
    return View(
        unpacked(query.one("folder")).strip("/"),
        query.one("q").strip(),
        kinds.get(sort.removeprefix("-"), Sort.NAME),
        sort.startswith("-"),
        query.number("page"),
        _ROWS,
    )


def address_of(served: Served) -> str:
    """Of a dataset's page."""
    return f"/datasets/{quote(served.name, safe='')}"


def size_of(row: Row) -> str:
    """Bytes of a row, in words."""
    if row.is_folder:
        return total(Statistics(row.files, row.size or 0, row.unsized))
    return total(Statistics(1, row.size or 0, 1 if row.size is None else 0))


def _crumbs(served: Served, folder: str) -> list[tuple[str, str]]:
    found = [(served.name, address_of(served))]
    parts = folder.split("/") if folder else []
    for number, part in enumerate(parts, 1):
        path = packed("/".join(parts[:number]))
        found.append((part, address_of(served) + query_of(folder=path)))
    return found


def _address(turn: Turn, served: Served, **changes: Any) -> str:
    """The page's own address, with some of it changed."""
    query = {name: turn.query.one(name) for name in turn.query.values}
    if isinstance(changes.get("folder"), str):
        changes["folder"] = packed(changes["folder"])
    plain = {name: value for name, value in {**query, **changes}.items() if name not in _ONCE}
    return address_of(served) + query_of(**plain)


#: Fields of an address that tell what was done: other pages do not repeat it.
_ONCE = frozenset({"added", "of", "removed", "left_out", "none"})


def _kept(turn: Turn) -> dict[str, str]:
    """What a form sends along, to lead back to the page that it is on."""
    return {f"view.{name}": turn.query.one(name) for name in turn.query.values if name not in _ONCE}


def _notice(turn: Turn) -> str:
    """What the form before has done."""
    query = turn.query
    if query.one("none"):
        return "Tick what you want first, then add it."
    if query.one("removed"):
        return f"{files_text(query.number('removed'))} taken off your list."
    return added_text(query)


def added_text(query: Fields) -> str:
    """What an address says of files that were added; "" if it says nothing."""
    if not query.one("of"):
        return ""
    number, added = query.number("of", 0), query.number("added", 0)
    if not added:
        already = "it was" if number == 1 else "all of them were"
        said = f"{files_text(number)}: {already} on your list already."
    elif added < number:
        said = f"{files_text(added)} added, {number - added:,} were on your list already."
    else:
        said = f"{files_text(added)} added to your list."
    if query.one("left_out"):
        said += f" Left out, as no zip can have them: {query.number('left_out'):,}."
    return said
