"""One way of putting files into one file, as a program of its own.

::

    python benchmarks/zip_child.py NAME LISTING OUTPUT

A line of the listing has the size of a file, its SHA-256 and its path, with tabs between
them; paths are in order. Prints a JSON object: wall and CPU seconds of the work alone,
child processes included; not those of starting, of imports and of reading the listing.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import resource
import subprocess
import time
import zipfile
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Work = Callable[[], None]

_MTIME = 1_700_000_000  # seconds since 1970
_MODE = 0o100644
_BUFFER = 256 << 10  # bytes, of every output
_CHUNK = 64 << 10  # bytes; what zipstream-ng reads at a time, too


@dataclass(frozen=True)
class File:
    """One to be put in.

    Attributes:
        size: bytes.
        sha256: hex digest.
        path: of the file.
        name: of the member.
    """

    size: int
    sha256: str
    path: str
    name: str


def cat(files: list[File], out: Path) -> Work:
    """The contents alone, one after the other."""
    paths = b"\0".join(os.fsencode(file.path) for file in files)

    def work() -> None:
        with out.open("wb") as output:
            if len(files) == 1:
                subprocess.run(["cat", files[0].path], stdout=output, check=True)
            else:
                subprocess.run(["xargs", "-0", "cat"], input=paths, stdout=output, check=True)

    return work


def digest(files: list[File], out: Path) -> Work:
    """One pass of SHA-256 over the contents; nothing is written."""

    def work() -> None:
        out.touch()
        for file in files:
            with open(file.path, "rb", buffering=0) as content:
                found = hashlib.sha256()
                while chunk := content.read(_BUFFER):
                    found.update(chunk)
                if found.hexdigest() != file.sha256:
                    raise ValueError(file.path)

    return work


def ours_bytes(files: list[File], out: Path) -> Work:
    """The bytes of the archive, from a source that checks no digest."""
    from datalad_jsdl.archive.readers import FileReader, Reader
    from datalad_jsdl.archive.zip.layout import Layout
    from datalad_jsdl.archive.zip.members import Member
    from datalad_jsdl.archive.zip.ranges import Ranges

    class Source:
        def open(self, index: int, start: int, stop: int) -> Reader:
            file = files[index]
            return FileReader(file.path, file.size, start)

    def work() -> None:
        layout = Layout(Member(file.name.encode(), file.size, _MTIME) for file in files)
        with out.open("wb", buffering=_BUFFER) as output:
            for chunk in Ranges(layout, Source()).range():
                output.write(chunk)

    return work


def ours_verified(files: list[File], out: Path) -> Work:
    """The export of annexed files, each of which is compared with its key."""
    from datalad_jsdl.archive.content import Content, MirrorsOnly
    from datalad_jsdl.archive.export import export
    from datalad_jsdl.archive.output import FileOutput
    from datalad_jsdl.archive.zip.members import Kind
    from datalad_jsdl.archive.zip.writer import CanonicalWriter
    from datalad_jsdl.fetch.engine import Engine
    from datalad_jsdl.model.content import Expected

    def content(file: File) -> Content:
        return Content(
            file.name,
            file.name.encode(),
            Kind.REGULAR,
            file.size,
            _MTIME,
            Expected(file.size, "sha256", file.sha256),
            local=str(file.path),
        )

    contents = [content(file) for file in files]

    def work() -> None:
        with FileOutput(out) as output:
            export(contents, MirrorsOnly(Engine()), CanonicalWriter(output), output, jobs=1)
            output.finish()

    return work


def zipstream_ng(files: list[File], out: Path) -> Work:
    """Stored members."""
    from zipstream import ZIP_STORED, ZipStream

    def work() -> None:
        stream = ZipStream(compress_type=ZIP_STORED)
        for file in files:
            stream.add_path(file.path, file.name)
        with out.open("wb", buffering=_BUFFER) as output:
            output.writelines(stream)

    return work


def _chunks(path: str) -> Iterator[bytes]:
    with open(path, "rb", buffering=0) as file:
        while chunk := file.read(_CHUNK):
            yield chunk


def stream_zip_stored(files: list[File], out: Path) -> Work:
    """Stored members; each is held in memory until its CRC-32 is known."""
    return _stream_zip(files, out, stored=True)


def stream_zip_blocks(files: list[File], out: Path) -> Work:
    """Members in stored deflate blocks, as ours; nothing is held in memory."""
    return _stream_zip(files, out, stored=False)


def _stream_zip(files: list[File], out: Path, *, stored: bool) -> Work:
    import zlib

    from stream_zip import NO_COMPRESSION_64, ZIP_64, stream_zip

    method = NO_COMPRESSION_64 if stored else ZIP_64
    moment = datetime.fromtimestamp(_MTIME, tz=timezone.utc)

    def work() -> None:
        members = ((file.name, moment, _MODE, method, _chunks(file.path)) for file in files)
        with out.open("wb", buffering=_BUFFER) as output:
            output.writelines(
                stream_zip(members, get_compressobj=lambda: zlib.compressobj(0, wbits=-15))
            )

    return work


def python_zipfile(files: list[File], out: Path) -> Work:
    """Stored members; goes back to write the CRC-32 in front of each."""

    def work() -> None:
        with (
            out.open("wb", buffering=_BUFFER) as output,
            zipfile.ZipFile(output, "w", zipfile.ZIP_STORED) as archive,
        ):
            for file in files:
                archive.write(file.path, file.name)

    return work


WAYS = {
    way.__name__: way
    for way in (
        cat,
        digest,
        ours_bytes,
        ours_verified,
        zipstream_ng,
        stream_zip_stored,
        stream_zip_blocks,
        python_zipfile,
    )
}


def _cpu_seconds() -> float:
    """Of this process and of all that it has waited for."""
    spent = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in spent)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("name", choices=WAYS)
    parser.add_argument("listing", type=Path)
    parser.add_argument("output", type=Path)
    options = parser.parse_args()
    files = []
    for line in options.listing.read_text().splitlines():
        size, sha256, path = line.split("\t")
        files.append(File(int(size), sha256, path, path.rpartition("/")[2]))
    work = WAYS[options.name](files, options.output)
    begin, cpu = time.perf_counter(), _cpu_seconds()
    work()
    print(json.dumps({"wall": time.perf_counter() - begin, "cpu": _cpu_seconds() - cpu}))


if __name__ == "__main__":
    main()
