"""Code and message of a document of error: XML, JSON, or a web page.

RFC 9457 (problem details), RFC 4918 (WebDAV), RFC 6749 (OAuth), JSON:API, GraphQL, and what
object stores and portals have made up.
"""

from __future__ import annotations

import json
import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["of_html", "of_json", "of_xml"]

_DEEP = 6  # levels of a document that are looked into

# XML

_CODES = ("code", "errorcode", "error-code", "exceptioncode", "exception", "faultcode")
_MESSAGES = (
    *("message", "errormessage", "error-message", "detail", "exceptiontext", "faultstring"),
    *("description", "responsedescription", "title", "text", "reason"),
)


def of_xml(body: bytes) -> tuple[str, str, dict[str, str]]:
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
_NAMED_TEXT = re.compile(r'"(\w+)"\s*:\s*("(?:[^"\\]|\\.)*")')
_INSIDE = ("errors", "error", "Error", "fault", "exception", "detail", "extensions", "meta")


def of_json(body: bytes, status: int) -> tuple[str, str]:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return "", _of_cut_off(body)
    if isinstance(document, str):
        return "", document
    found = list(_parts(document, _DEEP))
    code = next(filter(None, (_first(part, _JSON_CODES, status) for part in found)), "")
    said = [(part, text) for part in found if (text := _first(part, _JSON_MESSAGES, status))]
    # a word alone may be all that an inner part has, where an outer one has a sentence
    part, message = next((one for one in said if " " in one[1]), (said or [({}, "")])[0])
    if not message:
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


def _of_cut_off(body: bytes) -> str:
    """The first message of a document that is too long, or breaks off."""
    for match in _NAMED_TEXT.finditer(body.decode("utf-8", "replace")):
        with suppress(ValueError):
            if match[1] in _JSON_MESSAGES and (text := json.loads(match[2])):
                return str(text)
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


def of_html(body: bytes) -> str:
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
