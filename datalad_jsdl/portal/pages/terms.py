"""Terms of a dataset: read, and accepted or declined."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import quote

from datalad_jsdl.portal import actions, terms
from datalad_jsdl.portal.access import name_with_terms
from datalad_jsdl.portal.look import paragraphs_of
from datalad_jsdl.portal.problems import ProblemError

if TYPE_CHECKING:
    from starlette.responses import Response

    from datalad_jsdl.portal.pages.turn import Turn

__all__ = ["show", "terms_address"]


def terms_address(name: str) -> str:
    """Of the page with the terms of a dataset."""
    return f"/datasets/{quote(name, safe='')}/terms"


async def show(turn: Turn) -> Response:
    """The terms, and what the visitor makes of them."""
    assert turn.visitor is not None  # noqa: S101 - pages of somebody only ask for it
    site, run = turn.site, turn.site.run
    name = name_with_terms(site, turn.visitor, turn.path["name"])
    orthanc = site.orthanc
    back = "/studies" if orthanc is not None and orthanc.name == name else "/list"
    found = terms.terms_of(site, name)
    if found is None:
        raise ProblemError(HTTPStatus.NOT_FOUND, "This dataset has no terms.")
    is_other = False
    if turn.form.one("decline"):
        gone = await run(actions.remove_below, site, turn.user, name, [""])
        return turn.go("/list", removed=gone or None)
    if turn.form.one("accept"):
        if await run(terms.accept, site, turn.user, name, turn.form.one("accept")):
            return turn.go(back)
        is_other = True
    on = await run(terms.accepted, site, turn.user, name)
    listed = await run(site.desk.lists.below, turn.user, name)
    return await turn.render(
        "terms.html", HTTPStatus.CONFLICT if is_other else HTTPStatus.OK, here="list", name=name,
        version=found.version, paragraphs=paragraphs_of(found.text), accepted=on,
        is_other=is_other, files=listed.total(), address=terms_address(name),
        back=back,
    )  # fmt: skip
