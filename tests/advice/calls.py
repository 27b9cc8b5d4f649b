"""DataLad's commands in this process, what they say, and advice that is followed."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import run
from tests.portal import all_objects, content_of, described, publish, write_manifest

if TYPE_CHECKING:
    from tests.lab import Lab

__all__ = [
    "call",
    "copied",
    "follow",
    "found_in",
    "history_has",
    "imported",
    "is_good",
    "messages",
    "newer",
]


def call(command: str, **options: Any) -> list[dict[str, Any]]:
    """A command of DataLad's, in this process; its records."""
    import datalad.api

    quiet = {"result_renderer": "disabled", "on_failure": "ignore", "return_type": "list"}
    records: list[dict[str, Any]] = getattr(datalad.api, command)(**options, **quiet)
    return records


def messages(records: list[dict[str, Any]]) -> str:
    """What is said of a failure, or of the whole."""
    texts = (r["message"] for r in records if r.get("message"))
    return "\n".join(t if isinstance(t, str) else t[0] % tuple(t[1:]) for t in texts)


def is_good(records: list[dict[str, Any]]) -> bool:
    return all(r["status"] in ("ok", "notneeded") for r in records)


def imported(manifest: Path, path: Path | str = "ds", **options: Any) -> list[dict[str, Any]]:
    return call("download_manifest", manifest=str(manifest), path=str(path), **options)


def found_in(said: str, pattern: str) -> str:
    """The command, option or the like that a message has."""
    found = re.search(pattern, said)
    assert found, said
    return found[1]


def follow(command: str, cwd: Path | str = ".", *, stdin: str = "", check: bool = True) -> None:
    """Do what a command line says, as it stands there; datalad is run in this process."""
    words = shlex.split(command)
    if words[0] != "datalad":
        run(*words, cwd=Path(cwd), input=stdin, check=check)
        return
    from datalad.cli.main import main

    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(cwd)
        with pytest.raises(SystemExit) as end:
            main(words)
    assert not check or not end.value.code, command


def copied(ready: Path, lab: Lab, target: Path) -> Path:
    """A dataset that was made before, whose files the server has, and ``m.json`` of it."""
    members = json.loads((ready / "m.json").read_text())
    publish(lab, list(members))
    subprocess.run(["cp", "-a", ready / "ds", target], check=True)
    write_manifest("m.json", members)
    return target


def newer(lab: Lab, *paths: str) -> Path:
    """The manifest with another content for each of the paths."""
    members = json.loads(Path("m.json").read_text())
    for path in paths:
        members[path] = described(f"new {path}", lab.put(f"new {path}", content_of(f"new {path}")))
    return write_manifest("new.json", members)


def history_has(dataset: Path, content: bytes) -> bool:
    return content in all_objects(dataset)
