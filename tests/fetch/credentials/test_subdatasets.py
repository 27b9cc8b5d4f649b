"""Where logins are, every dataset of an import is told; secrets stay where they are."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.fetch.credentials.test_commands import remembered
from tests.portal import content_of, described, git, write_manifest

if TYPE_CHECKING:
    from tests.lab import Lab
    from tests.vault import Vault

NESTED = ("a", "sub//b", "sub//inner//c")


@pytest.fixture
def line(vault: Vault, monkeypatch: pytest.MonkeyPatch, lab: Lab) -> str:
    for name in ("PORTAL_TOKEN", "OTHER_TOKEN"):
        monkeypatch.setenv(name, vault.secret(name.lower()))
    return f"{lab.url} env:PORTAL_TOKEN kind=bearer"


def protected(lab: Lab, *paths: str) -> Path:
    """A manifest of files that want the token."""
    wants = ("Authorization", f"Bearer {os.environ['PORTAL_TOKEN']}")
    members = {}
    for path in paths:
        name = path.replace("//", "/")
        members[path] = described(path, lab.put(name, content_of(path), wants=wants))
    return write_manifest("m.json", members)


def assert_here(dataset: Path, *paths: str) -> None:
    for path in paths:
        assert (dataset / path.replace("//", "/")).read_bytes() == content_of(path)


def local_lines(dataset: Path) -> str:
    return git(dataset, "config", "--local", "--list")


@pytest.mark.slow
def test_get_reaches_all_of_them_and_so_do_later_ones(
    tmp_path: Path, vault: Vault, lab: Lab, line: str
) -> None:
    manifest, dataset = protected(lab, *NESTED), tmp_path / "ds"
    vault.run("datalad", "download-manifest", "--check", "--credential", line, manifest, "ds")
    vault.run("datalad", "download-manifest", "--get", "--credential", line, manifest, "ds")
    assert_here(dataset, *NESTED)
    for place in ("", "sub", "sub/inner"):
        assert remembered(dataset / place) == [line]
    # what the first one remembers is given to those that are made or found later
    git(dataset / "sub", "config", "--unset-all", "remote.jsdl.credential")
    manifest = protected(lab, *NESTED, "sub//d", "more//e")
    vault.run("datalad", "download-manifest", "--check", manifest, "ds")
    vault.run("datalad", "download-manifest", manifest, "ds")
    vault.run("git", "annex", "get", "-q", "d", cwd=dataset / "sub")
    vault.run("datalad", "get", "-d", dataset, dataset / "more/e")
    assert_here(dataset, "sub//d", "more//e")
    # nothing of it travels
    vault.run("datalad", "clone", dataset, "clone")
    vault.run("datalad", "get", "-n", "-r", "-d", "clone", "clone")
    for place in ("clone", "clone/sub", "clone/sub/inner"):
        assert "credential" not in local_lines(tmp_path / place)


@pytest.mark.slow
def test_split_and_a_dataset_above(tmp_path: Path, vault: Vault, lab: Lab, line: str) -> None:
    vault.run("datalad", "create", "super")
    git(tmp_path / "super", "config", "--local", "remote.jsdl.credential", line)
    manifest = protected(lab, "x/a", "y/b")
    call = ("-d", "super", "--split", "1", manifest, "super/study")
    vault.run("datalad", "download-manifest", "--check", *call)
    vault.run("datalad", "download-manifest", "--get", *call)
    assert_here(tmp_path / "super/study", "x/a", "y/b")
    for place in ("super", "super/study", "super/study/x", "super/study/y"):
        assert remembered(tmp_path / place) == [line]


@pytest.mark.slow
def test_below_a_dataset_its_logins_hold_unless_there_are_others(
    tmp_path: Path, vault: Vault, lab: Lab, line: str
) -> None:
    manifest, dataset = protected(lab, "a", "sub//b", "own//c"), tmp_path / "ds"
    other = ("Authorization", f"Bearer {os.environ['OTHER_TOKEN']}")
    lab.put("own/c", content_of("own//c"), wants=other)
    vault.run("datalad", "download-manifest", manifest, "ds")
    git(dataset, "config", "--local", "remote.jsdl.credential", line)
    own = f"{lab.url} env:OTHER_TOKEN kind=bearer"
    git(dataset / "own", "config", "--local", "remote.jsdl.credential", own)
    vault.run("datalad", "export-archive", "-d", "ds", "-r", "-t", "zip", "x.zip")
    with zipfile.ZipFile("x.zip") as archive:
        assert archive.read("x/own/c") == content_of("own//c")
    vault.run("datalad", "download-content", "-d", "ds", "-r")
    assert_here(dataset, "a", "sub//b", "own//c")
    # they were used, and not written anywhere
    assert "credential" not in local_lines(dataset / "sub")
    assert remembered(dataset / "own") == [own]
