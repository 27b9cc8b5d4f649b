"""A JSON array of entries, each an object with a path and URLs, as in the project's own form.

JSON of other programs has arrays, too, and nothing of it must be taken for a file. So an array is
of this format only if each of its items is an object with a ``path``, or another name that nothing
else can be meant by, and with URLs; and if no item has further addresses, or an ``id``: the first
``url`` of such an object is seldom that of the content.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from datalad_jsdl.manifest.formats.documents import whole_items
from datalad_jsdl.manifest.formats.fields import is_web
from datalad_jsdl.manifest.formats.json_reader import JsonReader
from datalad_jsdl.manifest.formats.values import name_in_url
from datalad_jsdl.manifest.record import Record
from datalad_jsdl.model.data_urls import is_data_url

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalad_jsdl.manifest.formats.options import Options

__all__ = ["records", "sniff", "stranger"]

_URL_FIELDS = ("urls", "url", "extra_urls")
_NAMES = ("filename", "file_name")  # a path, if there is none and only one of them
_FILE = re.compile(r".*[^./]\.[A-Za-z][A-Za-z0-9]*", re.DOTALL)
_FOREIGN = frozenset({"id", "@id", "@type", "@context"})
_BEGINNING = re.compile(r'\s*\[\s*\{\s*"path"\s*:\s*"')  # of one that may have content in it


def sniff(head: str) -> bool:
    """All the first items are entries, and there is at least one."""
    items = whole_items(head)
    if items and items.found:
        return all(map(_is_entry, items.found))
    return items is not None and _BEGINNING.match(head) is not None


def stranger(head: str) -> int | None:
    """The number of the first item of an array that is no entry, from 1; None if there is none."""
    items = whole_items(head)
    found = enumerate(items.found if items else (), 1)
    return next((n for n, item in found if not _is_entry(item)), None)


def records(text: Iterator[str], options: Options) -> Iterator[Record]:
    """One record an item.

    Raises:
        ManifestError: the document is not a JSON array; line and column are named.
    """
    reader = JsonReader(text)
    for item, _, line in reader.elements():
        yield _record(item, f"line {line}")
    reader.end()


def _record(item: Any, where: str) -> Record:
    if not isinstance(item, dict):
        return Record(None, None, where, "not an object")
    if type(path := item.get("path")) is str:
        return Record(path, item, where)
    return Record(_path(item), _value(item), where)


def _is_entry(item: Any) -> bool:
    if not isinstance(item, dict) or not _FOREIGN.isdisjoint(item):
        return False
    path, urls = _path(item), _urls(item)
    if not isinstance(path, str) or not path or not urls:
        return False
    return all(_may_lead_to(url, path) for url in urls) and not any(
        is_web(value) for name, value in item.items() if name not in _URL_FIELDS
    )


def _path(item: dict[str, Any]) -> Any:
    """The path, or what is as good as one."""
    if "path" in item:
        return item["path"]
    names = [item[name] for name in _NAMES if name in item]
    if len(names) == 1:
        return names[0]
    name = item.get("name")
    # it may be a title, a package, or somebody's
    if not names and isinstance(name, str) and _FILE.fullmatch(name):
        ends = {name_in_url(url) for url in _urls(item) if isinstance(url, str)}
        return name if name.rpartition("/")[2] in ends else None
    return None


def _value(item: dict[str, Any]) -> dict[str, Any]:
    names = ("path",) if "path" in item else (*_NAMES, "name")
    return {name: value for name, value in item.items() if name not in names}


def _urls(item: dict[str, Any]) -> list[Any]:
    found = []
    for field in _URL_FIELDS:
        given = item.get(field)
        for one in given if isinstance(given, list) else [] if given is None else [given]:
            found.append(one.get("url") if isinstance(one, dict) else one)
    return found


def _may_lead_to(url: Any, path: str) -> bool:
    """Whether it is a URL, or a relative one that ends in the path's name."""
    if not isinstance(url, str):
        return False
    return "://" in url or is_data_url(url) or name_in_url(url) == path.rpartition("/")[2]
