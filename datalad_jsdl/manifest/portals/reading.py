"""An answer that has a document of a known format, read as that format's module reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from datalad_jsdl.errors import ManifestError
from datalad_jsdl.manifest.formats.options import Options
from datalad_jsdl.model.urls import redact

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalad_jsdl.manifest.portals.api import ApiAnswer
    from datalad_jsdl.manifest.record import Record

__all__ = ["read_by"]


class Reader(Protocol):
    """A format's module, as far as it reads."""

    def records(self, text: Iterator[str], options: Options) -> Iterator[Record]: ...


def read_by(reader: Reader, answer: ApiAnswer) -> Iterator[Record]:
    """The records of an answer.

    Raises:
        ManifestError: it is no such document; the text names its URL.
    """
    try:
        yield from reader.records(iter([answer.text]), Options(base_url=answer.url))
    except ManifestError as error:
        raise ManifestError(f"{redact(answer.url)}: {error}") from None
