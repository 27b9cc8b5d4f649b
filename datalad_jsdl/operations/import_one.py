"""The steps of one import, from a selection of entries to what became of them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from datalad_jsdl.faults import Failed
from datalad_jsdl.model.content import Expected
from datalad_jsdl.operations.staging import NotTakenIn, Staging
from datalad_jsdl.repository.annex.adjusted import show_what_is_here
from datalad_jsdl.repository.annex.keys import expected_of, key_file, parse_key
from datalad_jsdl.repository.annex.special_remote import set_up_remote
from datalad_jsdl.repository.importing.importer import Importer, Scope
from datalad_jsdl.repository.importing.steps import Change, Plan
from datalad_jsdl.repository.importing.submodules import changed_links
from datalad_jsdl.repository.importing.worktree import MovedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from datalad_jsdl.fetch.bulk import Job
    from datalad_jsdl.model.entry import Entry
    from datalad_jsdl.operations.engines import Engines
    from datalad_jsdl.operations.import_options import ImportOptions
    from datalad_jsdl.operations.progress import Monitor
    from datalad_jsdl.operations.run_record import Recording
    from datalad_jsdl.repository.annex.special_remote import RemoteSetup
    from datalad_jsdl.repository.commit import Tree
    from datalad_jsdl.repository.importing.submodules import Link

__all__ = ["Outcome", "Request", "dry_run", "run_import"]

_TRIES = 5  # of an import, where others commit something at the same time


@dataclass(frozen=True)
class Request:
    """What is to be imported, and how.

    Attributes:
        entries: of the manifest, by path within the dataset.
        scope: what the manifest speaks for.
        options: of the whole import.
        recording: what the commit says of how it was made.
        dataset_id: tells that of the DataLad dataset; None for a subdataset that the manifest has a
            part for: then the command is not to be run again in it.
        engines: of the whole import.
        monitor: shows how fetching is going.
        links: tells subdatasets of it as they are then, by path; asked while it is locked.
        logins: where logins are, before those that it remembers; see `logins`.
    """

    entries: Mapping[str, Entry]
    scope: Scope
    options: ImportOptions
    recording: Recording
    dataset_id: Callable[[], str] | None
    engines: Engines
    monitor: Monitor
    links: Callable[[], Mapping[str, Link]]
    logins: tuple[str, ...] = ()


@dataclass
class Outcome:
    """What became of a request.

    Attributes:
        plan: what was done, or would be.
        commit: the new one, or "".
        failures: path → why its content is not here; *unregistered* has those that
            for that reason are not in the dataset either.
        fetched: number of contents fetched.
        remote: what was done to set up the special remote.
    """

    plan: Plan
    commit: str = ""
    failures: dict[str, Failed | NotTakenIn] = field(default_factory=dict)
    unregistered: set[str] = field(default_factory=set)
    fetched: int = 0
    remote: tuple[str, ...] = ()


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
            commit, plan = _apply(importer, request, entries, scope, setup.config_uuid, planned)
            return Outcome(plan, commit, remote=setup.done)
        with Staging(
            importer.repository, request.engines, options.jobs, request.monitor, request.logins
        ) as staging:
            candidates = (c for entry in request.entries.values() for c in entry.candidates)
            staging.engine.expect_origins(c.url for c in candidates)
            return _import_and_fetch(importer, request, setup, staging)


def _import_and_fetch(
    importer: Importer, request: Request, setup: RemoteSetup, staging: Staging
) -> Outcome:
    fetching = _Fetching(importer, staging)
    entries, scope = dict(request.entries), request.scope
    planned = importer.plan(entries, scope, delete=request.options.delete)
    plan = planned[1]
    outcome = Outcome(plan, remote=setup.done)
    if undigested := _without_digest(plan, importer):
        found = dict(fetching.undigested(undigested, outcome))
        entries = {p: found.get(p, e) for p, e in entries.items() if p not in outcome.failures}
        kept = request.scope.kept | outcome.failures.keys()
        scope = replace(scope, kept=frozenset(kept))
        importer.repository.refresh()  # that took its time
        planned = importer.plan(entries, scope, delete=request.options.delete)
    outcome.commit, outcome.plan = _apply(
        importer, request, entries, scope, setup.config_uuid, planned
    )
    fetching.missing(outcome.plan, outcome)
    if outcome.fetched:
        show_what_is_here(importer.repository)
    return outcome


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
        if not (plan.writes_tree or plan.records or links):
            break
        message, extra = _message(request, plan, len(links))
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


def _without_digest(plan: Plan, importer: Importer) -> list[Entry]:
    """The entries whose content has no checksum yet, and is not here."""
    steps = [s for s in plan.steps if s.entry and not s.entry.digests and not _is_verifiable(s.key)]
    missing = importer.missing_keys({step.key for step in steps if step.key})
    return [s.entry for s in steps if s.entry and (not s.key or s.key in missing)]


def _is_verifiable(key: str) -> bool:
    parsed = parse_key(key)
    return parsed is not None and parsed.algorithm is not None


def _message(request: Request, plan: Plan, links: int) -> tuple[str, dict[str, bytes]]:
    counts = plan.counts() | {"subdatasets": links}
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

    def undigested(self, entries: Sequence[Entry], outcome: Outcome) -> Iterator[tuple[str, Entry]]:
        """Fetch content that has no digest yet; its SHA-256 becomes one."""
        by_name = {entry.path: entry for entry in entries}
        jobs = (
            replace(
                self._job(path, [entry], Expected(entry.size, pieces=entry.pieces)),
                target=self._staging.folder / _temporary_name(entry),
            )
            for path, entry in by_name.items()
        )
        size = sum(entry.size or 0 for entry in entries)
        self._staging.require_room(size)
        label = "fetching what has no checksum"
        for job, result in self._staging.download(jobs, label, len(entries), size):
            if isinstance(result, Failed):
                outcome.failures[job.name] = result
                outcome.unregistered.add(job.name)
            else:
                self._fetched[job.name] = job.target
                digests = {"sha256": result.sha256}
                entry = replace(by_name[job.name], size=result.size, digests=digests)
                yield job.name, entry

    def missing(self, plan: Plan, outcome: Outcome) -> None:
        """Fetch the content of every planned key that is not here, and take it in."""
        entries: dict[str, list[Entry]] = {}
        for step in plan.steps:
            if step.key and step.entry:
                entries.setdefault(step.key, []).append(step.entry)
        keys = sorted(k for k in self._importer.missing_keys(entries) if parse_key(k))
        for key in keys:
            for entry in entries[key]:
                if fetched := self._fetched.pop(entry.path, None):
                    fetched.replace(self._staging.folder / key_file(key))
        size = sum(expected_of(key).size or 0 for key in keys)
        self._staging.require_room(size)
        jobs = (self._job(key, entries[key], expected_of(key)) for key in keys)
        for job, problem in self._staging.take_in(jobs, len(keys), size):
            if problem:
                outcome.failures.update({entry.path: problem for entry in entries[job.name]})
            else:
                outcome.fetched += 1
        self._staging.clean_up("path-*")
        self._importer.catch_up()

    def _job(self, name: str, entries: Sequence[Entry], expected: Expected) -> Job:
        urls = dict.fromkeys(c.url for entry in entries for c in entry.candidates)
        mtime = max((e.mtime for e in entries if e.mtime is not None), default=None)
        expected = replace(
            expected,
            names=tuple(entry.path for entry in entries),
            pieces=next((entry.pieces for entry in entries if entry.pieces), None),
        )
        return self._staging.job(name, urls, expected, mtime.timestamp() if mtime else None)


def _temporary_name(entry: Entry) -> str:
    return "path-" + hashlib.sha256(entry.path.encode()).hexdigest()
