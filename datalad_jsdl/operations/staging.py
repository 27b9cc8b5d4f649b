"""Content for many keys at once: fetched into a folder beside the annex, moved in verified.

What a killed run left there under a key's name was complete and verified before it got the
name; what it left half done is continued.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from datalad_jsdl.errors import FetchError, InterruptedWork
from datalad_jsdl.faults import Failed
from datalad_jsdl.fetch.bulk import Job, Sync
from datalad_jsdl.fetch.disk import is_full, require_room
from datalad_jsdl.fetch.file.syncing import sync_disk
from datalad_jsdl.fetch.phrases import MAKE_ROOM
from datalad_jsdl.operations.batches import Batches, Pace
from datalad_jsdl.repository.annex.intake import Intake
from datalad_jsdl.repository.annex.keys import key_file
from datalad_jsdl.repository.annex.leftovers import names_of_leftovers, take_over
from datalad_jsdl.repository.annex.objects import inject

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path
    from types import TracebackType

    from datalad_jsdl.model.archives import NamedArchive
    from datalad_jsdl.model.content import Expected, Fetched
    from datalad_jsdl.operations.engines import Engines
    from datalad_jsdl.operations.progress import Bar
    from datalad_jsdl.operations.transfers import Downloads
    from datalad_jsdl.repository.repository import Repository

__all__ = ["NotTakenIn", "Staging", "finish_earlier", "staging_folder"]


_SMALL = 1 << 20  # bytes; such files are put on the disk together


@dataclass(frozen=True, slots=True)
class NotTakenIn:
    """Content came, and could not be moved into the annex.

    Attributes:
        reason: in the words of git-annex or the operating system.
        is_here: it is in its place, and only the note that it is there is missing.
        disk_full: that is why; what came is kept.
    """

    reason: str
    is_here: bool = False
    disk_full: bool = False

    def __str__(self) -> str:
        if self.disk_full:
            return f"downloaded, but not yet in the dataset: the disk is full; {MAKE_ROOM}"
        return f"downloaded, but could not be added to the dataset: {self.reason}"


_Result = tuple[Job, "Failed | NotTakenIn | None"]


def staging_folder(repository: Repository) -> Path:
    """Where content waits to be taken in."""
    return repository.annex_dir / "jsdl" / "staging"


def finish_earlier(repository: Repository) -> None:
    """Finish what a run that was killed at its very end has left."""
    folder = staging_folder(repository)
    if folder.is_dir():
        Intake(repository).take_up(folder)
        _tidy(folder)


def _tidy(folder: Path) -> None:
    """Remove the folder if there is nothing in it."""
    with suppress(OSError):  # it is not there, or something is
        folder.rmdir()


class Staging:
    """The folder, an engine, and git-annex to take content in; a context manager.

    Args:
        repository: whose lock is held.
        engines: of the operation.
        jobs: files to fetch at a time, or None for the user's setting.
        bar: shows how far it is; None where nothing is fetched.
        logins: where logins are; see `logins`.
        inherited: further ones, of the datasets above.
        archives: zips of the files of the dataset.

    Raises:
        SettingError: git config has a limit that cannot be understood.
    """

    def __init__(
        self,
        repository: Repository,
        engines: Engines,
        jobs: int | None,
        bar: Bar | None,
        logins: Sequence[str] = (),
        inherited: Sequence[str] = (),
        *,
        archives: Sequence[NamedArchive] = (),
    ) -> None:
        # it loads an HTTP library, which an import that fetches nothing does not need
        from datalad_jsdl.archive.transport.taking import Archives

        self.folder = staging_folder(repository)
        self.engine = engines.open(repository.git_dir, credentials=logins, inherited=inherited)
        self._archives = Archives(archives, self.engine)
        self._repository = repository
        self._jobs = jobs or self.engine.settings.jobs or None
        self._bar = bar

    def __enter__(self) -> Staging:
        self.engine.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.engine.__exit__(kind, error, trace)

    def job(self, key: str, urls: Iterable[str], expected: Expected, mtime: float | None) -> Job:
        """The job of fetching a key."""
        # git-annex checks the content again when it takes it in: one sync for many will do
        small = expected.algorithm and expected.size is not None and expected.size < _SMALL
        sync = Sync.LATER if small else Sync.DATA
        return Job(key, tuple(urls), expected, self.folder / key_file(key), mtime, sync)

    def require_room(self, size: int) -> None:
        """Raises FetchError if the disk has no room for *size* bytes beside its reserve."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._repository.share(self.folder.parent, self.folder)
        held = sum(file.stat().st_size for file in self.folder.iterdir())
        try:
            require_room(self.folder, size - held, self.engine.reserve)
        except OSError as error:
            raise FetchError(f"{error.strerror}; nothing was downloaded") from None

    def download(
        self, jobs: Iterable[Job], label: str, downloads: Downloads
    ) -> Iterator[tuple[Job, Fetched | Failed]]:
        """Fetch into the folder; *downloads* is told of each file."""
        from datalad_jsdl.archive.transport.files import fetch_with_archives  # as above

        if self._bar is not None:
            self._bar.watch(label, downloads.look)
        workers = self._jobs
        try:
            for job, outcome in fetch_with_archives(
                jobs, self.engine, workers, self._archives, position=downloads.position
            ):
                downloads.end(job, outcome)
                yield job, outcome
        except KeyboardInterrupt as error:
            raise InterruptedWork(downloads.look().done) from error
        if self._bar is not None:
            self._bar.end(label)

    def take_in(self, jobs: Iterable[Job], downloads: Downloads) -> Iterator[_Result]:
        """Fetch keys and move their content into the annex, the two side by side.

        Args:
            jobs: of the keys.
            downloads: is told of each.

        Yields:
            Each job and what went wrong with it, or None.
        """
        intake, pace = Intake(self._repository), Pace()
        intake.take_up(self.folder)
        unsure, fresh = Batches(self._inject), Batches(self._synced)
        taken: list[Job] = []
        try:
            missing = self._missing(jobs, unsure, downloads)
            for job, outcome in self.download(missing, "downloading", downloads):
                if isinstance(outcome, Failed):
                    yield job, outcome
                elif job.expected.algorithm and intake.takes(job.name):
                    fresh.add(job)
                else:
                    unsure.add(job)
                taken += self._take(intake, fresh.done(), unsure)
                if taken and pace.is_due:
                    begun = time.monotonic()
                    yield from self._recorded(intake, taken)
                    pace.took(begun)
                yield from unsure.done()
            taken += self._take(intake, fresh.finish(), unsure)
            yield from self._recorded(intake, taken)
            yield from unsure.finish()
        finally:
            if taken:  # it was interrupted
                intake.record([job.target for job in taken])
            fresh.close()
            unsure.close()

    def _take(
        self, intake: Intake, synced: Iterator[_Result], unsure: Batches[_Result]
    ) -> Iterator[Job]:
        """Move what was verified while it came into the annex.

        Not in a thread of its own: that and those which fetch would wait for each other.
        """
        for job, _ in synced:
            if intake.take(job.target):
                yield job
            else:
                unsure.add(job)

    def _recorded(self, intake: Intake, taken: list[Job]) -> Iterator[_Result]:
        """Record what was taken, all of which is then taken off the list."""
        jobs = taken[:]
        taken.clear()
        problem = intake.record([job.target for job in jobs]) if jobs else ""
        full = bool(problem) and is_full(self.folder)
        for job in jobs:
            yield job, NotTakenIn(problem, True, full) if problem else None

    def _missing(
        self, jobs: Iterable[Job], unsure: Batches[_Result], downloads: Downloads
    ) -> Iterator[Job]:
        """Those whose content is not in the folder yet."""
        # nobody else is at work here; one look is cheaper than one a file
        there = set(os.listdir(self.folder)) if self.folder.exists() else set()
        annex_dir = self._repository.annex_dir
        left = names_of_leftovers(annex_dir)
        for job in jobs:
            name = job.target.name
            if name in left and job.expected.algorithm:
                take_over(
                    annex_dir, job.name, job.target.with_name(f"{name}.part"), job.expected.size
                )
            if name in there and job.target.exists():
                size = job.target.stat().st_size
                downloads.whole(job.name, size, is_sized=job.expected.size is not None)
                unsure.add(job)  # not verified since the last power cut
            else:
                yield job

    def left(self, keys: Iterable[str]) -> dict[str, int]:
        """Those of some keys of which an earlier run has left something: key → bytes."""
        if not self.folder.is_dir():
            return {}
        there = {file.name.removesuffix(".part") for file in self.folder.iterdir()}
        known = (key for key in keys if key_file(key) in there)
        return {key: size for key in known if (size := self.held(key))} if there else {}

    def held(self, key: str) -> int:
        """Bytes of a content that an earlier run has left: all of it, or its beginning."""
        name = key_file(key)
        for file in (self.folder / name, self.folder / f"{name}.part"):
            with suppress(OSError):
                status = file.stat()
                # of a file that is fetched in several places at once, what is between is no data
                blocks = getattr(status, "st_blocks", None)
                return status.st_size if blocks is None else min(status.st_size, blocks * 512)
        return 0

    def _synced(self, jobs: list[Job]) -> list[_Result]:
        if any(job.sync is Sync.LATER for job in jobs):
            sync_disk(self.folder)
        return [(job, None) for job in jobs]

    def _inject(self, jobs: list[Job]) -> list[_Result]:
        self._synced(jobs)
        problems = dict(inject(self._repository.git, (job.target for job in jobs)))
        full = bool(problems) and is_full(self.folder)
        for target in problems:
            if not full:  # the content is good then, and stays
                target.unlink(missing_ok=True)
        found = {target: NotTakenIn(said, disk_full=full) for target, said in problems.items()}
        return [(job, found.get(job.target)) for job in jobs]

    def clean_up(self, *patterns: str) -> None:
        """Keep only what the next run can go on with: nothing that matches *patterns*."""
        for pattern in patterns:
            for unclaimed in self.folder.glob(pattern):
                unclaimed.unlink()
        _tidy(self.folder)
