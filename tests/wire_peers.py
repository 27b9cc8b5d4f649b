"""The rows of `tests.wire_table` by other programs, as a user would call them."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from tests.wire import Wire
from tests.wire_row import WireRow

__all__ = ["PEERS", "fetched", "outcome", "serve"]

PEERS = {
    "curl": ["curl", "-fsSL", "-m", "5", "-o", "file"],
    "wget": ["wget", "-q", "--tries=2", "--waitretry=0", "--timeout=1", "-O", "file"],
}


def serve(wire: Wire, row: WireRow, content: bytes) -> str:
    """Let a server answer as a row says; returns the URL."""
    wire.other = lambda talk: row.answer(talk, content)
    return wire.url + row.target


def fetched(peer: str, url: str, row: WireRow, folder: Path, content: bytes) -> bool:
    """Whether a program gets the right file, and says so."""
    return outcome(peer, url, row, folder, content) == "✓"


def outcome(peer: str, url: str, row: WireRow, folder: Path, content: bytes) -> str:
    """✓ the right file, ✗ an error, ☠ a wrong file and no error."""
    file = folder / "file"
    file.unlink(missing_ok=True)
    env = {**os.environ, **row.env}
    done = subprocess.run([*PEERS[peer], url], cwd=folder, env=env, capture_output=True)
    if done.returncode:
        return "✗"
    return "✓" if file.exists() and file.read_bytes() == content else "☠"
