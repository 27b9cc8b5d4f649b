"""The special remote, as git-annex uses it."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import run
from tests.lab import Lab, refused_url, sha256
from tests.portal import (
    MTIME,
    MTIME_SECONDS,
    content_of,
    datalad,
    described,
    git,
    publish,
    write_manifest,
)


@pytest.fixture
def dataset(tmp_path: Path, lab: Lab) -> Path:
    """A dataset of three files whose content is at *lab*."""
    urls = publish(lab, ["a.txt", "sub/b.nii.gz", "c.bin"])
    members = {path: described(path, url, mtime=MTIME) for path, url in urls.items()}
    datalad("download-manifest", write_manifest("m.json", members), "ds")
    return tmp_path / "ds"


def test_every_kind_of_dead_first_mirror(tmp_path: Path, lab: Lab, other_lab: Lab) -> None:
    faults: dict[str, dict[str, Any]] = {
        "404": {"status": 404},
        "403": {"status": 403},
        "500": {"status": 500},
        "html": {"html": True},
        "reset": {"reset_at": 1000},
        "cut": {"cut_at": 1000},
        "cut-no-length": {"cut_at": 1000, "no_length": True},
        "loop": {"location": f"{other_lab.url}/loop"},
        "file": {"location": "file:///etc/passwd"},
    }
    members: dict[str, Any] = {}
    for path, fault in faults.items():
        bad = other_lab.put(path, content_of(path), **fault)
        members[path] = described(path, bad, lab.put(path, content_of(path)))
    wrong = other_lab.put("wrong", content_of("something else"))
    members["wrong"] = described("wrong", wrong, lab.put("wrong", content_of("wrong")))
    members["refused"] = described(
        "refused", refused_url(), lab.put("refused", content_of("refused"))
    )
    # nothing is known but that a page is no NIfTI file
    page = other_lab.put("bare.nii.gz", html=True)
    members["bare.nii.gz"] = [page, lab.put("bare.nii.gz", content_of("bare.nii.gz"))]
    datalad("download-manifest", write_manifest("m.json", members), "ds")
    dataset = tmp_path / "ds"
    git(dataset, "annex", "get", "--from", "jsdl", ".")
    for path in members:
        assert (dataset / path).read_bytes() == content_of(path), path
    git(dataset, "annex", "fsck", "-q")
    assert not list((dataset / ".git/annex/tmp").iterdir())


def test_the_given_order_is_kept(tmp_path: Path, lab: Lab, other_lab: Lab) -> None:
    labs = sorted((lab, other_lab), key=lambda one: one.url)
    for path, (first, second) in {"ab": labs, "ba": labs[::-1]}.items():
        urls = [one.put(path, content_of(path)) for one in (first, second)]
        members = {path: described(path, *urls)}
        datalad("download-manifest", write_manifest("m.json", members), "ds")
        git(tmp_path / "ds", "annex", "get", path)
        assert [
            len([r for r in one.requests if r.path == f"/{path}"]) for one in (first, second)
        ] == [
            1,
            0,
        ]


def test_no_good_mirror_names_each_fault_and_heals(tmp_path: Path, lab: Lab) -> None:
    gone = lab.put("gone", status=404)
    wrong = lab.put("wrong", content_of("other"))
    members = {"f": described("f", f"{gone}?user=hunter2", wrong)}
    datalad("download-manifest", write_manifest("m.json", members), "ds")
    dataset = tmp_path / "ds"
    done = subprocess.run(
        ["git", "annex", "get", "--from", "jsdl", "f"], cwd=dataset, capture_output=True, text=True
    )
    said = done.stdout + done.stderr
    assert done.returncode
    assert f"{gone}?…: HTTP status 404 (not found)" in said
    assert "wrong content: expected sha256" in said
    assert "hunter2" not in said
    lab.put("wrong", content_of("f"))
    git(dataset, "annex", "get", "f")
    assert (dataset / "f").read_bytes() == content_of("f")


@pytest.mark.slow  # it is waited for the mirror, and git-annex tries again
def test_a_partial_file_is_resumed(tmp_path: Path, lab: Lab) -> None:
    content = content_of("big", 4_000_000)
    url = lab.put("big", content, reset_at=3_000_000)
    members = {"big": {"urls": [url], "digests": {"sha256": sha256(content)}}}
    datalad("download-manifest", write_manifest("m.json", members), "ds")
    dataset = tmp_path / "ds"
    lab.files["/big"].ranges = False
    git(dataset, "annex", "get", "--from", "jsdl", "big", check=False)
    lab.put("big", content)
    lab.requests.clear()
    git(dataset, "annex", "get", "--from", "jsdl", "big")
    assert (dataset / "big").read_bytes() == content
    assert lab.sent() <= 1_100_000


def test_what_another_program_left_is_continued_or_thrown_away(dataset: Path, lab: Lab) -> None:
    tmp = dataset / ".git/annex/tmp"
    tmp.mkdir(exist_ok=True)
    good, bad = (git(dataset, "annex", "lookupkey", path) for path in ("a.txt", "c.bin"))
    (tmp / good).write_bytes(content_of("a.txt")[:2000])
    (tmp / bad).write_bytes(b"<html>" * 100)
    git(dataset, "annex", "get", "--from", "jsdl", "a.txt", "c.bin")
    assert (dataset / "a.txt").read_bytes() == content_of("a.txt")
    assert (dataset / "c.bin").read_bytes() == content_of("c.bin")
    assert lab.sent("a.txt") == 1000


def test_content_has_the_recorded_mtime(dataset: Path) -> None:
    git(dataset, "annex", "get", ".")
    assert (dataset / "a.txt").stat().st_mtime == MTIME_SECONDS


def test_checkpresent_and_drop(dataset: Path, lab: Lab) -> None:
    git(dataset, "annex", "get", ".")
    lab.files["/a.txt"].head = False  # Orthanc answers 404 to HEAD
    git(dataset, "annex", "drop", "a.txt")
    lab.put("c.bin", status=404)
    assert "failed" in git(dataset, "annex", "drop", "c.bin", check=False)
    lab.put("c.bin", content_of("c.bin") + b"longer")
    assert "failed" in git(dataset, "annex", "drop", "c.bin", check=False)
    key = git(dataset, "annex", "lookupkey", "sub/b.nii.gz")
    git(dataset, "annex", "checkpresentkey", key, "jsdl")
    del lab.files["/sub/b.nii.gz"]
    done = subprocess.run(["git", "annex", "checkpresentkey", key, "jsdl"], cwd=dataset)
    assert done.returncode == 1
    lab.put("sub/b.nii.gz", status=503)
    done = subprocess.run(["git", "annex", "checkpresentkey", key, "jsdl"], cwd=dataset)
    assert done.returncode == 100  # unknown


def test_it_never_uploads(dataset: Path) -> None:
    (dataset / "mine").write_text("mine")
    git(dataset, "annex", "add", "-q", "mine")
    git(dataset, "commit", "-q", "-m", "mine")
    git(dataset, "annex", "sync", "--content", "--no-pull", "--no-push")
    assert "failed" in git(dataset, "annex", "copy", "--to", "jsdl", "mine", check=False)
    # even where the local setting is missing
    git(dataset, "config", "--unset", "remote.jsdl.annex-readonly")
    done = subprocess.run(
        ["git", "annex", "copy", "--to", "jsdl", "mine"],
        cwd=dataset,
        capture_output=True,
        text=True,
    )
    assert "only downloads" in done.stdout + done.stderr


def test_git_annex_tests_the_remote(dataset: Path) -> None:
    git(dataset, "annex", "get", "a.txt")
    said = git(dataset, "annex", "testremote", "jsdl", "--test-readonly=a.txt")
    assert "All 35 tests passed" in said


def test_whereis_counts_one_copy(dataset: Path) -> None:
    whereis = json.loads(git(dataset, "annex", "whereis", "--json", "a.txt"))
    assert [place["uuid"] for place in whereis["whereis"]] == [
        "00000000-0000-0000-0000-000000000001"
    ]


def test_progress_is_reported(tmp_path: Path, lab: Lab) -> None:
    url = lab.put("big", bytes(30_000_000))
    datalad("download-manifest", write_manifest("m.json", {"big": {"urls": [url]}}), "ds")
    said = git(tmp_path / "ds", "annex", "get", "--json", "--json-progress", "big")
    positions = [json.loads(line).get("byte-progress") for line in said.splitlines()]
    assert any(position and 0 < position < 30_000_000 for position in positions)


def test_initremote_by_hand(tmp_path: Path, lab: Lab) -> None:
    url = lab.put("f", content_of("f"))
    run("git", "init", "-q", "repo")
    repo = tmp_path / "repo"
    git(repo, "annex", "init", "-q")
    settings = ("type=external", "externaltype=jsdl", "encryption=none", "--sameas=web")
    git(repo, "annex", "initremote", "jsdl", *settings)
    for setting in ("annex-verify false", "annex-readonly true"):
        assert f"remote.jsdl.{setting}" in git(repo, "config", "--get-regexp", "^remote")
    key = f"MD5E-s3000--{hashlib.md5(content_of('f')).hexdigest()}.txt"
    git(repo, "annex", "fromkey", "--force", key, "f.txt")
    git(repo, "annex", "registerurl", key, refused_url())
    git(repo, "annex", "registerurl", key, url)
    assert "from jsdl" in git(repo, "annex", "get", "f.txt")
    assert (repo / "f.txt").read_bytes() == content_of("f")


def test_private_addresses_are_refused_unless_allowed(
    tmp_path: Path, lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = lab.put("f", content_of("f"))
    elsewhere = lab.put("elsewhere", location=url)
    members = {"f": described("f", url), "g": described("f", elsewhere)}
    datalad("download-manifest", write_manifest("m.json", members), "ds")
    dataset = tmp_path / "ds"
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "annex.security.allowed-ip-addresses")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "")
    done = subprocess.run(
        ["git", "annex", "get", "--from", "jsdl", "."], cwd=dataset, capture_output=True, text=True
    )
    assert done.returncode
    advice = "git config annex.security.allowed-ip-addresses '127.0.0.1'"
    assert advice in done.stdout + done.stderr
    assert not lab.requests
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", f"[127.0.0.1]:{lab.port}")
    git(dataset, "annex", "get", "--from", "jsdl", "f")
    assert (dataset / "f").read_bytes() == content_of("f")


class TestClones:
    """Clones, with and without the program, made before and after."""

    def without_program(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A PATH with git and git-annex, but without our special remote."""
        folder = tmp_path / "bin"
        folder.mkdir(exist_ok=True)
        for name in ("git-annex", "sh", "uname", "cp", "env"):
            link = folder / name
            if not link.exists():
                link.symlink_to(run("which", name).strip())
        git_folder = Path(run("which", "git").strip()).parent
        monkeypatch.setenv("PATH", os.pathsep.join([str(folder), str(git_folder)]))

    def test_a_clone_fetches(self, tmp_path: Path, dataset: Path) -> None:
        run("git", "clone", "-q", dataset, "clone")
        clone = tmp_path / "clone"
        git(clone, "remote", "rename", "origin", "upstream")
        said = git(clone, "annex", "get", ".")
        assert said.count("(from jsdl...)") == 3
        git(clone, "annex", "drop", ".")
        assert git(clone, "config", "remote.jsdl.annex-verify") == "false"
        run("git", "clone", "-q", clone, "grandchild")
        assert "(from jsdl...)" in git(tmp_path / "grandchild", "annex", "get", "a.txt")

    def test_a_clone_without_the_program_fetches_through_web(
        self, tmp_path: Path, dataset: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.without_program(tmp_path, monkeypatch)
        run("git", "clone", "-q", dataset, "clone")
        git(tmp_path / "clone", "annex", "get", ".")
        assert (tmp_path / "clone/a.txt").read_bytes() == content_of("a.txt")

    def test_a_clone_made_before_the_program_was_there_is_enabled(
        self, tmp_path: Path, dataset: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with monkeypatch.context() as patch:
            self.without_program(tmp_path, patch)
            run("git", "clone", "-q", dataset, "clone")
            git(tmp_path / "clone", "annex", "init", "-q")
        clone = tmp_path / "clone"
        (record,) = datalad("enable-jsdl", "-d", clone)
        assert record["status"] == "ok"
        assert "enabled" in record["message"]
        (record,) = datalad("enable-jsdl", "-d", clone)
        assert record["status"] == "notneeded"
        assert "encryption=none" in git(clone, "show", "git-annex:remote.log")
        assert "(from jsdl...)" in git(clone, "annex", "get", "a.txt")
        git(clone, "annex", "drop", "a.txt")
        run("git", "clone", "-q", clone, "grandchild")
        grandchild = tmp_path / "grandchild"
        assert "(from jsdl...)" in git(grandchild, "annex", "get", "a.txt")
        # and what it recorded harms nobody upstream
        git(clone, "push", "-q", "origin", "git-annex:synced/git-annex")
        git(dataset, "annex", "get", "c.bin")
        assert datalad("enable-jsdl", "-d", dataset)[0]["status"] == "notneeded"

    def test_a_dataset_of_addurls_is_enabled(self, tmp_path: Path, lab: Lab) -> None:
        url = lab.put("f.txt", content_of("f"))
        datalad("create", "ds")
        dataset = tmp_path / "ds"
        git(dataset, "annex", "addurl", "-q", url, "--file", "f.txt")
        git(dataset, "commit", "-q", "-m", "f")
        git(dataset, "annex", "drop", "-q", "f.txt")
        assert datalad("enable-jsdl", "-d", dataset)[0]["status"] == "ok"
        assert "(from jsdl...)" in git(dataset, "annex", "get", "f.txt")
        settings = git(dataset, "config", "--get-regexp", r"remote\.jsdl\.")
        assert "annex-verify false" in settings
        assert "annex-readonly true" in settings
        assert git(dataset, "annex", "wanted", "jsdl") == "present"

    def test_another_remote_of_that_name_is_not_taken(self, tmp_path: Path) -> None:
        datalad("create", "ds")
        dataset = tmp_path / "ds"
        (tmp_path / "store").mkdir()
        settings = ("type=directory", f"directory={tmp_path}/store", "encryption=none")
        git(dataset, "annex", "initremote", "jsdl", *settings)
        (record,) = datalad("enable-jsdl", "-d", dataset, code=1)
        assert "another special remote in" in record["message"]
