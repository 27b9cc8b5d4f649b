"""What a benchmark has measured, as JSON, beside the machine that it was measured on.

A file has::

    {"command": "benchmarks/fetch.py --case d --runs 3 --scale 1",
     "machine": {"date", "cores", "kernel", "load", "python", "versions"},
     "cases": {"d": [{"what", "count", "runs": [{name: {"wall", "cpu", "said"}}]}]},
     "notes": {"b": [{...}]}}

Seconds all of them; ``load`` is the load average of the minute before, ``count`` the number of
files or entries that a contestant has handled. ``notes`` are what a case measures in its own way.
"""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import subprocess
import sys
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from measuring import Bench

__all__ = ["machine", "record", "versions"]

_PROGRAMS = {
    "curl": ("--version",),
    "wget": ("--version",),
    "aria2c": ("--version",),
    "rclone": ("version",),
    "git-annex": ("version",),
    "datalad": ("--version",),
    "nginx": ("-v",),
    "git": ("--version",),
}
_NUMBER = re.compile(r"\d+\.\d[\w.]*")


def versions() -> dict[str, str]:
    """Program → version, of those that are installed."""
    found = {}
    for name, arguments in _PROGRAMS.items():
        program = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")
        if program:
            done = subprocess.run([program, *arguments], capture_output=True, text=True)
            if number := _NUMBER.search(done.stdout + done.stderr):
                found[name] = number[0]
    return found


def machine() -> dict[str, Any]:
    """What somebody who reads the numbers has to know of the machine, as it is now."""
    return {
        "date": datetime.now(timezone.utc).date().isoformat(),
        "cores": os.cpu_count(),
        "kernel": f"{platform.system()} {platform.release()}",
        "load": round(os.getloadavg()[0], 1),
        "python": platform.python_version(),
        "versions": versions(),
    }


def record(file: Path, bench: Bench, state: Mapping[str, Any], cases: list[str]) -> None:
    """Write what the cases of a benchmark have found.

    Args:
        file: to write.
        bench: has what was found.
        state: of the `machine`, when it began.
        cases: that were run.
    """
    program = os.path.relpath(sys.argv[0], os.path.dirname(os.path.dirname(__file__)))
    command = f"{program} --case {','.join(cases)} --runs {bench.runs} --scale {bench.scale:g}"
    found = {"command": command, "machine": state, **bench.found.as_json()}
    file.write_text(json.dumps(found, indent=1) + "\n")
