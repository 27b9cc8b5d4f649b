"""Contents → an archive, each from wherever it can be had."""

from __future__ import annotations

import shlex
import shutil
import tempfile
import time
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from datalad_jsdl.archive.look_ahead import Ahead
from datalad_jsdl.archive.readers import FileReader
from datalad_jsdl.archive.reading import continue_here, open_here, open_mirrors
from datalad_jsdl.archive.zip.members import size_warning
from datalad_jsdl.errors import ArchiveError, DatasetError, FetchError, JsdlError
from datalad_jsdl.fetch.bulk import Job, fetch_file
from datalad_jsdl.fetch.phrases import failure
from datalad_jsdl.model.content import Failed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from datalad_jsdl.archive.output import Output
    from datalad_jsdl.archive.readers import Begun, Reader
    from datalad_jsdl.archive.zip.members import Member
    from datalad_jsdl.operations.contents import Content

__all__ = ["Exported", "Writer", "export", "throttled"]

_OFTEN = 0.1  # seconds

_Opened = tuple["Reader", int]  # and the content's size in bytes


class Writer(Protocol):
    """Makes an archive of members."""

    def add(self, member: Member, reader: Reader, /) -> None:
        """Write a member."""

    def finish(self) -> None:
        """Write what follows the last member."""

    def abandon(self) -> None:
        """It is not to be finished."""


@dataclass
class Exported:
    """What became of an export.

    Attributes:
        missing: path → why its content could not be had; left out of the archive.
        warnings: sentences.
    """

    missing: dict[str, str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)


def export(
    contents: Sequence[Content],
    writer: Writer,
    output: Output,
    *,
    jobs: int,
    skip_missing: bool = False,
    begun: Begun | None = None,
) -> Exported:
    """Write members, content that is not here straight from the mirrors.

    Args:
        contents: in the order of their names.
        writer: makes the archive.
        output: that it writes to.
        jobs: pieces of content to fetch at a time.
        skip_missing: leave out what cannot be had, instead of giving up.
        begun: what the output has of the first content.

    Raises:
        FetchError: a content cannot be had.
        ArchiveError: a content is not what its key says, and what was written of it cannot
            be taken back.
        OSError: the archive cannot be written; the disk may be full.
    """
    work = _Export(writer, output, Ahead(contents, jobs))
    try:
        for number, content in enumerate(contents):
            work.add(number, content, skip_missing, begun if number == 0 else None)
        writer.finish()
    except BaseException:
        writer.abandon()
        raise
    finally:
        work.ahead.close()
    return work.done


class _Export:
    """One archive being written."""

    def __init__(self, writer: Writer, output: Output, ahead: Ahead) -> None:
        self.ahead = ahead
        self.done = Exported()
        self._writer = writer
        self._output = output

    def add(self, number: int, content: Content, skip_missing: bool, begun: Begun | None) -> None:
        if not begun:
            self._output.mark()
        problems: list[str] = []
        damaged = False  # what is here of it
        if content.is_remote and not content.urls:
            problems.append(
                f"it is not here, and has no URL (try: datalad get {shlex.quote(content.path)})"
            )
        for way in self._ways(number, content, begun):
            try:
                reader, size = way()
                try:
                    self._writer.add(content.member(size), reader)
                finally:
                    reader.close()
            except (FetchError, ArchiveError, DatasetError) as error:
                if not (begun or problems):
                    damaged = not (isinstance(error, ArchiveError) and error.dropped)
                if begun:  # what there was of it may be to blame
                    begun = None
                else:
                    problems.append(error.bare)
                if isinstance(error, FetchError) and content.size is not None:
                    problems.append(error.bare)
                    if skip_missing:
                        self._take_back(content, error)
                    break  # all mirrors were asked; what came of it is worth keeping
                self._take_back(content, error)
            else:
                self._count(content, size, problems if damaged else [])
                return
        problem = "; ".join(dict.fromkeys(problems))
        if not skip_missing:
            raise FetchError(f"{content.path} cannot be had: {problem}")
        self.done.missing[content.path] = problem

    def _take_back(self, content: Content, error: JsdlError) -> None:
        """Leave nothing of a content that is not right."""
        if not self._output.back():
            raise ArchiveError(
                f"{content.path}: {error.bare}. What was written of it cannot be taken "
                f"back, so the archive ends here, incomplete. {self._output.advice}"
            )

    def _ways(
        self, number: int, content: Content, begun: Begun | None
    ) -> Iterator[Callable[[], _Opened]]:
        """How to get at a content, one way after the other."""
        if content.is_remote and not content.urls:
            return
        if content.is_remote:
            yield partial(self.ahead.open, number, begun)
        else:
            if begun:
                yield partial(_here, content, begun)
            yield partial(_here, content, None)
            if not content.urls:
                return
            yield partial(_mirrors, content)
        # wrong bytes were written: with all of them in a file, it will show whose they are
        yield partial(_spooled, content, self._output.spool)

    def _count(self, content: Content, size: int, problems: list[str]) -> None:
        if problems and content.local:
            self.done.warnings.append(
                f"the local content of {content.path} is damaged ({problems[0]}); it was taken "
                "from the mirrors instead. To repair it, run: "
                f"git -C {shlex.quote(str(content.home.git.root))} annex fsck "
                f"--key {shlex.quote(content.key)}"
            )
        if readers := size_warning(size):
            self.done.warnings.append(f"{content.path} cannot be unpacked by {readers}")


def _here(content: Content, begun: Begun | None) -> _Opened:
    if begun:
        return continue_here(content, begun), content.size or 0
    return open_here(content), content.size or 0


def _mirrors(content: Content) -> _Opened:
    return open_mirrors(content, 0, content.size or 0), content.size or 0


def _spooled(content: Content, folder: Path | None) -> _Opened:
    """The whole content is fetched to the disk, and verified, before any of it is used."""
    place = folder or Path(tempfile.mkdtemp(prefix="jsdl-"))
    try:
        place.mkdir(exist_ok=True)
        job = Job(content.path, content.urls, content.expected, place / "content")
        outcome = fetch_file(job, content.home.engine)
        if isinstance(outcome, Failed):
            raise failure(outcome)
        return _Spooled(str(job.target), outcome.size, place), outcome.size
    except BaseException:
        shutil.rmtree(place, ignore_errors=True)
        raise


class _Spooled(FileReader):
    """A file that is read once, in a folder of its own."""

    def __init__(self, path: str, size: int, folder: Path) -> None:
        super().__init__(path, size)
        self._folder = folder

    def close(self) -> None:
        """See `Reader`."""
        super().close()
        shutil.rmtree(self._folder, ignore_errors=True)


def throttled(progress: Callable[[int], object]) -> Callable[[int], None]:
    """*progress*, told a few times a second only."""
    told = 0.0

    def tell(position: int) -> None:
        nonlocal told
        now = time.monotonic()
        if now - told >= _OFTEN:
            told = now
            progress(position)

    return tell
