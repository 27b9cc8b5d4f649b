"""What a record says of content that it has itself, checked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datalad_jsdl.model.data_urls import content_of_data_url, is_data_url
from datalad_jsdl.model.inline import Inline, symlink_fault
from datalad_jsdl.model.subdatasets import joined

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["inline_of"]


def inline_of(path: str, value: Mapping[str, Any], items: Iterable[Any]) -> Inline | None:
    """The content that one of a record's URLs has, if one of them is a ``data:`` URL.

    Args:
        path: of the entry.
        value: the record's fields; ``symlink`` says that the content is a symlink's target.
        items: its URLs, as the record has them.

    Raises:
        ValueError: a URL is malformed, two have different contents, or a symlink may not be.
    """
    is_symlink = _is_symlink(value.get("symlink"))
    contents = {content_of_data_url(url) for url in map(_url, items) if is_data_url(url)}
    if len(contents) > 1:
        raise ValueError("two data: URLs with different contents")
    for content in contents:
        if is_symlink and (fault := symlink_fault(joined(path), content)):
            raise ValueError(fault)
        if is_symlink and value.get("executable"):
            raise ValueError("a symlink cannot be executable")
        return Inline(content, is_symlink)
    if is_symlink:
        raise ValueError("a symlink needs a data: URL with its target")
    return None


def _url(item: Any) -> str:
    url = item.get("url") if isinstance(item, dict) else item
    return url if isinstance(url, str) else ""


def _is_symlink(value: Any) -> bool:
    if value is None:
        return False
    if not isinstance(value, bool):
        raise ValueError("symlink is neither true nor false")
    return value
