#!/usr/bin/env python3
"""Run the tests of the pure core, and fail where they run less of it than they did.

::

    python3 tools/run.py coverage

Each floor stands in `pure_core`. Raise it when a test is added.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from pure_core import ROWS

ROOT = Path(__file__).resolve().parent.parent


def measured(folder: Path) -> dict[str, float]:
    """Per cent of each module's lines and branches that the tests run, by the module's path.

    Raises:
        SystemExit: a test fails.
    """
    environment = {**os.environ, "COVERAGE_FILE": str(folder / "data")}
    modules = [f"datalad_jsdl/{row.module}" for row in ROWS.values()]
    tests = [f"tests/{row.tests}" for row in ROWS.values()]
    coverage = [sys.executable, "-m", "coverage"]
    run = [*coverage, "run", "--branch", f"--include={','.join(modules)}", "-m", "pytest", "-q"]
    if code := subprocess.run([*run, *tests], cwd=ROOT, env=environment).returncode:
        sys.exit(code)
    report = folder / "report.json"
    subprocess.run([*coverage, "json", "-q", "-o", report], cwd=ROOT, env=environment, check=True)
    files = json.loads(report.read_text())["files"]
    return {name: found["summary"]["percent_covered"] for name, found in files.items()}


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="jsdl-coverage-") as box:
        found = measured(Path(box))
    low = False
    for row in ROWS.values():
        now = found[f"datalad_jsdl/{row.module}"]
        low = low or now < row.floor
        print(f"{now:5.1f} % (at least {row.floor}) {row.module}")
    if low:
        sys.exit("tests run less of a module than they did; a test is missing")


if __name__ == "__main__":
    main()
