"""Lists and orders of datasets that nobody would make on purpose."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from tests.portal import datalad, git


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    """A dataset with one file, and nothing that could be fetched."""
    root = tmp_path / "plain"
    root.mkdir()
    git(root, "init", "-q")
    git(root, "annex", "init", "-q")
    commit(root, {"a": b"first"})
    return root


def commit(root: Path, files: dict[str | bytes, bytes]) -> None:
    for name, content in files.items():
        (root / os.fsdecode(name)).write_bytes(content)
    git(root, "annex", "add", "-q", ".")
    git(root, "commit", "-q", "-m", "more")


def last(root: Path, *args: str | Path, code: int = 0) -> dict[str, Any]:
    """The last result record of a command in a dataset."""
    return datalad(*args, cwd=root, code=code)[-1]


def test_a_name_that_no_archive_can_have_is_told_and_the_others_are_listed(plain: Path) -> None:
    names: dict[str | bytes, bytes] = {
        b"caf\xe9": b"1", "a\\b": b"2", "new\nline": b"3", "日本": b"4", " x ": b"5",
    }  # fmt: skip
    commit(plain, names)
    records = datalad("download-list", "add", "-r", ".", cwd=plain, code=1)
    refused = [r["message"] for r in records if r["status"] == "impossible"]
    assert [("UTF-8" in text, "not a valid name" in text) for text in sorted(refused)] == [
        (False, True), (True, False),
    ]  # fmt: skip
    assert records[-1]["on_list"] == 4
    last(plain, "download-order", "create", "--name", "n")
    last(plain, "download-order", "export")


def test_commits_of_an_adjusted_branch_are_listed_once_they_are_brought_back(plain: Path) -> None:
    git(plain, "annex", "adjust", "-q", "--unlock")
    commit(plain, {"b": b"second"})
    (plain / "a").write_bytes(b"changed")
    commit(plain, {})
    told = last(plain, "download-list", "add", "-r", ".", code=1)["message"]
    run = told.rpartition("run there: ")[2]
    git(plain, *run.removeprefix("git ").split())
    assert last(plain, "download-list", "add", "-r", ".")["files"] == 2
    last(plain, "download-order", "create", "--name", "n")
    last(plain, "download-order", "export")
    assert b"changed" in (plain / "n.zip").read_bytes()
