"""What is said while a manifest is imported, and of the remote."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.advice.calls import (
    call,
    follow,
    history_has,
    imported,
    is_good,
    messages,
    newer,
)
from tests.conftest import run
from tests.portal import content_of, described, git, write_manifest

if TYPE_CHECKING:
    from tests.lab import Lab


# DataLad itself leaves pipes to git-annex open, in a process that goes on
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


class TestTheWayIsMadeFree:
    @pytest.mark.parametrize("way", [pytest.param("commit", marks=pytest.mark.slow), "unstage"])
    def test_of_staged_changes(self, dataset: Path, lab: Lab, way: str) -> None:
        (dataset / "a.txt").unlink()
        (dataset / "a.txt").write_bytes(b"mine")
        git(dataset, "-c", "annex.largefiles=nothing", "add", "a.txt")
        manifest = newer(lab, "a.txt")
        assert "commit or unstage them first" in messages(imported(manifest))
        if way == "commit":
            git(dataset, "commit", "-q", "-m", "mine")
            imported(manifest)
            assert history_has(dataset, b"mine")
        else:
            git(dataset, "restore", "--staged", "a.txt")
            # what is in the work tree is still the user's
            assert "commit or restore it" in messages(imported(manifest))
            assert (dataset / "a.txt").read_bytes() == b"mine"
            git(dataset, "restore", "a.txt")
            assert is_good(imported(manifest))

    @pytest.mark.parametrize("way", [pytest.param("commit", marks=pytest.mark.slow), "restore"])
    def test_of_changes(self, dataset: Path, lab: Lab, way: str) -> None:
        (dataset / "a.txt").unlink()
        (dataset / "a.txt").write_bytes(b"mine")
        manifest = newer(lab, "a.txt")
        assert "it has uncommitted changes; commit or restore it" in messages(imported(manifest))
        if way == "commit":
            git(dataset, "-c", "annex.largefiles=nothing", "add", "a.txt")
            git(dataset, "commit", "-q", "-m", "mine")
            imported(manifest)
            assert history_has(dataset, b"mine")
        else:
            git(dataset, "restore", "a.txt")
            assert is_good(imported(manifest))

    def test_of_an_untracked_file(self, dataset: Path, lab: Lab) -> None:
        (dataset / "c.txt").write_bytes(b"mine")
        manifest = newer(lab, "c.txt")
        assert "an untracked file is in its place; move it away" in messages(imported(manifest))
        (dataset / "c.txt").rename(dataset / "mine.txt")
        assert is_good(imported(manifest))
        assert (dataset / "mine.txt").read_bytes() == b"mine"

    @pytest.mark.parametrize("way", [pytest.param("move", marks=pytest.mark.slow), "exclude"])
    def test_of_a_file_of_its_own(self, dataset: Path, lab: Lab, way: str) -> None:
        (dataset / "c.txt").write_bytes(b"mine")
        git(dataset, "-c", "annex.largefiles=nothing", "add", "c.txt")
        git(dataset, "commit", "-q", "-m", "mine")
        manifest = newer(lab, "c.txt", "d.txt")
        said = messages(imported(manifest))
        assert "move it away or use --exclude" in said
        if way == "move":
            git(dataset, "mv", "c.txt", "mine.txt")
            git(dataset, "commit", "-q", "-m", "moved")
            assert is_good(imported(manifest))
            assert (dataset / "mine.txt").read_bytes() == b"mine"
        else:
            assert is_good(imported(manifest, exclude=["c.txt"]))
            assert (dataset / "c.txt").read_bytes() == b"mine"
        assert (dataset / "d.txt").is_symlink()


@pytest.mark.slow
def test_changed_gitmodules(dataset: Path, lab: Lab) -> None:
    (dataset / ".gitmodules").write_text("# mine\n")
    manifest = write_manifest("s.json", {"s//x.txt": described("x", lab.put("x", content_of("x")))})
    assert "has uncommitted changes, so no subdataset" in messages(imported(manifest))
    git(dataset, "-c", "annex.largefiles=nothing", "add", ".gitmodules")
    git(dataset, "commit", "-q", "-m", "mine")
    assert is_good(imported(manifest))
    text = (dataset / ".gitmodules").read_text()
    assert "# mine" in text
    assert "path = s" in text


def test_a_foreign_remote(tmp_path: Path, dataset: Path) -> None:
    call("create", path="plain")
    plain = tmp_path / "plain"
    git(plain, "remote", "add", "jsdl", str(dataset))
    said = messages(call("enable_jsdl", dataset=str(plain)))
    command = re.search(r"try again: git (remote rename .*)", said)
    assert command, said
    git(plain, *shlex.split(command[1].replace("NEWNAME", "theirs")))
    assert is_good(call("enable_jsdl", dataset=str(plain)))
    assert git(plain, "config", "remote.theirs.url") == str(dataset)


@pytest.mark.slow
def test_strange_settings(tmp_path: Path, dataset: Path, home: Path) -> None:
    log = git(dataset, "show", "git-annex:remote.log").splitlines()
    changed = [
        f"{line.rpartition(' ')[0]} colour=blue {line.rpartition(' ')[2]}"
        if "jsdl" in line
        else line
        for line in log
    ]
    run("git", "clone", "-q", dataset, "clone")
    clone = tmp_path / "clone"
    git(clone, "annex", "init", "-q")
    git(clone, "annex", "merge", "-q")
    index = {**os.environ, "GIT_INDEX_FILE": str(tmp_path / "index")}
    blob = subprocess.run(
        ["git", "hash-object", "-w", "--stdin"],
        cwd=clone,
        input="\n".join(changed) + "\n",
        text=True,
        capture_output=True,
        check=True,
    ).stdout.strip()
    for words in (
        ["read-tree", "git-annex"],
        ["update-index", "--cacheinfo", f"100644,{blob},remote.log"],
    ):
        run("git", *words, cwd=clone, env=index)
    tree = run("git", "write-tree", cwd=clone, env=index).strip()
    commit = git(clone, "commit-tree", tree, "-p", "git-annex", "-m", "strange")
    git(clone, "update-ref", "refs/heads/git-annex", commit)
    said = messages(call("enable_jsdl", dataset=str(clone)))
    commands = re.search(
        r"If they are right, run: (git annex enableremote \S+ && git annex verifyremote \S+)", said
    )
    assert commands, said
    for command in commands[1].split(" && "):
        git(clone, *shlex.split(command)[1:])
    git(clone, "annex", "get", "-q", "--from", "jsdl", "a.txt")
    assert (clone / "a.txt").read_bytes() == content_of("a.txt")


@pytest.mark.slow
def test_storing(dataset: Path, lab: Lab) -> None:
    (dataset / "mine").write_bytes(b"mine")
    call("save", dataset=str(dataset))
    done = subprocess.run(
        ["git", "annex", "copy", "--to", "jsdl", "mine"],
        cwd=dataset,
        capture_output=True,
        text=True,
    )
    assert done.returncode
    git(dataset, "config", "remote.jsdl.annex-readonly", "false")
    said = run("git", "annex", "copy", "--to", "jsdl", "mine", cwd=dataset, check=False)
    assert (dataset / "mine").read_bytes() == b"mine"
    assert said is not None
    # as it says: by a manifest (all other tests), or by addurl
    git(dataset, "annex", "addurl", "-q", lab.put("mine", b"mine"), "--file", "mine")
    git(dataset, "annex", "drop", "-q", "mine")
    git(dataset, "annex", "get", "-q", "--from", "jsdl", "mine")
    assert (dataset / "mine").read_bytes() == b"mine"


def test_where_failures_go(dataset: Path, lab: Lab) -> None:
    manifest = newer(lab, "a.txt")
    before = manifest.read_bytes()
    Path("folder").mkdir()
    assert "give the name of a file" in messages(imported(manifest, failed="folder"))
    assert "give another name" in messages(imported(manifest, failed=str(manifest)))
    assert manifest.read_bytes() == before
    assert is_good(imported(manifest, failed="other.jsonl"))
    assert Path("other.jsonl").read_bytes() == b""


def test_what_is_gone(dataset: Path) -> None:
    (dataset / "own").write_bytes(b"own")
    call("save", dataset=str(dataset))
    members = json.loads(Path("m.json").read_text())
    del members["b.txt"]
    manifest = write_manifest("less.json", members)
    assert "1 no longer in the manifest (--delete deletes it)" in messages(imported(manifest))
    assert is_good(imported(manifest, delete=True))
    assert sorted(p.name for p in dataset.iterdir() if p.name[0] != ".") == ["a.txt", "own"]
    # and they can be had again
    assert is_good(imported(Path("m.json")))
    assert (dataset / "b.txt").is_symlink()


def test_without_a_checksum(dataset: Path, lab: Lab) -> None:
    manifest = write_manifest("plain.json", {"c.txt": [lab.put("c.txt", content_of("c"))]})
    assert "1 file has no checksum and cannot be verified (--get computes one)" in messages(
        imported(manifest)
    )
    said = messages(imported(manifest, get=True))
    assert (dataset / "c.txt").read_bytes() == content_of("c")
    assert "cannot be verified" not in said
    assert "SHA256" in os.readlink(dataset / "c.txt")


def test_unverified(dataset: Path, lab: Lab) -> None:
    url = lab.put("c.txt", status=404)
    manifest = write_manifest("plain.json", {"c.txt": [url]})
    said = messages(imported(manifest, get=True))
    assert "; not registered (without --get it would be" in said
    assert not (dataset / "c.txt").is_symlink()
    assert is_good(imported(manifest))
    lab.put("c.txt", content_of("c"))
    git(dataset, "annex", "get", "-q", "c.txt")
    assert (dataset / "c.txt").read_bytes() == content_of("c")


def test_a_signed_url_is_downloaded(dataset: Path, lab: Lab) -> None:
    url = lab.put("c.txt", content_of("c")) + "?X-Amz-Signature=abc"
    manifest = write_manifest("signed.json", {"c.txt": described("c", url)})
    assert "--get downloads from them now" in messages(imported(manifest))
    assert is_good(imported(manifest, get=True))
    assert (dataset / "c.txt").read_bytes() == content_of("c")
    assert not history_has(dataset, b"X-Amz-Signature=abc")


@pytest.mark.slow
def test_files_without_a_url(tmp_path: Path, dataset: Path) -> None:
    (dataset / "own").write_bytes(b"own")
    call("save", dataset=str(dataset))
    run("git", "clone", "-q", dataset, "clone")
    clone = tmp_path / "clone"
    call("enable_jsdl", dataset=str(clone))
    records = call("download_content", dataset=str(clone))
    assert "2 of 3 files, " in messages(records)
    follow("datalad get .", clone)
    assert (clone / "own").read_bytes() == b"own"
    assert messages(call("download_content", dataset=str(clone))) == "nothing is missing"


@pytest.mark.slow
@pytest.mark.parametrize("way", ["prefix", "subdataset"])
def test_inside_another_dataset(dataset: Path, way: str) -> None:
    manifest, inside = Path("m.json").absolute(), dataset / "inner"
    said = messages(imported(manifest, inside))
    assert "use -d and --prefix. To make a subdataset there, use -d and PATH" in said
    assert not inside.exists()
    if way == "prefix":
        assert is_good(
            call("download_manifest", manifest=str(manifest), dataset=str(dataset), prefix="inner")
        )
        assert not (inside / ".git").exists()
    else:
        assert is_good(imported(manifest, inside, dataset=str(dataset)))
        assert (inside / ".git").exists()
    assert (inside / "a.txt").is_symlink()
    assert git(dataset, "status", "--porcelain") == ""


@pytest.mark.slow
def test_the_hint(dataset: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Of the command line; it is for those whose git config does not load the extension."""
    bare = tmp_path / "bare"
    bare.mkdir()
    config = Path(os.environ["HOME"], ".gitconfig").read_text().replace("load = jsdl", "")
    (bare / ".gitconfig").write_text(config)
    monkeypatch.setenv("HOME", str(bare))
    said = run("datalad", "download-manifest", "m.json", "ds")
    command = re.search(r"run once: (git config .*)", said)
    assert command
    run(*shlex.split(command[1]))
    assert "hint:" not in run("datalad", "download-manifest", "m.json", "ds")
    run("datalad", "export-archive", "-d", "ds", "-t", "zip", "out.zip")
    assert Path("out.zip").exists()
