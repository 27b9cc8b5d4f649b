"""The steps of one import, from a selection of entries to what became of them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

from datalad_jsdl.operations.import_fetching import Fetching
from datalad_jsdl.operations.import_request import Outcome
from datalad_jsdl.operations.import_times import timed
from datalad_jsdl.operations.kept_archives import archives_file
from datalad_jsdl.operations.staging import Staging
from datalad_jsdl.repository.annex.adjusted import show_what_is_here
from datalad_jsdl.repository.annex.keys import parse_key
from datalad_jsdl.repository.annex.objects import object_path
from datalad_jsdl.repository.annex.special_remote import begin_setup, write_logs
from datalad_jsdl.repository.importing.importer import Importer
from datalad_jsdl.repository.importing.steps import Change
from datalad_jsdl.repository.importing.submodules import changed_links
from datalad_jsdl.repository.importing.switching import MovedError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

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
        DatasetError: git or git-annex refuse; the work branch is as it was before.
    """
    importer.repository.require_annex()
    with importer.lock():
        importer.catch_up()
        importer.recover()
        with ThreadPoolExecutor(1) as aside:
            setup = begin_setup(importer.repository, aside)
            options = request.options
            if options.remote_times:
                setup = _ended(importer, setup)
            if not options.get:
                entries, scope = request.entries, request.scope
                planned = importer.plan(entries, scope, delete=options.delete)
                outcome = Outcome(planned[1])
                entries, planned = _timed(importer, request, entries, scope, planned, outcome)
                return _apply(importer, request, entries, scope, setup, planned, outcome)
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


def _ended(importer: Importer, setup: Callable[[], RemoteSetup]) -> Callable[[], RemoteSetup]:
    """The remote set up, and told of in the git-annex branch, before what may take hours."""
    done = setup()
    write_logs(importer.repository, done)
    return lambda: replace(done, logs=None)


def _import_and_fetch(
    importer: Importer, request: Request, setup: Callable[[], RemoteSetup], staging: Staging
) -> Outcome:
    fetching = Fetching(importer, staging)
    entries, scope = request.entries, request.scope
    planned = importer.plan(entries, scope, delete=request.options.delete)
    plan = planned[1]
    outcome = Outcome(plan)
    undigested, here = _without_digest(plan, importer)
    if undigested or here:
        setup = _ended(importer, setup)
        found = dict(fetching.here(here, outcome)) | dict(fetching.undigested(undigested, outcome))
        _note_unregistered(plan, outcome)
        entries = {p: found.get(p, e) for p, e in entries.items() if p not in outcome.failures}
        kept = request.scope.kept | outcome.failures.keys()
        scope = replace(scope, kept=frozenset(kept))
        importer.repository.refresh()  # that took its time
        planned = importer.plan(entries, scope, delete=request.options.delete)
    entries, planned = _timed(importer, request, entries, scope, planned, outcome, staging.engine)
    _apply(importer, request, entries, scope, setup, planned, outcome)
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
    setup: Callable[[], RemoteSetup],
    planned: tuple[Tree, Plan],
    outcome: Outcome,
) -> Outcome:
    """Carry out a plan; where somebody commits something meanwhile, make another one.

    Returns:
        The outcome, with the new commit, or "", the plan, and what was set up.
    """
    tree, outcome.plan = planned
    logs_written = False
    for left in reversed(range(_TRIES)):
        plan = outcome.plan
        links = changed_links(tree, request.links())
        archives = _archives(request, tree)
        if not (plan.writes_tree or plan.records or links or archives):
            break
        message, extra = _message(request, plan, len(links), bool(archives))
        done = setup()
        try:
            outcome.commit = importer.apply(
                tree,
                plan,
                message=message,
                config_uuid=done.config_uuid,
                logs=None if logs_written else done.logs,
                extra=extra | archives,
                links=links,
            )
        except MovedError:
            if not left:
                raise
            logs_written = True
            importer.repository.refresh()
            importer.recover()
            tree, outcome.plan = importer.plan(entries, scope, delete=request.options.delete)
        else:
            logs_written = True
            break
    outcome.remote = setup().done
    if not logs_written:
        write_logs(importer.repository, setup())
    return outcome


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
