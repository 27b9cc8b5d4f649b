"""Small files, zips of them on a real server, and what a download of them comes to."""

from __future__ import annotations

import hashlib
import io
import random
import zipfile
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from datalad_jsdl.archive.transport.files import fetch_with_archives
from datalad_jsdl.archive.transport.taking import Archives
from datalad_jsdl.fetch.bulk import Job, Sync
from datalad_jsdl.fetch.engine import Engine
from datalad_jsdl.fetch.http.address_policy import AddressPolicy
from datalad_jsdl.model.archives import NamedArchive
from datalad_jsdl.model.candidates import Candidate
from datalad_jsdl.model.content import Expected, Fetched
from tests.archive.plain import Plain, plain_zip

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.lab import Lab

__all__ = ["Download", "canonical", "compressed", "named", "some_files"]


def some_files(number: int, size: int = 1000) -> dict[str, bytes]:
    """So many, each with content of its own."""
    source = random.Random(number)
    return {f"sub/{n:04}.dat": source.randbytes(size) for n in range(number)}


def canonical(contents: Mapping[str, bytes], leading_dir: str = "all") -> bytes:
    """As ``export-archive`` makes it."""
    paths = sorted(contents, key=str.encode)
    members = [Plain(f"{leading_dir}/{p}", contents[p], len(contents[p])) for p in paths]
    return b"".join(plain_zip(members))


def compressed(contents: Mapping[str, bytes], leading_dir: str = "all") -> bytes:
    """As Python makes it."""
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in contents.items():
            archive.writestr(f"{leading_dir}/{path}", content)
    return output.getvalue()


def named(*urls: str, leading_dir: str = "all", folder: str = "") -> NamedArchive:
    """An archive at these URLs."""
    return NamedArchive(tuple(map(Candidate, urls)), leading_dir, folder)


@dataclass
class Download:
    """A download of files that a server has, each at a URL of its own.

    Attributes:
        lab: the server.
        contents: by path.
        folder: that they come to.
    """

    lab: Lab
    contents: Mapping[str, bytes]
    folder: Path

    def run(
        self, *archives: NamedArchive, engine: Engine | None = None, digests: bool = True
    ) -> Counter[str]:
        """Download all, see that all are right, and count the requests by path and method."""
        urls = {path: self.lab.put(f"single/{path}", c) for path, c in self.contents.items()}
        jobs = [
            Job(
                path,
                (urls[path],),
                Expected(len(c), "sha256", hashlib.sha256(c).hexdigest(), names=(path,))
                if digests
                else Expected(len(c), names=(path,)),
                self.folder / path.replace("/", "_"),
                1_500_000_000.0,
                Sync.LATER,
            )
            for path, c in self.contents.items()
        ]
        self.lab.requests.clear()
        with engine or Engine(AddressPolicy(allow_all=True)) as engine:
            done = {
                job.name: outcome
                for job, outcome in fetch_with_archives(jobs, engine, 4, Archives(archives, engine))
            }
        assert done.keys() == self.contents.keys()
        assert all(isinstance(outcome, Fetched) for outcome in done.values())
        for job in jobs:
            assert job.target.read_bytes() == self.contents[job.name]
            assert job.target.stat().st_mtime == job.mtime
        assert {file.name for file in self.folder.iterdir()} == {job.target.name for job in jobs}
        return Counter(
            "single" if request.path.startswith("/single/") else request.method
            for request in self.lab.requests
        )
