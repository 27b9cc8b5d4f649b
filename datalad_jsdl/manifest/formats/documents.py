"""What formats share that are one JSON document."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from datalad_jsdl.errors import ManifestError
from datalad_jsdl.manifest.formats.json_reader import JsonReader, is_list, read_document
from datalad_jsdl.manifest.record import Record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = [
    "WholeItems",
    "dig",
    "each",
    "forget_outline",
    "has_keys",
    "is_array",
    "is_list",
    "is_object",
    "json_ld_base",
    "load",
    "objects",
    "one_page",
    "outline",
    "whole_items",
]

# Characters; such documents describe one record of a portal, and their text is held in memory.
_MAX_DOCUMENT = 256 << 20

# A string, a bracket or comma, or a string that is cut off; numbers and names need no look.
_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[][{},"]', re.DOTALL)
_CLOSING = {"{": "}", "[": "]"}
_MAX_OUTLINE = 100  # levels; no portal nests deeper before its first file


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
    """The whole document; what is an array in it (`is_list`) can be iterated over once.

    Raises:
        ManifestError: it is not JSON (line and column are named), or too large.
    """
    return read_document(_limited(text))


def _limited(text: Iterator[str]) -> Iterator[str]:
    size = 0
    for chunk in text:
        size += len(chunk)
        if size > _MAX_DOCUMENT:
            raise ManifestError(f"the document is longer than {_MAX_DOCUMENT} characters")
        yield chunk


def outline(head: str, *keys: str) -> Any:
    """The document as far as *head* goes, or None.

    None if one of *keys* is the key of no object in it (which is found out first, because it
    is quick), if it is not JSON, or if more than one value stands in it (JSON Lines).
    """
    return _outline(head) if has_keys(head, *keys) else None


# many formats look at the same beginning, or a shorter one, and change nothing of what is in it
@lru_cache(maxsize=2)
def _outline(head: str) -> Any:
    if (items := whole_items(head)) and items.more_behind:
        return None
    if items and items.found:
        return items.found  # in a third of the time
    try:
        return json.loads(head)
    except (ValueError, RecursionError):
        return _cut_off(head)


class WholeItems(NamedTuple):
    """What stands in an array up to where the document breaks off.

    Attributes:
        found: the items that are whole.
        more_behind: the array ends, and is not all of the document.
    """

    found: list[Any]
    more_behind: bool


@lru_cache(maxsize=2)
def whole_items(head: str) -> WholeItems | None:
    """The items in the beginning of a document; None if it is no array."""
    if not is_array(head):
        return None
    found: list[Any] = []
    reader = JsonReader(iter([head]))
    try:
        found.extend(item for item, _, _ in reader.elements())
    except ManifestError:  # perhaps it only breaks off
        return WholeItems(found, more_behind=False)
    return WholeItems(found, more_behind=bool(reader.peek()))


def forget_outline() -> None:
    """Let go of the beginning that `outline` and `whole_items` held."""
    _outline.cache_clear()
    whole_items.cache_clear()


def _cut_off(head: str) -> Any:
    """What stands before the last comma or bracket, with the open brackets closed."""
    open_brackets: list[str] = []
    cut = 0
    for match in _TOKEN.finditer(head):
        found = match.group()
        if found in _CLOSING:
            if len(open_brackets) == _MAX_OUTLINE:
                break
            open_brackets.append(_CLOSING[found])
            cut = match.end()
        elif found in ("}", "]"):
            if not open_brackets or open_brackets.pop() != found or not open_brackets:
                return None
            cut = match.end()
        elif found == ",":
            cut = match.start()
        elif found == '"':
            break
    try:
        return json.loads(head[:cut] + "".join(reversed(open_brackets)))
    except (ValueError, RecursionError):
        return None


def objects(value: Any) -> list[dict[str, Any]]:
    """The objects in *value*, if it is a list; else none."""
    return [item for item in value if isinstance(item, dict)] if is_list(value) else []


def dig(value: Any, *keys: str) -> Any:
    """What stands under *keys* in objects within objects; None where there is nothing."""
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def each(
    items: Any, where: str, read: Callable[[dict[str, Any], str], Iterator[Record]]
) -> Iterator[Record]:
    """What *read* makes of each object of a list, given with its place.

    Raises:
        ManifestError: *items* is not a list.
    """
    if not is_list(items):
        raise ManifestError(f"{where or 'the document'} is not a list")
    for index, item in enumerate(items):
        place = f"{where}[{index}]"
        if isinstance(item, dict):
            yield from read(item, place)
        else:
            yield Record(None, None, place, "not an object")


def json_ld_base(document: Any) -> tuple[str, ...]:
    """The ``@base`` of a JSON-LD document's context (JSON-LD 1.1, 4.1.3), if there is one."""
    context = dig(document, "@context")
    given = [dig(part, "@base") for part in (context if isinstance(context, list) else [context])]
    return tuple(base for base in given if isinstance(base, str))[-1:]


def one_page(following: Any, where: str) -> Iterator[Record]:
    """A fault for a listing whose answer names a *following* page.

    The files of this page are good; but nobody shall take them for all there are.
    """
    if following is not None:
        fault = "the document is one of several pages; the files of the other pages are missing"
        yield Record(None, None, where, fault)
