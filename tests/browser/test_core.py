"""The zip, digests and names in Node, and the types of all modules."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

import datalad_jsdl

HERE = Path(__file__).parent
BROWSER = Path(datalad_jsdl.__file__).parent / "browser"


def test_digests_names_and_blocks(node_tests: Callable[..., None]) -> None:
    node_tests("core.test.mjs")


def test_the_zip_is_that_of_all_producers(node_tests: Callable[..., None]) -> None:
    node_tests("vectors.test.mjs")


@pytest.mark.slow
def test_so_it_is_over_four_gigabytes(node_tests: Callable[..., None]) -> None:
    node_tests("vectors.test.mjs", JSDL_SLOW="1")


def test_the_types_hold(node: str, packages: Path) -> None:
    command = [node, packages / "typescript" / "bin" / "tsc", "-p", HERE / "tsconfig.json"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=HERE)
    assert done.returncode == 0, done.stdout


def test_modules_are_small() -> None:
    lengths = {file.name: len(file.read_text().splitlines()) for file in BROWSER.rglob("*.js")}
    assert {name: length for name, length in lengths.items() if length > 300} == {}
