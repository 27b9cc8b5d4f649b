"""A checksum list such as ``SHA256SUMS``; its paths are relative to its URL, or ``--base-url``.

See `manifest.checksums` for the forms of lines. A file that has lines in several algorithms is one
entry.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from datalad_jsdl.errors import ManifestError
from datalad_jsdl.manifest.checksums import is_checksum, parsed_line
from datalad_jsdl.manifest.formats.fields import quoted
from datalad_jsdl.manifest.lines import beginning, lines
from datalad_jsdl.manifest.record import Record
from datalad_jsdl.model.references import resolve

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from datalad_jsdl.manifest.formats.options import Options

__all__ = ["folder_url", "records", "sniff", "urls_below"]

_WHOLE = 1 << 20  # characters; the last line of a longer beginning may be cut off
_NEEDS_BASE = (
    "the manifest is a checksum list, which has no URLs: add --base-url URL, if its paths are "
    "those of files below that URL; or use it with --checksums, and a list of URLs as the manifest"
)


# neither a scheme, nor parts that begin with a dot, nor what is encoded in a URL
_PART = "[A-Za-z0-9_~-][A-Za-z0-9._~-]*"
_is_plain = re.compile(f"{_PART}(?:/{_PART})*").fullmatch


def sniff(head: str) -> bool:
    """The first lines are lines of a checksum list or comments, nothing else."""
    if len(head) >= _WHOLE:
        head = head[: head.rfind("\n") + 1]
    first = [line for line in beginning(head) if line[0] not in "#;"]
    return bool(first) and all(map(is_checksum, first))


def folder_url(options: Options, without: str) -> str:
    """What the paths of a list without URLs are relative to.

    Args:
        options: has the list's own URL, or that of a folder.
        without: what to say where there is neither.

    Raises:
        ManifestError: the list has no URL, and the user has given none.
    """
    base = options.base_url
    if base is None:
        raise ManifestError(without)
    if options.base_is_given and not base.endswith("/") and "?" not in base and "#" not in base:
        base += "/"  # the document has no URLs: it can only be that of a folder
    return base


def urls_below(base: str) -> Callable[[str], str]:
    """What gives the URL of a path that is relative to *base*."""
    folder = resolve(base, "x")[:-1]

    def url_of(path: str) -> str:
        # of most paths nothing has to be encoded, and there is nothing to resolve
        return folder + path if _is_plain(path) else resolve(base, quoted(path))

    return url_of


@dataclass
class _Listed:
    where: str
    digests: dict[str, str] = field(default_factory=dict)
    fault: str | None = None


def records(text: Iterator[str], options: Options) -> Iterator[Record]:
    """One record a path; a line of another form is a fault.

    Raises:
        ManifestError: nothing tells what the paths are relative to.
    """
    base = folder_url(options, _NEEDS_BASE)
    found: dict[str, _Listed] = {}
    for number, line in lines(text):
        line = line.rstrip("\r\n")
        if line.strip() and line[0] not in "#;":
            try:
                algorithm, hexdigest, path = parsed_line(line)
            except ValueError as error:
                yield Record(None, None, f"line {number}", str(error))
                continue
            listed = found.setdefault(path, _Listed(f"line {number}"))
            if algorithm and listed.digests.setdefault(algorithm, hexdigest) != hexdigest:
                listed.fault = f"two different {algorithm} digests"
    url_of = urls_below(base)
    for path, listed in found.items():
        value = {"urls": [url_of(path)], "digests": listed.digests}
        yield Record(path, value, listed.where, listed.fault)
