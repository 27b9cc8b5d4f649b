"""A ``.tcia`` manifest of the Cancer Imaging Archive: series of images, without URLs; refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datalad_jsdl.errors import ManifestError
from datalad_jsdl.manifest.lines import beginning

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalad_jsdl.manifest.formats.options import Options
    from datalad_jsdl.manifest.record import Record

__all__ = ["records", "sniff"]

_MARK = "ListOfSeriesToDownload="


def sniff(head: str) -> bool:
    """The line that the series follow."""
    return _MARK in (line.strip() for line in beginning(head))


def records(text: Iterator[str], options: Options) -> Iterator[Record]:
    """None: it names what only requests resolve.

    Raises:
        ManifestError: always.
    """
    raise ManifestError(
        "this is a list of series of TCIA, with no URLs of files: TCIA's API makes an archive of "
        "a series anew for each request. Public series are in the Imaging Data Commons: use its "
        "manifest for s5cmd, or the URLs of its buckets"
    )
