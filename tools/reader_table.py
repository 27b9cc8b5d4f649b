#!/usr/bin/env python3
"""See what other programs make of the zip: makes docs/readers.rst.

::

    python3 tools/run.py exec python tools/reader_table.py [--readers NAME ...] [--cases NAME ...]

Goes through the table of tests/archive/readers with all readers that are installed; takes
about ten minutes, and 5 GiB of memory, most of them for archives of 4 GiB. With a choice of
readers or cases the result is only printed.
"""

from __future__ import annotations

import argparse
import re
import shutil
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tools")]

from reader_page import page  # noqa: E402 - found by the path above

from tests.archive.readers.cases import CASES  # noqa: E402 - likewise
from tests.archive.readers.kit import Kit  # noqa: E402 - likewise
from tests.archive.readers.known import NOT_RUN, known  # noqa: E402 - likewise
from tests.archive.readers.table import READERS  # noqa: E402 - likewise
from tests.archive.readers.trial import Archives  # noqa: E402 - likewise


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--readers", nargs="*", choices=list(READERS))
    parser.add_argument("--cases", nargs="*", choices=list(CASES))
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="readers-") as folder:
        run(Kit(Path(folder)), chosen.readers, chosen.cases)


def run(kit: Kit, readers: list[str] | None, cases: list[str] | None) -> None:
    """Try; if all was asked for, write the page."""
    versions = {
        name: row.version(kit)
        if not row.program or shutil.which(row.program)
        else "is not installed"
        for name, row in READERS.items()
    }
    results = {}
    with Archives() as archives:
        for case in cases or CASES:
            for reader in readers or READERS:
                if versions[reader] == "is not installed" or (reader, case) in NOT_RUN:
                    continue
                result = results[reader, case] = archives.trial(kit, reader, case)
                print(f"{case:16} {reader:14} {result or 'right'}", file=sys.stderr, flush=True)
                warn(reader, case, result)
    if not readers and not cases:
        (ROOT / "docs/readers.rst").write_text(page(versions, results))


def warn(reader: str, case: str, result: str) -> None:
    """Tell what is not as the table of known failures has it."""
    row = known(reader, case)
    if (row is None and result) or (row and not re.search(row.says, result)):
        print("    not as listed in tests/archive/readers/known.py", file=sys.stderr)


if __name__ == "__main__":
    main()
