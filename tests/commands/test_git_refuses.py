"""Repositories in which git does not work, or not where one looks: its reason is told."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import run
from tests.lab import Lab
from tests.portal import content_of, datalad, described, entries, git, write_manifest

PATHS = ["a", "b"]

COMMANDS = (
    ("download-manifest", "../m.json", "."),
    ("download-manifest", "-n", "../m.json", "."),
    ("download-manifest", "--check", "../m.json", "."),
    ("download-content",),
    ("export-archive", "-t", "zip", "../a.zip"),
    ("export-manifest", "../a.json"),
    ("enable-jsdl",),
)


@pytest.fixture
def study(tmp_path: Path, lab: Lab, ready: Callable[..., Path]) -> Path:
    members = {p: described(p, lab.put(p, content_of(p))) for p in PATHS}
    return ready(members, tmp_path / "study")


def said(command: tuple[str, ...], study: Path) -> str:
    return str(datalad(*command, cwd=study, code=1)[-1]["message"])


@pytest.mark.parametrize("command", COMMANDS)
def test_a_dataset_of_another_user(
    study: Path, command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    # git's own tests have it take the owner for another one so
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    assert "git config --global --add safe.directory" in said(command, study)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_setting_that_git_cannot_read(study: Path, command: tuple[str, ...]) -> None:
    with (study / ".git/config").open("a") as file:
        file.write("[bad\n")
    assert "bad config line" in said(command, study)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_repository_of_a_later_git(study: Path, command: tuple[str, ...]) -> None:
    git(study, "config", "core.repositoryformatversion", "99")
    assert "found 99" in said(command, study)


@pytest.mark.parametrize("left", ["", f"{'12' * 20}\n"])
@pytest.mark.parametrize("command", [COMMANDS[0], COMMANDS[1], COMMANDS[4], COMMANDS[5]])
def test_a_branch_that_cannot_be_read_is_not_an_empty_one(
    study: Path, command: tuple[str, ...], left: str
) -> None:
    # what a power cut may leave: an empty ref, or one to a commit that was never written
    (study / ".git/refs/heads/main").write_text(left)
    message = said(command, study)
    assert "git fsck" in message
    assert "no commit yet" not in message


def test_a_git_annex_branch_that_is_damaged(study: Path) -> None:
    (study / ".git/refs/heads/git-annex").write_text("")
    for command in COMMANDS:
        assert "git fsck" in said(command, study)


def test_a_blob_that_is_lost_is_not_taken_for_a_file_in_git(study: Path) -> None:
    oid = git(study, "rev-parse", "HEAD:a").strip()
    (study / ".git/objects" / oid[:2] / oid[2:]).unlink()
    for command in (COMMANDS[0], COMMANDS[3], COMMANDS[4], COMMANDS[5]):
        assert oid in said(command, study)


def test_a_record_that_is_lost_is_not_taken_for_none(study: Path, lab: Lab) -> None:
    tree = git(study, "ls-tree", "-r", "git-annex").splitlines()
    oid = next(line.split()[2] for line in tree if line.endswith(".log.web"))
    before = git(study, "rev-parse", "git-annex")
    (study / ".git/objects" / oid[:2] / oid[2:]).unlink()
    members = {p: described(p, lab.put(f"new/{p}", content_of(p))) for p in PATHS}
    write_manifest("m.json", members)
    assert oid in said(COMMANDS[0], study)
    assert git(study, "rev-parse", "git-annex") == before


def test_an_index_that_is_broken(study: Path) -> None:
    (study / ".git/index").write_text("garbage")
    assert "index file" in said(COMMANDS[3], study)
    write_manifest("m.json", {"c": described("c", "https://a.example/c")})
    assert "index file" in said(COMMANDS[0], study)


def test_a_clone_without_the_git_annex_branch(study: Path, tmp_path: Path) -> None:
    run("git", "clone", "-q", "--single-branch", study, "clone")
    for command in COMMANDS:
        message = said(command, tmp_path / "clone")
        assert "create --force" not in message
        assert "git fetch origin git-annex:refs/remotes/origin/git-annex" in message
    # what is advised helps
    git(tmp_path / "clone", "fetch", "-q", "origin", "git-annex:refs/remotes/origin/git-annex")
    assert "2 files, " in datalad("download-content", cwd=tmp_path / "clone")[-1]["message"]


def test_a_git_folder_that_is_none_is_not_that_of_the_dataset_around(tmp_path: Path) -> None:
    manifest = write_manifest("m.json", {"a": described("a", "https://a.example/a")})
    datalad("create", "super")
    (tmp_path / "super/sub/.git").mkdir(parents=True)
    before = git(tmp_path / "super", "rev-parse", "HEAD")
    for option in ("-n", "--check"):
        datalad("download-manifest", option, "-d", "super", manifest, "super/sub", code=1)
    (record,) = datalad("download-manifest", "-d", "super", manifest, "super/sub", code=1)
    assert ".git" in record["message"]
    assert "create --force" not in record["message"]
    assert git(tmp_path / "super", "rev-parse", "HEAD") == before


def test_a_subdataset_alone_is_of_another_user(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_manifest("m.json", {"s//a": described("a", "https://a.example/a")})
    datalad("download-manifest", "m.json", "study")
    config = tmp_path / "gitconfig"
    shutil.copy(home / ".gitconfig", config)
    run("git", "config", "--file", config, "safe.directory", tmp_path / "study")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    write_manifest("m.json", {"s//b": described("b", "https://a.example/b")})
    records = datalad("download-manifest", "m.json", "study", code=1)
    assert any("safe.directory" in record["message"] for record in records)
    (record,) = datalad("export-archive", "-t", "zip", "-r", "-d", "study", "x.zip", code=1)
    assert "safe.directory" in record["message"]


def test_run_by_a_hook_of_another_repository(
    study: Path, tmp_path: Path, lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other"
    run("git", "init", "-q", other)
    files = sorted(os.listdir(other / ".git"))
    members = {"c": described("c", lab.put("c", content_of("c")))}
    write_manifest("m.json", members)
    write_manifest("n.json", {"s//d": described("d", lab.put("d", content_of("d")))})
    with monkeypatch.context() as hook:
        hook.setenv("GIT_DIR", str(other / ".git"))
        hook.setenv("GIT_WORK_TREE", str(other))
        hook.setenv("GIT_INDEX_FILE", str(other / ".git/index"))
        assert entries(datalad("download-manifest", "m.json", "study")) == {"c": "added"}
        datalad("download-manifest", "--get", "m.json", "new")
        datalad("download-manifest", "-d", "study", "n.json")
        assert datalad("download-content", "-d", "study")[-1]["counts"]["fetched"] == 3
        datalad("export-archive", "-t", "zip", "-r", "-d", "study", "a.zip")
    assert sorted(os.listdir(other / ".git")) == files
    assert git(other, "for-each-ref") == ""
    assert git(study, "status", "--short") == git(tmp_path / "new", "status", "--short") == ""
    assert (study / "s/d").is_symlink()


def stub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """Put a git before the real one: there is no other way to have one call of it die."""
    real = shutil.which("git")
    (tmp_path / "bin").mkdir()
    file = tmp_path / "bin/git"
    file.write_text(f'#!/bin/sh\n{script}\nexec {real} "$@"\n')
    file.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")


@pytest.mark.parametrize(
    ("call", "command"),
    [("ls-tree", "download-manifest"), ("ls-files", "download-content")],
)
def test_half_a_listing_is_not_a_whole_one(
    study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, command: str
) -> None:
    real = shutil.which("git")
    half = f'case "$1" in {call}) {real} "$@" | head -c 150; kill -9 $$;; esac'
    stub(tmp_path, monkeypatch, half)
    write_manifest("m.json", {"a": described("a", "https://a.example/a")})
    arguments = ("--delete", "../m.json", ".") if command == "download-manifest" else ()
    assert "signal 9" in said((command, *arguments), study)
    assert (study / "b").is_symlink()


def test_without_git(study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from datalad_jsdl.errors import DatasetError
    from datalad_jsdl.repository.annex.program import require_git_annex
    from datalad_jsdl.repository.git.running import Git
    from datalad_jsdl.repository.git.settings import git_config

    monkeypatch.setenv("PATH", str(tmp_path))
    for ask in (
        lambda: Git(study).commit("HEAD"),
        lambda: git_config("."),
        require_git_annex,
    ):
        with pytest.raises(DatasetError, match="cannot run git"):
            ask()
    (tmp_path / "git").write_text("")  # not executable
    with pytest.raises(DatasetError, match="cannot run git"):
        Git(study).commit("HEAD")
    with pytest.raises(DatasetError, match="cannot enter the folder"):
        Git(tmp_path / "none").commit("HEAD")
