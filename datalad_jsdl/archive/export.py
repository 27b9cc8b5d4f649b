"""Contents → an archive, each from wherever it is available."""

from __future__ import annotations

import os
import shlex
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from datalad_jsdl.archive.budget import LookAhead
from datalad_jsdl.archive.cancelling import interrupted_by
from datalad_jsdl.archive.reading import Reading
from datalad_jsdl.archive.spool import ways
from datalad_jsdl.archive.transport.ahead import GroupsAhead
from datalad_jsdl.archive.zip.members import size_warning
from datalad_jsdl.errors import ArchiveError, DatasetError, FetchError, JsdlError
from datalad_jsdl.faults import Failed, Fault, FaultKind
from datalad_jsdl.fetch.phrases import failure
from datalad_jsdl.model.commands import added, joined

if TYPE_CHECKING:
    import threading
    from collections.abc import Sequence

    from datalad_jsdl.archive.content import Content, Sources
    from datalad_jsdl.archive.output import Output
    from datalad_jsdl.archive.readers import Begun, Reader
    from datalad_jsdl.archive.reading import Session
    from datalad_jsdl.archive.zip.members import Member

__all__ = ["ArchiveWriter", "Exported", "export"]

_OFTEN = 0.1  # seconds


class ArchiveWriter(Protocol):
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
        failures: the same by the name of the member, with what is wrong with each URL.
        damaged: contents that are here and are not right, and what is wrong with each; their
            mirrors gave them.
        warnings: sentences.
    """

    missing: dict[str, str] = field(default_factory=dict)
    failures: dict[bytes, FetchError] = field(default_factory=dict)
    damaged: list[tuple[Content, str]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def export(
    contents: Sequence[Content],
    sources: Sources,
    writer: ArchiveWriter,
    output: Output,
    *,
    jobs: int | None,
    skip_missing: bool = False,
    begun: Begun | None = None,
    stop: threading.Event | None = None,
) -> Exported:
    """Write members, content that is not here straight from the mirrors.

    Args:
        contents: in the order of their names.
        sources: opens git's objects and asks mirrors.
        writer: makes the archive.
        output: that it writes to.
        jobs: pieces of content to fetch at a time; None for as many as pay.
        skip_missing: leave out what is unavailable, instead of giving up.
        begun: what the output has of the first content.
        stop: when it is set, by any thread, whatever is waited for ends within a moment.

    Raises:
        FetchError: a content is unavailable, or *stop* was set.
        ArchiveError: a content is not what its key says, and what was written of it cannot
            be taken back.
        OSError: the archive cannot be written; the disk may be full.
    """
    look_ahead = LookAhead(jobs)
    groups = GroupsAhead(contents, sources.engine)
    reading = Reading(contents, sources, look_ahead, groups=groups)
    try:
        with reading.session((0, begun.position if begun else 0)) as session:
            work = _Export(writer, output, reading, session)
            with interrupted_by(stop, session.interrupt):
                for number, content in enumerate(contents):
                    if stop is not None and stop.is_set():
                        raise failure(Failed((Fault(FaultKind.INTERRUPTED),)))
                    work.add(number, content, skip_missing, begun if number == 0 else None)
            writer.finish()
    except BaseException:
        writer.abandon()
        raise
    finally:
        look_ahead.close()
        groups.close()
    return work.done


class _Export:
    """One archive being written."""

    def __init__(
        self, writer: ArchiveWriter, output: Output, reading: Reading, session: Session
    ) -> None:
        self.done = Exported()
        self._reading = reading
        self._session = session
        self._writer = writer
        self._output = output

    def add(self, number: int, content: Content, skip_missing: bool, begun: Begun | None) -> None:
        if not begun:
            self._output.mark()
        problems: list[str] = []
        failed: Failed | None = None
        if content.is_remote and not content.urls:
            problems.append(
                "the content is not present locally and has no URL (try: datalad get "
                f"{shlex.quote(content.path)})"
            )
        for way in ways(self._session, number, self._output.spool, begun):
            try:
                reader, size = way()
                try:
                    self._writer.add(content.member(size), reader)
                finally:
                    reader.close()
            except (FetchError, ArchiveError, DatasetError) as error:
                if isinstance(error, FetchError) and error.failed:
                    failed = error.failed
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
                self._count(number, content, size)
                return
        problems[:0] = filter(None, [self._reading.damaged.get(number)])
        problem = joined(dict.fromkeys(problems))
        text = f"{content.path} is unavailable: {problem}"
        unavailable = FetchError(text, failed=failed, name=content.name)
        if not skip_missing:
            raise unavailable
        self.done.missing[content.path] = problem
        self.done.failures[content.name] = unavailable

    def _take_back(self, content: Content, error: JsdlError) -> None:
        """Leave nothing of a content that is not right."""
        if not self._output.back():
            text = (
                ". Part of the file is already written and cannot be undone, so the archive ends "
                f"here, incomplete. {self._output.advice}"
            )
            raise ArchiveError(added(f"{content.path}: {error.bare}", text))

    def _count(self, number: int, content: Content, size: int) -> None:
        problem = self._reading.damaged.get(number)
        if problem and content.local and os.path.exists(content.local):  # else it was just dropped
            self.done.damaged.append((content, problem))
        if readers := size_warning(size):
            self.done.warnings.append(f"{content.path} cannot be unpacked by {readers}")
