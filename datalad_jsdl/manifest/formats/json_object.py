"""The project's own form: one object, ``{"path": ["url", …], …}``, read as a stream."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datalad_jsdl.manifest.formats.json_reader import JsonReader
from datalad_jsdl.manifest.record import Record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalad_jsdl.manifest.formats.options import Options

__all__ = ["records", "sniff"]


def sniff(head: str) -> bool:
    """The document begins with ``{``."""
    return head.lstrip(" \t\n\r").startswith("{")


def records(text: Iterator[str], options: Options) -> Iterator[Record]:
    """One record a member of the object, in its order, duplicates included.

    Raises:
        ManifestError: the document is not JSON; line and column are named.
    """
    reader = JsonReader(text)
    for path, value, line in reader.members():
        yield Record(path, value, f"line {line}")
    reader.end()
