"""The times of what an import registers, where its manifest tells none: asked for once."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

from datalad_jsdl.operations.progress import Standing
from datalad_jsdl.operations.remote_times import ask_times, with_times, without_time

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from datalad_jsdl.fetch.engine import Engine
    from datalad_jsdl.model.entry import Entry
    from datalad_jsdl.operations.import_request import Request
    from datalad_jsdl.repository.importing.importer import Importer
    from datalad_jsdl.repository.importing.steps import Plan

__all__ = ["Timed", "recorded_times", "timed"]


@dataclass(frozen=True)
class Timed:
    """What mirrors told.

    Attributes:
        entries: by path, with the times; None if there are no new ones.
        untold: number of paths that no time is known of.
    """

    entries: Mapping[str, Entry] | None = None
    untold: int = 0


def timed(
    importer: Importer,
    request: Request,
    entries: Mapping[str, Entry],
    plan: Plan,
    engine: Engine | None,
) -> Timed:
    """Ask the mirrors for the times that neither the manifest nor the dataset tells.

    Args:
        importer: of the dataset.
        request: says how they are asked, and whether they are.
        entries: that the plan is of.
        plan: which content each path gets.
        engine: to ask with; None to open one if there is something to ask for.

    Raises:
        SettingError: git config has a limit that cannot be understood.
    """
    if not request.options.remote_times:
        return Timed()
    # a file without a key is kept in git, which knows no times
    ids = {step.path: step.key for step in plan.steps if step.entry and step.key}
    contents = without_time(entries, ids)
    for key in recorded_times(importer, contents):
        del contents[key]
    if not contents:
        return Timed()
    times = _ask(importer, request, contents, engine)
    untold = sum(len(same) for key, same in contents.items() if key not in times)
    return Timed(with_times(entries, ids, times) if times else None, untold)


def recorded_times(importer: Importer, keys: Iterable[str]) -> dict[str, datetime]:
    """The times that the dataset has recorded of keys."""
    records = importer.repository.annex.records(keys, located=False)
    return {key: record.state.mtime for key, record in records if record.state.mtime is not None}


def _ask(
    importer: Importer,
    request: Request,
    contents: Mapping[str, Sequence[Entry]],
    engine: Engine | None,
) -> Mapping[str, datetime]:
    with ExitStack() as stack:
        if engine is None:
            git_dir = importer.repository.git_dir
            engine = stack.enter_context(request.engines.open(git_dir, credentials=request.logins))
            engine.expect_origins(c.url for s in contents.values() for e in s for c in e.candidates)
        files = sum(map(len, contents.values()))
        done = 0

        def tell(number: int, _: int) -> None:
            nonlocal done
            done = number

        label = "asking for times"
        request.bar.watch(label, lambda: Standing(0, None, done, files))
        jobs = request.options.jobs or engine.settings.first_jobs
        times = ask_times(contents, engine, jobs, tell)
        request.bar.end(label)
        return times
