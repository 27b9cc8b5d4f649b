"""What a request brings along: read within limits, and checked."""

from __future__ import annotations

import asyncio
import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import parse_qsl

from starlette.datastructures import Headers

from datalad_jsdl.portal.api.checking import FieldError, check, parsed
from datalad_jsdl.portal.api.schemas import SCHEMAS, ref
from datalad_jsdl.portal.problems import ProblemError

if TYPE_CHECKING:
    from starlette.types import Receive, Scope

    from datalad_jsdl.portal.api.operations import Operation

__all__ = ["body_of", "query_of"]

_MOST = 8 << 20  # bytes
_WITHIN = 30.0  # seconds
_WHOLE = 1 << 53  # from here on a float says nothing of the last digits


def query_of(operation: Operation, scope: Scope) -> dict[str, Any]:
    """The parameters of a query, with the defaults of those that are not given.

    Raises:
        ProblemError: one is unknown, given twice, or no value that its schema has.
    """
    found: dict[str, Any] = {}
    known = {parameter.name: parameter.schema for parameter in operation.query}
    try:
        raw = scope["query_string"].decode("ascii")
        given = parse_qsl(raw, keep_blank_values=True, errors="strict", max_num_fields=100)
    except ValueError:
        raise ProblemError(HTTPStatus.BAD_REQUEST, "the query cannot be read") from None
    for name, text in given:
        if name not in known or name in found:
            said = "is there twice" if name in known else "is unknown"
            raise ProblemError(HTTPStatus.BAD_REQUEST, f"the parameter {name} {said}", field=name)
        found[name] = parsed(text, known[name])
        try:
            check(found[name], known[name], SCHEMAS, name)
        except FieldError as error:
            raise _bad(error) from None
    defaults = {name: schema.get("default") for name, schema in known.items()}
    return {**defaults, **found}


async def body_of(operation: Operation, scope: Scope, receive: Receive) -> Any:
    """The body of a request, as JSON; None if the operation has none, or may do without.

    Raises:
        ProblemError: it is too large or comes too slowly, is not JSON, or not what the schema says.
    """
    if not operation.body:
        return None
    headers = Headers(scope=scope)
    kind = headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    if kind != "application/json" and not kind.endswith("+json"):
        raise ProblemError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "send JSON, as application/json")
    length = headers.get("content-length", "0")
    if length.isdecimal() and int(length) > _MOST:
        _too_large()
    try:
        raw = await asyncio.wait_for(_read(receive), _WITHIN)
    except asyncio.TimeoutError:
        raise ProblemError(
            HTTPStatus.REQUEST_TIMEOUT, f"the request did not come within {_WITHIN:.0f} seconds"
        ) from None
    # other requests are not to wait for what is large
    return await asyncio.to_thread(_checked, raw, operation.body)


def _checked(raw: bytes, schema: str) -> Any:
    value = _as_json(raw)
    try:
        check(value, ref(schema), SCHEMAS)
    except FieldError as error:
        raise _bad(error) from None
    return value


async def _read(receive: Receive) -> bytes:
    parts, size = [], 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ProblemError(HTTPStatus.BAD_REQUEST, "the request ended before its end")
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > _MOST:
            _too_large()
        if not message.get("more_body"):
            return b"".join(parts)


def _too_large() -> NoReturn:
    raise ProblemError(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"the request is larger than {_MOST >> 20} MiB"
    )


def _as_json(raw: bytes) -> Any:
    try:
        text = raw.decode("utf-8")
        value = json.loads(text, parse_constant=_no_number, parse_float=_number)
        json.dumps(value, ensure_ascii=False).encode()  # halves of characters are no text
    except (ValueError, RecursionError) as error:
        said = error if isinstance(error, json.JSONDecodeError) else "no valid text or number"
        raise ProblemError(HTTPStatus.BAD_REQUEST, f"the body is not JSON: {said}") from None
    return value


def _number(text: str) -> float:
    """For JSON 2.0 is as whole as 2 is."""
    number = float(text)
    return int(number) if number.is_integer() and abs(number) < _WHOLE else number


def _no_number(name: str) -> NoReturn:
    raise ValueError(name)


def _bad(error: FieldError) -> ProblemError:
    return ProblemError(HTTPStatus.BAD_REQUEST, str(error), field=error.field)
