#!/usr/bin/env python3
"""Run the readers of manifests over the files of folders, and print what comes out of each.

::

    python3 tools/run.py exec python tools/read_folder.py FOLDER [...]
        [--base-url URL] [--format NAME] [--shown N] [--jsonl]

For each file: the format that it was taken for, how many entries and refusals it gives, the first
of them, and why it could not be read, if so. A trace of Python is shown as such: no document may
bring one about. With ``--jsonl`` one object a file is printed, for other programs. Nothing is
fetched. Look at what is printed, and compare it with the file: a count says little.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from datalad_jsdl.errors import ManifestError  # noqa: E402 - from the tree, as the line above says
from datalad_jsdl.manifest.formats import all_formats  # noqa: E402 - likewise
from datalad_jsdl.manifest.formats.options import Options  # noqa: E402 - likewise
from datalad_jsdl.manifest.reading import HEAD, Readable, read_manifest  # noqa: E402 - likewise
from datalad_jsdl.manifest.text import decoded  # noqa: E402 - likewise
from datalad_jsdl.model.entry import Entry  # noqa: E402 - likewise


@dataclass
class Found:
    """What came out of one file.

    Attributes:
        file: its path.
        format: the first row of the table that knows it, or "".
        entries: how many.
        refusals: how many.
        shown: the first of both, as lines.
        error: why it could not be read, or "".
    """

    file: str
    format: str = ""
    entries: int = 0
    refusals: int = 0
    shown: list[str] = field(default_factory=list)
    error: str = ""


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--base-url", help="where the files are taken to be from")
    parser.add_argument("--format", help="read all of them in this format")
    parser.add_argument("--shown", type=int, default=3, help="entries and refusals to show")
    parser.add_argument("--jsonl", action="store_true", help="print one object a file")
    given = parser.parse_args()
    for file in files(given.folders):
        found = read(file, given.base_url, given.format, given.shown)
        print(json.dumps(asdict(found)) if given.jsonl else told(found), flush=True)


def files(folders: list[Path]) -> Iterator[Path]:
    """The files in the folders, at any depth, and those that were named themselves."""
    for folder in folders:
        inside = sorted(folder.rglob("*")) if folder.is_dir() else [folder]
        yield from (file for file in inside if file.is_file() and ".git" not in file.parts)


def read(file: Path, base_url: str | None, name: str | None, shown: int) -> Found:
    """What the readers make of a file."""
    found = Found(str(file))
    try:
        with file.open("rb") as stream:
            found.format = name or recognised(beginning(stream))
        with file.open("rb") as stream:
            options = Options(base_is_given=base_url is not None)
            for item in read_manifest(stream, base_url, name=name, options=options):
                is_entry = isinstance(item, Entry)
                found.entries += is_entry
                found.refusals += not is_entry
                if len(found.shown) < shown:
                    found.shown.append(line(item) if isinstance(item, Entry) else f"! {item}")
    except (ManifestError, OSError) as error:
        found.error = str(error)
    except Exception as error:  # whatever is wrong with a reader is what this looks for
        found.error = f"TRACE {error!r}"
    return found


def beginning(stream: Readable) -> str:
    """As much text as a format is recognised by, if there is so much."""
    head = ""
    for chunk in decoded(stream):
        head += chunk
        if len(head) >= HEAD:
            break
    return head[:HEAD]


def recognised(head: str) -> str:
    """The first format that knows a document which begins so."""
    rows = all_formats().items()
    return next((name for name, row in rows if row.sniff(head)), "")


def line(entry: Entry) -> str:
    """An entry: path, what is known of the content, and the URLs."""
    facts = [str(entry.size) if entry.size is not None else "-", *sorted(entry.digests)]
    urls = " ".join(candidate.url for candidate in entry.candidates)
    return f"{entry.path} [{' '.join(facts)}] {urls}"


def told(found: Found) -> str:
    counts = f"{found.format or 'no format'}, {found.entries} entries, {found.refusals} refusals"
    lines = [f"{found.file}: {counts}", *(f"    {shown}" for shown in found.shown)]
    return "\n".join([*lines, f"    {found.error}"] if found.error else lines)


if __name__ == "__main__":
    main()
