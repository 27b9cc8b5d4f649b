"""One request for a page: who asks for what, and how it is answered."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import wraps
from http import HTTPStatus
from typing import TYPE_CHECKING

from starlette.responses import RedirectResponse

from datalad_jsdl.bugs import LOGGER, bug
from datalad_jsdl.errors import JsdlError
from datalad_jsdl.portal.access import all_served, limits_of, orthanc_of, sources_of
from datalad_jsdl.portal.pages.forms import LARGEST, SMALL, Fields, FormTokens, read_form
from datalad_jsdl.portal.pages.names import parsed_query, query_of
from datalad_jsdl.portal.pages.rendering import rendered
from datalad_jsdl.portal.problems import Problem, ProblemError, problem_of

if TYPE_CHECKING:
    from typing import Any

    from starlette.requests import Request
    from starlette.responses import Response

    from datalad_jsdl.orders.ordering import Limits
    from datalad_jsdl.portal.identity import Visitor
    from datalad_jsdl.portal.served import Served
    from datalad_jsdl.portal.site import Site

__all__ = ["Turn", "error_page", "page", "plain_page"]

lgr = logging.getLogger(LOGGER)

_ROOM = 1500  # characters of a query

Answer = Callable[["Turn"], Awaitable["Response"]]
Endpoint = Callable[["Request"], Awaitable["Response"]]


@dataclass
class Turn:
    """A request of somebody who is signed in.

    Attributes:
        site: of the portal.
        request: which.
        visitor: who asks; nobody on the pages before signing in.
        query: fields of the address.
        form: fields that were sent; none for a GET.
    """

    site: Site
    request: Request
    visitor: Visitor | None
    query: Fields
    form: Fields

    @property
    def user(self) -> str:
        """Whose list and orders it is about."""
        return self.visitor.user if self.visitor else ""

    @property
    def limits(self) -> Limits:
        """Of one order of the visitor."""
        return limits_of(self.site, self.visitor) if self.visitor else self.site.limits

    @property
    def sources(self) -> frozenset[str] | None:
        """Names of what the visitor may order files of; None for all."""
        return sources_of(self.site, self.visitor) if self.visitor else frozenset()

    @property
    def served(self) -> list[Served]:
        """What the visitor can choose from."""
        return all_served(self.site, self.visitor) if self.visitor else []

    @property
    def has_studies(self) -> bool:
        """Whether there is an Orthanc server whose studies the visitor can have."""
        return self.visitor is not None and orthanc_of(self.site, self.visitor) is not None

    @property
    def may_sign_in(self) -> bool:
        """Whether somebody is not signed in, and can be."""
        return self.visitor is None or (self.visitor.is_anonymous and bool(self.site.sign_in))

    @property
    def path(self) -> dict[str, str]:
        """Parts of the address."""
        found: dict[str, str] = self.request.path_params
        return found

    @property
    def address(self) -> str:
        """Of the portal, as the visitor knows it, without a slash at its end."""
        return self.site.origin or str(self.request.base_url).rstrip("/")

    async def render(
        self, template: str, status: HTTPStatus = HTTPStatus.OK, **values: Any
    ) -> Response:
        """A page, with what all pages need."""
        listed, token = None, ""
        if self.visitor is not None:
            desk = self.site.desk
            listed = await self.site.run(desk.lists.statistics, self.user)
            token = await self.site.run(FormTokens(desk.store).of, self.user)
        common = {
            "look": self.site.look,
            "visitor": self.visitor,
            "listed": listed,
            "form_token": token,
            "may_sign_in": self.may_sign_in,
            # whom a proxy has signed in, it signs out
            "signs_out": bool(getattr(self.site.identity, "cookie", "")),
            "here": "",
            "refresh": None,
            "has_datasets": bool(self.site.served) or self.site.orthanc is None,
            "has_studies": self.has_studies,
        }
        return rendered(template, {**common, **values}, status)

    def go(self, path: str, **query: str | int | None) -> Response:
        """Have the browser ask for another page: so a form is never sent twice."""
        return RedirectResponse(
            f"{path}{query_of(**query)}", HTTPStatus.SEE_OTHER, {"cache-control": "no-store"}
        )


def page(site: Site, answer: Answer) -> Endpoint:
    """An endpoint for who is signed in; others are asked to sign in."""

    @wraps(answer)
    async def endpoint(request: Request) -> Response:
        visitor = request.scope["state"]["visitor"]
        turn = Turn(site, request, visitor, _query(request), Fields({}))
        is_reading = request.method in ("GET", "HEAD")
        if visitor is None:
            return turn.go("/sign-in", next=_back(request) if is_reading else "")
        found = await _answered(turn, answer)
        if found.status_code == HTTPStatus.NOT_FOUND and is_reading and turn.may_sign_in:
            # it may be there for who has signed in
            return turn.go("/sign-in", next=_back(request))
        return found

    return endpoint


def _back(request: Request) -> str:
    """Where to go on after signing in: a provider's cookie has to have room for it."""
    query = request.url.query
    return f"{request.url.path}?{query}" if 0 < len(query) < _ROOM else request.url.path


def plain_page(site: Site, answer: Answer, most: int = SMALL) -> Endpoint:
    """An endpoint for everybody; forms carry no token, as nobody's they are.

    Args:
        site: of the portal.
        answer: of the page.
        most: bytes of a form.
    """

    @wraps(answer)
    async def endpoint(request: Request) -> Response:
        turn = Turn(site, request, request.scope["state"]["visitor"], _query(request), Fields({}))
        return await _answered(turn, answer, is_anybodys=True, most=most)

    return endpoint


async def _answered(
    turn: Turn, answer: Answer, *, is_anybodys: bool = False, most: int = LARGEST
) -> Response:
    try:
        if turn.request.method == "POST":
            # what is small needs none: signing in works, whatever else comes in
            room = turn.site.strangers if is_anybodys and most > SMALL else None
            turn.form = await read_form(turn.request, most, room)
            if not is_anybodys:
                tokens = FormTokens(turn.site.desk.store)
                await turn.site.run(tokens.require, turn.user, turn.form.one("token"))
        return await answer(turn)
    except ProblemError as error:
        problem = error.problem
    except JsdlError as error:
        problem = problem_of(error, turn.site.told)
        lgr.info("%s %s: %s", turn.request.method, _route(turn), error)
    except Exception as error:
        problem = Problem(HTTPStatus.INTERNAL_SERVER_ERROR, "")
        lgr.error("%s %s: %s", turn.request.method, _route(turn), bug(error))
    found = await error_page(turn, HTTPStatus(problem.status), problem.detail)
    found.headers.update(problem.headers)
    return found


def _route(turn: Turn) -> str:
    """The kind of address; the address itself may be a link that needs no login."""
    return str(getattr(turn.request.scope.get("route"), "path", ""))


async def error_page(turn: Turn, status: HTTPStatus, detail: str) -> Response:
    """What happened, what is safe, what to do next."""
    return await turn.render("error.html", status, code=int(status), detail=detail)


def _query(request: Request) -> Fields:
    try:
        return Fields(parsed_query(request.url.query))
    except ValueError:
        return Fields({})
