#!/usr/bin/env python3
"""Measure two things that tools/fault_table.py does not: zips, and logins at a redirect.

::

    python3 tools/run.py figures --record comparison
    python3 tools/run.py exec python tools/comparison.py

**Zips**: two clones of one dataset, whose content was fetched under another umask, are packed in
different time zones. Have both zips the same bytes, and is the content in them?

**Logins**: a server that wants a login redirects to another host. Is the file fetched, and is the
other host told the login?

Programs that are not installed are left out. ``--json FILE`` records the result.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tools"), str(ROOT / "benchmarks")]

from comparison_logins import logins  # noqa: E402 - found by the path above
from comparison_zips import zips  # noqa: E402 - likewise
from fault_table import isolate, remove  # noqa: E402 - likewise
from recording import machine  # noqa: E402 - likewise


def measured() -> dict[str, dict[str, dict[str, bool]]]:
    """What was found: ``zips`` and ``logins``, by program."""
    before = dict(os.environ)
    folder = Path(tempfile.mkdtemp(prefix="comparison-"))
    try:
        isolate(folder)
        return {"zips": zips(folder / "zips"), "logins": logins(folder / "logins")}
    finally:
        os.environ.clear()
        os.environ.update(before)
        remove(folder)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--json", type=Path, help="file to record what was measured in")
    target = parser.parse_args().json
    state = machine()
    text = json.dumps({"machine": state, **measured()}, indent=1)
    if target:
        target.write_text(f"{text}\n")
    else:
        print(text)


if __name__ == "__main__":
    main()
