"""The steps of one import, from a selection of entries to what became of them."""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from datalad_jsdl.faults import Failed
from datalad_jsdl.fetch.disk import failed_by_disk
from datalad_jsdl.model.content import Expected
from datalad_jsdl.operations.import_request import Outcome
from datalad_jsdl.operations.import_times import recorded_times, timed
from datalad_jsdl.operations.kept_archives import archives_file
from datalad_jsdl.operations.local_digests import digest_into
from datalad_jsdl.operations.staging import Staging
from datalad_jsdl.operations.transfers import Downloads
from datalad_jsdl.repository.annex.adjusted import show_what_is_here
from datalad_jsdl.repository.annex.keys import expected_of, key_file, parse_key
from datalad_jsdl.repository.annex.objects import object_path
from datalad_jsdl.repository.annex.special_remote import set_up_remote
from datalad_jsdl.repository.importing.importer import Importer
from datalad_jsdl.repository.importing.steps import Change
from datalad_jsdl.repository.importing.submodules import changed_links
from datalad_jsdl.repository.importing.switching import MovedError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from datalad_jsdl.fetch.bulk import Job
    from datalad_jsdl.fetch.engine import Engine
    from datalad_jsdl.model.entry import Entry
    from datalad_jsdl.operations.import_request import Request
    from datalad_jsdl.repository.annex.special_remote import RemoteSetup
    from datalad_jsdl.repository.commit import Tree
    from datalad_jsdl.repository.importing.importer import Scope
    from datalad_jsdl.repository.importing.steps import Plan

__all__ = ["dry_run", "run_import"]

_TRIES = 5  # of an import, where others commit something at the same time


def dry_run(importer: Importer | None, request: Request) -> Plan:
    """The plan, with nothing written; without an importer, for a dataset still to be made."""
    if importer is not None:
        importer.repository.require_annex()
        entries, delete = request.entries, request.options.delete
        return importer.plan(entries, request.scope, delete=delete, dry=True)[1]
    from datalad_jsdl.repository.annex.keys import ExtensionRule
    from datalad_jsdl.repository.commit import Tree
    from datalad_jsdl.repository.importing.plan import make_plan

    return make_plan(
        request.entries,
        Tree(),
        rule=ExtensionRule(),
        records_of=lambda keys: (),
        in_the_way=lambda steps: {},
        imported=lambda paths: set(),
        written=lambda paths: set(),
    )


def run_import(importer: Importer, request: Request) -> Outcome:
    """Plan and apply, and fetch content if that was asked for.

    Raises:
        DatasetError: git or git-annex refuse; the dataset is as it was before.
    """
    importer.repository.require_annex()
    with importer.lock():
        importer.catch_up()
        importer.recover()
        setup = set_up_remote(importer.repository)
        options = request.options
        if not options.get:
            entries, scope = request.entries, request.scope
            planned = importer.plan(entries, scope, delete=options.delete)
            outcome = Outcome(planned[1], remote=setup.done)
            entries, planned = _timed(importer, request, entries, scope, planned, outcome)
            outcome.commit, outcome.plan = _apply(
                importer, request, entries, scope, setup.config_uuid, planned
            )
            return outcome
        with Staging(
            importer.repository,
            request.engines,
            options.jobs,
            request.bar,
            request.logins,
            archives=request.archives or (),
        ) as staging:
            candidates = (c for entry in request.entries.values() for c in entry.candidates)
            staging.engine.expect_origins(c.url for c in candidates)
            return _import_and_fetch(importer, request, setup, staging)


def _import_and_fetch(
    importer: Importer, request: Request, setup: RemoteSetup, staging: Staging
) -> Outcome:
    fetching = _Fetching(importer, staging)
    entries, scope = request.entries, request.scope
    planned = importer.plan(entries, scope, delete=request.options.delete)
    plan = planned[1]
    outcome = Outcome(plan, remote=setup.done)
    undigested, here = _without_digest(plan, importer)
    if undigested or here:
        found = dict(fetching.here(here, outcome)) | dict(fetching.undigested(undigested, outcome))
        _note_unregistered(plan, outcome)
        entries = {p: found.get(p, e) for p, e in entries.items() if p not in outcome.failures}
        kept = request.scope.kept | outcome.failures.keys()
        scope = replace(scope, kept=frozenset(kept))
        importer.repository.refresh()  # that took its time
        planned = importer.plan(entries, scope, delete=request.options.delete)
    entries, planned = _timed(importer, request, entries, scope, planned, outcome, staging.engine)
    outcome.commit, outcome.plan = _apply(
        importer, request, entries, scope, setup.config_uuid, planned
    )
    fetching.missing(outcome.plan, outcome)
    if outcome.fetched or here:
        show_what_is_here(importer.repository)
    return outcome


def _timed(
    importer: Importer,
    request: Request,
    entries: Mapping[str, Entry],
    scope: Scope,
    planned: tuple[Tree, Plan],
    outcome: Outcome,
    engine: Engine | None = None,
) -> tuple[Mapping[str, Entry], tuple[Tree, Plan]]:
    """The entries with the times that mirrors tell, if those are asked, and their plan."""
    told = timed(importer, request, entries, planned[1], engine)
    outcome.untimed = told.untold
    if told.entries is None:
        return entries, planned
    importer.repository.refresh()  # that took its time
    return told.entries, importer.plan(told.entries, scope, delete=request.options.delete)


def _apply(
    importer: Importer,
    request: Request,
    entries: Mapping[str, Entry],
    scope: Scope,
    config_uuid: str,
    planned: tuple[Tree, Plan],
) -> tuple[str, Plan]:
    """Carry out a plan; where somebody commits something meanwhile, make another one.

    Returns:
        The new commit, or "", and the plan.
    """
    tree, plan = planned
    for left in reversed(range(_TRIES)):
        links = changed_links(tree, request.links())
        archives = _archives(request, tree)
        if not (plan.writes_tree or plan.records or links or archives):
            break
        message, extra = _message(request, plan, len(links), bool(archives))
        extra |= archives
        try:
            commit = importer.apply(
                tree, plan, message=message, config_uuid=config_uuid, extra=extra, links=links
            )
        except MovedError:
            if not left:
                raise
            importer.repository.refresh()
            importer.recover()
            tree, plan = importer.plan(entries, scope, delete=request.options.delete)
        else:
            return commit, plan
    return "", plan


def _archives(request: Request, tree: Tree) -> dict[str, bytes]:
    """The file of the dataset's zips, if it is to be another one."""
    if request.archives is None:
        return {}
    return archives_file(tree, request.archives, request.scope.prefix)


def _without_digest(plan: Plan, importer: Importer) -> tuple[list[Entry], list[tuple[Entry, Path]]]:
    """The entries whose content has no checksum yet: it is not here, or is in a file."""
    absent: list[Entry] = []
    here: list[tuple[Entry, Path]] = []
    for step in plan.steps:
        if step.entry and not step.entry.digests and not _is_verifiable(step.key):
            file = object_path(importer.repository.annex_dir, step.key) if step.key else None
            if file is None:
                absent.append(step.entry)
            else:
                here.append((step.entry, file))
    return absent, here


def _note_unregistered(plan: Plan, outcome: Outcome) -> None:
    """What failed up to now is not registered, unless an earlier import has done so."""
    changes = {step.path: step.change for step in plan.steps if step.path in outcome.failures}
    outcome.unregistered = {path for path, change in changes.items() if change is Change.ADDED}
    outcome.outdated = {
        path for path, change in changes.items() if change not in (Change.ADDED, Change.UNCHANGED)
    }


def _is_verifiable(key: str) -> bool:
    parsed = parse_key(key)
    return parsed is not None and parsed.algorithm is not None


def _message(
    request: Request, plan: Plan, links: int, archives: bool
) -> tuple[str, dict[str, bytes]]:
    counts = plan.counts() | {"subdatasets": links, "list of zips": int(archives)}
    del counts[Change.UNCHANGED.value]
    counts = {name: number for name, number in counts.items() if number}
    changes = ", ".join(f"{number} {name}" for name, number in counts.items())
    if request.dataset_id is None:
        return request.recording.message_of_part(changes), {}
    return request.recording.message(changes, request.dataset_id())


class _Fetching:
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
