"""The zip of ``datalad export-archive`` goes into a file, or to standard output."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from datalad_jsdl.archive.export import ArchiveWriter, Exported, export
from datalad_jsdl.archive.output import FileOutput, PipeOutput, part_file
from datalad_jsdl.archive.resume import Prefix, good_prefix
from datalad_jsdl.archive.telling import TellingWriter
from datalad_jsdl.archive.zip.deflated import DeflatedWriter
from datalad_jsdl.archive.zip.layout import measure
from datalad_jsdl.archive.zip.writer import CanonicalWriter
from datalad_jsdl.errors import ArchiveError, FetchError, InterruptedWork, JsdlError, reason
from datalad_jsdl.fetch.disk import require_room
from datalad_jsdl.fetch.mirrors.presence import is_present
from datalad_jsdl.model.amounts import size_text
from datalad_jsdl.model.commands import added
from datalad_jsdl.operations.transfers import Came, Writing, engines_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from datalad_jsdl.archive.content import Content, Sources
    from datalad_jsdl.archive.prepare import Prepared
    from datalad_jsdl.operations.progress import Bar

lgr = logging.getLogger("datalad.jsdl.export_archive")

__all__ = ["ArchiveOptions", "write_archive"]


@dataclass(frozen=True)
class ArchiveOptions:
    """How an archive is to be written.

    Attributes:
        target: the file, or None for standard output.
        deflate: compress the members, as zlib happens to do it here.
        resume: go on with what an earlier run has left; else that is thrown away.
        checksum: write a file with the archive's SHA-256 beside it.
        skip_missing: leave out what is unavailable.
        jobs: pieces of content to fetch at a time; None for what is set, or if all content is
            here, for as many as pay.
        descriptor: where it goes, without a file.
        reserve: bytes of the file's disk that are to stay free.
        approve: told the bytes and the SHA-256 (hex) of an archive in a file, before that gets
            its name; it raises a JsdlError where it may not.
        found: told the name of each member whose content had no digest, and what was found out of
            it, once it is written; None for nobody.
        further: how to go on after an interruption, for the user.
        anew: how to begin where something else has been begun, for the user.
    """

    target: Path | None
    deflate: bool = False
    resume: bool = False
    checksum: bool = False
    skip_missing: bool = False
    jobs: int | None = None
    descriptor: int = 1
    reserve: int = 0
    approve: Callable[[int, str], object] | None = None
    found: Callable[[bytes, Prepared], object] | None = None
    further: str = "; the same command continues"
    anew: str = "Use the same options as before, or add --no-resume to start over"


def write_archive(
    contents: Sequence[Content], sources: Sources, options: ArchiveOptions, bar: Bar
) -> tuple[Exported, Came]:
    """Write contents to where they are to go.

    Returns:
        What became of them, and the bytes of the archive.

    Raises:
        JsdlError, OSError: it could not be written.
    """
    is_sized = all(content.size is not None for content in contents)
    total = measure(c.member(c.size or 0) for c in contents) if is_sized else None
    writing = Writing(contents, total, engines_of(contents, sources))
    jobs = options.jobs
    if not jobs and (remote := next((c for c in contents if c.is_remote), None)):
        jobs = sources.engine(remote).settings.jobs
    go_on = partial(export, sources=sources, jobs=jobs or None, skip_missing=options.skip_missing)
    if options.target is None:
        output = PipeOutput(options.descriptor)
        writer: ArchiveWriter = CanonicalWriter(output, progress=writing.wrote)
        if options.deflate:
            writer = DeflatedWriter(output, writing.wrote)
        bar.watch("writing", writing.look)
        try:
            done = go_on(contents, writer=writer, output=output)
            output.flush()
        except KeyboardInterrupt as error:
            raise InterruptedWork(0) from error
        writing.end(output.position, len(contents) - len(done.missing))
        return done, writing.came()
    rewinds = not options.deflate
    before = _size(part_file(options.target))
    with FileOutput(
        options.target,
        resume=options.resume,
        checksum=options.checksum,
        hashed=options.approve is not None,
        rewinds=rewinds,
        reserve=options.reserve,
    ) as file:
        prefix = Prefix()
        if options.resume:
            looked = partial(bar.update, "verifying what is there", total=before)
            skip = partial(_stays_out, sources=sources) if options.skip_missing else _is_kept
            prefix = good_prefix(file.file, contents, skip=skip, progress=looked)
            if prefix.foreign:
                raise ArchiveError(
                    f"the {size_text(before)} in {file.part} belong to a different export (other "
                    f"options or another commit?). {options.anew}"
                )
            file.keep(prefix.length, prefix.layout.central_offset)
            writing.begin(prefix.length)
            bar.end("verifying what is there")
            if before:
                lgr.log(
                    logging.WARNING if prefix.length < before // 2 else logging.INFO,
                    "resuming %s: the first %s of %s already written are correct",
                    file.part, size_text(prefix.length), size_text(before),
                )  # fmt: skip
        if not options.deflate:
            needed = total
            if needed is None or options.skip_missing:
                certain = [c for c in contents if not (options.skip_missing and c.is_remote)]
                needed = measure(c.member(c.size or 0) for c in certain)
            require_room(file.target.parent, needed - prefix.length, options.reserve)
        writer = _writer(file, prefix, writing.wrote, contents, options)
        if options.deflate:
            writer = DeflatedWriter(file, writing.wrote)
        bar.watch("writing", writing.look)
        try:
            done = go_on(contents[prefix.next :], writer=writer, output=file, begun=prefix.begun)
        except (JsdlError, OSError) as error:
            if not file.kept:
                raise
            raise ArchiveError(added(reason(error), f"; {_hint(file, options)}")) from error
        except KeyboardInterrupt as error:
            raise InterruptedWork(file.kept) from error
        if options.approve is not None:
            try:
                options.approve(file.position, file.sha256)
            except JsdlError:
                file.keep(0, 0)  # it would be continued, to the same end
                raise
        file.finish()
        why = "the interrupted run that this one resumes had skipped it"
        done.missing |= {contents[number].path: why for number in prefix.passed}
        writing.end(file.position, len(contents) - len(done.missing))
        return done, writing.came()


def _writer(
    file: FileOutput,
    prefix: Prefix,
    progress: Callable[[int], object],
    contents: Sequence[Content],
    options: ArchiveOptions,
) -> CanonicalWriter:
    if options.found is None:
        return CanonicalWriter(file, prefix.layout, prefix.crcs, progress)
    writer = TellingWriter(file, prefix.layout, prefix.crcs, progress)
    writer.found = options.found
    writer.wanted = {content.name for content in contents if not content.has_digest}
    return writer


def _is_kept(_: Content) -> bool:
    return False


def _stays_out(content: Content, sources: Sources) -> bool:
    """Whether a content that was left out is unavailable now, too, as far as mirrors tell."""
    if not content.is_remote:
        return False
    try:
        return not is_present(content.urls, content.expected, sources.engine(content))
    except FetchError:
        return True


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _hint(file: FileOutput, options: ArchiveOptions) -> str:
    kept = size_text(file.position)
    return f"{kept} of the archive are kept in {file.part}{options.further}"
