"""What a document is that is no manifest: a web page, a portal's error, some other JSON."""

from __future__ import annotations

import json
import re
from itertools import islice
from typing import TYPE_CHECKING, Any

from datalad_jsdl.errors import ManifestError
from datalad_jsdl.manifest.formats import json_object
from datalad_jsdl.manifest.formats.fields import is_web
from datalad_jsdl.manifest.formats.options import Options
from datalad_jsdl.manifest.likeness import are_entries, may_be_entry
from datalad_jsdl.model.urls import redact_text

if TYPE_CHECKING:
    from datalad_jsdl.manifest.record import Record

__all__ = ["foreign", "other_json"]

_PROLOG = re.compile(r"\s*(?:<!--.*?-->|<\?.*?\?>|<!DOCTYPE(?!\s+html)[^>]*>)", re.DOTALL | re.I)
_PAGE = re.compile(r"\s*<(?:!DOCTYPE\s+html|html|head|body|title|meta|script)\b", re.IGNORECASE)

# Apache, nginx, and what imitates them
_FOLDER = re.compile(r"<title>\s*(?:Index of|Directory listing for) ", re.IGNORECASE)

# https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html; Azure and Google likewise
_STORAGE_ERROR = re.compile(r"\s*<Error\b")
_STORAGE_SAYS = re.compile(r"<(?:Code|Message)>([^<]+)<")

# Where APIs say what is wrong, the plainest first: RFC 9457 (detail), JSON:API and GraphQL
# (errors), OAuth (error_description), Synapse (reason), and what everybody has.
_SAYS = ("message", "detail", "error_description", "errors", "error", "reason", "msg")
_MAX_MEMBERS = 12  # a message stands in many a record that is no error
_MAX_ERROR = 1 << 16  # characters of such an answer
_MAX_SAID = 200  # characters of it that are shown
_MEMBERS_TO_SEE = 20
_WHOLE = 1 << 20  # characters; of a longer document this is the beginning


def foreign(head: str) -> str | None:
    """Which web page or error the document that begins with *head* is, or None."""
    at = 0
    while prolog := _PROLOG.match(head, at):
        at = prolog.end()
    if _PAGE.match(head, at):
        if _FOLDER.search(head, at, at + _MAX_ERROR):
            return (
                "expected a manifest, got an HTML page, the listing of a folder of a web server: "
                "it has no digests, and rounded sizes; give a list of the files' URLs, or a "
                "checksum list of that folder if it has one"
            )
        return (
            "expected a manifest, got an HTML page; if the portal requires a login, "
            "download the manifest with the browser and give its file name"
        )
    if _STORAGE_ERROR.match(head, at):
        return _answered(": ".join(_STORAGE_SAYS.findall(head[at : at + _MAX_ERROR])))
    if not head.lstrip(" \t\n\r").startswith("{"):
        return None
    return _error(head)


def other_json(head: str, *, said: bool = False) -> str | None:
    """Why a JSON object is not of the project's own form, or None if it may be.

    Args:
        head: what it begins with.
        said: somebody says that it is, so that it is enough if half of its first members have,
            or try to have, URLs.
    """
    members: list[Record] = []
    try:
        members.extend(islice(json_object.records(iter([head]), Options()), _MEMBERS_TO_SEE))
    except ManifestError:
        if len(head) < _WHOLE or not members:
            return None  # it breaks off: the reader says where
    if {"IsStable", "MainDicomTags"} <= {record.path for record in members}:
        return (
            "this is Orthanc's description of a patient, study or series, not a manifest; "
            'see "Studies of an Orthanc server" in the documentation'
        )
    # a URL without a list around it is a slip of somebody's, to be told of by its line
    strange = [r.path for r in members if not (may_be_entry(r.value, r.path) or is_web(r.value))]
    if are_entries(members) or (said and len(strange) <= len(members) / 2):
        return None
    names = [repr(redact_text(record.path)[:40]) for record in members]
    shown = ", ".join(names[:3]) + (", …" if len(names) > 3 else "")
    return (
        f"the manifest is JSON in no known format: the members ({shown}) are not paths with URLs, "
        'nor is it the format of a known portal (see "Formats of manifests" in the documentation; '
        "if all of them are paths, add --format json)"
    )


def _answered(said: str) -> str:
    text = " ".join(redact_text(said).split())
    shown = repr(text if len(text) <= _MAX_SAID else f"{text[:_MAX_SAID]}…")
    return (
        f"expected a manifest, got an error from the portal: {shown}; if it requires a login, "
        'see "The portal wants me to log in" in the documentation'
    )


def _error(head: str) -> str | None:
    if len(head) > _MAX_ERROR:
        return None
    try:
        document = json.loads(head)
    except (ValueError, RecursionError):
        return None
    if not isinstance(document, dict) or len(document) > _MAX_MEMBERS:
        return None
    if not {"url", "urls"}.isdisjoint(document):  # a line of JSON Lines
        return None
    if any(may_be_entry(value, name) for name, value in document.items()):
        return None
    said = _said(document)
    return _answered(said) if said else None


def _said(value: Any, depth: int = 3) -> str:
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, list) and value and depth:
        return _said(value[0], depth - 1)
    if isinstance(value, dict) and depth:
        return next((said for key in _SAYS if (said := _said(value.get(key), depth - 1))), "")
    return ""
