"""A registry of Pooch: each line has a path, a hash and a URL (if none: below ``--base-url``).

Described at https://www.fatiando.org/pooch/latest/registry-files.html: names with spaces stand in
quotation marks, a hash without its algorithm is a SHA-256, and lines that begin with # are
comments.
"""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, NamedTuple

from datalad_jsdl.manifest.formats.checksum_list import folder_url, urls_below
from datalad_jsdl.manifest.formats.values import scheme_of, web_urls
from datalad_jsdl.manifest.lines import beginning, lines
from datalad_jsdl.manifest.record import Record
from datalad_jsdl.model.digests import BY_LENGTH, canonical_name, digest_fault
from datalad_jsdl.model.stores import SCHEMES as OF_STORES
from datalad_jsdl.model.urls import SCHEMES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from datalad_jsdl.manifest.formats.options import Options

__all__ = ["records", "sniff"]

_WHOLE = 1 << 20  # characters; the last line of a longer beginning may be cut off
_LONGEST = 1 << 14  # characters of a line by which a registry is recognised
_OF_URLS = SCHEMES | OF_STORES  # a table of URLs and their digests has lines of the same form
_HASH = re.compile(r"(?:([A-Za-z0-9_-]{2,20}):)?([0-9A-Fa-f]{8,128})")
_NEEDS_BASE = (
    "the manifest is a registry of Pooch, which has no URLs: add --base-url URL, the base_url that "
    "its program gives"
)
_FORM = "expected a path, a hash and perhaps a URL, as in a registry of Pooch"


class _Line(NamedTuple):
    """One line: *digests* is empty if the algorithm is none that content can be verified with."""

    path: str
    digests: dict[str, str]
    url: str | None


def sniff(head: str) -> bool:
    """The first lines are lines of a registry or comments, nothing else."""
    if len(head) >= _WHOLE:
        head = head[: head.rfind("\n") + 1]
    first = [line for line in beginning(head) if not line.startswith("#")]
    # a document in one long line takes long to take apart
    return bool(first) and max(map(len, first)) <= _LONGEST and all(map(_is_line, first))


def records(text: Iterator[str], options: Options) -> Iterator[Record]:
    """One record a line; a line of another form is a fault.

    Raises:
        ManifestError: nothing tells what paths without a URL are relative to.
    """
    url_of: Callable[[str], str] | None = None
    for number, line in lines(text):
        line = line.strip()
        if line and not line.startswith("#"):
            where = f"line {number}"
            try:
                path, digests, url = _parsed(line)
            except ValueError as error:
                yield Record(None, None, where, str(error))
                continue
            if url is None:
                url_of = url_of or urls_below(folder_url(options, _NEEDS_BASE))
                urls = [url_of(path)]
            else:
                try:
                    urls = web_urls([url])
                except ValueError as error:
                    yield Record(path, None, where, str(error))
                    continue
            yield Record(path, {"urls": urls, "digests": digests}, where)


def _parsed(line: str) -> _Line:
    try:
        words = shlex.split(line) if re.search(r"[\"'\\]", line) else line.split()
    except ValueError:
        raise ValueError("a closing quotation mark is missing") from None
    if not 2 <= len(words) <= 3 or not (match := _HASH.fullmatch(words[1])):
        raise ValueError(_FORM)
    url = words[2] if len(words) == 3 else None
    if url is not None and scheme_of(url) is None:
        raise ValueError(_FORM)
    prefix, hexdigest = match.groups()
    name = canonical_name(prefix) if prefix else BY_LENGTH.get(len(hexdigest))
    if not prefix and not name:
        raise ValueError(_FORM)
    if name and (fault := digest_fault(name, hexdigest)):
        raise ValueError(fault)
    return _Line(words[0], {name: hexdigest} if name else {}, url)


def _is_line(line: str) -> bool:
    try:
        path = _parsed(line).path  # "config: 0123…" is a line of YAML
        return not path.endswith(":") and scheme_of(path) not in _OF_URLS
    except ValueError:
        return False
