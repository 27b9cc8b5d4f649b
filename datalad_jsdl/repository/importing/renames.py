"""Which files of a plan are the old ones under other names."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from datalad_jsdl.repository.annex.keys import parse_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["renames"]


def renames(added: Iterable[tuple[str, str]], gone: Mapping[str, str | None]) -> dict[str, str]:
    """Each added path with the gone one, if there is one, that had its content.

    Of several with one content, those of the same file name belong together; what is left
    then, in the order in which it comes.

    Args:
        added: paths and their keys.
        gone: path → the key it had, if any.

    Returns:
        New path → old path; no old path comes twice.
    """
    left: dict[object, dict[str, None]] = {}
    named: dict[tuple[object, str], deque[str]] = {}
    for path, key in gone.items():
        if key:
            left.setdefault(_content(key), {})[path] = None
            named.setdefault((_content(key), _name(path)), deque()).append(path)
    if not left:
        return {}
    new = [(path, content) for path, key in added if (content := _content(key)) in left]
    found: dict[str, str] = {}
    for path, content in new:
        if same := named.get((content, _name(path))):
            found[path] = same.popleft()
            del left[content][found[path]]
    for path, content in new:
        if path not in found and left[content]:
            found[path] = next(iter(left[content]))
            del left[content][found[path]]
    return found


def _content(key: str) -> object:
    """What two keys of the same content agree in: their extensions may differ."""
    parsed = parse_key(key)
    if parsed is None or parsed.algorithm is None:
        return key
    return parsed.algorithm, parsed.hexdigest


def _name(path: str) -> str:
    return path.rpartition("/")[2]
