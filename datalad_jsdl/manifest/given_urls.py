"""The URLs of an entry as a document gives them: by https, and of one file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from datalad_jsdl.model.stores import web_form
from datalad_jsdl.model.urls import excerpt

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["GivenUrls", "given_urls"]

_FIELDS = frozenset({"url", "priority", "location"})
_OF_A_FILE = (
    *("path", "name", "filename", "file_name", "title", "id", "size"),
    *("checksum", "md5", "sha1", "sha256", "sha512"),
)


@dataclass(frozen=True, slots=True)
class GivenUrls:
    """URLs, or objects with a ``url``, unchecked.

    Attributes:
        items: in order.
        moved: number of those that were given in another scheme.
        unknown: names of fields of objects that were passed over.
    """

    items: Sequence[Any]
    moved: int = 0
    unknown: tuple[str, ...] = ()


def given_urls(items: Sequence[Any]) -> GivenUrls:
    """The same URLs, by https where they are of another scheme that is known (see `stores`).

    Raises:
        ValueError: objects differ in what they say of a file, and so are of different files.
    """
    for item in items:
        if type(item) is not str or not item.startswith("http"):
            break
    else:
        return GivenUrls(items)
    objects = [item for item in items if isinstance(item, dict)]
    for field in _OF_A_FILE if len(objects) > 1 and _say_more(objects) else ():
        said = [item[field] for item in objects if item.get(field) is not None]
        other = next((one for one in said if one != said[0]), None)
        if other is not None:
            raise ValueError(
                f"its URLs are of different files: they differ in {excerpt(field)}, which is "
                f"{excerpt(said[0])} and {excerpt(other)}"
            )
    found = [_by_https(item) for item in items]
    moved = sum(item is not before for item, before in zip(found, items, strict=True))
    unknown = (f"urls.{name}" for item in objects for name in item if name not in _FIELDS)
    return GivenUrls(found, moved, tuple(unknown))


def _say_more(objects: Sequence[dict[str, Any]]) -> bool:
    return not all(map(_FIELDS.issuperset, objects))


def _by_https(item: Any) -> Any:
    url = item.get("url") if isinstance(item, dict) else item
    if not isinstance(url, str) or url.startswith("http") or not (found := web_form(url)):
        return item
    return {**item, "url": found} if isinstance(item, dict) else found
