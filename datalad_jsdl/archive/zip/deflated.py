"""A compressed zip of the same members, by Python's own writer: not the same everywhere."""

from __future__ import annotations

import zipfile
from typing import IO, TYPE_CHECKING, cast

from datalad_jsdl.archive.readers import content_of
from datalad_jsdl.archive.zip.members import Kind
from datalad_jsdl.archive.zip.structures import dos_time, time_extra

if TYPE_CHECKING:
    from collections.abc import Callable

    from datalad_jsdl.archive.output import FileOutput, PipeOutput
    from datalad_jsdl.archive.readers import Reader
    from datalad_jsdl.archive.zip.members import Member

__all__ = ["DeflatedWriter"]

_UNIX = 3


class DeflatedWriter:
    """Writes members in the order in which they are given; see `writer.CanonicalWriter`."""

    def __init__(
        self,
        output: FileOutput | PipeOutput,
        progress: Callable[[int], object] = lambda position: None,
    ) -> None:
        self._output = output
        self._progress = progress
        self._file = _Unseekable(output)
        self._zip = zipfile.ZipFile(cast("IO[bytes]", self._file), "w")

    def add(self, member: Member, reader: Reader) -> None:
        """Write a member; if it fails, the archive cannot be gone on with.

        Raises:
            ArchiveError: its content is not right.
            FetchError: its content is unavailable.
        """
        (time, date), info = dos_time(member), zipfile.ZipInfo(member.name.decode())
        info.date_time = (
            (date >> 9) + 1980, date >> 5 & 15, date & 31, time >> 11, time >> 5 & 63, time % 32 * 2
        )  # fmt: skip
        info.external_attr = member.kind.attributes
        info.create_system = _UNIX
        info.extra = time_extra(member)
        info.file_size = member.size
        stored = member.kind is Kind.SYMLINK or not member.size
        info.compress_type = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
        with self._zip.open(info, "w", force_zip64=member.size > zipfile.ZIP64_LIMIT) as file:
            for chunk in content_of(reader, member.size):
                file.write(chunk)
                self._progress(self._output.position)
            reader.finish()

    def finish(self) -> None:
        """Write the central directory."""
        self._zip.close()

    def abandon(self) -> None:
        """It is not to be finished: zipfile would do that by itself, and call it complete."""
        self._file.write = len
        self._zip.close()


class _Unseekable:
    """An output as a file that can only be written to."""

    def __init__(self, output: FileOutput | PipeOutput) -> None:
        self.write: Callable[[bytes | memoryview], object] = output.write
        self.flush = output.flush
