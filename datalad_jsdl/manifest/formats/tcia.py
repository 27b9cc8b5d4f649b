"""A ``.tcia`` manifest of the Cancer Imaging Archive: IDs of series; its API lists their images.

It has no URLs. Where nobody may be asked, it is refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from datalad_jsdl.errors import ManifestError
from datalad_jsdl.manifest.lines import beginning, lines
from datalad_jsdl.manifest.record import Record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from datalad_jsdl.manifest.formats.options import Options

__all__ = ["records", "sniff"]

_MARK = "ListOfSeriesToDownload="


def sniff(head: str) -> bool:
    """The line ``ListOfSeriesToDownload=``, followed by the series."""
    return _MARK in (line.strip() for line in beginning(head))


def records(text: Iterator[str], options: Options) -> Iterator[Record]:
    """One record an image of each series.

    Raises:
        ManifestError: nobody may be asked for the images.
        FetchError: there is no answer, or one of failure.
    """
    if options.ask is not None:
        yield from _listed(text, options.ask)
        return
    raise ManifestError(
        "this is a list of series of TCIA, which has no URLs of files: download them with the "
        "NBIA Data Retriever, or look for the collection in the Imaging Data Commons, whose "
        "bucket has them"
    )


def _listed(text: Iterator[str], ask: Callable[[str], Iterator[Record]]) -> Iterator[Record]:
    begun = False
    for number, line in lines(text):
        series = line.strip()
        if begun and series:
            where = f"line {number}"
            try:
                for record in ask(f"tcia:{series}"):
                    yield record._replace(where=f"{where}, {record.where}")
            except ManifestError as error:
                yield Record(None, None, where, str(error))
        begun = begun or series == _MARK
