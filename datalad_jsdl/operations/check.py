"""Would the download of a manifest go well? Its mirrors are asked, its disk is looked at."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from datalad_jsdl.errors import JsdlError, ManifestError
from datalad_jsdl.fetch.mirrors.ask_all import survey
from datalad_jsdl.fetch.mirrors.estimate import estimate, share_out
from datalad_jsdl.fetch.mirrors.states import State
from datalad_jsdl.fetch.mirrors.survey import Wanted
from datalad_jsdl.model.filters import Filter
from datalad_jsdl.model.subdatasets import parts_of
from datalad_jsdl.operations.checked import (
    Checked,
    CheckedFile,
    CheckedMirror,
    RefusedEntries,
)
from datalad_jsdl.operations.engines import disk_reserve, open_engine
from datalad_jsdl.operations.progress import SILENT
from datalad_jsdl.operations.selected import why_nothing
from datalad_jsdl.operations.selecting import Target
from datalad_jsdl.operations.staging import staging_folder
from datalad_jsdl.operations.subdatasets import check_place
from datalad_jsdl.operations.values import Failure
from datalad_jsdl.repository.annex.keys import ExtensionRule, entry_key, expected_of
from datalad_jsdl.repository.annex.program import require_git_annex
from datalad_jsdl.repository.importing.importer import Importer, Scope
from datalad_jsdl.repository.importing.steps import Conflict
from datalad_jsdl.repository.repository import find_repository

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from datalad_jsdl.fetch.engine import Engine
    from datalad_jsdl.fetch.mirrors.survey import Survey
    from datalad_jsdl.model.entry import Entry
    from datalad_jsdl.model.subdatasets import Part
    from datalad_jsdl.operations.import_options import ImportOptions
    from datalad_jsdl.operations.progress import Progress

__all__ = ["check_import"]

_Result = RefusedEntries | Conflict | CheckedMirror | CheckedFile | Checked


def check_import(
    options: ImportOptions, progress: Progress = SILENT
) -> Iterator[_Result | Failure]:
    """Look at the mirrors and the disk, and write nothing.

    Yields:
        What the dataset will not take; each mirror; files that are not as they should be;
        all of it, last; or a `Failure`.
    """
    try:
        require_git_annex()
        target = Target(options)
        selection = target.read_selection()[0]
        yield RefusedEntries(selection.refusals)
        if not selection.entries:
            raise ManifestError(why_nothing(selection))
        found = target.repository
        importer = Importer(found) if found else None
        if importer is None:
            check_place(options.target, options.parent)
        logins = (*target.logins(selection), *target.lines_of_parts(selection))
        yield from _Check(options, selection.entries, importer, logins).run(progress)
    except (JsdlError, OSError) as error:
        yield Failure(options.target, error)


class _Check:
    """One look.

    Args:
        options: of the import.
        entries: by path, with ``//`` where a subdataset begins.
        importer: of the dataset, or None if it is still to be made.
        logins: where logins are; see `open_engine`.
    """

    def __init__(
        self,
        options: ImportOptions,
        entries: Mapping[str, Entry],
        importer: Importer | None,
        logins: tuple[str, ...],
    ) -> None:
        self._options = options
        self._entries = entries
        self._importer = importer
        self._logins = logins
        self._scope = Scope(options.folder, "", Filter(options.include, options.exclude))

    def run(self, progress: Progress) -> Iterator[_Result]:
        """See `check_import`.

        Raises:
            DatasetError: the dataset cannot take the manifest in.
        """
        root, importer = self._options.target, self._importer
        wanted, here, conflicts, reserve = self._wanted()
        yield from conflicts
        git_dir = importer.repository.git_dir if importer else None
        with (
            open_engine(git_dir, credentials=self._logins, reads_only=True) as engine,
            progress.bar(str(root), "requests") as bar,
        ):
            engine.expect_origins(url for one in wanted for url in one.urls)
            found = survey(
                wanted, engine, lambda done, all_: bar.update("checking mirrors", done, all_)
            )
            bar.end("checking mirrors")
            scores = {name: engine.origins.of(name).score for name in found.mirrors}
            lost, loads = share_out(found, scores)
            yield from _mirrors(found, lost, engine)
            yield from _files(found, set(lost))
            settings = engine.settings
            span = estimate(
                loads.values(),
                connections=engine.origins.host_room,
                segments=settings.segments,
                bandwidth=settings.bandwidth,
            )
        free, inodes = _room(root)
        yield Checked(
            entries=len(self._entries),
            here=here,
            sizes=[found.size(number) for number in range(len(found.wanted))],
            asked=len(found.answers),
            lost=len(lost),
            conflicts=len(conflicts),
            staged=_staged(importer) if importer else 0,
            free=free,
            reserve=reserve,
            inodes=inodes,
            span=span,
            private=_private(found, engine),
        )

    def _wanted(self) -> tuple[list[Wanted], int, list[Conflict], int]:
        """What is to be fetched: each content once.

        And the number of entries whose content is here, those that the dataset will not
        take, and the bytes that have to stay free: the most that any of the datasets says
        that get something.
        """
        conflicts: dict[str, Conflict] = {}
        contents: dict[str, list[Entry]] = {}
        here = reserve = 0
        for part in parts_of(self._entries):
            start = f"{part.folder}/" if part.folder else ""
            known, importer = len(contents), self._importer_of(part)
            pairs, missing, in_the_way = self._planned(part, importer)
            for conflict in in_the_way:
                named = replace(conflict, path=start + conflict.path)
                conflicts[named.path] = named
            for key, entry in pairs:
                # without a key: to be fetched to make one, or kept in git
                if key in missing or (not key and not entry.digests):
                    full = replace(entry, path=start + entry.path) if start else entry
                    contents.setdefault(key or f"/{full.path}", []).append(full)
                else:
                    here += 1
            if len(contents) > known:
                reserve = max(
                    reserve, disk_reserve(importer.repository.git_dir if importer else None)
                )
        wanted = [self._content(key, entries) for key, entries in contents.items()]
        return wanted, here, list(conflicts.values()), reserve

    def _importer_of(self, part: Part) -> Importer | None:
        if not part.folder:
            return self._importer
        found = find_repository(self._options.target / part.folder)
        return Importer(found) if found else None

    def _planned(
        self, part: Part, importer: Importer | None
    ) -> tuple[list[tuple[str, Entry]], set[str], list[Conflict]]:
        """The part's keys with their entries, those that are not here, and what is in the way."""
        scope = Scope() if part.folder else self._scope
        if importer is None:
            rule = ExtensionRule()
            pairs = [
                (entry_key(e, rule) if (e.digests or e.registrable) and not e.inline else "", e)
                for e in part.entries.values()
            ]
            return pairs, {key for key, _ in pairs if key}, []
        importer.repository.refresh()  # the manifest may have taken its time
        importer.repository.require_annex()
        plan = importer.plan(part.entries, scope, delete=False, dry=True)[1]
        pairs = [(step.key, step.entry) for step in plan.steps if step.entry]
        return pairs, importer.missing_keys({key for key, _ in pairs if key}), plan.conflicts

    def _content(self, key: str, entries: list[Entry]) -> Wanted:
        """One content, by whichever path and URL; by signed URLs only with --get."""
        urls = dict.fromkeys(
            c.url for e in entries for c in e.candidates if self._options.get or not c.signed
        )
        expected = expected_of(key, *(entry.path for entry in entries))
        size = next((entry.size for entry in entries if entry.size is not None), expected.size)
        expected = replace(expected, size=size)
        return Wanted(entries[0].path, tuple(urls), expected)


def _mirrors(found: Survey, lost: Sequence[int], engine: Engine) -> Iterator[CheckedMirror]:
    """The mirrors, those of most files first."""
    losses = Counter(name for number in lost for name in found.names(number))
    sizes = found.sizes()
    for mirror in sorted(found.mirrors.values(), key=lambda m: (-m.files, m.name)):
        score, (size, unsized) = engine.origins.of(mirror.name).score, sizes[mirror.name]
        yield CheckedMirror(
            mirror,
            lost=losses[mirror.name],
            size=size,
            unsized=unsized,
            rate=score.rate or None,
            latency=score.latency or None,
            ranges=mirror.ranges.known if mirror.ranges else score.ranges,
            success=score.success if score.requests else None,
            requests=score.requests,
        )


def _private(found: Survey, engine: Engine) -> str:
    faults = [mirror.fault for mirror in found.mirrors.values()]
    refused = {fault.private: None for fault in faults if fault and fault.private}
    return engine.policy.advice(refused) if refused and engine.policy else ""


def _files(found: Survey, lost: set[int]) -> Iterator[CheckedFile]:
    """Files whose size is another one at some mirror; those that are unavailable."""
    disagree = (
        number
        for number, answers in sorted(found.answers.items())
        if number not in lost and any(a.state is State.SIZE for a in answers.values())
    )
    for number in (*disagree, *sorted(lost)):
        file, known = found.wanted[number], found.answers.get(number, {})
        answers = {url: known[url] for url in file.urls if url in known}
        # one that answered for it first may have been given up for others
        asked = [url for url, a in answers.items() if a.what or number not in lost]
        yield CheckedFile(
            file,
            number in lost,
            answers,
            {url: found.mirrors[found.name_of(url)] for url in answers},
            [found.mirrors[name] for name in found.names(number, asked)],
        )


def _room(root: Path) -> tuple[int, int | None]:
    """Free bytes and inodes of the disk; None for a disk that counts no inodes."""
    place = root
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    if not hasattr(os, "statvfs"):
        return free, None
    disk = os.statvfs(place)
    return free, disk.f_favail if disk.f_files else None


def _staged(importer: Importer) -> int:
    """Bytes that an interrupted download has left to be taken up."""
    folder = staging_folder(importer.repository)
    if not folder.is_dir():
        return 0
    return sum(file.stat().st_size for file in folder.iterdir())
