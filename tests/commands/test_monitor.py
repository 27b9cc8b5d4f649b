"""The progress bar of a bulk download."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import subprocess
import termios
from pathlib import Path
from typing import Any

import pytest

from datalad_jsdl.operations import progress as _monitor
from datalad_jsdl.operations.progress import Monitor
from tests.fetch.waits import new_engine
from tests.lab import Lab
from tests.portal import content_of, datalad, described, write_manifest
from tests.running import run_datalad


class Shown:
    """Takes the place of the bar, to see what it is told."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []

    def update(self, *call: Any) -> None:
        self.calls.append(call)


@pytest.mark.parametrize(("columns", "mirrors"), [("80", False), ("160", True)])
def test_files_bytes_and_mirrors(
    monkeypatch: pytest.MonkeyPatch, columns: str, mirrors: bool
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    monkeypatch.setattr(_monitor, "_EVERY", 1e-9)
    bar, engine = Shown(), new_engine()
    a, b = (engine.origins.of(f"https://{name}.example/f") for name in "ab")
    a.received = 1000  # of an earlier step
    # mypy: all that it uses of an engine
    show = Monitor(bar).watch(engine, "fetching", 10, 5_000_000)  # type: ignore[arg-type]
    a.received, b.received = 2_001_000, 1_000_000
    show(3, 500_000)
    label, position, total, text = bar.calls[-1]
    assert (label, position, total) == ("fetching", 3_500_000, 5_000_000)
    assert text.startswith("fetching 3/10 files")
    assert ("a.example" in text) is mirrors
    a.received = 90_000_000  # some of it was fetched twice
    show(10, 500_000)
    assert bar.calls[-1][1] == 5_000_000


@pytest.mark.slow
def test_a_terminal_shows_it_and_a_file_does_not(tmp_path: Path, lab: Lab) -> None:
    content = content_of("large", 3000)
    members = {"f": described("large", lab.put("f", content, rate=1000))}
    datalad("download-manifest", write_manifest("m.json", members), "ds")
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
    environment = {**os.environ, "TERM": "xterm"}
    process = subprocess.Popen(
        # a real one: when it is loaded, DataLad looks whether there is a terminal
        ["datalad", "download-content", "-d", "ds"],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=environment,
    )
    os.close(theirs)
    said = b""
    while True:
        try:
            chunk = os.read(ours, 1 << 16)
        except OSError:  # the other side is closed
            break
        if not chunk:
            break
        said += chunk
    os.close(ours)
    assert process.wait() == 0
    assert b"downloading" in said
    assert b"1 downloaded" in said
    subprocess.run(["git", "-C", "ds", "annex", "drop", "--force", "f"], check=True)
    done = run_datalad("download-content", "-d", "ds")
    assert done.code == 0
    assert "downloading" not in done.stdout + done.stderr
