"""What formats share that are one JSON document."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from datalad_jsdl.errors import ManifestError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["has_keys", "is_array", "is_object", "load"]

# Characters; such documents describe one record of a portal, and are held in memory.
_MAX_DOCUMENT = 256 << 20


def is_object(head: str) -> bool:
    """Whether the document begins as a JSON object."""
    return head.lstrip(" \t\n\r").startswith("{")


def is_array(head: str) -> bool:
    """Whether it begins as an array."""
    return head.lstrip(" \t\n\r").startswith("[")


def has_keys(head: str, *keys: str) -> bool:
    """Whether each of *keys* stands in the beginning as the key of some object."""
    return all(re.search(rf'"{re.escape(key)}"\s*:', head) for key in keys)


def load(text: Iterator[str]) -> Any:
    """The whole document.

    Raises:
        ManifestError: it is not JSON (line and column are named), or too large.
    """
    parts = []
    size = 0
    for chunk in text:
        size += len(chunk)
        if size > _MAX_DOCUMENT:
            raise ManifestError(f"the document has more than {_MAX_DOCUMENT} characters")
        parts.append(chunk)
    try:
        return json.loads("".join(parts))
    except json.JSONDecodeError as error:
        raise ManifestError(
            f"not JSON: {error.msg.lower()} at line {error.lineno}, column {error.colno}"
        ) from None
    except (RecursionError, ValueError):
        raise ManifestError("not JSON: a value too deep or a number too long") from None
