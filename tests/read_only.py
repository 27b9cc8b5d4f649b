"""Folders that really cannot be written, not even by root."""

from __future__ import annotations

import os
import shutil
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["read_only", "small_disk"]


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """A folder is a file system of its own meanwhile, which cannot be written."""
    _mounted("--bind", str(folder), folder)
    try:
        _mount("-o", "remount,bind,ro", str(folder))
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[None]:
    """A new folder is a file system of a *size* such as ``1m`` meanwhile."""
    folder.mkdir()
    _mounted("-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder)
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def _mounted(*args: str | Path) -> None:
    if os.name == "nt" or os.geteuid() or not shutil.which("mount"):
        pytest.skip("only root can mount")
    if not _mount(*args):
        pytest.skip("nothing can be mounted here")


def _mount(*args: str | Path) -> bool:
    return subprocess.run(["mount", *map(str, args)], capture_output=True).returncode == 0
