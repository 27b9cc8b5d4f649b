"""All missing content of one dataset: found, fetched and moved into the annex."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import Enum
from itertools import islice
from typing import TYPE_CHECKING

from datalad_jsdl.errors import JsdlError
from datalad_jsdl.model.urls import SCHEMES
from datalad_jsdl.operations.kept_archives import archives_in
from datalad_jsdl.operations.logins import remember
from datalad_jsdl.operations.progress import SILENT
from datalad_jsdl.operations.staging import Staging, finish_earlier
from datalad_jsdl.operations.transfers import Came, Downloads
from datalad_jsdl.operations.values import Failure
from datalad_jsdl.repository.annex.adjusted import show_what_is_here
from datalad_jsdl.repository.annex.keys import expected_of
from datalad_jsdl.repository.annex.logs import in_order
from datalad_jsdl.repository.annex.lookup import KeyLookup
from datalad_jsdl.repository.annex.missing import missing_files, unknown_paths
from datalad_jsdl.repository.importing.importer import Importer
from datalad_jsdl.repository.repository import Repository

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from datalad_jsdl.faults import Failed
    from datalad_jsdl.fetch.bulk import Job
    from datalad_jsdl.model.content import Expected
    from datalad_jsdl.model.restriction import Restriction
    from datalad_jsdl.operations.engines import Engines
    from datalad_jsdl.operations.progress import Bar, Progress
    from datalad_jsdl.operations.staging import NotTakenIn
    from datalad_jsdl.repository.annex.logs import KeyState

__all__ = ["ContentOptions", "FileResult", "FileState", "Missing", "Total", "get_content"]

_AT_ONCE = 500  # keys to look up


class FileState(Enum):
    """What became of a file."""

    UNKNOWN = "unknown"  # git knows no such file or folder
    NO_URL = "no URL"
    MISSING = "missing"  # nothing was fetched: a dry run
    FAILED = "failed"
    FETCHED = "fetched"


@dataclass(frozen=True)
class ContentOptions:
    """What is to be fetched, and how.

    Attributes:
        root: of the dataset.
        paths: files and folders in it, relative to *root*; all if there are none.
        jobs: files to fetch at a time, or None for the user's setting.
        logins: where logins are; see `logins`.
        inherited: further ones, of the datasets above.
        dry: look only, and fetch nothing.
    """

    root: Path
    paths: Sequence[str] = ()
    jobs: int | None = None
    logins: Sequence[str] = ()
    inherited: Sequence[str] = ()
    dry: bool = False


@dataclass(frozen=True, slots=True)
class Missing:
    """What is missing, before anything is fetched; *size* (bytes) as far as it is known."""

    files: int
    size: int
    unsized: int


@dataclass(frozen=True, slots=True)
class FileResult:
    """One file.

    Attributes:
        path: in the dataset.
        state: what became of it.
        size: bytes, or None if unknown.
        fault: why it failed.
        restriction: of one that failed: that it is not for everybody, and where to ask; or None.
    """

    path: str
    state: FileState
    size: int | None = None
    fault: Failed | NotTakenIn | None = None
    restriction: Restriction | None = None


@dataclass(frozen=True, slots=True)
class Total:
    """All of one dataset, in the end.

    Attributes:
        missing: what was to be fetched; in a dry run without files that have no URL.
        staged: bytes of it that are there from an interrupted run (dry run).
        fetched, failed, without_url: numbers of files.
        unverified: number of those that were fetched and have no checksum.
        came: bytes of those that were fetched, and how long it took.
    """

    missing: Missing
    staged: int = 0
    fetched: int = 0
    failed: int = 0
    without_url: int = 0
    unverified: int = 0
    came: Came = field(default_factory=Came)


def get_content(
    wanted: ContentOptions, engines: Engines, progress: Progress = SILENT
) -> Iterator[Missing | FileResult | Failure | Total]:
    """Fetch what is missing in one dataset.

    Args:
        wanted: what is to be fetched.
        engines: of all datasets that are fetched from one after the other.
        progress: shows how it is going.

    Yields:
        What is missing, a value for each file, and the total, last of all; a `Failure`, and then
        no total, if the dataset cannot be worked in. Never raises for a single file.
    """
    try:
        yield from _Content(wanted, engines, progress).run()
    except (JsdlError, OSError) as error:
        yield Failure(wanted.root, error)


class _Content:
    """The missing content of one dataset."""

    def __init__(self, wanted: ContentOptions, engines: Engines, progress: Progress) -> None:
        self._wanted = wanted
        self._engines = engines
        self._progress = progress
        # a hundred thousand may be missing, so that what is kept of each is little
        self._missing: list[bytes] = []
        self._total = Total(Missing(0, 0, 0))

    def run(self) -> Iterator[Missing | FileResult | Total]:
        """See `get_content`."""
        paths = self._wanted.paths
        importer = Importer(Repository(self._wanted.root))
        importer.repository.require_annex()
        unknown = unknown_paths(importer.repository, paths)
        yield from (FileResult(path, FileState.UNKNOWN) for path in unknown)
        if paths and len(unknown) == len(paths):
            return
        if self._wanted.dry:
            yield self._find(importer)
            if self._missing:
                yield from self._preview(importer)
        else:
            with importer.lock():
                importer.catch_up()
                yield self._find(importer)
                if self._missing:
                    yield from self._fetch(importer)
                else:
                    finish_earlier(importer.repository)
        yield self._total

    def _find(self, importer: Importer) -> Missing:
        size = unsized = 0
        for path, key in missing_files(importer.repository, self._wanted.paths):
            self._missing.append(f"{key}\0{path}".encode("utf-8", "surrogateescape"))
            expected = expected_of(key).size
            size += expected or 0
            unsized += expected is None
        found = Missing(len(self._missing), size, unsized)
        self._total = Total(found)
        return found

    def _staging(self, importer: Importer, bar: Bar | None) -> Staging:
        call = self._wanted
        return Staging(
            importer.repository,
            self._engines,
            call.jobs,
            bar,
            call.logins,
            call.inherited,
            archives=archives_in(call.root),
        )

    def _pairs(self) -> Iterator[tuple[str, str]]:
        for item in self._missing:
            key, _, path = item.decode("utf-8", "surrogateescape").partition("\0")
            yield path, key

    def _records(self, lookup: KeyLookup) -> Iterator[tuple[str, str, list[str], KeyState]]:
        """Path, key, URLs and state of what is missing."""
        pairs = self._pairs()
        while portion := list(islice(pairs, _AT_ONCE)):
            found = lookup.find_all([key for _, key in portion])
            for (path, _), (key, urls, state) in zip(portion, found, strict=True):
                yield path, key, urls, state

    def _fetch(self, importer: Importer) -> Iterator[FileResult]:
        left_out: list[str] = []
        under_way: dict[str, tuple[str, Restriction | None]] = {}  # key → path
        call, missing = self._wanted, self._total.missing
        with (
            KeyLookup(importer.repository) as lookup,
            self._progress.bar(str(call.root), "bytes") as bar,
            self._staging(importer, bar) as staging,
        ):
            staging.require_room(missing.size)

            def jobs() -> Iterator[Job]:
                for path, key, registered, state in self._records(lookup):
                    urls = [u for u in registered if u.partition(":")[0].lower() in SCHEMES]
                    if not urls:
                        left_out.append(path)
                        continue
                    under_way[key] = path, state.restriction
                    mtime = state.mtime.timestamp() if state.mtime else None
                    expected = expected_of(key, path)
                    yield staging.job(key, in_order(urls, state.order), expected, mtime)

            left = staging.left(key for _, key in self._pairs())
            downloads = Downloads(
                staging.engine, missing.files, missing.size, missing.unsized, left
            )
            for job, fault in staging.take_in(jobs(), downloads):
                yield self._result(*under_way.pop(job.name), job.expected, fault)
                yield from self._left_out(left_out)
            yield from self._left_out(left_out)
            staging.clean_up()
            importer.catch_up()
            self._total = replace(self._total, came=downloads.came())
        if self._total.fetched:
            remember(importer.repository, call.logins)
            show_what_is_here(importer.repository)

    def _result(
        self,
        path: str,
        restriction: Restriction | None,
        expected: Expected,
        fault: Failed | NotTakenIn | None,
    ) -> FileResult:
        total = self._total
        if fault is None:
            unverified = total.unverified + (expected.algorithm is None)
            self._total = replace(total, fetched=total.fetched + 1, unverified=unverified)
            return FileResult(path, FileState.FETCHED, expected.size)
        self._total = replace(total, failed=total.failed + 1)
        return FileResult(path, FileState.FAILED, expected.size, fault, restriction)

    def _preview(self, importer: Importer) -> Iterator[FileResult]:
        """What would be fetched, and what is there from an interrupted run."""
        if not self._missing:
            return
        with (
            KeyLookup(importer.repository) as lookup,
            self._staging(importer, None) as staging,
        ):
            for path, key, urls, _ in self._records(lookup):
                size = expected_of(key).size
                total = self._total
                if not urls:
                    known = total.missing
                    rest = Missing(
                        known.files - 1, known.size - (size or 0), known.unsized - (size is None)
                    )
                    self._total = replace(total, missing=rest)
                    yield from self._left_out([path])
                    continue
                self._total = replace(total, staged=total.staged + staging.held(key))
                yield FileResult(path, FileState.MISSING, size)

    def _left_out(self, paths: list[str]) -> Iterator[FileResult]:
        while paths:
            self._total = replace(self._total, without_url=self._total.without_url + 1)
            yield FileResult(paths.pop(), FileState.NO_URL)
