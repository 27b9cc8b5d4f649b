"""A ``.tcia`` manifest of the Cancer Imaging Archive: IDs of series; its API lists their images.

It has no URLs. Where nobody may be asked, it is refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from datalad_jsdl.errors import ManifestError
from datalad_jsdl.manifest.lines import beginning, lines
from datalad_jsdl.manifest.record import Record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalad_jsdl.manifest.formats.options import Options

__all__ = ["records", "sniff"]

_MARK = "ListOfSeriesToDownload="


def sniff(head: str) -> bool:
    """The line ``ListOfSeriesToDownload=``, followed by the series."""
    return _MARK in (line.strip() for line in beginning(head))


def records(text: Iterator[str], options: Options) -> Iterator[Record]:
    """One record a series, with the address to ask for its images.

    Raises:
        ManifestError: nobody may be asked for the images.
    """
    if options.ask is None:
        raise ManifestError(
            "this is a list of series of TCIA, which has no URLs of files: download them with the "
            "NBIA Data Retriever, or look for the collection in the Imaging Data Commons, whose "
            "bucket has them"
        )
    begun = False
    for number, line in lines(text):
        series = line.strip()
        if begun and series:
            yield Record(None, {"urls": [f"tcia:{series}"]}, f"line {number}")  # see `addressed`
        begun = begun or series == _MARK
