"""What a server itself says of a failure: the code and message of its document.

XML as of S3, Azure, GCS and WebDAV; JSON as of RFC 9457, JSON:API, GraphQL and the portals;
short text; the title of a web page. Shown in few words, without a secret.
"""

from __future__ import annotations

import json
import re
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Protocol

import urllib3

from datalad_jsdl.errors import FetchError
from datalad_jsdl.fetch.encodings import compressions, decode
from datalad_jsdl.fetch.regions import region_named
from datalad_jsdl.fetch.secrecy import without_secrets
from datalad_jsdl.fetch.walls import wall_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

__all__ = ["NOTHING", "Said", "explain", "said_of"]

_MOST = 64 << 10  # bytes of a document that are read
_SECONDS = 2.0  # that reading one may take: it may drip
_SHOWN = 200  # characters
_CODE = 60  # characters
_DEEP = 6  # levels of a document that are looked into
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
    """As much of `web.Response` as this takes."""

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
        code, message = _of_json(body, status)
    elif start.startswith(b"<") and not _HTML.match(start):
        code, message, extra = _of_xml(body)
    if start.startswith(b"<") and not (code or message):
        message = _of_html(body)
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


# XML

_CODES = ("code", "errorcode", "error-code", "exceptioncode", "exception", "faultcode")
_MESSAGES = (
    *("message", "errormessage", "error-message", "detail", "exceptiontext", "faultstring"),
    *("description", "responsedescription", "title", "text", "reason"),
)


def _of_xml(body: bytes) -> tuple[str, str, dict[str, str]]:
    """Code, message, and the texts of all elements by their names in lower case."""
    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import ParseError, fromstring

    try:
        root = fromstring(body)
    except (ParseError, DefusedXmlException, ValueError, LookupError, RecursionError):
        return "", "", {}
    texts: dict[str, str] = {}
    for element in root.iter():
        # SOAP and OGC have the code in an attribute, or on its own within another element
        for attribute, value in element.attrib.items():
            texts.setdefault(_local(attribute), value)
        if (text := element.text) and text.strip():
            texts.setdefault(_local(element.tag), text)
    code = next((texts[name] for name in _CODES if name in texts), "")
    message = next((texts[name] for name in _MESSAGES if name in texts), "")
    title = texts.get("title", "")
    if title and title not in message:  # RFC 9457, appendix B
        message = f"{title}: {message}"
    if not code and not message and _local(root.tag) == "error":
        # WebDAV names a condition by an element (RFC 4918, 14.5), others write but a text
        code = _local(root[0].tag) if len(root) else ""
        message = root.text or ""
    return code.rpartition("\\")[2], message, texts


def _local(name: object) -> str:
    return str(name).rpartition("}")[2].lower()


# JSON

_JSON_CODES = (
    *("code", "Code", "errorCode", "error_code", "errorcode", "errcode", "__type"),
    *("statusCode", "reason", "status"),
)
_WORD = re.compile(r"[\w.:#/-]{2,80}", re.ASCII)
_GRPC = re.compile(r"[A-Z]+(?:_[A-Z]+)+|UNAUTHENTICATED|INTERNAL|UNAVAILABLE")
_JSON_MESSAGES = (
    *("detail", "message", "Message", "error_description", "error_message", "errorMessage"),
    *("msg", "faultstring", "userMessage", "description", "text", "title", "statusText"),
    *("reason", "error", "Error", "info", "details", "status_message", "debug_message"),
)
_INSIDE = ("errors", "error", "Error", "fault", "exception", "detail", "extensions", "meta")


def _of_json(body: bytes, status: int) -> tuple[str, str]:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return "", ""
    if isinstance(document, str):
        return "", document
    found = list(_parts(document, _DEEP))
    code = next(filter(None, (_first(part, _JSON_CODES, status) for part in found)), "")
    for part in found:
        if message := _first(part, _JSON_MESSAGES, status):
            break
    else:
        return code, next(filter(None, map(_of_fields, found)), "")
    title, name = part.get("title"), part.get("error")
    if isinstance(title, str) and title not in message:  # RFC 9457 and JSON:API have both
        message = f"{title}: {message}"
    if not code and isinstance(name, str) and _WORD.fullmatch(name):  # RFC 6749, 5.2
        code = name
    return ("" if code == message else code), message


def _parts(value: Any, depth: int) -> Iterator[dict[str, Any]]:
    """The objects of a document that may say something, the innermost error first."""
    if depth == 0:
        return
    if isinstance(value, list):
        for item in value[:3]:
            yield from _parts(item, depth - 1)
    elif isinstance(value, dict):
        for name in _INSIDE:
            if name in value:
                yield from _parts(value[name], depth - 1)
        yield value


def _first(part: dict[str, Any], names: tuple[str, ...], status: int) -> str:
    for name in names:
        value = part.get(name)
        if isinstance(value, list):
            value = next((item for item in value if isinstance(item, str)), None)
        if not isinstance(value, (str, int)) or isinstance(value, bool):
            continue
        text = str(value).strip()
        if names is _JSON_CODES and not (_GRPC if name == "status" else _WORD).fullmatch(text):
            continue
        if text and text != str(status):
            return text
    return ""


def _of_fields(part: dict[str, Any]) -> str:
    """What is wrong with fields of a request: a name, and texts for it (Django, Invenio)."""
    for name, value in part.items():
        text = value[0] if isinstance(value, list) and value else None
        if isinstance(text, str):
            return text if name == "errors" else f"{name}: {text}"
    errors = part.get("errors")
    if isinstance(errors, dict):
        for name, value in errors.items():
            if isinstance(value, str):
                return f"{name}: {value}"
    return ""


# HTML


def _of_html(body: bytes) -> str:
    """Title and first heading of a page."""
    from html.parser import HTMLParser

    texts: dict[str, str] = {}

    class Reader(HTMLParser):
        inside = ""

        def handle_starttag(self, tag: str, attrs: object) -> None:
            self.inside = tag if tag in ("title", "h1") and tag not in texts else ""

        def handle_endtag(self, tag: str) -> None:
            self.inside = ""

        def handle_data(self, data: str) -> None:
            if self.inside:
                texts[self.inside] = texts.get(self.inside, "") + data

    with suppress(AssertionError, ValueError):  # whatever a page may have
        Reader().feed(body.decode("utf-8", "replace"))
    title, heading = (" ".join(texts.get(tag, "").split()) for tag in ("title", "h1"))
    if not heading or heading in title:
        return title
    return heading if not title or title in heading else f"{title}: {heading}"
