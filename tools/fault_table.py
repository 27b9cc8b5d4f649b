#!/usr/bin/env python3
"""Measure what faults of a mirror cost, here and with other programs.

::

    python3 tools/run.py figures --record faults
    python3 tools/run.py exec python tools/fault_table.py [--faults NAME ...] [--peers NAME ...]

The first command makes docs/faults.rst, too. Goes through the table of tests/fault_table.py in
the laboratory of tests/lab.py, for each program that is installed. Takes some minutes, most of
which is waiting for programs that wait. ``--json FILE`` records what was measured, unless only
some faults or peers were chosen.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tools"), str(ROOT / "benchmarks")]

from fault_page import KILLED, Cell  # noqa: E402 - found by the path above
from fault_peers import GIT_CONFIG, NAME, PEERS, Peer, Task  # noqa: E402 - likewise
from recording import machine  # noqa: E402 - likewise

from tests.fault_table import FAULTS, FaultRow, set_up  # noqa: E402 - likewise
from tests.lab import Authority, Lab  # noqa: E402 - likewise
from tests.portal import content_of  # noqa: E402 - likewise

SIZE = 4_000_000
RATE = 8_000_000  # bytes per second and connection; so what is broken off does not go far
LIMIT = 100.0  # seconds until a program that does not end is stopped
CONTENT = content_of("faults", SIZE)

# Those that most programs wait for: they are run beside all others. Many at a time would make the
# mirror without faults slow, too, which some programs react to.
_SLOW = ("mute", "hang", "drip")
_WAITING = 5


@dataclass
class Site:
    """Where one program meets one fault.

    Attributes:
        mirror: the first one, which misbehaves.
        good: the second one.
        other: where the first redirects to.
        folder: to fetch into.
    """

    mirror: Lab
    good: Lab
    other: Lab
    folder: Path

    def served(self) -> int:
        return self.mirror.sent() + self.good.sent() + self.other.sent()

    def start(self, peer: Peer, urls: list[str]) -> subprocess.Popen[bytes]:
        task = Task(urls[: peer.mirrors], CONTENT, self.folder)
        return subprocess.Popen(
            peer.command(task),
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def run(self, peer: Peer, urls: list[str]) -> Cell:
        before = self.served()
        process = self.start(peer, urls)
        began = time.monotonic()
        try:
            code: int | None = process.wait(LIMIT)
        except subprocess.TimeoutExpired:
            stop(process)
            code = None
        seconds = time.monotonic() - began
        file = self.folder / NAME
        there = file.read_bytes() if file.is_file() else None
        right = there == CONTENT
        left = there is not None and not right
        return Cell(right, left, code, (self.served() - before) / SIZE, seconds)


def stop(process: subprocess.Popen[bytes]) -> None:
    """Kill a program and those it has started."""
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def isolate(home: Path) -> None:
    """Leave programs nothing of the user's configuration, and no proxy."""
    (home / ".gitconfig").write_text(GIT_CONFIG)
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    os.environ.clear()
    os.environ.update(HOME=str(home), PATH=path, LANG="C.UTF-8", PYTHONPATH=str(ROOT))


def measure(name: str, peer: Peer, authority: Authority) -> Cell:
    """Let one program meet one fault."""
    row = FAULTS.get(name, FaultRow(""))
    alone = peer.mirrors == 1
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="faults-"))
        stack.callback(remove, folder)
        mirror, good = (
            # git-annex asks in the order of the alphabet
            stack.enter_context(Lab(host=host, rate=RATE))
            for host in ("127.0.0.1", "127.0.0.2")
        )
        tls = authority if row.place == "unknown authority" else None
        other = stack.enter_context(Lab(tls, rate=RATE))
        site = Site(mirror, good, other, folder)
        if row.before is not None:
            urls = [set_up(row, CONTENT, lab, other, earlier=True) for lab in (mirror, good)]
            site.run(peer, urls)
        urls = [
            set_up(row, CONTENT, mirror, other, passing=alone),
            good.put(NAME, CONTENT),
        ]
        if name == KILLED:
            kill_half_way(site, peer, urls)
        return site.run(peer, urls)


def kill_half_way(site: Site, peer: Peer, urls: list[str]) -> None:
    """Run a program and kill it once half of the file was served."""
    process = site.start(peer, urls)
    deadline = time.monotonic() + LIMIT
    while site.served() < SIZE // 2 and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.005)
    stop(process)


def remove(folder: Path) -> None:
    """Remove a folder whose files may be write-protected, as the annex's are."""
    for place, _, _ in os.walk(folder):
        os.chmod(place, 0o700)
    shutil.rmtree(folder, ignore_errors=True)


def measure_all(faults: list[str], peers: list[str]) -> dict[tuple[str, str], Cell]:
    """All cells of the table, a few at a time; those that wait, beside the others."""
    authority = Authority()
    with ExitStack() as stack:
        waiting = stack.enter_context(ThreadPoolExecutor(_WAITING))
        busy = stack.enter_context(ThreadPoolExecutor(2))
        futures = {
            (fault, name): (waiting if fault in _SLOW else busy).submit(
                measure, fault, PEERS[name], authority
            )
            for fault in faults
            for name in peers
        }
        cells = {}
        for (fault, name), future in futures.items():
            cells[fault, name] = future.result()
            print(f"{fault:24} {name:8} {cells[fault, name]}", file=sys.stderr, flush=True)
    return cells


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--faults", nargs="*", choices=[*FAULTS, KILLED])
    parser.add_argument("--peers", nargs="*", choices=list(PEERS))
    parser.add_argument("--json", type=Path, help="file to record what was measured in")
    chosen = parser.parse_args()
    target = None if chosen.faults or chosen.peers else chosen.json
    with tempfile.TemporaryDirectory() as home:
        isolate(Path(home))
        run(chosen.faults, chosen.peers, target and target.absolute())


def run(
    chosen_faults: list[str] | None, chosen_peers: list[str] | None, target: Path | None
) -> None:
    """Measure, and record it in a file if there is one."""
    state = machine()
    versions = {name: peer.version() for name, peer in PEERS.items()}
    peers = [name for name in chosen_peers or PEERS if versions[name]]
    cells = measure_all(chosen_faults or [*FAULTS, KILLED], peers)
    if target:
        recorded = {
            "machine": state,
            "peers": {name: peer.title for name, peer in PEERS.items()},
            "versions": versions,
            "size": SIZE,
            "rate": RATE,
            "limit": LIMIT,
            "cells": {
                fault: {name: asdict(cells[fault, name]) for name in peers}
                for fault in chosen_faults or [*FAULTS, KILLED]
            },
        }
        target.write_text(json.dumps(recorded, indent=1) + "\n")


if __name__ == "__main__":
    main()
