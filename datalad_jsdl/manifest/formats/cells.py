"""What stands in a table's cells: URLs, and names of files that they end in."""

from __future__ import annotations

import re
from itertools import takewhile
from typing import TYPE_CHECKING

from datalad_jsdl.manifest.formats.values import name_in_url

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "common_folder",
    "file_name",
    "folder_for",
    "is_page",
    "is_url",
    "name_below",
    "present",
    "urls_in",
]

# What programs write into a cell that has nothing.
_NOTHING = frozenset({"", "-", "na", "n/a", "nan", "null", "none", "[]", "not available"})
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{1,19}:/")
_NO_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{1,19}:/*")  # ftp:// alone, as of sra-explorer

# Only before what is a URL for sure: all of these may stand in one. The look behind keeps
# the search linear in a cell of nothing but spaces.
_BETWEEN_URLS = re.compile(r"(?<![\s|;,])(?:[\s|;]|,\s?)[\s|;]*(?=[A-Za-z][A-Za-z0-9+.-]{1,19}://)")
_IN_LIST = re.compile(r"""'([^']*)'|"([^"]*)\"""")  # ['…', "…"], as Python shows a list

_EXTENSION = re.compile(r".*[^./]\.[A-Za-z][A-Za-z0-9]*", re.DOTALL)
_PAGE = re.compile(r".*\.(?:aspx?|cgi|html?|jspx?|php[0-9]?)", re.DOTALL | re.IGNORECASE)


def present(cell: str) -> str:
    """The cell without spaces around it; "" if it says nothing."""
    cell = cell.strip()
    return "" if cell.lower() in _NOTHING or _NO_URL.fullmatch(cell) else cell


def is_url(cell: str) -> bool:
    """Whether a cell begins with a URL, of any scheme."""
    return _SCHEME.match(cell.lstrip("[\"' ")) is not None


def urls_in(cell: str) -> list[str]:
    """The URLs of a cell, which stand between white space, bars or semicolons, or in a list."""
    cell = present(cell)
    if cell.startswith("[") and cell.endswith("]"):
        return [url for pair in _IN_LIST.findall(cell) if (url := "".join(pair))]
    *others, last = _BETWEEN_URLS.split(cell.strip("|;"))
    return [url for url in (*(other.rstrip(",") for other in others), last) if url]


def file_name(url: str) -> str | None:
    """What a URL ends in, if that is the name of a file, by its extension, and not of a page."""
    name = name_in_url(url)
    return None if name is None or not _EXTENSION.fullmatch(name) or is_page(url) else name


def is_page(url: str) -> bool:
    """Whether a URL ends in the name of a web page."""
    return _PAGE.fullmatch(name_in_url(url) or "") is not None


def common_folder(urls: list[str]) -> str:
    """The innermost folder that all of them are in, with a slash; "" if that is not on a host."""
    folders = [url.partition("?")[0].split("/")[:-1] for url in urls]
    shared = takewhile(lambda parts: len(set(parts)) == 1, zip(*folders, strict=False))
    folder = [parts[0] for parts in shared]
    return "/".join([*folder, ""]) if len(folder) > 2 else ""


def folder_for(urls: Iterable[str]) -> str:
    """The folder that files have to be named below, as last parts are not enough; or ""."""
    found = list(dict.fromkeys(urls))
    names = {name_in_url(url) for url in found}
    return "" if len(names) == len(found) else common_folder(found)


def name_below(url: str, folder: str) -> str | None:
    """A URL's path below *folder*, percent-decoded; its last part if it is elsewhere."""
    last = name_in_url(url)
    if last is None or not folder or not url.startswith(folder):
        return last
    between = url[len(folder) :].partition("?")[0].rpartition("/")[0]
    names = [name_in_url(folder + part) for part in between.split("/")] if between else []
    return "/".join([*(name for name in names if name), last])
