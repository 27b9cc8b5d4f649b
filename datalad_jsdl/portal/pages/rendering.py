"""From templates to answers."""

from __future__ import annotations

from functools import cache
from http import HTTPStatus
from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape
from starlette.responses import HTMLResponse

from datalad_jsdl.portal.pages import words
from datalad_jsdl.portal.pages.icons import icon
from datalad_jsdl.portal.pages.names import isolated, packed, query_of, shown

if TYPE_CHECKING:
    from typing import Any

    from starlette.responses import Response

__all__ = ["rendered"]

_HEADERS = {"cache-control": "no-store"}


def rendered(template: str, values: dict[str, Any], status: HTTPStatus = HTTPStatus.OK) -> Response:
    """A page.

    Args:
        template: file in the folder of templates.
        values: what the template names.
        status: of the answer.
    """
    text = _environment().get_template(template).render(values)
    # what a name could not say in UTF-8 is shown otherwise; this is for what forgot about it
    return HTMLResponse(text.encode("utf-8", "backslashreplace"), int(status), _HEADERS)


@cache
def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("datalad_jsdl.portal"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    made.filters.update(
        name=isolated, shown=shown, packed=packed, amount=words.amount, files=words.files_text,
        bytes=words.bytes_text, total=words.total, about=words.about, on=words.on,
        breakable=_breakable, sentence=_sentence,
    )  # fmt: skip
    made.globals.update(icon=icon, query=query_of)
    return made


def _sentence(text: str) -> str:
    """What an error says, as a sentence."""
    said = shown(text)
    return said[:1].upper() + said[1:] + ("" if said.endswith((".", "!", "?")) else ".")


def _breakable(name: str) -> Markup:
    """A path that may be broken behind its slashes."""
    parts = Markup("/<wbr>").join(escape(part) for part in shown(name).split("/"))
    return Markup("<bdi>{}</bdi>").format(parts)
