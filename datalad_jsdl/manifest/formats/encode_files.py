"""The ``files.txt`` of ENCODE and IGVF: a URL of the metadata, then a URL for each file.

Made by their "Download" button for ``xargs -L 1 curl -O -J -L``. The first line is the URL of a
table about the files, in quotation marks, and of a cart with options of curl behind it. It is a
report that is made anew for each request, and so is no entry. The table itself
(``metadata.tsv``) has sizes and MD5s: as a manifest it is the better one.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from datalad_jsdl.manifest.formats.listing import url_record
from datalad_jsdl.manifest.lines import beginning, lines

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalad_jsdl.manifest.formats.options import Options
    from datalad_jsdl.manifest.record import Record

__all__ = ["records", "sniff"]

_REPORT = re.compile(r'"?https?://[^\s"/]+/(?:metadata|batch_download)/\?[^\s"]*"?(?: -.*)?')
_FILE = re.compile(r'"?https?://[^\s"]+/@@download/[^\s"]+"?')


def sniff(head: str) -> bool:
    """The first line is the URL of a report, and all others are URLs of files."""
    first, *others = beginning(head) or [""]
    return bool(_REPORT.fullmatch(first.strip())) and all(
        _FILE.fullmatch(line.strip()) for line in others
    )


def records(text: Iterator[str], options: Options) -> Iterator[Record]:
    """One record a line, without that of the report."""
    for number, line in lines(text):
        url = line.strip()
        if url and not (number == 1 and _REPORT.fullmatch(url)):
            yield url_record(url.strip('"'), f"line {number}")
