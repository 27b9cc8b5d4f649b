"""Content for many keys at once: fetched into a folder beside the annex, moved in verified.

What a killed run left there under a key's name was complete and verified before it got the
name; what it left half done is continued.
"""

from __future__ import annotations

from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from datalad_jsdl.archive.transport.files import fetch_with_archives
from datalad_jsdl.archive.transport.taking import Archives
from datalad_jsdl.errors import FetchError, InterruptedWork
from datalad_jsdl.faults import Failed
from datalad_jsdl.fetch.bulk import Job, Sync
from datalad_jsdl.fetch.disk import is_full, require_room
from datalad_jsdl.fetch.file.syncing import sync_disk
from datalad_jsdl.fetch.phrases import MAKE_ROOM
from datalad_jsdl.repository.annex.intake import Intake
from datalad_jsdl.repository.annex.keys import key_file
from datalad_jsdl.repository.annex.leftovers import take_over
from datalad_jsdl.repository.annex.objects import inject

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path
    from types import TracebackType

    from datalad_jsdl.model.archives import NamedArchive
    from datalad_jsdl.model.content import Expected, Fetched
    from datalad_jsdl.operations.engines import Engines
    from datalad_jsdl.operations.progress import Bar
    from datalad_jsdl.operations.transfers import Downloads
    from datalad_jsdl.repository.repository import Repository

__all__ = ["NotTakenIn", "Staging", "finish_earlier", "staging_folder"]


_BATCH = 500  # files for one git-annex; fewer would mostly start it
_MOST = 600  # files; more, and the others would be idle in the end
_INJECTORS = 2  # git-annex processes at a time; each is busy on one core
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
        intake = Intake(self._repository)
        intake.take_up(self.folder)
        unsure, fresh = _Batches(self._inject), _Batches(self._synced)
        try:
            missing = self._missing(jobs, unsure, downloads)
            for job, outcome in self.download(missing, "downloading", downloads):
                if isinstance(outcome, Failed):
                    yield job, outcome
                elif job.expected.algorithm and intake.takes(job.name):
                    fresh.add(job)
                else:
                    unsure.add(job)
                yield from self._place(intake, fresh.done(), unsure)
                yield from unsure.done()
            yield from self._place(intake, fresh.finish(), unsure)
            yield from unsure.finish()
        finally:
            fresh.close()
            unsure.close()

    def _place(
        self, intake: Intake, synced: Iterator[_Result], unsure: _Batches
    ) -> Iterator[_Result]:
        """Move what was verified while it came into the annex, and record it.

        Not in a thread of its own: that and those which fetch would wait for each other.
        """
        taken = []
        for job, _ in synced:
            if intake.take(job.target):
                taken.append(job)
            else:
                unsure.add(job)
        problem = intake.record([job.target for job in taken]) if taken else ""
        full = bool(problem) and is_full(self.folder)
        for job in taken:
            yield job, NotTakenIn(problem, True, full) if problem else None

    def _missing(
        self, jobs: Iterable[Job], unsure: _Batches, downloads: Downloads
    ) -> Iterator[Job]:
        """Those whose content is not in the folder yet."""
        # nobody else is at work here; one look is cheaper than one a file
        there = {file.name for file in self.folder.iterdir()} if self.folder.exists() else set()
        for job in jobs:
            if job.expected.algorithm:
                part = job.target.with_name(f"{job.target.name}.part")
                take_over(self._repository.annex_dir, job.name, part, job.expected.size)
            if job.target.name in there and job.target.exists():
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


class _Batches:
    """Has something done with complete content in batches, in threads.

    Args:
        work: what to do with a batch; returns what went wrong with each, or None.
    """

    def __init__(self, work: Callable[[list[Job]], list[_Result]]) -> None:
        self._work = work
        self._pool = ThreadPoolExecutor(_INJECTORS, thread_name_prefix="inject")
        self._batch: list[Job] = []
        self._futures: list[Future[list[_Result]]] = []

    def add(self, job: Job) -> None:
        self._batch.append(job)
        idle = _INJECTORS - sum(not future.done() for future in self._futures)
        # while all are at work a batch grows: to start git-annex costs as much as 50 files
        if len(self._batch) >= (_BATCH if idle > 0 else _MOST):
            self._submit()

    def _submit(self, parts: int = 1) -> None:
        # git-annex is slower than most mirrors: what waits for it takes memory and disk
        while sum(not future.done() for future in self._futures) > _INJECTORS:
            wait([f for f in self._futures if not f.done()], return_when=FIRST_COMPLETED)
        share = -(-len(self._batch) // parts)
        for start in range(0, len(self._batch), share or 1):
            batch = self._batch[start : start + share]
            self._futures.append(self._pool.submit(self._work, batch))
        self._batch = []

    def done(self) -> Iterator[_Result]:
        """What is done."""
        for future in [future for future in self._futures if future.done()]:
            self._futures.remove(future)
            yield from future.result()

    def finish(self) -> Iterator[_Result]:
        """The rest."""
        self._submit(_INJECTORS if len(self._batch) > _BATCH // 4 else 1)
        wait(self._futures)
        yield from self.done()

    def close(self) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)
