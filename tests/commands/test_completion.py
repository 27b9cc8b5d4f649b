"""Bash completes our commands, with what DataLad has for it."""

from __future__ import annotations

import importlib.util
import os
import subprocess

import pytest

_SCRIPT = """
source <(datalad shell-completion)
COMP_LINE=$1 COMP_POINT=${#1} COMP_WORDS=($1) COMP_CWORD=$((${#COMP_WORDS[@]} - 1)) COMPREPLY=()
_python_argcomplete datalad
printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.fixture(autouse=True)
def argcomplete() -> None:
    if importlib.util.find_spec("argcomplete") is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("argcomplete is not installed")


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("datalad download-man", {"download-manifest"}),
        ("datalad download-manifest --ch", {"--check", "--checksums"}),
        ("datalad download-manifest --mtime re", {"recorded", "remote"}),
        ("datalad export-archive --checksum", {"--checksum-file"}),
        ("datalad make-manifest --format j", {"json", "jsonl"}),
        ("datalad download-order e", {"export"}),
        ("datalad download-order create --n", {"--name"}),
    ],
)
def test_bash(home: os.PathLike[str], typed: str, offered: set[str]) -> None:
    done = subprocess.run(
        ["bash", "-c", _SCRIPT, "bash", typed], capture_output=True, text=True, timeout=120
    )
    assert set(done.stdout.split()) == offered, done.stderr
