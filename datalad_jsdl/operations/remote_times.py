"""The times that mirrors tell of contents, where a manifest tells none."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from datalad_jsdl.model.content import Expected
from datalad_jsdl.model.times import parse_mtime

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping, Sequence
    from datetime import datetime

    from datalad_jsdl.fetch.engine import Engine
    from datalad_jsdl.model.entry import Entry

    Id = TypeVar("Id", bound=Hashable)

__all__ = ["ask_times", "with_times", "without_time"]


def without_time(entries: Mapping[str, Entry], ids: Mapping[str, Id]) -> dict[Id, list[Entry]]:
    """The contents of which no entry tells a time, each with its entries.

    Args:
        entries: by path.
        ids: path → what its content is known by, a key for one; paths without one do not count.
    """
    found: dict[Id, list[Entry]] = {}
    for path, content in ids.items():
        found.setdefault(content, []).append(entries[path])
    return {content: same for content, same in found.items() if all(e.mtime is None for e in same)}


def ask_times(
    contents: Mapping[Id, Sequence[Entry]],
    engine: Engine,
    jobs: int,
    tick: Callable[[int, int], object] = lambda done, total: None,
) -> dict[Id, datetime]:
    """When contents were changed, as the first URL of each entry that answers says.

    Args:
        contents: with their entries; of what several tell of one content the latest counts.
        engine: to ask with.
        jobs: questions at a time.
        tick: told how many are answered, and of how many.

    Returns:
        Those of which a mirror tells a time.
    """
    # many paths may have one content, and one list of URLs
    questions = {_urls(entry): entry.path for same in contents.values() for entry in same}

    answers: dict[tuple[str, ...], datetime | None] = {}
    engine.origins.expect_jobs(jobs)
    with ThreadPoolExecutor(jobs, "times") as pool, engine.operation() as operation:
        # it loads an HTTP library, which an import that asks for no times does not need
        from datalad_jsdl.fetch.last_modified import LastModified

        modified = LastModified(engine, operation)

        def ask(question: tuple[tuple[str, ...], str]) -> datetime | None:
            urls, path = question
            seconds = modified.of(urls, Expected(names=(path,)))
            with suppress(ValueError):  # after the year 9999
                return None if seconds is None else parse_mtime(seconds)
            return None

        for urls, time in zip(questions, pool.map(ask, questions.items()), strict=True):
            answers[urls] = time
            tick(len(answers), len(questions))
    found = {content: [answers[_urls(e)] for e in same] for content, same in contents.items()}
    known = {content: [time for time in times if time] for content, times in found.items()}
    return {content: max(times) for content, times in known.items() if times}


def with_times(
    entries: Mapping[str, Entry], ids: Mapping[str, Id], times: Mapping[Id, datetime]
) -> dict[str, Entry]:
    """Entries with the times of their contents; see `without_time`."""
    changed = {
        path: replace(entries[path], mtime=times[content])
        for path, content in ids.items()
        if content in times
    }
    return {**entries, **changed}


def _urls(entry: Entry) -> tuple[str, ...]:
    return tuple(candidate.url for candidate in entry.candidates)
