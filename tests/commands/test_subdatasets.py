"""Paths with ``//``: one manifest, several datasets."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.lab import Lab
from tests.portal import (
    content_of,
    datalad,
    described,
    entries,
    git,
    publish,
    simple,
    summary,
    tree,
    write_manifest,
)


def own(records: list[dict[str, Any]], folder: Path) -> dict[str, Any]:
    (record,) = [r for r in records if r["type"] == "dataset" and r["path"] == str(folder)]
    return record


@pytest.mark.slow
def test_subdatasets_are_made_kept_up_to_date_and_fetched(tmp_path: Path, lab: Lab) -> None:
    urls = publish(lab, ["top", "s/a", "s/b", "s/deep/x", "t/a"])
    marked = {"top": "top", "s/a": "s//a", "s/b": "s//b", "s/deep/x": "s//deep//x", "t/a": "t//a"}
    first = {marked[path]: described(path, url) for path, url in urls.items()}
    manifest = write_manifest("m.json", first)
    dataset = tmp_path / "ds"
    plan = datalad("download-manifest", "-n", manifest, "ds")
    assert own(plan, dataset)["stat"][0]["files"] == 5
    assert not dataset.exists()
    records = datalad("download-manifest", manifest, "ds")
    assert entries(records) == dict.fromkeys(urls, "added")
    assert {r["path"] for r in datalad("subdatasets", "-r", "-d", "ds")} == {
        str(dataset / folder) for folder in ("s", "s/deep", "t")
    }
    assert git(dataset, "status", "--short") == ""
    # a clone gets them, and an update in it fetches the subdatasets that it needs
    datalad("clone", "ds", "clone")
    changed = {**first, "s//c": described("s/c", "https://a.example/c"), "s/odd": first["top"]}
    del changed["s//b"]
    manifest = write_manifest("m.json", changed)
    clone = tmp_path / "clone"
    before = git(clone, "rev-parse", "HEAD:t")
    # the folder cannot be both; the other entries go in
    (refused,) = [
        r
        for r in datalad("download-manifest", "--delete", manifest, "clone", code=1)
        if r["status"] == "error"
    ]
    assert refused["entry"] == "s/odd"
    assert (clone / "s" / "c").is_symlink()
    assert not (clone / "s" / "b").is_symlink()
    assert git(clone, "rev-parse", "HEAD:t") == before
    assert git(clone, "status", "--short") == ""
    head = git(clone, "rev-parse", "HEAD")
    datalad("download-manifest", "--delete", manifest, "clone", code=1)
    assert git(clone, "rev-parse", "HEAD") == head
    datalad("get", "-r", ".", cwd=clone, code=1)  # s//c is nowhere
    for path in urls.keys() - {"s/b"}:
        assert (clone / path).read_bytes() == content_of(path)


@pytest.mark.slow
def test_split_and_a_run_that_was_killed(tmp_path: Path) -> None:
    manifest = write_manifest("m.json", simple("r", "a/1", "a/2", "b/1"))
    datalad("download-manifest", "--split", "1", manifest, "ds")
    dataset = tmp_path / "ds"
    subdatasets = git(dataset, "config", "-f", ".gitmodules", "--get-regexp", "path")
    assert [line.split()[1] for line in subdatasets.splitlines()] == ["a", "b"]
    assert "--split=1" in git(dataset, "log", "-1", "--format=%B")
    # as if it had been killed: one is only begun, one not yet saved above
    again = tmp_path / "again"
    datalad("create", again)
    subprocess.run(["git", "init", "-q", again / "a"], check=True)
    datalad("create", again / "b")
    records = datalad("download-manifest", "--split", "1", manifest, "again")
    assert summary([own(records, again)]) == {"added": 1}
    for folder in ("a", "b"):
        assert tree(again / folder) == tree(dataset / folder)
    assert git(again, "status", "--short") == ""
    head = git(again, "rev-parse", "HEAD")
    datalad("rerun", cwd=again)
    assert git(again, "rev-parse", "HEAD") == head


@pytest.mark.slow
def test_what_is_in_the_way_of_a_subdataset(tmp_path: Path) -> None:
    dataset = tmp_path / "ds"
    datalad("download-manifest", write_manifest("m.json", simple("a/1", "b")), "ds")
    (dataset / "c").mkdir()
    (dataset / "c" / "mine").write_text("mine")
    members = simple("a//1", "b//1", "c//1", 'd [*"//1')
    manifest = write_manifest("n.json", members)
    records = datalad("download-manifest", manifest, "ds", code=1)
    wrong = {r["path"]: r["message"] for r in records if r["status"] == "error"}
    assert set(wrong) == {str(dataset / folder) for folder in "abc"}
    assert "1 file of its own there, such as 'a/1'; --delete" in wrong[str(dataset / "a")]
    assert "is a non-empty folder" in wrong[str(dataset / "c")]
    assert (dataset / "a/1").is_symlink()
    assert (dataset / 'd [*"/1').is_symlink()
    # with --delete the files make place; what is the user's does not, and is not committed
    with (dataset / ".gitmodules").open("a") as file:
        file.write('[submodule "mine"]\n\turl = https://u:hunter2@h.example/\n')
    records = datalad("download-manifest", "--delete", manifest, "ds", code=1)
    (said,) = {r["message"] for r in records if r["path"] == str(dataset)}
    assert ".gitmodules in " in said
    git(dataset, "checkout", "-q", ".gitmodules")
    records = datalad("download-manifest", "--delete", manifest, "ds", code=1)
    assert {r["path"] for r in records if r["status"] == "error"} == {str(dataset / "c")}
    assert (dataset / "c" / "mine").read_text() == "mine"
    shutil.rmtree(dataset / "c")
    datalad("download-manifest", manifest, "ds")
    assert git(dataset, "status", "--short") == ""
    git(dataset, "fsck", "--strict")
    found = {r["path"] for r in datalad("subdatasets", "-d", "ds", "--state", "present")}
    assert found == {str(dataset / folder) for folder in ("a", "b", "c", 'd [*"')}
    datalad("download-manifest", manifest, "fresh")
    for folder in ("", "a", "b", "c", 'd [*"'):
        links = (tree(d / folder).replace("160000", "") for d in (dataset, tmp_path / "fresh"))
        one, other = (re.sub(r"commit [0-9a-f]+|blob [0-9a-f]+\t.gitmodules", "", t) for t in links)
        assert one == other
    # a change in one commits the change alone, whatever the user has changed in that file
    with (dataset / ".gitmodules").open("a") as file:
        file.write("# mine\n")
    members["a//2"] = members["a//1"]
    datalad("download-manifest", write_manifest("n.json", members), "ds")
    changed = git(dataset, "diff", "--name-only", "HEAD^", "HEAD").splitlines()
    assert [path for path in changed if not path.startswith(".datalad/")] == ["a"]
    assert "mine" not in git(dataset, "show", "HEAD:.gitmodules")
