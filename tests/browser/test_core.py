"""The zip, digests and names in Node, and the types of all modules."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

import datalad_jsdl
from tests.lab import Lab
from tests.portal import content_of, described

HERE = Path(__file__).parent
BROWSER = Path(datalad_jsdl.__file__).parent / "browser"
PAGE = HERE.parents[1] / "docs/browser.rst"


def test_digests_names_and_blocks(node_tests: Callable[..., None]) -> None:
    node_tests("core.test.mjs")


def test_the_zip_is_that_of_all_producers(node_tests: Callable[..., None]) -> None:
    node_tests("vectors.test.mjs")


@pytest.mark.slow
def test_so_it_is_over_four_gigabytes(node_tests: Callable[..., None]) -> None:
    node_tests("vectors.test.mjs", JSDL_SLOW="1")


def test_the_example_for_node(node: str, lab: Lab, other_lab: Lab, tmp_path: Path) -> None:
    """It needs nothing but what the package exports."""
    (code,) = re.findall(r"code-block:: javascript\n\n((?:   .*\n|\n)+)", PAGE.read_text())
    (tmp_path / "node_modules").mkdir()
    (tmp_path / "node_modules/jsdl-browser").symlink_to(BROWSER)
    (tmp_path / "fetch.mjs").write_text(dedent(code))
    members = {
        "sub/a": described("a", other_lab.put("a", b"wrong"), lab.put("a", content_of("a"))),
        "b": described("b", lab.put("b", status=404)),
        "../c": described("c", lab.put("c")),
    }
    url = lab.put("m.json", json.dumps(members).encode())
    command = [node, "fetch.mjs", url]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["left out: ../c name", "verified: sub/a", "failed: b"]
    assert (tmp_path / "sub/a").read_bytes() == content_of("a")


def test_the_types_hold(node: str, packages: Path) -> None:
    command = [node, packages / "typescript" / "bin" / "tsc", "-p", HERE / "tsconfig.json"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=HERE)
    assert done.returncode == 0, done.stdout


def test_modules_are_small() -> None:
    lengths = {file.name: len(file.read_text().splitlines()) for file in BROWSER.rglob("*.js")}
    assert {name: length for name, length in lengths.items() if length > 300} == {}
