"""A manifest of made-up entries, read by ours or by its peer, as a program of its own.

::

    python benchmarks/reading_child.py KIND ours|peer ENTRIES

Prints a JSON object: ``cpu``, the seconds that reading took.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import sys
import time
from typing import TYPE_CHECKING, Any

from reading_kinds import PORTALS, split

from datalad_jsdl.manifest.formats.options import Options
from datalad_jsdl.manifest.reading import read_manifest
from datalad_jsdl.model.entry import Entry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Fields = dict[str, Any]


def entries(count: int) -> Iterator[tuple[str, Fields]]:
    """Path and fields of each, in order."""
    for number in range(count):
        subject = number % 300
        name = f"sub-{subject:03d}_run-{number:06d}_T1w.nii.gz"
        path = f"sub-{subject:03d}/ses-{number % 4 + 1}/anat/{name}"
        urls = [f"https://data.example.org/study/{path}"]
        if number % 3 == 0:
            urls.append(f"https://mirror-{number % 5}.example.net/pub/{path}")
        digest = hashlib.sha256(path.encode()).hexdigest()
        mtime = f"2024-{number % 12 + 1:02d}-05T10:{number % 60:02d}:00Z"
        fields = {"urls": urls, "size": number * 7919 + 1, "digests": {"sha256": digest}}
        yield path, {**fields, "mtime": mtime}


def _own(count: int) -> str:
    return json.dumps(dict(entries(count)), indent=1)


def _lines(count: int) -> str:
    return "".join(f"{json.dumps({'path': path, **of})}\n" for path, of in entries(count))


def _array(count: int) -> str:
    return json.dumps([{"path": path, **fields} for path, fields in entries(count)], indent=1)


def _urls(count: int) -> str:
    return "".join(f"{fields['urls'][0]}\n" for _, fields in entries(count))


def _csv(count: int) -> str:
    text = io.StringIO(newline="")
    table = csv.writer(text)
    table.writerow(["path", "url", "size", "sha256"])
    for path, of in entries(count):
        table.writerow([path, " ".join(of["urls"]), of["size"], of["digests"]["sha256"]])
    return text.getvalue()


def _bagit(count: int) -> str:
    return "".join(f"{of['urls'][0]} {of['size']} data/{path}\n" for path, of in entries(count))


def _checksums(count: int) -> str:
    return "".join(f"{of['digests']['sha256']}  {path}\n" for path, of in entries(count))


_KINDS: dict[str, tuple[Callable[[int], str], Callable[[str], int]]] = {
    "own": (_own, lambda text: len(json.load(io.StringIO(text)))),
    "lines": (_lines, lambda text: sum(bool(json.loads(line)) for line in io.StringIO(text))),
    "array": (_array, lambda text: len(json.load(io.StringIO(text)))),
    "urls": (_urls, split),
    "csv": (_csv, lambda text: sum(map(bool, csv.DictReader(io.StringIO(text, newline=""))))),
    "bagit": (_bagit, split),
    "checksums": (_checksums, split),
    **{name: (make, parse) for name, (make, parse, _) in PORTALS.items()},
}


def _ours(data: bytes) -> int:
    # a checksum list has no URLs but those below its own, and so has a listing of a bucket
    options = Options(base_is_given=True)
    base = "https://study.s3.amazonaws.com/"
    found = read_manifest(io.BytesIO(data), base, options=options)
    return sum(isinstance(item, Entry) for item in found)


def main() -> None:
    kind, whose, number = sys.argv[1:]
    make, peer = _KINDS[kind]
    count = int(number)
    data = make(count).encode()
    begin = time.process_time()
    found = _ours(data) if whose == "ours" else peer(data.decode())
    cpu = time.process_time() - begin
    if whose == "ours" and found != count:
        raise SystemExit(f"{kind}: {found} entries of {count}")
    print(json.dumps({"cpu": cpu}))


if __name__ == "__main__":
    main()
