"""Whether an answer is what the API's document promises."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

import jsonschema
import requests

from datalad_jsdl.portal.api.document import document
from datalad_jsdl.portal.api.table import OPERATIONS

__all__ = ["require_promised"]

DOCUMENT = document(OPERATIONS)


def require_promised(answer: requests.Response) -> None:
    """Fail if the operation has no such status, type or object."""
    row = _row(answer.request.method or "", urlsplit(answer.request.url or "").path)
    if row is None:
        assert answer.status_code in (404, 405), answer.url
        return
    promised = row["responses"].get(str(answer.status_code), row["responses"]["default"])
    content = promised.get("content")
    if content is None:
        assert answer.content == b""
        return
    kind = str(answer.headers["content-type"]).partition(";")[0]
    assert kind in content or kind == "multipart/byteranges", f"{kind}: {answer.url}"
    if (schema := content.get(kind, {}).get("schema")) and answer.request.method != "HEAD":
        whole = {**schema, "components": DOCUMENT["components"]}
        jsonschema.validate(answer.json(), whole, jsonschema.Draft202012Validator)


def _row(method: str, path: str) -> Any:
    method = "get" if method == "HEAD" else method.lower()
    for pattern, rows in DOCUMENT["paths"].items():
        if method in rows and re.fullmatch(re.sub(r"{\w+}", "[^/]+", pattern), path):
            return rows[method]
    return None
