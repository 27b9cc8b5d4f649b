"""What a server itself says of a failure: the code and message of its document.

XML as of S3, Azure, GCS and WebDAV; JSON as of RFC 9457, JSON:API, GraphQL and the portals;
short text; the title of a web page. Shown in few words, without a secret.
"""

from __future__ import annotations

import re
import threading
import time
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Protocol

import urllib3

from datalad_jsdl.errors import FetchError
from datalad_jsdl.fetch.http.encodings import compressions, decode
from datalad_jsdl.fetch.http.error_documents import of_html, of_json, of_xml
from datalad_jsdl.fetch.http.secrecy import without_secrets
from datalad_jsdl.fetch.http.walls import wall_of
from datalad_jsdl.model.regions import region_named

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

__all__ = ["NOTHING", "Said", "explain", "said_of"]

_MOST = 64 << 10  # bytes of a document that are read
_SECONDS = 2.0  # that reading one may take: it may drip
_SHOWN = 200  # characters
_CODE = 60  # characters
# what servers call a status by themselves, beside its name
_NAMES = {
    401: "authorization required",
    403: "access denied",
    404: "object file the requested url was",
    503: "temporarily",
    504: "time out",
}
_HTML = re.compile(rb"<(?:!doctype\s+html|html|head|body|title|h1)\b", re.IGNORECASE)
_PARAMETER = re.compile(r'\b(error|error_description)\s*=\s*"([^"]*)"')
_PLAIN = 600  # bytes of a text; what is longer is no message


@dataclass(frozen=True, slots=True)
class Said:
    """What a document of failure says.

    Attributes:
        code: a word for programs, such as ``NoSuchKey``; "" if there is none.
        message: for people, free of secrets; "" if there is none.
        region: of the bucket, where the server names it (S3).
        expires: the document tells when the address ended (S3's presigned URLs).
        wall: name of the guard against bots that answered in the server's place, or "".
    """

    code: str = ""
    message: str = ""
    region: str = ""
    expires: bool = False
    wall: str = ""

    def __str__(self) -> str:
        if self.code and self.message and self.code not in self.message:
            return f"{self.code}: {self.message}"
        return self.message or self.code


NOTHING = Said()


class _Answer(Protocol):
    """As much of `transport.Response` as this takes."""

    @property
    def status(self) -> int: ...
    @property
    def headers(self) -> Mapping[str, str]: ...
    def read(self, limit: int, /) -> bytes: ...
    def abort(self) -> None: ...


def explain(response: _Answer, secrets: Collection[str]) -> Said:
    """What the answer says of its failure; reads some of its body, for two seconds at most.

    Args:
        response: not yet read from.
        secrets: texts of the request that must not be shown.
    """
    return said_of(response.status, response.headers, _body(response), secrets)


def said_of(
    status: int, headers: Mapping[str, str], body: bytes, secrets: Collection[str] = ()
) -> Said:
    """What a document of failure says; see `explain`."""
    body = _decoded(body, headers)
    kind = headers.get("Content-Type", "").partition(";")[0].strip().lower()
    start = body[:200].removeprefix(b"\xef\xbb\xbf").lstrip()
    code, message = "", ""
    extra: dict[str, str] = {}
    if start.startswith((b"{", b"[", b'"')):
        code, message = of_json(body, status)
    elif start.startswith(b"<") and not _HTML.match(start):
        code, message, extra = of_xml(body)
    if start.startswith(b"<") and not (code or message):
        message = of_html(body)
    if not (code or message or start.startswith((b"<", b"{"))) and len(body) <= _PLAIN:
        message = _text(body) if kind in ("", "text/plain") else ""
    code = headers.get("X-Ms-Error-Code", "") or code
    if not code and _says_nothing(message, status):
        code, message = _of_headers(headers)
    message = _shown(message, secrets, _SHOWN)
    if _says_nothing(message, status):
        message = ""
    return Said(
        _shown(code, secrets, _CODE),
        message,
        region_named(headers, extra),
        "expires" in extra or "x-amz-expires" in extra,
        wall_of(status, headers, body),
    )


def _body(response: _Answer) -> bytes:
    """The first bytes; as many as come in time."""
    if response.headers.get("Content-Length", "") == "0":
        return b""
    parts: list[bytes] = []
    left, until = _MOST, time.monotonic() + _SECONDS
    # a server that says nothing more is not waited for as long as for a file
    clock = threading.Timer(_SECONDS, response.abort)
    clock.daemon = True
    clock.start()
    try:
        while left and time.monotonic() < until and (chunk := response.read(left)):
            parts.append(chunk)
            left -= len(chunk)
    except (OSError, ValueError, urllib3.exceptions.HTTPError):
        pass  # what came may say enough
    finally:
        clock.cancel()
    return b"".join(parts)


def _decoded(body: bytes, headers: Mapping[str, str]) -> bytes:
    try:
        return decode(body, compressions(headers), _MOST)
    except FetchError:
        return b""


def _of_headers(headers: Mapping[str, str]) -> tuple[str, str]:
    """Code and message where the body has none: of Hugging Face, and of RFC 6750, section 3."""
    code, message = headers.get("X-Error-Code", ""), headers.get("X-Error-Message", "")
    if code or message:
        return code, message
    found = dict(_PARAMETER.findall(headers.get("WWW-Authenticate", "")))
    return found.get("error", ""), found.get("error_description", "")


def _text(body: bytes) -> str:
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        text = body.decode("latin-1")
    return text if all(c.isprintable() or c.isspace() for c in text) else ""


def _shown(text: str, secrets: Collection[str], most: int) -> str:
    """In one line, without secrets and what a terminal would obey."""
    text = without_secrets(text, secrets)
    text = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"


def _says_nothing(message: str, status: int) -> bool:
    """Whether it has but the status and its name in it."""
    try:
        phrase = HTTPStatus(status).phrase
    except ValueError:
        phrase = ""
    own = f"{status} {phrase} error http status code {_NAMES.get(status, '')}"
    words = set(re.findall(r"\w+", own.lower()))
    return set(re.findall(r"\w+", message.lower())) <= words
