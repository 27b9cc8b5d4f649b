#!/usr/bin/env python3
"""Break the pure core, a place at a time, and list what no test notices.

::

    python3 tools/run.py mutants [NAME ...]

mutmut does it, on a copy of the last commit. Each name is of a row in `pure_core`: a module, and
the tests that have to notice. All rows take hours, and CI runs none. What is listed at the end is
either a test that is missing, or the same program in other words.
"""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

from pure_core import ROWS

ROOT = Path(__file__).resolve().parent.parent
_MUTMUT = "mutmut>=3.6,<4"


def survivors(name: str, folder: Path) -> str:
    """What mutmut says of one row: a line for each change that no test has noticed."""
    module, tests, _ = ROWS[name]
    archive = subprocess.run(["git", "archive", "HEAD"], cwd=ROOT, capture_output=True, check=True)
    subprocess.run(["tar", "-x", "-C", folder], input=archive.stdout, check=True)
    with (folder / "pyproject.toml").open("a") as file:
        file.write(
            f'\n[tool.mutmut]\nsource_paths = ["datalad_jsdl/{module}"]\n'
            f'tests_dir = ["tests/{tests}"]\npytest_add_cli_args = ["-o", "pythonpath=."]\n'
            'also_copy = ["datalad_jsdl", "tests", "tools", "setup.cfg", "pyproject.toml"]\n'
        )
    own = folder / "environment"
    _run("uv", "venv", "-q", "-p", sys.executable, str(own), cwd=folder)
    python = str(own / ("Scripts" if os.name == "nt" else "bin") / "python")
    _run("uv", "pip", "install", "-q", "-p", python, _MUTMUT, cwd=folder)
    # all else is that of the environment that runs
    [packages] = own.glob("lib/*/site-packages")
    (packages / "others.pth").write_text(sysconfig.get_path("purelib") + "\n")
    mutmut = str(Path(python).parent / "mutmut")
    subprocess.run([mutmut, "run"], cwd=folder, env={**os.environ, "PYTHONPATH": "."})
    results = _run(mutmut, "results", cwd=folder).splitlines()
    places = [line.split(":")[0].strip() for line in results if line.endswith("survived")]
    return "\n".join(_run(mutmut, "show", place, cwd=folder) for place in places)


def _run(*command: str, cwd: Path) -> str:
    done = subprocess.run(command, cwd=cwd, stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout


def main() -> None:
    names = sys.argv[1:] or list(ROWS)
    if unknown := set(names) - ROWS.keys():
        sys.exit(f"no such row: {min(unknown)}; choose from {', '.join(ROWS)}")
    for name in names:
        with tempfile.TemporaryDirectory(prefix="jsdl-mutants-") as box:
            print(f"== {name}\n{survivors(name, Path(box))}", flush=True)


if __name__ == "__main__":
    main()
