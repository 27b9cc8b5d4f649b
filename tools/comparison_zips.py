"""Which programs make the same zip of the same dataset twice."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["zips"]

_FILES = {"sub-01/anat.nii": b"first" * 1000, "sub-02/anat.nii": b"second" * 1000, "run": b"#!\n"}
_WAYS = {
    "ours": ["datalad", "-f", "disabled", "export-archive-jsdl", "-t", "zip", "{target}"],
    "datalad": ["datalad", "-f", "disabled", "export-archive", "-t", "zip", "{target}"],
    "git archive": ["git", "archive", "--format=zip", "--output={target}", "HEAD"],
    "zip": ["zip", "-qr", "{target}", "sub-01", "sub-02", "run"],
    "Python zipfile": [
        sys.executable,
        "-m",
        "zipfile",
        "-c",
        "{target}",
        "sub-01",
        "sub-02",
        "run",
    ],
}
#: Of the two machines: time zone and umask.
_MACHINES = (("America/Los_Angeles", 0o022), ("Asia/Kathmandu", 0o077))


def zips(folder: Path) -> dict[str, dict[str, bool]]:
    """Way → ``same``: both zips have the same bytes; ``content``: the content is in them."""
    _publish(folder / "origin")
    clones = []
    for number, (_, umask) in enumerate(_MACHINES):
        clone = folder / str(number) / "study"
        clone.parent.mkdir(parents=True)
        _run("git", "clone", "-q", str(folder / "origin"), str(clone), cwd=folder, umask=umask)
        _run("git", "annex", "get", "-q", ".", cwd=clone, umask=umask)
        clones.append(clone)
    # git gives each checkout its own times; here they are certainly not those of the other
    for path in clones[1].rglob("*"):
        os.utime(path, (10**9, 10**9), follow_symlinks=False)
    return {
        name: _compared(clones, command) for name, command in _WAYS.items() if _is_there(command)
    }


def _publish(root: Path) -> None:
    root.mkdir(parents=True)
    _run("git", "init", "-q", cwd=root)
    _run("git", "annex", "init", "-q", cwd=root)
    for path, content in _FILES.items():
        (root / path).parent.mkdir(exist_ok=True)
        (root / path).write_bytes(content)
    _run("git", "annex", "add", "-q", ".", cwd=root)
    _run("git", "commit", "-q", "-m", "files", cwd=root)


def _is_there(command: list[str]) -> bool:
    return shutil.which(command[0]) is not None


def _compared(clones: list[Path], command: list[str]) -> dict[str, bool]:
    digests, has_content = set(), True
    for clone, (zone, umask) in zip(clones, _MACHINES, strict=True):
        target = clone.parent / "study.zip"
        words = [word.format(target=target) for word in command]
        _run(*words, cwd=clone, umask=umask, TZ=zone)
        digests.add(hashlib.sha256(target.read_bytes()).digest())
        with zipfile.ZipFile(target) as made:
            inside = [made.read(name) for name in made.namelist()]
        has_content &= all(content in inside for content in _FILES.values())
        target.unlink()
    return {"same": len(digests) == 1, "content": has_content}


def _run(*command: str, cwd: Path, umask: int = 0o022, **variables: str) -> None:
    subprocess.run(
        command, cwd=cwd, umask=umask, env={**os.environ, **variables}, check=True,
        capture_output=True, stdin=subprocess.DEVNULL,
    )  # fmt: skip
