"""1.5 GiB by the element in both browsers, without a driver, which would keep what a page loads."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.mark.slow
def test_a_click_saves_it_within_its_memory(program: Callable[[str], str], tmp_path: Path) -> None:
    """The benchmark compares the file with that of the exporter, and measures."""
    for name in ("nginx", "chromium", "firefox-esr"):
        program(name)
    options = ["--case", "c", "--scale", "0.5", "--folder", tmp_path]
    command = [sys.executable, BENCHMARKS / "browser.py", *options]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("is that of export-archive, by SHA-256") == 2, done.stdout
    assert done.stdout.count("(target <= 350: met)") == 2, done.stdout
