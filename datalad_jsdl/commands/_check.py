"""``download-manifest --check``: what is known of a manifest's mirrors, and one request each."""

from __future__ import annotations

import shutil
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import urllib3
from datalad.interface.results import get_status_dict

from datalad_jsdl.annex.engine import open_engine
from datalad_jsdl.commands._records import ACTION
from datalad_jsdl.fetch.answers import no_answer, refusal
from datalad_jsdl.fetch.values import PAGE, Fault
from datalad_jsdl.fetch.verification import is_error_page

if TYPE_CHECKING:
    import logging
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from datalad_jsdl.dataset.importer import Importer
    from datalad_jsdl.fetch.engine import Engine
    from datalad_jsdl.manifest.entry import Entry

__all__ = ["check_records"]

_AT_ONCE = 8


@dataclass
class _Mirror:
    """One origin of a manifest's URLs.

    Attributes:
        files: entries with a URL there.
        only: those that have no other.
        size: bytes of its entries, as far as known.
        url: one of its URLs, to be asked for one byte.
        fault: what came of that, or None if all was well.
    """

    files: int = 0
    only: int = 0
    size: int = 0
    url: str = ""
    fault: Fault | None = None


def check_records(
    root: Path,
    entries: Mapping[str, Entry],
    importer: Importer | None,
    logger: logging.Logger,
    credentials: Sequence[str] = (),
) -> Iterator[dict[str, Any]]:
    """One record for each mirror, then the dataset's with files, bytes, disk and time.

    Args:
        root: the dataset, or where it is to be.
        entries: by path.
        importer: of the dataset, or None if it is still to be made.
        logger: for the records.
        credentials: where logins are; see `open_engine`.
    """

    def record(status: str, kind: str, message: str, **more: Any) -> dict[str, Any]:
        result: dict[str, Any] = get_status_dict(
            action=ACTION, status=status, path=str(root), type=kind, refds=str(root), logger=logger
        )
        return result | {"message": message, "dry_run": True} | more

    git_dir = importer.git_dir() if importer else None
    with open_engine(git_dir, credentials=credentials) as engine:
        mirrors = _mirrors(entries, engine)
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            list(pool.map(lambda mirror: _ask(mirror, engine), mirrors.values()))
        for name, mirror in sorted(mirrors.items(), key=lambda item: -item[1].files):
            score = engine.origins.of(mirror.url).score
            what = f"{name}: {mirror.files} files ({mirror.only} only there), {mirror.size} bytes"
            known = str(score) if score.requests else ""
            state = "; ".join(filter(None, [mirror.fault.what if mirror.fault else "", known]))
            yield record(
                "error" if mirror.fault else "ok",
                "mirror",
                f"{what}; {state}",
                mirror=name,
                files=mirror.files,
                only=mirror.only,
                bytes=mirror.size,
                rate=score.rate or None,
                latency=score.latency or None,
                success=score.success,
                requests=score.requests,
                ranges=score.ranges,
                fault=mirror.fault.what if mirror.fault else None,
            )
        yield _summary(record, root, entries, engine)


def _mirrors(entries: Mapping[str, Entry], engine: Engine) -> dict[str, _Mirror]:
    mirrors: dict[str, _Mirror] = defaultdict(_Mirror)
    for entry in entries.values():
        names = {engine.origins.of(c.url).name: c.url for c in entry.candidates}
        for name, url in names.items():
            mirror = mirrors[name]
            mirror.files += 1
            mirror.only += len(names) == 1
            mirror.size += entry.size or 0
            mirror.url = mirror.url or url
    return mirrors


def _ask(mirror: _Mirror, engine: Engine) -> None:
    """Ask for the first byte of one file."""
    url, origins = mirror.url, engine.origins
    began = time.monotonic()
    try:
        response = engine.web.open(url, {"Range": "bytes=0-0"})
    except (OSError, urllib3.exceptions.HTTPError) as error:
        mirror.fault = no_answer(url, error)
    else:
        origins.measured(url, 0, 0, time.monotonic() - began)
        if response.status in (200, 206):
            origins.of(url).score.ranges = response.status == 206
            kind = response.headers.get("Content-Type", "")
            if is_error_page(url, kind):
                mirror.fault = Fault(url, PAGE)
        elif response.status != 416:  # an empty file has no first byte
            mirror.fault = refusal(url, response)
        response.close()
    if mirror.fault is not None and mirror.fault.unasked:
        return
    bad = mirror.fault is not None and mirror.fault.mirror
    origins.of(url).score.add_request(mirror.fault.what if bad and mirror.fault else "")


def _summary(
    record: Any, root: Path, entries: Mapping[str, Entry], engine: Engine
) -> dict[str, Any]:
    size = sum(entry.size or 0 for entry in entries.values())
    unsized = sum(entry.size is None for entry in entries.values())
    place = root
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    rate = sum(o.score.rate * engine.settings.segments for o in engine.origins.all())
    seconds = size / rate if rate else None
    text = f"{len(entries)} files, {size} bytes"
    text += f" and {unsized} of unknown size" if unsized else ""
    text += f"; {free} bytes are free"
    text += f"; about {seconds:.0f} s at the rates known" if seconds is not None else ""
    if size > free:
        return dict(record("error", "dataset", f"{text}: too little for all of them"))
    return dict(record("ok", "dataset", text, bytes=size, free=free, seconds=seconds))
