#!/usr/bin/env python3
"""Make the project's own environment (.venv) and run something in it.

::

    python3 tools/run.py demo          the main job on an example
    python3 tools/run.py test [...]    the tests; further arguments go to pytest
                                       (-m slow: those that take minutes)
    python3 tools/run.py lint          ruff and mypy
    python3 tools/run.py docs          the documentation and man pages, into docs/_build
    python3 tools/run.py fuzz [...]    broken bytes for all that reads them (--seconds 60)
    python3 tools/run.py coverage      how much of the pure core its own tests run
    python3 tools/run.py mutants [...] which changes of the pure core no test notices
    python3 tools/run.py figures [...] the documentation's figures again (--record: measured anew)
    python3 tools/run.py matrix [...]  the built package alone, on each Python with each extra
    python3 tools/run.py packaging     man pages, lock file, bill of materials, licences
    python3 tools/run.py release VERSION
    python3 tools/run.py exec PROGRAM [...]

Needs nothing but Python 3.10 or newer and git. git-annex is installed into the
environment where it is missing or too old.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
EXTRAS = "benchmarks,demo,docs,lint,openid,packaging,portal,tests"

QUIET = 30.0  # seconds without a word
# what an installation in place has copies of
_INSTALLED = ("setup.cfg", "pyproject.toml", "git-annex-remote-jsdl")

TASKS = {
    "demo": [["python", "demo/demo.py"]],
    # as many at once as there are cores; -n 0 for one after the other
    "test": [["python", "-m", "pytest", "-n", "logical", "--dist", "worksteal", "-m", "not slow"]],
    # without a cache: what is sorted where depends on files that were removed since, too
    "lint": [
        ["ruff", "check", "--no-cache", "."],
        ["ruff", "format", "--no-cache", "--check", "."],
        ["mypy"],
    ],
    "docs": [
        ["python", "-m", "sphinx", "-W", "-b", "html", "docs", "docs/_build/html"],
        ["python", "tools/man_pages.py", "docs/_build/man"],
    ],
    "fuzz": [["python", "-m", "tests.fuzz"]],
    "coverage": [["python", "tools/coverage_floor.py"]],
    "mutants": [["python", "tools/mutants.py"]],
    "figures": [["python", "tools/figures.py"]],
    "matrix": [["python", "tools/matrix.py"]],
    "packaging": [["python", "tools/deployment.py"]],
    "release": [["python", "tools/release.py"]],
    "exec": [[]],
}


def main() -> None:
    if sys.version_info < (3, 10):  # noqa: UP036 - this runs before anything is installed
        sys.exit(f"Python 3.10 or newer is required, but this is {sys.version.split()[0]}")
    if len(sys.argv) < 2 or sys.argv[1] not in TASKS:
        sys.exit(__doc__)
    set_up()
    commands = TASKS[sys.argv[1]]
    for number, command in enumerate(commands, 1):
        more = sys.argv[2:] if number == len(commands) else []
        code = call(*command, *more)
        if code:
            sys.exit(code)
    if sys.argv[1] == "docs":
        print(f"\nopen {ROOT / 'docs/_build/html/index.html'}; man pages: docs/_build/man")


def environment() -> dict[str, str]:
    path = os.pathsep.join([str(BIN), os.environ.get("PATH", "")])
    return {**os.environ, "PATH": path, "VIRTUAL_ENV": str(VENV)}


def call(*command: str, still: str = "") -> int:
    """Run a program; *still* says now and then what a quiet one does."""
    program, *arguments = command
    own = BIN / (program + (".exe" if os.name == "nt" else ""))
    found = str(own) if own.exists() else program
    if not still:
        return subprocess.run([found, *arguments], cwd=ROOT, env=environment()).returncode
    began = time.monotonic()
    with subprocess.Popen([found, *arguments], cwd=ROOT, env=environment()) as process:
        while True:
            try:
                return process.wait(QUIET)
            except subprocess.TimeoutExpired:
                print(f"      still {still} ({time.monotonic() - began:.0f} s)", flush=True)


def set_up() -> None:
    """Install everything, unless that was done for these very files."""
    state = hashlib.sha256(b"".join((ROOT / name).read_bytes() for name in _INSTALLED)).hexdigest()
    stamp = VENV / "installed"
    if stamp.exists() and stamp.read_text() == state:
        return
    began = time.monotonic()
    print(
        f"Setting up {VENV} once, for the demo, the tests and the documentation.\n"
        "This takes 1 to 5 minutes and 1.5 GB of disk; later runs begin at once.",
        flush=True,
    )
    step(1, "an environment of Python (seconds)")
    try:
        venv.create(VENV, with_pip=True, upgrade_deps=False)
    except subprocess.CalledProcessError:
        sys.exit("Python's venv is incomplete here; on Debian, run: apt install python3-venv")
    step(2, f"the package and what it needs, from PyPI: {EXTRAS.replace(',', ', ')} (minutes)")
    if call("python", "-m", "pip", "install", "-q", "-e", f".[{EXTRAS}]", still="installing"):
        sys.exit("installation failed; see above")
    step(3, "compiling, and git-annex where it is missing or too old (seconds)")
    # as pip does with what is not editable: git-annex starts the special remote over and over,
    # and where Python may not keep bytecode it would be compiled each time
    call("python", "-m", "compileall", "-q", "datalad_jsdl")
    probe = "from datalad_jsdl.repository.annex.program import require_git_annex as r; r()"
    done = subprocess.run(
        [str(BIN / "python"), "-c", probe], cwd=ROOT, env=environment(), capture_output=True
    )
    # without a name it leaves the file with its environment in /tmp
    variables = ("--env-write-file", str(VENV / "datalad-installer.sh"))
    if done.returncode and call("datalad-installer", *variables, "git-annex", "-m", "pip"):
        sys.exit("could not install git-annex; see above")
    stamp.write_text(state)
    print(f"Set up in {time.monotonic() - began:.0f} s.\n", flush=True)


def step(number: int, what: str) -> None:
    """Say what begins now; a person would think that nothing happens."""
    print(f"[{number}/3] {what} ...", flush=True)


if __name__ == "__main__":
    main()
