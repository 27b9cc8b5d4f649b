#!/usr/bin/env python3
"""Break the pure core, a place at a time, and list what no test notices.

::

    python3 tools/run.py mutants [-j N] [NAME ...]

mutmut does it, on a copy of the last commit, with N places at a time (as many as there are cores,
without -j). Each name is of a row in `pure_core`: a module, and the tests that have to notice. A
row takes some minutes, and CI runs none. What is listed at the end is a test that is missing, or
the same program in other words: the latter comes into `mutants_explained`, with the reason, and is
listed no more. Exits with 1 if anything is listed.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

from mutants_explained import EXPLAINED, Change
from pure_core import ROWS

ROOT = Path(__file__).resolve().parent.parent
_MUTMUT = "mutmut>=3.8,<4"
_NOTICED = ("killed", "timeout")


def changes(name: str, folder: Path, jobs: int) -> tuple[int, list[str]]:
    """How many changes mutmut has made in one row, and those that no test has noticed."""
    module, tests, _ = ROWS[name]
    archive = subprocess.run(["git", "archive", "HEAD"], cwd=ROOT, capture_output=True, check=True)
    subprocess.run(["tar", "-x", "-C", folder], input=archive.stdout, check=True)
    with (folder / "pyproject.toml").open("a") as file:
        file.write(
            f'\n[tool.mutmut]\nsource_paths = ["datalad_jsdl/{module}"]\n'
            f'pytest_add_cli_args_test_selection = ["tests/{tests}"]\n'
            'pytest_add_cli_args = ["-o", "pythonpath=.", "-m", "not slow"]\n'
            # of the time that the tests take otherwise, and a second
            "timeout_multiplier = 5\n"
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
    run = [mutmut, "run", "--max-children", str(jobs)]
    own_code = {**os.environ, "PYTHONPATH": "."}
    # its progress is no part of the results
    subprocess.run(run, cwd=folder, env=own_code, stdout=sys.stderr, check=True)
    results = dict(
        line.strip().rsplit(": ", 1)
        for line in _run(mutmut, "results", "--all", "true", cwd=folder).splitlines()
    )
    places = [place for place, result in results.items() if result not in _NOTICED]
    return len(results), [_run(mutmut, "show", place, cwd=folder) for place in places]


def changed(difference: str) -> Change:
    """What one of mutmut's differences takes out and puts in."""
    lines = [line for line in difference.splitlines() if not line.startswith(("---", "+++"))]
    without, instead = (
        " ".join(line[1:].strip() for line in lines if line.startswith(sign)) for sign in "-+"
    )
    return Change(without, instead)


def report(name: str, made: int, unnoticed: list[str]) -> bool:
    """Print what no test has noticed and nobody has explained; False if that is nothing."""
    found = [(changed(difference), difference) for difference in unnoticed]
    explained = EXPLAINED.get(name, {})
    listed = [difference for change, difference in found if change not in explained]
    noticed, reasons = made - len(found), len(found) - len(listed)
    print(f"== {name}: {made} changes, {noticed} noticed, {reasons} explained")
    print("\n".join(listed), flush=True)
    for change in explained.keys() - {change for change, _ in found}:
        print(f"no longer to be explained: {change.without} -> {change.instead}", flush=True)
    return bool(listed)


def _run(*command: str, cwd: Path) -> str:
    done = subprocess.run(command, cwd=cwd, stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout


def main() -> None:
    parser = argparse.ArgumentParser(prog="tools/run.py mutants")
    parser.add_argument("-j", "--jobs", metavar="N", type=int, default=os.cpu_count() or 1)
    parser.add_argument("names", metavar="NAME", nargs="*", default=list(ROWS))
    given = parser.parse_args()
    if unknown := set(given.names) - ROWS.keys():
        parser.error(f"no such row: {min(unknown)}; choose from {', '.join(ROWS)}")
    any_listed = False
    for name in given.names:
        with tempfile.TemporaryDirectory(prefix="jsdl-mutants-") as box:
            any_listed |= report(name, *changes(name, Path(box), given.jobs))
    sys.exit(1 if any_listed else 0)


if __name__ == "__main__":
    main()
