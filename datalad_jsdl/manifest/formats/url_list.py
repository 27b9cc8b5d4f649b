"""Bare URLs, one a line; a file is named by the last part of its URL."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from datalad_jsdl.manifest.formats.values import name_in_url, web_urls
from datalad_jsdl.manifest.lines import beginning, lines
from datalad_jsdl.manifest.record import Record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalad_jsdl.manifest.formats.options import Options

__all__ = ["records", "sniff", "url_record"]

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://\S+( +\S+)*[ \t]*")
# a URL that ends in a file's name, and something else, or a number: a table of some kind
_TWO_COLUMNS = re.compile(r"[^ ]*/[^ /]*\.[A-Za-z][A-Za-z0-9]* +\S.*|.* [0-9]+")


def sniff(head: str) -> bool:
    """The first lines are URLs or comments, nothing else."""
    first = [line for line in beginning(head) if not line.startswith("#")]
    first = [line.strip(" ") for line in first]
    return bool(first) and all(
        _URL.fullmatch(line) and not _TWO_COLUMNS.fullmatch(line) for line in first
    )


def records(text: Iterator[str], options: Options) -> Iterator[Record]:
    """One record a line; blank lines and those that begin with # are passed over."""
    for number, line in lines(text):
        url = line.strip()
        if url and not url.startswith("#"):
            yield url_record(url, f"line {number}")


def url_record(url: str, where: str) -> Record:
    """The record of a file that is named by the last part of its URL."""
    path = name_in_url(url)
    if path is None:
        return Record(None, None, where, "the URL does not end in a file name")
    try:
        return Record(path, web_urls([url]), where)
    except ValueError as error:
        return Record(path, None, where, str(error))
