"""What pages stand on: style, scripts and icon of the package, and what operators have set."""

from __future__ import annotations

from functools import cache
from http import HTTPStatus
from importlib.resources import files
from typing import TYPE_CHECKING

from starlette.responses import Response

from datalad_jsdl.portal.problems import ProblemError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from importlib.abc import Traversable

    from starlette.requests import Request

    from datalad_jsdl.portal.pages.turn import Turn

__all__ = ["accent", "document", "logo", "module", "static"]

_TYPES = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
_HEADERS = {"cache-control": "no-cache"}  # a newer version of the program is seen at once


async def static(request: Request) -> Response:
    """A file of the package."""
    found = _static().get(request.path_params["name"])
    if found is None:
        raise ProblemError(HTTPStatus.NOT_FOUND, "there is no such file")
    content, media_type = found
    return Response(content, headers=_HEADERS, media_type=media_type)


@cache
def _static() -> dict[str, tuple[bytes, str]]:
    folder = files("datalad_jsdl.portal").joinpath("static")
    return {
        item.name: (item.read_bytes(), _TYPES[item.name.rpartition(".")[2]])
        for item in folder.iterdir()
        if item.name.rpartition(".")[2] in _TYPES
    }


async def module(request: Request) -> Response:
    """A file of the module for browsers."""
    found = _module().get(request.path_params["path"])
    if found is None:
        raise ProblemError(HTTPStatus.NOT_FOUND, "there is no such file")
    return Response(found, headers=_HEADERS, media_type="text/javascript")


@cache
def _module() -> dict[str, bytes]:
    return dict(_scripts(files("datalad_jsdl").joinpath("browser"), ""))


def _scripts(folder: Traversable, before: str) -> Iterator[tuple[str, bytes]]:
    for item in folder.iterdir():
        if item.is_dir():
            yield from _scripts(item, f"{before}{item.name}/")
        elif item.name.endswith(".js"):
            yield before + item.name, item.read_bytes()


async def accent(turn: Turn) -> Response:
    """The operators' colours."""
    return Response(turn.site.look.style, headers=_HEADERS, media_type="text/css")


async def logo(turn: Turn) -> Response:
    """The operators' logo."""
    found = turn.site.look.logo
    if found is None:
        raise ProblemError(HTTPStatus.NOT_FOUND, "There is no logo.")
    return Response(found.content, headers=_HEADERS, media_type=found.media_type)


async def document(turn: Turn) -> Response:
    """Imprint, privacy or terms, where those are pages here."""
    found = turn.site.look.documents.get(turn.path["name"])
    if found is None or found.url:
        raise ProblemError(HTTPStatus.NOT_FOUND, "There is no such page.")
    return await turn.render("document.html", document=found)
