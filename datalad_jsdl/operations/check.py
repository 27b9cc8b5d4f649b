"""``download-manifest --check``: would the download go well? Records of a look at the mirrors."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from datalad.distribution.dataset import Dataset
from datalad.interface.results import get_status_dict

from datalad_jsdl.commands._check_table import summary
from datalad_jsdl.commands._common import Bar
from datalad_jsdl.commands._results import ACTION
from datalad_jsdl.fetch.mirrors.ask_all import survey
from datalad_jsdl.fetch.mirrors.estimate import estimate, share_out
from datalad_jsdl.fetch.mirrors.probe import State
from datalad_jsdl.fetch.mirrors.survey import Wanted
from datalad_jsdl.model.subdatasets import parts_of
from datalad_jsdl.model.urls import redact
from datalad_jsdl.operations.engines import disk_reserve, open_engine
from datalad_jsdl.operations.staging import expected_of, staging_folder
from datalad_jsdl.operations.subdatasets import is_installed
from datalad_jsdl.repository.annex.keys import ExtensionRule, entry_key
from datalad_jsdl.repository.importing.importer import Importer, Scope

if TYPE_CHECKING:
    import logging
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from datalad_jsdl.fetch.engine import Engine
    from datalad_jsdl.fetch.mirrors.estimate import Span
    from datalad_jsdl.fetch.mirrors.probe import Answer
    from datalad_jsdl.fetch.mirrors.survey import Mirror, Survey
    from datalad_jsdl.model.entry import Entry
    from datalad_jsdl.model.subdatasets import Part
    from datalad_jsdl.repository.importing.steps import Conflict

__all__ = ["Check"]

_MOST_RECORDS = 1000  # of files that cannot be had
# of a file in an annex: the content, its folder, the one around that, and the symlink
_INODES = 4


@dataclass(frozen=True)
class Check:
    """What is to be looked at.

    Attributes:
        root: the dataset, or where it is to be.
        entries: by path, with ``//`` where a subdataset begins.
        importer: of the dataset, or None if it is still to be made.
        scope: what the manifest speaks for.
        signed: signed URLs may be used, too (--get).
        logger: for the records.
        credentials: where logins are; see `open_engine`.
    """

    root: Path
    entries: Mapping[str, Entry]
    importer: Importer | None
    scope: Scope
    signed: bool
    logger: logging.Logger
    credentials: tuple[str, ...] = ()

    def records(self) -> Iterator[dict[str, Any]]:
        """One of each mirror, one of each file that is not as it should be, the dataset's.

        Raises:
            DatasetError: the dataset cannot take the manifest in.
        """
        wanted, here, conflicts, reserve = self._wanted()
        for path, reason in conflicts.items():
            text = f"would be left alone: {path!r}: {reason}"
            yield self._record("error", "file", text, path, state="conflict")
        git_dir = self.importer.git_dir() if self.importer else None
        with (
            open_engine(git_dir, credentials=self.credentials) as engine,
            Bar(self.logger, str(self.root), " questions") as bar,
        ):
            engine.expect_origins(url for one in wanted for url in one.urls)
            found = survey(
                wanted, engine, lambda done, all_: bar.update("asking mirrors", done, all_)
            )
            bar.end("asking mirrors")
            scores = {name: engine.origins.of(name).score for name in found.mirrors}
            lost, loads = share_out(found, scores)
            by_files = sorted(found.mirrors.values(), key=lambda m: (-m.files, m.name))
            losses = Counter(n for number in lost for n in found.names(number))
            sizes = found.sizes()
            for mirror in by_files:
                size = sizes[mirror.name]
                yield self._mirror_record(mirror, losses[mirror.name], size, engine)
            yield from self._file_records(found, set(lost))
            settings = engine.settings
            span = estimate(
                loads.values(),
                connections=engine.origins.host_room,
                segments=settings.segments,
                bandwidth=settings.bandwidth,
            )
        yield self._summary(found, here, len(lost), len(conflicts), span, reserve)

    def _wanted(self) -> tuple[list[Wanted], int, dict[str, str], int]:
        """What is to be fetched: each content once.

        And the number of entries whose content is here, those that the dataset will not
        take, with the reason, and the bytes that have to stay free: the most that any of the
        datasets says that get something.
        """
        conflicts: dict[str, str] = {}
        contents: dict[str, list[Entry]] = {}
        here = reserve = 0
        for part in parts_of(self.entries):
            start = f"{part.folder}/" if part.folder else ""
            known, importer = len(contents), self._importer_of(part)
            pairs, missing, in_the_way = self._planned(part, importer)
            conflicts.update((start + c.path, c.reason) for c in in_the_way)
            for key, entry in pairs:
                # without a key: to be fetched to make one, or kept in git
                if key in missing or (not key and not entry.digests):
                    named = replace(entry, path=start + entry.path) if start else entry
                    contents.setdefault(key or f"/{named.path}", []).append(named)
                else:
                    here += 1
            if len(contents) > known:
                reserve = max(reserve, disk_reserve(importer.git_dir() if importer else None))
        wanted = [self._content(key, entries) for key, entries in contents.items()]
        return wanted, here, conflicts, reserve

    def _importer_of(self, part: Part) -> Importer | None:
        if not part.folder:
            return self.importer
        subdataset = Dataset(self.root / part.folder)
        return Importer(subdataset.pathobj) if is_installed(subdataset) else None

    def _planned(
        self, part: Part, importer: Importer | None
    ) -> tuple[list[tuple[str, Entry]], set[str], list[Conflict]]:
        """The part's keys with their entries, those that are not here, and what is in the way."""
        scope = Scope() if part.folder else self.scope
        if importer is None:
            rule = ExtensionRule()
            pairs = [
                (entry_key(e, rule) if e.digests or e.registrable else "", e)
                for e in part.entries.values()
            ]
            return pairs, {key for key, _ in pairs}, []
        importer.require_annex()
        plan = importer.plan(part.entries, scope, delete=False, dry=True)[1]
        pairs = [(step.key, step.entry) for step in plan.steps if step.entry]
        return pairs, importer.missing_keys({key for key, _ in pairs if key}), plan.conflicts

    def _content(self, key: str, entries: list[Entry]) -> Wanted:
        """One content, by whichever path and URL."""
        urls = dict.fromkeys(
            c.url for e in entries for c in e.candidates if self.signed or not c.signed
        )
        expected = expected_of(key, *(entry.path for entry in entries))
        size = next((entry.size for entry in entries if entry.size is not None), expected.size)
        expected = replace(expected, size=size)
        return Wanted(entries[0].path, tuple(urls), expected)

    def _mirror_record(
        self, mirror: Mirror, lost: int, size: tuple[int, int], engine: Engine
    ) -> dict[str, Any]:
        state, said, (known, unsized) = mirror.state, mirror.fault, size
        score = engine.origins.of(mirror.name).score
        text = f"{mirror.name}: {state.value}; {mirror.files} files, {mirror.only} only there"
        return self._record(
            "error" if lost and state is not State.OK else "ok",
            "mirror",
            f"{text}; {said}" if said else text,
            mirror=mirror.name,
            state=state.value,
            fault=said or None,
            files=mirror.files,
            only=mirror.only,
            lost=lost,
            bytes=known if known or not unsized else None,
            unsized=unsized,
            rate=score.rate or None,
            rate_from=("sample" if mirror.sampled else "earlier") if score.rate else None,
            latency=score.latency or None,
            ranges=mirror.ranges.known if mirror.ranges else score.ranges,
            success=score.success if score.requests else None,
            requests=score.requests,
            answers={kind.value: mirror.answers[kind] for kind in State if mirror.answers[kind]},
        )

    def _file_records(self, found: Survey, lost: set[int]) -> Iterator[dict[str, Any]]:
        """Files that cannot be had; those whose size is another one at some mirror."""
        shown = sorted(lost)[:_MOST_RECORDS]
        disagree = [
            number
            for number, answers in sorted(found.answers.items())
            if number not in lost and any(a.state is State.SIZE for a in answers.values())
        ]
        for number in (*disagree, *shown):
            file, known = found.wanted[number], found.answers.get(number, {})
            answers = {url: known[url] for url in file.urls if url in known}
            said = [_said(url, answer) for url, answer in answers.items()]
            faults = [
                f"{redact(url)}: {_phrase(a, found.mirrors[found.name_of(url)])}"
                for url, a in answers.items()
                if a.what
            ]
            # it answered for those first, and was given up for others
            asked = [url for url, a in answers.items() if a.what or number not in lost]
            faults += [
                f"{name}: see the mirror ({found.mirrors[name].state.value})"
                for name in found.names(number, asked)
            ]
            states = [a.state for a in answers.values() if a.state is not State.OK]
            state = states[0] if states else State.UNASKED
            what = "cannot be had" if number in lost else "can be had elsewhere"
            yield self._record(
                "error" if number in lost else "ok",
                "file",
                f"{file.path!r} {what}: {'; '.join(faults)}",
                file.path,
                state=(state if number in lost else State.SIZE).value,
                size=file.expected.size,
                answers=said,
            )

    def _summary(
        self,
        found: Survey,
        here: int,
        lost: int,
        conflicts: int,
        span: Span | None,
        reserve: int,
    ) -> dict[str, Any]:
        sizes = [found.size(number) for number in range(len(found.wanted))]
        size = sum(filter(None, sizes))
        free, inodes = _room(self.root)
        staged = _staged(self.importer) if self.importer else 0
        to_come = size - staged if None not in sizes else max(1, size - staged)
        short = ["bytes"] if to_come > 0 and to_come + reserve > free else []
        if inodes is not None and len(sizes) * _INODES > inodes:
            short.append("inodes")
        fields: dict[str, Any] = {
            "files": len(self.entries),
            "files_here": here,
            "files_to_download": len(sizes),
            "files_unsized": sizes.count(None),
            "files_asked": len(found.answers),
            "files_lost": lost,
            "bytes_to_download": size,
            "bytes_staged": staged,
            "bytes_free": free,
            "bytes_reserved": reserve,
            "inodes_free": inodes,
            "disk_full": bool(short),
            "short_of": short,
            "seconds_least": span.least if span else None,
            "seconds_most": span.most if span else None,
        }
        bad = lost or conflicts or fields["disk_full"]
        return self._record("error" if bad else "ok", "dataset", summary(fields), **fields)

    def _record(
        self, status: str, kind: str, message: str, path: str = "", **more: Any
    ) -> dict[str, Any]:
        result: dict[str, Any] = get_status_dict(
            action=ACTION,
            status=status,
            path=str(self.root / path),
            type=kind,
            refds=str(self.root),
            logger=self.logger,
        )
        entry = {"entry": path} if path else {}
        return result | {"message": message, "dry_run": True, "check": True} | entry | more


def _phrase(answer: Answer, mirror: Mirror) -> str:
    """What was answered; the advice on logins is long, and may be the mirror's record's."""
    if answer.state in (State.LOGIN, State.TERMS) and answer.what == mirror.fault:
        return f"see the mirror ({answer.state.value})"
    return answer.what


def _said(url: str, answer: Answer) -> dict[str, Any]:
    fault = answer.what or None
    return {"url": redact(url), "state": answer.state.value, "fault": fault, "size": answer.size}


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
    folder = staging_folder(importer)
    if not folder.is_dir():
        return 0
    return sum(file.stat().st_size for file in folder.iterdir())
