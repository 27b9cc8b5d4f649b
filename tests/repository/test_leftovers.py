"""What git-annex has left of a transfer that was interrupted."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest

from datalad_jsdl.repository.annex.leftovers import take_over
from tests.conftest import run
from tests.lab import Lab
from tests.portal import datalad, git, write_manifest

CONTENT = bytes(range(256)) * 2000


@pytest.mark.slow
@pytest.mark.parametrize(
    "left",
    [
        pytest.param(CONTENT[:300_000], id="part"),
        pytest.param(CONTENT, id="whole"),
        pytest.param(CONTENT + b"more", id="longer"),
        pytest.param(b"wrong" * 50_000, id="wrong"),
    ],
)
def test_it_is_a_beginning_and_is_gone_afterwards(tmp_path: Path, lab: Lab, left: bytes) -> None:
    digests = {"sha256": hashlib.sha256(CONTENT).hexdigest()}
    entry = {"urls": [lab.put("f", CONTENT)], "size": len(CONTENT), "digests": digests}
    datalad("download-manifest", write_manifest("m.json", {"f": entry}), "study")
    study = tmp_path / "study"
    key = git(study, "annex", "lookupkey", "f").strip()
    (study / ".git/annex/tmp").mkdir(exist_ok=True)
    (study / ".git/annex/tmp" / key).write_bytes(left)
    assert datalad("download-content", "-d", "study")[-1]["counts"]["fetched"] == 1
    assert (study / "f").read_bytes() == CONTENT
    assert not (study / ".git/annex/tmp" / key).exists()
    assert "ok" in run("git", "annex", "fsck", "f", cwd=study)
    if CONTENT.startswith(left):
        assert lab.sent("f") <= len(CONTENT) - len(left)


def test_what_git_annex_is_at_work_on_is_left_to_it(tmp_path: Path) -> None:
    key = "SHA256E-s4--00"
    left = tmp_path / "tmp" / key
    left.parent.mkdir()
    left.write_bytes(b"ab")
    lock = tmp_path / "transfer/download/uuid" / f"lck.{key}"
    lock.parent.mkdir(parents=True)
    lock.touch()
    script = f"import fasteners; l = fasteners.InterProcessLock({str(lock)!r}); l.acquire(); "
    # in a process of its own: a lock does not keep out the one that has it
    with subprocess.Popen(
        [sys.executable, "-c", script + "print(flush=True); input()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as other:
        assert other.stdout is not None
        other.stdout.readline()
        take_over(tmp_path, key, tmp_path / "f.part", 4)
        assert left.exists()
        other.communicate(b"\n")
    take_over(tmp_path, key, tmp_path / "f.part", 4)
    assert (tmp_path / "f.part").read_bytes() == b"ab"
    assert not left.exists()
