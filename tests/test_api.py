"""The public surface."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from datalad_jsdl import api
from tests.lab import Lab
from tests.portal import content_of, described, write_manifest

PAGE = Path(__file__).parents[1] / "docs/from_python.rst"


def test_the_names_are_these() -> None:
    """Whoever adds one, or takes one away, means to."""
    assert sorted(api.__all__) == api.__all__ == [
        "Access", "Archive", "Availability", "Candidate", "Content", "Engine", "Entry", "Expected",
        "Failed", "FaultKind", "Fetched", "Folders", "ImportOptions", "Job", "JsdlError",
        "LookAhead", "MirrorsOnly", "Prepared", "Refusal", "Repository", "Verified",
        "check_import", "entries_contents", "fetch_all", "fetch_file", "find_availability",
        "get_content", "import_manifest", "in_words", "open_engine", "prepare", "read_manifest",
    ]  # fmt: skip
    assert all(hasattr(api, name) for name in api.__all__)


def test_the_page_runs(lab: Lab, other_lab: Lab) -> None:
    """Whichever mirror is down."""
    (code,) = re.findall(r"code-block:: python\n\n(.*?)\n\S", PAGE.read_text(), re.DOTALL)
    program = "\n".join(line[3:] for line in code.rstrip().splitlines())
    assert len([line for line in program.splitlines() if line.strip()]) <= 25
    paths = [f"sub-0{n}/anat.nii.gz" for n in range(3)]
    members = {
        path: described(path, other_lab.put(path, status=503), lab.put(path, content_of(path)))
        for path in paths
    }
    write_manifest("study.json", members)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert Path("first.nii.gz").read_bytes() == content_of(paths[0])
    lines = done.stdout.splitlines()
    assert lines[0] == "3000 bytes, verified"
    assert re.fullmatch(r"2000 of \d+ bytes, verified by: the content's digest", lines[1])
