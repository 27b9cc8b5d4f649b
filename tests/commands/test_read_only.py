"""Datasets that cannot be written to, and errors of the disk: one plain sentence."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from datalad_jsdl.errors import DatasetError, FetchError, reason
from datalad_jsdl.repository.locks import exclusively
from datalad_jsdl.repository.repository import Repository
from tests.conftest import run
from tests.portal import datalad, described, git, write_manifest

URL = "https://a.example/f"


def test_a_dataset_that_may_only_be_read(tmp_path: Path) -> None:
    # permissions keep root out of nothing: a folder stands where the lock is to be
    manifest = write_manifest("m.json", {"f": described("f", URL)})
    datalad("download-manifest", manifest, "study")
    lock = tmp_path / "study/.git/annex/jsdl.lck"
    lock.unlink()
    lock.mkdir()
    for command in (
        ["download-manifest", str(manifest), "."],
        ["download-content"],
        ["enable-jsdl"],
    ):
        message = datalad(*command, cwd=tmp_path / "study", code=1)[-1]["message"]
        assert f"cannot write to {tmp_path / 'study'}: " in message
        assert str(lock) in message
        assert "Errno" not in message
        assert "b'" not in message


def test_a_read_only_file_system(tmp_path: Path) -> None:
    if os.name == "nt" or os.geteuid() or not shutil.which("unshare"):
        pytest.skip("only root can mount")
    manifest = write_manifest("m.json", {"f": described("f", URL)})
    script = (
        "mkdir ro && mount -t tmpfs -o ro none ro || exit 9; "
        f"datalad -f json download-manifest {manifest} ro/study"
    )
    done = subprocess.run(["unshare", "-m", "sh", "-c", script], capture_output=True, text=True)
    if done.returncode == 9 or "unshare" in done.stderr:
        pytest.skip("nothing can be mounted here")
    assert "Read-only file system" in done.stdout
    assert str(tmp_path / "ro/study") in done.stdout
    assert "Errno" not in done.stdout


def test_the_words_of_an_error_of_the_system() -> None:
    name = os.fsencode("/a/b")
    assert reason(OSError(errno.EACCES, "Permission denied", name)) == "/a/b: Permission denied"
    assert reason(OSError(errno.EXDEV, "no", "/a", None, "/b")) == "/a → /b: no"
    assert reason(OSError(errno.EBUSY, "another program wrote")) == "another program wrote"
    assert reason(FetchError("gone")) == "gone"


def test_a_plain_repository_gets_no_annex_by_a_lock(tmp_path: Path) -> None:
    run("git", "init", "-q", "plain")
    with exclusively(Repository(tmp_path / "plain")):
        pass
    assert not (tmp_path / "plain/.git/annex").exists()
    with (
        pytest.raises(DatasetError, match="not a git repository"),
        exclusively(Repository(tmp_path)),
    ):
        pass


def test_an_import_from_within_a_folder_says_where_the_files_are(tmp_path: Path) -> None:
    manifest = write_manifest("m.json", {"f": described("f", URL)})
    datalad("download-manifest", manifest, "study")
    folder = tmp_path / "study/sub"
    folder.mkdir()
    write_manifest("m.json", {"f": described("f", URL), "g": described("g", URL)})
    message = datalad("download-manifest", manifest, cwd=folder)[-1]["message"]
    assert f"relative to {tmp_path / 'study'}, not to the current folder" in message
    assert "--prefix sub" in message
    message = datalad("download-manifest", manifest, "--prefix", "sub", cwd=folder)[-1]["message"]
    assert "current folder" not in message
    assert (folder / "g").is_symlink()
    # a dataset in the dataset is not what is meant, and nothing to be advised
    for option in ([], ["-d", ".."]):
        message = datalad("download-manifest", *option, manifest, ".", cwd=folder, code=1)[-1][
            "message"
        ]
        assert "--prefix" in message
        assert "create --force" not in message
    assert git(tmp_path / "study", "status", "--short") == ""
