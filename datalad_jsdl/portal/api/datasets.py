"""Operations on what is served."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from datalad_jsdl.errors import JsdlError
from datalad_jsdl.orders.choosing.choice import statistics_of
from datalad_jsdl.orders.model import Statistics
from datalad_jsdl.portal import actions
from datalad_jsdl.portal.access import all_served, find_served, name_with_terms
from datalad_jsdl.portal.api.lists import choice_of, place_at
from datalad_jsdl.portal.api.operations import Answer, as_json
from datalad_jsdl.portal.api.values import amount, association, megabytes, page_object, time
from datalad_jsdl.portal.problems import ProblemError
from datalad_jsdl.portal.rows import Row, Sort, View
from datalad_jsdl.portal.terms import accept, accepted, terms_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from datalad_jsdl.portal.api.operations import Asked
    from datalad_jsdl.portal.served import Served
    from datalad_jsdl.portal.site import Site

__all__ = ["accept_terms", "children", "files", "query", "served", "statistics", "terms"]

_COUNT, _SIZE = 0x01, 0x02  # of children
_RESULT, _QUERY_COUNT, _ALL_SIZE = 0x01, 0x02, 0x20  # of a query
_PAGE = 1000  # children


def served(asked: Asked) -> Answer:
    """All that is served."""
    found = all_served(asked.site, asked.who)
    return as_json({"datasets": [_dataset(asked.site, item) for item in found]})


def _dataset(site: Site, item: Served) -> dict[str, Any]:
    """A dataset; one that cannot be read is told of, and hides no other."""
    row, problem = Row("", "", True), None
    try:
        row = site.browser.total(item)
    except JsdlError as error:
        problem = site.told(str(error))
    return {
        "name": item.name,
        "kind": item.source.kind.value,
        **amount(Statistics(row.files, row.size or 0, row.unsized)),
        "numberOfMissingSubdatasets": row.missing,
        "problem": problem,
    }


def files(asked: Asked) -> Answer:
    """A page of a folder."""
    found = find_served(asked.site, asked.who, asked.path["name"])
    query = asked.query
    view = View(
        query["folder"].rstrip("/"), query["search"], Sort(query["sort"]), query["descending"],
        query["page"], query["pageSize"],
    )  # fmt: skip
    return as_json(page_object(asked.site.browser.page(found, view)))


def statistics(asked: Asked) -> Answer:
    """How much a selection is, before it is added."""
    found = find_served(asked.site, asked.who, asked.path["name"])
    chosen = actions.choose(asked.site, found, choice_of(asked.body))
    missing = [{"path": path, "reason": why} for path, why in chosen.missing.items()]
    return as_json(
        {
            **amount(statistics_of(chosen.files)),
            "numberOfRestrictedFiles": len(chosen.states),
            "missing": missing,
        }
    )


def terms(asked: Asked) -> Answer:
    """What has to be accepted before files of a dataset are ordered."""
    name = name_with_terms(asked.site, asked.who, asked.path["name"])
    found = terms_of(asked.site, name)
    if found is None:
        raise ProblemError(HTTPStatus.NOT_FOUND, f"{name} has no terms to be accepted")
    when = accepted(asked.site, asked.user, name)
    return as_json({"version": found.version, "text": found.text, "acceptedOn": time(when)})


def accept_terms(asked: Asked) -> Answer:
    """Accept them, as they were read."""
    name = name_with_terms(asked.site, asked.who, asked.path["name"])
    is_accepted = accept(asked.site, asked.user, name, asked.body["version"])
    if not is_accepted and terms_of(asked.site, name) is not None:
        raise ProblemError(
            HTTPStatus.CONFLICT, f"the terms of {name} are others by now; read them again"
        )
    return terms(asked)


def children(asked: Asked) -> Answer:
    """What is in a folder, as Synapse answers it."""
    mask = asked.body.get("partMask", 0)
    if asked.body.get("parentId") is None:
        names = [item.name for item in all_served(asked.site, asked.who)]
        page = [{"id": n, "name": n, "type": "dataset", "sizeBytes": None} for n in names]
        return as_json({"page": page, "nextPageToken": None, **_sums([], mask)})
    item, folder = place_at(asked, asked.body["parentId"])
    number = int(asked.body.get("nextPageToken") or 1)
    found = asked.site.browser.page(item, View(folder, number=number, size=_PAGE))
    rows = [
        {
            "id": f"{item.name}/{row.path}",
            "name": row.name,
            "type": "folder" if row.is_folder else "file",
            "sizeBytes": row.size,
        }
        for row in found.rows
    ]
    more = _sums(asked.site.browser.rows(item, folder), mask) if mask else {}
    token = str(number + 1) if number < found.pages else None
    return as_json({"page": rows, "nextPageToken": token, **more})


def _sums(rows: Sequence[Row], mask: int) -> dict[str, int]:
    """What of them is asked for, of the files alone: adding a folder takes none of those below."""
    sizes = [row.size or 0 for row in rows if not row.is_folder]
    found = {}
    if mask & _COUNT:
        found["count"] = len(sizes)
    if mask & _SIZE:
        found |= {"totalFileSizeMB": megabytes(sum(sizes)), "totalFileSizeBytes": sum(sizes)}
    return found


def query(asked: Asked) -> Answer:
    """What a query finds."""
    found = find_served(asked.site, asked.who, asked.body["dataset"])
    mask = asked.body.get("partMask", _RESULT | _QUERY_COUNT | _ALL_SIZE)
    chosen = actions.choose(asked.site, found, choice_of(asked.body))
    whole = statistics_of(chosen.files)
    bundle: dict[str, Any] = {}
    if mask & _RESULT:
        first = asked.body.get("offset", 0)
        wanted = chosen.files[first : first + asked.body.get("limit", 100)]
        bundle["queryResult"] = {"files": [association(file.ref) for file in wanted]}
    if mask & _QUERY_COUNT:
        bundle["queryCount"] = whole.files
    if mask & _ALL_SIZE:
        bundle["sizeOfAllFilesMB"] = megabytes(whole.size)
        bundle["sizeOfAllFilesBytes"] = whole.size
    return as_json(bundle)
