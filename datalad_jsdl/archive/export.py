"""A dataset's contents → a canonical zip in a file, complete or not there."""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, TYPE_CHECKING

from datalad_jsdl.archive.layout import Kind, Layout, Member, size_warning
from datalad_jsdl.archive.writing import MemberSink, ZipWriter
from datalad_jsdl.dataset.git import BlobReader
from datalad_jsdl.dataset.keys import parse_key
from datalad_jsdl.errors import ArchiveError, FetchError
from datalad_jsdl.fetch.bulk import Job, fetch_file
from datalad_jsdl.fetch.values import Expected, Failed
from datalad_jsdl.fetch.verification import Verifier, is_page_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from datalad_jsdl.archive.contents import Content
    from datalad_jsdl.dataset.git import Git
    from datalad_jsdl.fetch.engine import Engine

__all__ = ["Exported", "export_zip"]

_CHUNK = 1 << 20  # bytes
_NOT_HERE = "not here"


@dataclass
class Exported:
    """What became of an export.

    Attributes:
        size: of the archive in bytes.
        members: number of members in it.
        unverified: how many of them have a key without a checksum.
        missing: path → why its content could not be had; left out of the archive.
        warnings: sentences.
    """

    size: int = 0
    members: int = 0
    unverified: int = 0
    missing: dict[str, str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)


def export_zip(
    git: Git,
    contents: Sequence[Content],
    target: Path,
    engine: Engine,
    *,
    skip_missing: bool = False,
    progress: Callable[[int], None] = lambda position: None,
) -> Exported:
    """Write the archive, content that is not here straight from the mirrors.

    It is written under another name and gets its own when it is complete.

    Args:
        git: the repository.
        contents: in the order of their names.
        target: the archive; an existing one is replaced in the end.
        engine: for what has to come from the mirrors.
        skip_missing: leave out what cannot be had, instead of giving up.
        progress: told the number of bytes written.

    Raises:
        FetchError: a content cannot be had.
        ArchiveError: a content is not what its key says.
        OSError: the archive cannot be written; the disk may be full.
    """
    certain = [c for c in contents if c.local or c.blob] if skip_missing else contents
    _require_room(target, certain)
    part = target.with_name(f"{target.name}.{os.getpid()}.part")
    try:
        with part.open("w+b") as file:
            exported = _Export(git, engine, file, progress).run(contents, skip_missing)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, target)
    finally:
        part.unlink(missing_ok=True)
    return exported


def _require_room(target: Path, contents: Iterable[Content]) -> None:
    if not target.parent.is_dir():
        raise ArchiveError(f"there is no folder {target.parent} to write the archive into")
    layout = Layout(Member(c.name, c.size or 0, c.mtime, c.kind) for c in contents)
    free = shutil.disk_usage(target.parent).free
    if layout.total > free:
        raise ArchiveError(
            f"the archive needs {layout.total} bytes, {free} are free in {target.parent}"
        )


class _Export:
    """One archive being written."""

    def __init__(
        self, git: Git, engine: Engine, file: IO[bytes], progress: Callable[[int], None]
    ) -> None:
        self._git = git
        self._engine = engine
        self._file = file
        self._writer = ZipWriter(file)
        self._progress = progress
        self._done = Exported()

    def run(self, contents: Sequence[Content], skip_missing: bool) -> Exported:
        with BlobReader(self._git) as blobs:
            for content in contents:
                try:
                    self._add(content, blobs)
                except FetchError as error:
                    if not skip_missing:
                        raise FetchError(f"{content.path} cannot be had: {error}") from None
                    self._done.missing[content.path] = str(error)
                else:
                    self._done.members += 1
                    if content.key and not _expected(content).algorithm:
                        self._done.unverified += 1
                self._progress(self._file.tell())
        self._done.size = self._writer.finish()
        return self._done

    def _add(self, content: Content, blobs: BlobReader) -> None:
        if content.size is None:
            self._add_spooled(content)
            return
        member = Member(content.name, content.size, content.mtime, content.kind)
        if content.kind is Kind.SYMLINK:
            self._writer.add_symlink(member, b"".join(blobs.read(content.blob)))
            return
        if readers := size_warning(content.size):
            self._done.warnings.append(f"{content.path} cannot be unpacked by {readers}")
        sink = self._writer.begin(member)
        if content.blob:
            for chunk in blobs.read(content.blob):
                sink.write(chunk)
        elif damage := self._copy_local(content, sink):
            self._stream(content, sink, damage)
        self._writer.end(sink)

    def _add_spooled(self, content: Content) -> None:
        """The size comes first in a zip, so a content of unknown size is fetched before."""
        with tempfile.TemporaryDirectory(prefix="jsdl-") as folder:
            spooled = Path(folder, "content")
            job = Job(content.path, content.urls, _expected(content), spooled)
            outcome = fetch_file(job, self._engine)
            if isinstance(outcome, Failed):
                raise FetchError(str(outcome))
            size = spooled.stat().st_size
            sink = self._writer.begin(Member(content.name, size, content.mtime, content.kind))
            for chunk in _chunks(spooled):
                sink.write(chunk)
            self._writer.end(sink)

    def _copy_local(self, content: Content, sink: MemberSink) -> str:
        """Copy what is here; "" if it is right, else what is wrong with it."""
        if content.local is None:
            return _NOT_HERE
        verifier = Verifier(_expected(content))
        try:
            for chunk in _chunks(content.local):
                verifier.update(chunk)
                if verifier.size > sink.member.size:
                    break
                sink.write(chunk)
                self._progress(self._file.tell())
            problem = verifier.mismatch()
        except FileNotFoundError:  # dropped a moment ago
            problem = _NOT_HERE
        if problem:
            sink.restart()
        return problem or ""

    def _stream(self, content: Content, sink: MemberSink, damage: str) -> None:
        expected = replace(_expected(content), size=content.size)

        def progress(_: int) -> None:
            self._progress(self._file.tell())

        outcome = self._engine.fetch(content.urls, expected, sink, progress)
        if isinstance(outcome, Failed):
            local = "" if damage == _NOT_HERE else f"the local content is damaged ({damage}); "
            raise FetchError(f"{local}{outcome}")
        if damage != _NOT_HERE:
            self._done.warnings.append(
                f"the local content of {content.path} is damaged ({damage}); it was taken from "
                f"the mirrors instead. To mend it, run: git annex fsck {content.path}"
            )


def _expected(content: Content) -> Expected:
    parsed, page = parse_key(content.key), is_page_name(content.path)
    if parsed is None:
        return Expected(content.size, page=page)
    return Expected(parsed.size, parsed.algorithm, parsed.hexdigest, page)


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            yield chunk
