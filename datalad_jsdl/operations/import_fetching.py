"""Fetching content for what an import registers."""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from datalad_jsdl.faults import Failed
from datalad_jsdl.fetch.disk import failed_by_disk
from datalad_jsdl.model.content import Expected
from datalad_jsdl.operations.import_times import recorded_times
from datalad_jsdl.operations.local_digests import digest_into
from datalad_jsdl.operations.transfers import Downloads
from datalad_jsdl.repository.annex.keys import expected_of, key_file, parse_key

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

    from datalad_jsdl.fetch.bulk import Job
    from datalad_jsdl.model.entry import Entry
    from datalad_jsdl.operations.import_request import Outcome
    from datalad_jsdl.operations.staging import Staging
    from datalad_jsdl.repository.importing.importer import Importer
    from datalad_jsdl.repository.importing.steps import Plan

__all__ = ["Fetching"]


class Fetching:
    """Content for what an import registers."""

    def __init__(self, importer: Importer, staging: Staging) -> None:
        self._importer = importer
        self._staging = staging
        self._fetched: dict[str, Path] = {}  # by path, not yet under the name of a key
        self._was_here: set[str] = set()  # paths of those that were not fetched

    def here(
        self, contents: Sequence[tuple[Entry, Path]], outcome: Outcome
    ) -> Iterator[tuple[str, Entry]]:
        """Content that is here, but has no digest yet; its SHA-256 becomes one."""
        for entry, file in contents:
            target = self._staging.folder / _temporary_name(entry)
            try:
                size, sha256 = digest_into(file, target)
            except OSError as error:
                outcome.failures[entry.path] = failed_by_disk(error, file.name)
                continue
            self._fetched[entry.path] = target
            self._was_here.add(entry.path)
            yield entry.path, replace(entry, size=size, digests={"sha256": sha256})

    def undigested(self, entries: Sequence[Entry], outcome: Outcome) -> Iterator[tuple[str, Entry]]:
        """Fetch content that has no digest yet; its SHA-256 becomes one."""
        by_name = {entry.path: entry for entry in entries}
        jobs = (
            replace(
                self._job(path, [entry], Expected(entry.size, pieces=entry.pieces), entry.mtime),
                target=self._staging.folder / _temporary_name(entry),
            )
            for path, entry in by_name.items()
        )
        downloads = self._downloads([(entry.path, entry.size) for entry in entries])
        label = "downloading files without a checksum"
        for job, result in self._staging.download(jobs, label, downloads):
            if isinstance(result, Failed):
                outcome.failures[job.name] = result
                outcome.wanted += 1
            else:
                self._fetched[job.name] = job.target
                digests = {"sha256": result.sha256}
                entry = replace(by_name[job.name], size=result.size, digests=digests)
                outcome.unverified += 1
                yield job.name, entry
        outcome.came = downloads.came()

    def missing(self, plan: Plan, outcome: Outcome) -> None:
        """Fetch the content of every planned key that is not here, and take it in."""
        entries: dict[str, list[Entry]] = {}
        for step in plan.steps:
            if step.key and step.entry:
                entries.setdefault(step.key, []).append(step.entry)
        keys = sorted(k for k in self._importer.missing_keys(entries) if parse_key(k))
        here = {key for key in keys if any(e.path in self._was_here for e in entries[key])}
        outcome.wanted += sum(len(entries[key]) for key in keys if key not in here)
        told = {key: _latest(entries[key]) for key in keys}
        untold = [key for key, time in told.items() if time is None]
        times = told | recorded_times(self._importer, untold)
        fresh = {key for key in keys if any(e.path in self._fetched for e in entries[key])}
        for key in keys:
            for entry in entries[key]:
                if fetched := self._fetched.pop(entry.path, None):
                    _set_time(fetched, times[key])
                    fetched.replace(self._staging.folder / key_file(key))
        downloads = self._downloads([(key, expected_of(key).size) for key in keys], fresh)
        jobs = (self._job(key, entries[key], expected_of(key), times[key]) for key in keys)
        size_here = 0  # bytes of what was not fetched
        for job, problem in self._staging.take_in(jobs, downloads):
            if problem:
                outcome.failures.update({entry.path: problem for entry in entries[job.name]})
            elif job.name in here:
                size_here += job.expected.size or 0
            else:
                outcome.fetched += 1
                outcome.files_fetched += len(entries[job.name])
        came = downloads.came()
        outcome.came = replace(came, size=came.size - size_here).after(outcome.came)
        self._staging.clean_up("path-*")
        self._importer.catch_up()

    def _downloads(
        self, sizes: Sequence[tuple[str, int | None]], fresh: Collection[str] = ()
    ) -> Downloads:
        """Of files of these names and sizes, for which there is room; this run has the *fresh*."""
        known = [size for _, size in sizes if size is not None]
        self._staging.require_room(sum(known))
        unsized = len(sizes) - len(known)
        left = self._staging.left(name for name, _ in sizes if name not in fresh)
        return Downloads(self._staging.engine, len(sizes), sum(known), unsized, left)

    def _job(
        self,
        name: str,
        entries: Sequence[Entry],
        expected: Expected,
        mtime: datetime | None,
    ) -> Job:
        urls = dict.fromkeys(c.url for entry in entries for c in entry.candidates)
        expected = replace(
            expected,
            names=tuple(entry.path for entry in entries),
            pieces=next((entry.pieces for entry in entries if entry.pieces), None),
        )
        return self._staging.job(name, urls, expected, mtime.timestamp() if mtime else None)


def _latest(entries: Sequence[Entry]) -> datetime | None:
    return max((e.mtime for e in entries if e.mtime is not None), default=None)


def _set_time(file: Path, mtime: datetime | None) -> None:
    with suppress(OSError, OverflowError):  # the file system cannot hold it
        if mtime is not None:
            os.utime(file, (mtime.timestamp(),) * 2)


def _temporary_name(entry: Entry) -> str:
    return "path-" + hashlib.sha256(entry.path.encode()).hexdigest()
