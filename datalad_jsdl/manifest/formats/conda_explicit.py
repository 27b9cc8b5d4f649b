"""An explicit specification of a conda environment: ``@EXPLICIT``, then one package URL per line.

Described at https://docs.conda.io (``conda list --explicit``, with ``--md5`` or ``--sha256``): a
digest stands behind ``#``, an MD5 as it is, a SHA-256 as ``sha256:HEX`` or by its length.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from datalad_jsdl.manifest.formats.fields import named_digest
from datalad_jsdl.manifest.formats.listing import url_record
from datalad_jsdl.manifest.lines import beginning, lines
from datalad_jsdl.manifest.record import Record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalad_jsdl.manifest.formats.options import Options

__all__ = ["records", "sniff"]

_MARK = "@EXPLICIT"


def sniff(head: str) -> bool:
    """The first line that is no comment is ``@EXPLICIT``."""
    first = (line.strip() for line in beginning(head))
    return next((line for line in first if not line.startswith("#")), "") == _MARK


def records(text: Iterator[str], options: Options) -> Iterator[Record]:
    """One record a package."""
    for number, line in lines(text):
        line = line.strip()
        if line and line != _MARK and not line.startswith("#"):
            url, _, digest = line.partition("#")
            yield url_record(url, f"line {number}", digests=named_digest(digest))
