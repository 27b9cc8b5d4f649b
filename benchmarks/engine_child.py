"""The fetch engine as a program of its own, so that what it takes can be measured.

::

    python benchmarks/engine_child.py LISTING FOLDER WORKERS [--discard] [--archive URL]

A line of the listing has the size of a file, its SHA-256, its name and its URLs, with tabs
between them. It is read as files are fetched. With 0 workers there are no threads. Prints
a JSON object: files, seconds of wall and CPU of the fetching alone, peak memory.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import TYPE_CHECKING

from peak import peak_memory

from datalad_jsdl.archive.transport.files import fetch_with_archives
from datalad_jsdl.archive.transport.taking import Archives
from datalad_jsdl.faults import Failed
from datalad_jsdl.fetch.bulk import Job, fetch_file
from datalad_jsdl.fetch.engine import Engine
from datalad_jsdl.fetch.http.address_policy import AddressPolicy
from datalad_jsdl.fetch.phrases import told
from datalad_jsdl.fetch.settings import Settings
from datalad_jsdl.model.archives import NamedArchive
from datalad_jsdl.model.candidates import Candidate
from datalad_jsdl.model.content import Expected

if TYPE_CHECKING:
    from collections.abc import Iterator


def jobs(listing: Path, folder: Path) -> Iterator[Job]:
    """Made only when they are due."""
    with listing.open() as lines:
        for line in lines:
            size, sha256, name, *urls = line.rstrip("\n").split("\t")
            expected = Expected(int(size), "sha256", sha256, names=(name,))
            yield Job(name, tuple(urls), expected, folder / name)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("listing", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("workers", help="a number, or auto")
    parser.add_argument("--discard", action="store_true", help="delete each file once it is there")
    parser.add_argument("--archive", help="URL of a zip that has the files")
    options = parser.parse_args()
    begin, cpu, files = time.perf_counter(), time.process_time(), 0
    with Engine(AddressPolicy(allow_all=True), Settings()) as engine:
        todo = jobs(options.listing, options.folder)
        if options.workers != "0":
            workers = None if options.workers == "auto" else int(options.workers)
            named = [NamedArchive((Candidate(options.archive),))] if options.archive else []
            outcomes = fetch_with_archives(todo, engine, workers, Archives(named, engine))
        else:
            outcomes = ((job, fetch_file(job, engine)) for job in todo)
        for job, outcome in outcomes:
            if isinstance(outcome, Failed):
                raise SystemExit(f"{job.name}: {told(outcome)}")
            files += 1
            if options.discard:
                job.target.unlink()
    took = {
        "files": files,
        "wall": time.perf_counter() - begin,
        "cpu": time.process_time() - cpu,
        "peak": peak_memory(),
    }
    print(json.dumps(took))


if __name__ == "__main__":
    main()
