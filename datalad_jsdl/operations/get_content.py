"""One call of download-content in one dataset: what is missing, fetched and taken in."""

from __future__ import annotations

import logging
from itertools import islice
from typing import TYPE_CHECKING, Any

from datalad.interface.results import get_status_dict

from datalad_jsdl.commands._common import Bar, failure
from datalad_jsdl.errors import JsdlError
from datalad_jsdl.model.urls import SCHEMES
from datalad_jsdl.operations.logins import remember
from datalad_jsdl.operations.progress import Monitor
from datalad_jsdl.operations.staging import Staging, expected_of, finish_earlier
from datalad_jsdl.repository.annex.adjusted import show_what_is_here
from datalad_jsdl.repository.annex.logs import in_order
from datalad_jsdl.repository.annex.lookup import KeyLookup
from datalad_jsdl.repository.annex.missing import missing_files, unknown_paths
from datalad_jsdl.repository.importing.importer import Importer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from datalad_jsdl.fetch.bulk import Job
    from datalad_jsdl.repository.annex.logs import KeyState

__all__ = ["ACTION", "Content"]

lgr = logging.getLogger("datalad.jsdl.download_content")

ACTION = "download_content"
_MOST_RECORDS = 1000
_AT_ONCE = 500  # keys to look up
_NO_URL = "no URL is registered; try: datalad get"


class Content:
    """The missing content of one dataset.

    Args:
        root: of the dataset.
        paths: files and folders in it, relative to *root*; all if there are none.
        jobs: files to fetch at a time, or None for the user's setting.
        logins: where logins are; see `_credentials`.
        inherited: further ones, of the datasets above.
    """

    def __init__(
        self,
        root: Path,
        paths: Sequence[str],
        jobs: int | None,
        logins: Sequence[str] = (),
        inherited: Sequence[str] = (),
    ) -> None:
        self._root = root
        self._paths = paths
        self._jobs = jobs
        self._logins = logins
        self._inherited = inherited
        # a hundred thousand may be missing, so that what is kept of each is little
        self._missing: list[bytes] = []
        self._size = 0
        self._unsized = 0
        self._staged = 0
        self._counts = {"fetched": 0, "failed": 0, "without_url": 0}

    def run(self, *, dry: bool, report_all: bool) -> Iterator[dict[str, Any]]:
        """Fetch and yield result records; never raises for a single file."""
        try:
            importer = Importer(self._root)
            importer.require_annex()
            unknown = unknown_paths(importer.git, self._paths)
            for path in unknown:
                yield self._record("impossible", path, "git knows no such file or folder")
            if self._paths and len(unknown) == len(self._paths):
                return
            with importer.lock():
                importer.catch_up()
                self._find(importer)
                few = report_all or len(self._missing) <= _MOST_RECORDS
                if self._missing and not dry:
                    yield from self._fetch(importer, few)
                elif self._missing:
                    yield from self._preview(importer, few)
                elif not dry:
                    finish_earlier(importer)
        except (JsdlError, OSError) as error:
            yield failure(ACTION, self._root, error, lgr)
            return
        yield self._summary(dry)

    def _find(self, importer: Importer) -> None:
        for path, key in missing_files(importer.git, importer.annex_dir, self._paths):
            self._missing.append(f"{key}\0{path}".encode("utf-8", "surrogateescape"))
            size = expected_of(key).size
            self._size += size or 0
            self._unsized += size is None

    def _pairs(self) -> Iterator[tuple[str, str]]:
        for item in self._missing:
            key, _, path = item.decode("utf-8", "surrogateescape").partition("\0")
            yield path, key

    def _records(self, lookup: KeyLookup) -> Iterator[tuple[str, str, list[str], KeyState]]:
        """Path, key, URLs and state of what is missing."""
        pairs = self._pairs()
        while portion := list(islice(pairs, _AT_ONCE)):
            found = lookup.find_all([key for _, key in portion])
            for (path, _), (key, urls, state) in zip(portion, found, strict=True):
                yield path, key, urls, state

    def _fetch(self, importer: Importer, few: bool) -> Iterator[dict[str, Any]]:
        left_out: list[str] = []
        paths: dict[str, str] = {}  # of what is under way
        with (
            KeyLookup(importer.git_dir()) as lookup,
            Bar(lgr, str(self._root), " Bytes") as bar,
            Staging(importer, self._jobs, Monitor(bar), self._logins, self._inherited) as staging,
        ):
            staging.require_room(self._size)

            def jobs() -> Iterator[Job]:
                for path, key, registered, state in self._records(lookup):
                    urls = [u for u in registered if u.partition(":")[0].lower() in SCHEMES]
                    if not urls:
                        left_out.append(path)
                        continue
                    paths[key] = path
                    mtime = state.mtime.timestamp() if state.mtime else None
                    expected = expected_of(key, path)
                    yield staging.job(key, in_order(urls, state.order), expected, mtime)

            files = len(self._missing)
            for job, problem in staging.take_in(jobs(), files, self._size):
                path = paths.pop(job.name)
                if problem:
                    self._counts["failed"] += 1
                    yield self._record("error", path, f"could not be fetched: {problem}")
                else:
                    self._counts["fetched"] += 1
                    if few:
                        yield self._record("ok", path)
                yield from self._left_out(left_out)
            yield from self._left_out(left_out)
            staging.clean_up()
            importer.catch_up()
        if self._counts["fetched"]:
            remember(importer.git, self._logins)
            show_what_is_here(importer.git)

    def _preview(self, importer: Importer, few: bool) -> Iterator[dict[str, Any]]:
        """What would be fetched, and what is there from an interrupted run."""
        with (
            KeyLookup(importer.git_dir()) as lookup,
            Staging(importer, self._jobs, None) as staging,
        ):
            for path, key, urls, _ in self._records(lookup):
                size = expected_of(key).size
                if not urls:
                    self._size -= size or 0
                    self._unsized -= size is None
                    yield from self._left_out([path])
                    continue
                self._staged += staging.is_there(key)
                if few:
                    yield self._record("ok", path) | {"dry_run": True, "bytesize": size}

    def _left_out(self, paths: list[str]) -> Iterator[dict[str, Any]]:
        while paths:
            self._counts["without_url"] += 1
            yield self._record("impossible", paths.pop(), _NO_URL)

    def _record(self, status: str, path: str, message: str = "") -> dict[str, Any]:
        record: dict[str, Any] = get_status_dict(
            action=ACTION,
            status=status,
            path=str(self._root / path),
            type="file",
            refds=str(self._root),
            logger=lgr,
        )
        record["entry"] = path
        if message:
            record["message"] = message
        return record

    def _summary(self, dry: bool) -> dict[str, Any]:
        counts = self._counts
        if not self._missing:
            text = "nothing is missing"
        elif dry:
            unsized = f" and those of {self._unsized} of unknown size" if self._unsized else ""
            files = len(self._missing) - counts["without_url"]
            text = f"would be fetched: {files} files, {self._size} bytes{unsized}"
            if self._staged:
                text += f" ({self._staged} of them are there from an interrupted run)"
            if counts["without_url"]:
                text += f"; {counts['without_url']} more have no URL (try: datalad get)"
        else:
            parts = [f"{counts['fetched']} downloaded"]
            parts += [f"{counts['failed']} not downloaded"] if counts["failed"] else []
            if counts["without_url"]:
                parts.append(f"{counts['without_url']} without a URL (try: datalad get)")
            text = ", ".join(parts)
        result: dict[str, Any] = get_status_dict(
            action=ACTION,
            status=_status(counts, bool(dry and self._missing)),
            path=str(self._root),
            type="dataset",
            refds=str(self._root),
            logger=lgr,
        )
        result |= {"message": text, "counts": counts, "bytes_missing": self._size}
        if dry:
            result["dry_run"] = True
        return result


def _status(counts: dict[str, int], preview: bool) -> str:
    if counts["fetched"] or preview:
        return "ok"
    return "error" if counts["failed"] else "notneeded"
