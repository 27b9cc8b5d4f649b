"""Bare URLs, one per line; a file is named by the last part of its URL, with folders if need be."""

from __future__ import annotations

import re
from itertools import chain, islice
from typing import TYPE_CHECKING

from datalad_jsdl.manifest.formats.cells import folder_for, name_below
from datalad_jsdl.manifest.formats.headless import row_of_list
from datalad_jsdl.manifest.formats.values import is_drs, web_urls
from datalad_jsdl.manifest.lines import beginning, lines
from datalad_jsdl.manifest.record import Record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalad_jsdl.manifest.formats.options import Options

__all__ = ["records", "sniff"]

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://\S+( +\S+)*[ \t]*")
_LINES_TO_SEE = 1000
# a URL that ends in a file's name, and something else, or a number: a table of some kind
_TWO_COLUMNS = re.compile(r"[^ ]*/[^ /]*\.[A-Za-z][A-Za-z0-9]* +\S.*|.* [0-9]+")
# a URL, a comma and words: likewise, if each line has a comma
_AND_WORDS = re.compile(r"[^ ,]*,[^ ,/]+ (?!.*\.[A-Za-z][A-Za-z0-9]*$).*")


def sniff(head: str) -> bool:
    """The first lines are URLs or comments, nothing else, and no rows of a table."""
    first = [line for line in beginning(head) if not line.startswith("#")]
    first = [line.strip(" ") for line in first]
    are_urls = bool(first) and all(
        _URL.fullmatch(line) and not _TWO_COLUMNS.fullmatch(line) for line in first
    )
    have_commas = all("," in line for line in first) and any(map(_AND_WORDS.fullmatch, first))
    return are_urls and not have_commas and not row_of_list(first)


def records(text: Iterator[str], options: Options) -> Iterator[Record]:
    """One record a line; blank lines and those that begin with # are passed over.

    If the last parts of the first URLs are not enough to tell the files apart, all names are what
    the URLs have below the folder that those share.
    """
    numbered = lines(text)
    first = list(islice(numbered, _LINES_TO_SEE))
    folder = folder_for(url for _, line in first if _is_url(url := line.strip()))
    for number, line in chain(first, numbered):
        if _is_url(url := line.strip()):
            yield _record(url, folder, f"line {number}")


def _is_url(line: str) -> bool:
    return bool(line) and not line.startswith("#")


def _record(url: str, folder: str, where: str) -> Record:
    if is_drs(url):
        return Record(None, [url], where)  # its server tells the name
    path = name_below(url, folder)
    if path is None:
        return Record(None, None, where, "the URL does not end in a file name")
    try:
        return Record(path, web_urls([url]), where)
    except ValueError as error:
        return Record(path, None, where, str(error))
