"""The download script of the Earth System Grid Federation (ESGF), with its files in a list.

Described by the template in https://github.com/ESGF/esg-search. The files stand between
``download_files="$(cat <<EOF--dataset.file.url.chksum_type.chksum`` and the same mark, each line
``'FILE' 'URL' 'SHA256' 'HEX'``. Nothing else of the script is looked at, and nothing is run. ESGF
has each file on several servers, of which the script names one.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from datalad_jsdl.errors import ManifestError
from datalad_jsdl.manifest.formats.fields import stated
from datalad_jsdl.manifest.formats.listing import file_record
from datalad_jsdl.manifest.lines import lines
from datalad_jsdl.manifest.record import Record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalad_jsdl.manifest.formats.options import Options

__all__ = ["records", "sniff"]

_MARK = "EOF--dataset.file.url.chksum_type.chksum"
_BEGINNING = re.compile(
    rf'(?:^|[\r\n])[ \t]*download_files="\$\(cat <<{re.escape(_MARK)}[ \t]*(?:$|[\r\n])'
)
_LINE = re.compile(r"\s*'([^']*)'\s+'([^']*)'\s+'([^']*)'\s+'([^']*)'\s*")


def sniff(head: str) -> bool:
    """The line that begins the list of files, ``download_files=…``."""
    return _MARK in head and _BEGINNING.search(head) is not None


def records(text: Iterator[str], options: Options) -> Iterator[Record]:
    """One record a line of the list.

    Raises:
        ManifestError: the list does not end.
    """
    begun = ended = False
    for number, line in lines(text):
        if ended:
            continue
        if not begun:
            begun = _BEGINNING.match(line) is not None
        elif line.strip() == _MARK:
            ended = True
        elif line.strip():
            yield _record(line, f"line {number}")
    if not ended:
        raise ManifestError("the script breaks off before its list of files ends")


def _record(line: str, where: str) -> Record:
    match = _LINE.fullmatch(line)
    if match is None:
        return Record(None, None, where, "not in the form: 'FILE' 'URL' 'ALGORITHM' 'HEX'")
    path, url, algorithm, digest = match.groups()
    return file_record(path.removeprefix("/"), url, where, digests=stated({algorithm: digest}))
