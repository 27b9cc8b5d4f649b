"""The output of ``aws s3 ls --recursive``: time, size, key per line. ``--base-url`` is the bucket.

Described in the AWS CLI Command Reference (``s3 ls``). Times are those of somebody's clock, without
a zone, and not taken; folders (``PRE``) and their markers are no entries.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from datalad_jsdl.errors import ManifestError
from datalad_jsdl.manifest.formats.bucket_json import UNNAMED
from datalad_jsdl.manifest.formats.buckets import Bucket
from datalad_jsdl.manifest.lines import beginning, lines
from datalad_jsdl.manifest.record import Record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalad_jsdl.manifest.formats.options import Options

__all__ = ["records", "sniff"]

_LINE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d +(\d+(?: Bytes?)?|[\d.]+ [KMGTPE]iB) (\S.*)")
_PASSED_OVER = re.compile(r" +PRE .*/|Total Objects: .*| +Total Size: .*")


def sniff(head: str) -> bool:
    """All the first lines have the form that ``aws s3 ls`` prints; at least one is an object."""
    first = beginning(head)
    return any(map(_LINE.fullmatch, first)) and all(
        _LINE.fullmatch(line) or _PASSED_OVER.fullmatch(line) for line in first
    )


def records(text: Iterator[str], options: Options) -> Iterator[Record]:
    """One record a line.

    Raises:
        ManifestError: the user does not say which bucket it is.
    """
    if options.base_url is None or not options.base_is_given:
        raise ManifestError(f"this is a listing of aws s3 ls, which {UNNAMED}")
    bucket = Bucket(options.base_url.rstrip("/") + "/")
    for number, line in lines(text):
        line = line.rstrip("\r\n")
        if match := _LINE.fullmatch(line):
            if record := bucket.record(match[2], f"line {number}", size=match[1]):
                yield record
        elif line.strip() and not _PASSED_OVER.fullmatch(line):
            yield Record(None, None, f"line {number}", "not in the form: time, size, key")
