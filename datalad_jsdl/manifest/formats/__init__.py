"""The one table of manifest formats.

A format is a module with

- ``sniff(head: str) -> bool``: whether a document that begins with *head* (up to
  `reading.HEAD` characters) is of this format;
- ``records(text: Iterator[str]) -> Iterator[Record]``: the entries as the document
  gives them, still unchecked.

To add one, copy the smallest module here and give it a row. The first row whose
``sniff`` says yes reads the document.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from datalad_jsdl.manifest.formats import json_lines, json_object

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalad_jsdl.manifest.record import Record

__all__ = ["FORMATS", "Format"]


class Format(Protocol):
    """What a format's module offers."""

    def sniff(self, head: str) -> bool: ...

    def records(self, text: Iterator[str]) -> Iterator[Record]: ...


FORMATS: dict[str, Format] = {
    "jsonl": json_lines,
    "json": json_object,
}
