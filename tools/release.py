#!/usr/bin/env python3
"""Make the files ready for a release: its version, and its changes.

::

    python3 tools/run.py release VERSION

The version is that of ``setup.cfg``; files that other programs read have a copy of it, which this
program writes, and a test compares. The files in ``changes`` become a part of ``CHANGELOG.md``.
What is left to do is told at the end.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

#: Where the version stands: files, and what is around it.
PLACES = {
    "setup.cfg": r"(?m)^(version = )(.+)$",
    "CITATION.cff": r"(?m)^(version: )(.+)$",
    "datalad_jsdl/browser/package.json": r'("version": ")([^"]+)',
    "packaging/conda/recipe.yaml": r"(?m)^(  version: )(\d.+)$",
    "packaging/man/*.1": r'^(\.TH .*"datalad-jsdl )([^"]+)',
}


def versions(root: Path) -> dict[str, str]:
    """By file."""
    return {
        str(file.relative_to(root)): found[2]
        for pattern, place in PLACES.items()
        for file in sorted(root.glob(pattern))
        if (found := re.search(place, file.read_text("utf-8")))
    }


def write(root: Path, version: str) -> None:
    for pattern, place in PLACES.items():
        for file in root.glob(pattern):
            text = re.sub(place, rf"\g<1>{version}", file.read_text("utf-8"), count=1)
            file.write_text(text, "utf-8")


def main() -> None:
    if len(sys.argv) != 2 or not re.fullmatch(r"\d+\.\d+\.\d+(rc\d+)?", sys.argv[1]):
        sys.exit(__doc__)
    version = sys.argv[1]
    root = Path.cwd()
    write(root, version)
    command = [sys.executable, "-m", "towncrier", "build", "--yes", "--version", version]
    if code := subprocess.run(command, cwd=root).returncode:
        sys.exit(code)
    print(
        f"Look at the differences, run all tests, and commit and tag them as {version}. Then\n"
        "`uv build` makes the files to publish, and `npm pack` in datalad_jsdl/browser its package."
    )


if __name__ == "__main__":
    main()
