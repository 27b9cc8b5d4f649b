"""Ctrl-C: one line says what is kept, and the same command continues."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from datalad_jsdl.commands._interrupts import interruptible
from datalad_jsdl.errors import InterruptedWork
from tests.kill_at import KillAt
from tests.lab import Lab
from tests.portal import described, publish, write_manifest
from tests.running import run_datalad

PATHS = ["a", "b"]


def said(stderr: str) -> str:
    """The last line; no other one is about it."""
    assert "magic" not in stderr
    assert "Traceback" not in stderr
    return stderr.splitlines()[-1]


def ctrl_c(place: str, call: int = 1) -> KillAt:
    return KillAt(f"datalad_jsdl.{place}", call=call, signal=signal.SIGINT)


def test_an_import(tmp_path: Path, lab: Lab) -> None:
    members = {path: described(path, url) for path, url in publish(lab, PATHS).items()}
    command = ["download-manifest", write_manifest("m.json", members), "ds"]
    place = "repository.importing.importer:Importer.apply"
    done = run_datalad("-f", "json", *command, kill=ctrl_c(place))
    assert done.code == 3
    assert said(done.stderr) == "Interrupted. Run the same command to continue."
    assert done.results == []  # what is not done has no record
    again = run_datalad(*command)
    assert again.code == 0
    assert "2 added" in again.stdout


def test_an_archive_into_a_pipe(tmp_path: Path, lab: Lab, ready: Callable[..., Path]) -> None:
    urls = publish(lab, PATHS)
    dataset = ready({path: described(path, url) for path, url in urls.items()}, tmp_path / "ds")
    command = ["export-archive", "-d", dataset, "-t", "zip", "-"]
    place = "archive.zip.writer:CanonicalWriter.add"
    done = run_datalad(*command, kill=ctrl_c(place, call=2))
    assert done.code == 3
    text = "Interrupted; nothing was kept. Run the same command to start over."
    assert said(done.stderr) == text
    again = run_datalad(*command)
    assert again.code == 0
    assert again.out.startswith(b"PK")


def test_python_gets_the_exception() -> None:
    @interruptible
    def command() -> Iterator[int]:
        yield 1
        raise InterruptedWork(5)

    items = command()
    assert next(items) == 1
    with pytest.raises(KeyboardInterrupt):
        next(items)
