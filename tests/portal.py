"""What most tests begin with: files at mirrors, a manifest of them, and datalad."""

from __future__ import annotations

import hashlib
import json
import random
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tests.conftest import run
from tests.lab import Lab, sha256
from tests.running import run_datalad

MTIME = "2024-05-01T12:00:00Z"
MTIME_SECONDS = 1714564800


def content_of(path: str, size: int = 3000) -> bytes:
    """Content that only this path has."""
    return random.Random(path).randbytes(size)


def publish(lab: Lab, paths: list[str], **faults: Any) -> dict[str, str]:
    """Serve made-up content at paths; returns their URLs."""
    return {path: lab.put(path, content_of(path), **faults) for path in paths}


def described(path: str, *urls: str, **fields: Any) -> dict[str, Any]:
    """A manifest's object for made-up content at *urls*."""
    content = content_of(path)
    return {"urls": list(urls), "size": len(content), "digests": {"sha256": sha256(content)}} | (
        fields
    )


def write_manifest(name: str | Path, members: dict[str, Any]) -> Path:
    file = Path(name)
    file.write_text(json.dumps(members))
    return file.absolute()


def datalad(
    *args: str | Path, cwd: Path | None = None, code: int = 0, stdin: str | None = None
) -> list[dict[str, Any]]:
    """Run datalad; its result records."""
    done = run_datalad("-f", "json", *args, cwd=cwd, stdin=stdin or "")
    assert done.code == code, f"{args}: {done.code}\n{done.stdout}\n{done.stderr}"
    return done.results


def summary(records: list[dict[str, Any]]) -> dict[str, int]:
    """The non-zero counts of the one record of the dataset."""
    (dataset,) = [r for r in records if r["type"] == "dataset"]
    return {name: count for name, count in dataset["counts"].items() if count}


def entries(records: list[dict[str, Any]]) -> dict[str, str]:
    """What became of the entries: path → change."""
    return {r["entry"]: r["change"] for r in records if r["type"] == "file"}


def git(dataset: Path, *args: str, **options: Any) -> str:
    return run("git", *args, cwd=dataset, **options).strip()


def all_objects(dataset: Path) -> bytes:
    """Contents of all git objects of all refs."""
    dump = ["git", "cat-file", "--batch", "--batch-all-objects", "--buffer"]
    return subprocess.run(dump, cwd=dataset, capture_output=True, check=True).stdout


def tree(dataset: Path, revision: str = "HEAD") -> str:
    """Everything but the dataset's own housekeeping."""
    listing = git(dataset, "ls-tree", "-r", revision).splitlines()
    return "\n".join(line for line in listing if "\t.datalad/" not in line)


def annex_branch(dataset: Path) -> dict[str, list[str]]:
    """The git-annex branch's files, their lines without time stamps and sorted."""
    files = git(dataset, "ls-tree", "-r", "--name-only", "git-annex").splitlines()
    return {
        file: sorted(
            line.partition(" ")[2] for line in git(dataset, "show", f"git-annex:{file}").split("\n")
        )
        for file in files
    }


def recorded(dataset: Path) -> dict[str, list[str]]:
    """What the git-annex branch has of keys, without the names that only this dataset has."""
    text = json.dumps({name: log for name, log in annex_branch(dataset).items() if "/" in name})
    for setting in ("annex.uuid", "remote.jsdl.annex-config-uuid"):
        text = text.replace(git(dataset, "config", setting), setting)
    logs: dict[str, list[str]] = json.loads(text)
    assert logs
    return {name: sorted(lines) for name, lines in logs.items()}


def file_sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


A, B = "https://a.example", "https://b.example"


def simple(*paths: str) -> dict[str, Any]:
    return {path: described(path, f"{A}/{quote(path)}", f"{B}/{quote(path)}") for path in paths}
