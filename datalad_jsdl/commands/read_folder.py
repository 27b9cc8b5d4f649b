"""Run the readers of manifests over the files of folders, and print what comes out of each.

Run by ``python3 -m``, for whoever writes a format, in this package or another one::

    python3 -m datalad_jsdl.commands.read_folder FOLDER [...]
        [--base-url URL] [--format NAME] [--shown N] [--jsonl]

For each file: the format that it was taken for, how many entries and refusals it gives, the first
of them, and why it could not be read, if so. A trace of Python is shown as such: no document may
bring one about. With ``--jsonl`` one object a file is printed, for other programs. Nothing is
fetched. Look at what is printed, and compare it with the file: a count says little.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from datalad_jsdl.errors import ManifestError
from datalad_jsdl.manifest.formats import all_formats
from datalad_jsdl.manifest.formats.options import Options
from datalad_jsdl.manifest.reading import HEAD, Readable, read_manifest
from datalad_jsdl.manifest.text import decoded
from datalad_jsdl.model.entry import Entry

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Found", "read"]


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


def _main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--base-url", help="where the files are taken to be from")
    parser.add_argument("--format", help="read all of them in this format")
    parser.add_argument("--shown", type=int, default=3, help="entries and refusals to show")
    parser.add_argument("--jsonl", action="store_true", help="print one object a file")
    given = parser.parse_args()
    if gone := [str(folder) for folder in given.folders if not folder.exists()]:
        parser.error(f"no such file or folder: {', '.join(gone)}")
    for file in _files(given.folders):
        found = read(file, given.base_url, given.format, given.shown)
        print(json.dumps(asdict(found)) if given.jsonl else _told(found), flush=True)


def _files(folders: list[Path]) -> Iterator[Path]:
    """The files in the folders, at any depth, and those that were named themselves."""
    for folder in folders:
        inside = sorted(folder.rglob("*")) if folder.is_dir() else [folder]
        yield from (file for file in inside if file.is_file() and ".git" not in file.parts)


def read(file: Path, base_url: str | None = None, name: str | None = None, shown: int = 3) -> Found:
    """What the readers make of a file; nothing is fetched, and nothing is raised.

    Args:
        file: to be read.
        base_url: what relative URLs are resolved against.
        name: of the format; None to find it out.
        shown: number of entries and refusals that are given as lines.
    """
    found = Found(str(file))
    try:
        with file.open("rb") as stream:
            found.format = name or _recognised(_beginning(stream))
        with file.open("rb") as stream:
            options = Options(base_is_given=base_url is not None)
            for item in read_manifest(stream, base_url, name=name, options=options):
                is_entry = isinstance(item, Entry)
                found.entries += is_entry
                found.refusals += not is_entry
                if len(found.shown) < shown:
                    found.shown.append(_line(item) if isinstance(item, Entry) else f"! {item}")
    except (ManifestError, OSError) as error:
        found.error = str(error)
    except Exception as error:  # whatever is wrong with a reader is what this looks for
        found.error = f"TRACE {error!r}"
    return found


def _beginning(stream: Readable) -> str:
    """As much text as a format is recognised by, if there is so much."""
    head = ""
    for chunk in decoded(stream):
        head += chunk
        if len(head) >= HEAD:
            break
    return head[:HEAD]


def _recognised(head: str) -> str:
    """The first format that knows a document which begins so."""
    rows = all_formats().items()
    return next((name for name, row in rows if row.sniff(head)), "")


def _line(entry: Entry) -> str:
    """An entry: path, what is known of the content, and the URLs."""
    facts = [str(entry.size) if entry.size is not None else "-", *sorted(entry.digests)]
    urls = " ".join(candidate.url for candidate in entry.candidates)
    return f"{entry.path} [{' '.join(facts)}] {urls}"


def _told(found: Found) -> str:
    counts = f"{found.format or 'no format'}, {found.entries} entries, {found.refusals} refusals"
    lines = [f"{found.file}: {counts}", *(f"    {shown}" for shown in found.shown)]
    return "\n".join([*lines, f"    {found.error}"] if found.error else lines)


if __name__ == "__main__":
    _main()
