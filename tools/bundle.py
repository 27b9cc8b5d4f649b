#!/usr/bin/env python3
"""Make the browser module one small file; to be run before a wheel is built.

::

    python3 tools/bundle.py [FILE]     (datalad_jsdl/browser/jsdl.min.js)

The file is the element, all functions, and the worker, as which it starts itself. Needs node
and the packages of tests/browser (``npm ci`` there).
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BROWSER = ROOT / "datalad_jsdl" / "browser"
ESBUILD = ROOT / "tests" / "browser" / "node_modules" / "esbuild" / "bin" / "esbuild"
_ALL = 'export * from "./jsdl-element.js"; import "./jsdl-worker.js";'
_WORKER = '"../jsdl-worker.js"'  # relative to a module; "" is this file

_STYLE = re.compile(r"\s:host[^`]*")


def bundle(file: Path) -> None:
    """Write the module, minified, to *file*.

    Raises:
        SystemExit: esbuild cannot, or the worker's place is not where it was.
    """
    command = [ESBUILD, "--bundle", "--minify", "--format=esm", "--log-level=warning"]
    done = subprocess.run(command, input=_ALL, capture_output=True, text=True, cwd=BROWSER)
    if done.returncode:
        sys.exit(done.stderr)
    if done.stdout.count(_WORKER) != 1:
        sys.exit(f"{_WORKER} is not in the module once")
    text = done.stdout.replace(_WORKER, '""')
    file.write_text(_STYLE.sub(lambda found: _smaller(found[0]), text, count=1), "utf-8")


def _smaller(style: str) -> str:
    """The sheet without the spaces that are for people."""
    return re.sub(r"\s*([{};,])\s*|(?<=:)\s", r"\1", style).strip()


if __name__ == "__main__":
    bundle(Path(sys.argv[1]) if len(sys.argv) > 1 else BROWSER / "jsdl.min.js")
