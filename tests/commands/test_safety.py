"""download-manifest: what it must never do, whatever the manifest or the moment."""

from __future__ import annotations

import json
import os
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import run
from tests.kill_at import KillAt
from tests.lab import Lab
from tests.portal import (
    all_objects,
    datalad,
    described,
    entries,
    git,
    publish,
    summary,
    tree,
    write_manifest,
)
from tests.running import run_datalad

URL = "https://a.example/f"

HOSTILE: dict[str, Any] = {
    "/etc/jsdl-test": [URL],
    "../outside": [URL],
    "a/../../outside": [URL],
    "./dot": [URL],
    "a///b": [URL],
    "a\\b": [URL],
    "new\nline": [URL],
    ".git/hooks/hostile": [URL],
    ".GIT/config": [URL],
    "sub/.git/config": [URL],
    "git~1/config": [URL],
    ".g\u200cit/config": [URL],
    ".datalad/config": [URL],
    ".gitattributes": [URL],
    ".noannex": [URL],
    "sub/.gitmodules": [URL],
    "folder": [URL],
    "folder/file": [URL],
    "scheme": ["file:///etc/passwd"],
    "javascript": ["javascript:alert(1)"],
    "login": ["https://user:hunter2@a.example/f"],
    "digest": {"urls": [URL], "digests": {"sha256": "abc"}},
    "size": {"urls": [URL], "size": -5},
    "none": [],
    "text": "https://a.example/f",
}
GOOD = {"folder/file", "fine"}


def snapshot(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_hostile_entries_are_refused_by_name_and_the_rest_goes_in(tmp_path: Path) -> None:
    manifest = write_manifest("m.json", HOSTILE | {"fine": [URL]})
    records = datalad("download-manifest", manifest, "ds", code=1)
    changes = entries(records)
    assert {path for path, change in changes.items() if change == "refused"} == set(HOSTILE) - GOOD
    assert {path for path, change in changes.items() if change == "added"} == GOOD
    assert all(repr(r["entry"]) in r["message"] for r in records if r["status"] == "error")
    dataset = tmp_path / "ds"
    assert {path.name for path in tmp_path.iterdir()} == {"m.json", "ds"}
    assert {p.name for p in dataset.iterdir()} == {
        ".git", ".datalad", ".gitattributes", "folder", "fine",
    }  # fmt: skip
    assert not (dataset / ".git/hooks/hostile").exists()
    assert not Path("/etc/jsdl-test").exists()
    assert "hunter2" not in json.dumps(records)
    assert b"hunter2" not in all_objects(dataset)


def test_a_path_twice_is_refused_once(tmp_path: Path) -> None:
    Path("m.json").write_text('{"f": ["https://a.example/1"], "f": ["https://a.example/2"]}')
    records = datalad("download-manifest", "m.json", "ds", code=1)
    assert summary(records) == {"added": 1, "refused": 1}
    assert "twice" in records[0]["message"]


def test_user_work_is_left_alone(tmp_path: Path) -> None:
    first = {path: described(path, f"{URL}/{path}") for path in ("staged", "modified", "free")}
    datalad("download-manifest", write_manifest("m.json", first), "ds")
    dataset = tmp_path / "ds"
    (dataset / "mine").write_text("mine")
    git(dataset, "add", "mine")
    for name in ("staged", "modified"):
        (dataset / name).unlink()
        (dataset / name).write_text(name)
    git(dataset, "add", "staged")
    (dataset / "untracked").write_text("untracked")
    (dataset / "blocked").write_text("blocked")
    os.symlink(tmp_path, dataset / "out")
    index = git(dataset, "ls-files", "-s", "staged", "modified", "mine")
    second = {path: described(f"new {path}", f"{URL}/2/{path}") for path in first}
    second |= {path: described(path, f"{URL}/{path}") for path in ("untracked", "new")}
    second |= {path: described(path, f"{URL}/{path}") for path in ("blocked/x", "out/x")}
    before = snapshot(tmp_path / "ds" / ".datalad")
    records = datalad("download-manifest", write_manifest("m.json", second), "ds", code=1)
    conflicts = {path for path, change in entries(records).items() if change == "conflict"}
    assert conflicts == {"staged", "modified", "untracked", "blocked/x", "out/x"}
    assert summary(records) == {"added": 1, "changed": 1, "conflicts": 5}
    assert git(dataset, "ls-files", "-s", "staged", "modified", "mine") == index
    for name in ("staged", "modified", "untracked", "mine", "blocked"):
        assert (dataset / name).read_text() == name
    assert git(dataset, "diff", "--cached", "--name-only").split() == ["mine", "staged"]
    assert not (tmp_path / "x").exists()
    assert before.items() <= snapshot(tmp_path / "ds" / ".datalad").items()


def test_files_kept_in_git_and_subdatasets_are_not_replaced(tmp_path: Path) -> None:
    datalad("create", "ds")
    datalad("create", "-d", "ds", "ds/sub")
    dataset = tmp_path / "ds"
    (dataset / "README").write_text("mine")
    git(dataset, "-c", "annex.largefiles=nothing", "add", "README")
    git(dataset, "commit", "-q", "-m", "mine")
    members = {path: [URL] for path in ("README", "sub", "sub/x", "README/y", "new")}
    records = datalad("download-manifest", write_manifest("m.json", members), "ds", code=1)
    # as a folder of others, README and sub cannot be files at all
    assert {p for p, c in entries(records).items() if c == "conflict"} == {"sub/x", "README/y"}
    members = {path: [URL] for path in ("README", "sub")}
    records = datalad("download-manifest", write_manifest("m.json", members), "ds", code=1)
    assert set(entries(records).values()) == {"conflict"}
    assert (dataset / "README").read_text() == "mine"


def test_an_unmerged_synced_branch_is_left_alone(tmp_path: Path) -> None:
    datalad("download-manifest", write_manifest("m.json", {"a": [URL]}), "ds")
    dataset = tmp_path / "ds"
    git(dataset, "checkout", "-q", "-b", "synced/main")
    (dataset / "theirs").write_text("theirs")
    git(dataset, "annex", "add", "-q", "theirs")
    git(dataset, "commit", "-q", "-m", "theirs")
    git(dataset, "checkout", "-q", "main")
    synced = git(dataset, "rev-parse", "synced/main")
    datalad("download-manifest", write_manifest("m.json", {"a": [URL], "b": [URL]}), "ds")
    assert not os.path.lexists(dataset / "theirs")
    assert git(dataset, "rev-parse", "synced/main") == synced


@pytest.mark.slow
@pytest.mark.parametrize("present", [False, True])
def test_a_rerun_changes_nothing(tmp_path: Path, lab: Lab, present: bool) -> None:
    urls = publish(lab, ["a.txt", "b/c.nii.gz", "plain", "tool"])
    members: dict[str, Any] = {path: described(path, url) for path, url in urls.items()}
    members["plain"] = [urls["plain"]]
    members["tool"]["executable"] = True
    manifest = write_manifest("m.json", members)
    datalad("download-manifest", "--prefix", "{in}", manifest, "ds")
    dataset = tmp_path / "ds"
    if present:
        git(dataset, "annex", "get", ".")
    commit, annexed = git(dataset, "rev-parse", "HEAD"), git(dataset, "annex", "find")
    manifest.unlink()
    datalad("rerun", cwd=dataset)
    assert git(dataset, "rev-parse", "HEAD") == commit
    assert git(dataset, "status", "--short") == ""
    assert git(dataset, "annex", "find") == annexed
    assert (dataset / "{in}/b/c.nii.gz").is_symlink()


def test_a_manifest_in_the_dataset_is_recorded_by_its_name(tmp_path: Path) -> None:
    datalad("create", "ds")
    dataset = tmp_path / "ds"
    write_manifest(dataset / "m.json", {"a": [URL]})
    git(dataset, "add", "m.json")
    git(dataset, "commit", "-q", "-m", "manifest")
    datalad("download-manifest", "-d", ".", "-m", "from the portal", "m.json", cwd=dataset)
    message = git(dataset, "log", "-1", "--format=%B")
    assert message.startswith("[DATALAD RUNCMD] from the portal\n")
    assert "download-manifest -d . --restore m.json" in message
    commit = git(dataset, "rev-parse", "HEAD")
    datalad("rerun", cwd=dataset)
    assert git(dataset, "rev-parse", "HEAD") == commit


OBJECTS, WORK_TREE = (
    "datalad_jsdl.repository.importing.write",
    "datalad_jsdl.repository.importing.switching",
)
STEPS = {
    "before git has the objects": KillAt("datalad_jsdl.repository.git.pack:PackWriter.write_to"),
    "before they have names": KillAt(f"{OBJECTS}:create_ref"),
    "before the annex branch is merged": KillAt(f"{OBJECTS}:merge_annex_branch"),
    "when git has them all": KillAt(f"{OBJECTS}:write_commit", after=True),
    "before the switch": KillAt(f"{WORK_TREE}:make_way"),
    "when the way is free": KillAt(f"{WORK_TREE}:make_way", after=True),
    "before the branch moves": KillAt("datalad_jsdl.repository.locks:patiently", call=2),
    "when it has moved": KillAt(f"{WORK_TREE}:switch", after=True),
}


@pytest.fixture(scope="module")
def imported(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two manifests, a dataset of the first one, and what it becomes with the second."""
    folder = tmp_path_factory.mktemp("imported")
    first = {f"s{i % 7}/f{i}": described(f"{i}", f"{URL}/{i}") for i in range(60)}
    second = {path: value for path, value in first.items() if path[-1] != "3"}
    second |= {f"s{i % 7}/f{i}": described(f"{i}!", f"{URL}/{i}!") for i in range(40, 200)}
    write_manifest(folder / "1.json", first)
    write_manifest(folder / "2.json", second)
    datalad("download-manifest", "1.json", "ds", cwd=folder)
    run("cp", "-a", "ds", "fresh", cwd=folder)
    datalad("download-manifest", "--delete", "2.json", "fresh", cwd=folder)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("kill", STEPS.values(), ids=STEPS)
def test_killed_at_a_step_a_second_run_ends_the_same(
    tmp_path: Path, imported: Path, kill: KillAt
) -> None:
    dataset = tmp_path / "ds"
    run("cp", "-a", imported / "ds", dataset)
    (dataset / "mine").write_text("mine")
    before = git(dataset, "rev-parse", "HEAD")
    command = ("download-manifest", "--delete", imported / "2.json", "ds")
    assert run_datalad(*command, kill=kill).code == -signal.SIGKILL
    moved = kill is STEPS["when it has moved"]
    assert (git(dataset, "rev-parse", "HEAD") != before) is moved
    datalad(*command)
    assert tree(dataset) == tree(imported / "fresh")
    assert git(dataset, "status", "--short") == "?? mine"
    assert git(dataset, "for-each-ref", "refs/jsdl", "refs/heads/jsdl") == ""
    count = len(json.loads((imported / "2.json").read_text()))
    assert summary(datalad(*command)) == {"unchanged": count}
    git(dataset, "annex", "fsck", "-q", "--fast")


# the first half are those that git is given; so many that our own threads make them
LINKS = {"in the midst of the links": 1050, "after all but one": 1399}


@pytest.mark.slow
@pytest.mark.parametrize("call", LINKS.values(), ids=LINKS)
def test_a_large_first_import_killed_while_it_makes_links(tmp_path: Path, call: int) -> None:
    members = {f"s{i % 9}/f{i}": described(f"{i}", f"{URL}/{i}") for i in range(700)}
    manifest = write_manifest("m.json", members)
    datalad("create", "ds")
    dataset = tmp_path / "ds"
    (dataset / "s1/f1").mkdir(parents=True)  # an empty folder is in nobody's way
    (dataset / "mine").write_text("mine")
    git(dataset, "add", "mine")
    kill = KillAt("datalad_jsdl.repository.importing.worktree:blob_of", call=call)
    assert run_datalad("download-manifest", manifest, "ds", kill=kill).code == -signal.SIGKILL
    made = [path for path in dataset.glob("s*/f*") if path.is_symlink()]
    assert 0 < len(made) < 700
    datalad("download-manifest", manifest, "ds")
    assert all((dataset / path).is_symlink() for path in members)
    assert git(dataset, "status", "--short") == "A  mine"
    assert summary(datalad("download-manifest", manifest, "ds")) == {"unchanged": 700}


def slow(*values: object) -> list[Any]:
    """More of the same, for which there is time in CI."""
    return [pytest.param(value, marks=pytest.mark.slow) for value in values]


@pytest.mark.parametrize("index", ["half", *slow("new", "old")])
def test_killed_just_before_the_branch_moved(tmp_path: Path, index: str) -> None:
    first = {path: described(path, f"{URL}/{path}") for path in ("changed", "gone", "s/same")}
    datalad("download-manifest", write_manifest("m.json", first), "ds")
    second = {path: described(f"{path}!", f"{URL}/{path}!") for path in ("changed", "d/added")}
    second["s/same"] = first["s/same"]
    manifest = write_manifest("m.json", second)
    datalad("download-manifest", "--delete", manifest, "ds")
    dataset = tmp_path / "ds"
    done = git(dataset, "rev-parse", "HEAD^{tree}")
    after = git(dataset, "rev-parse", "HEAD")
    git(dataset, "update-ref", "HEAD", "HEAD~1")
    if index != "new":
        git(dataset, "read-tree", "HEAD")
    if index == "half":
        git(dataset, "update-ref", "refs/jsdl/work", after)
        (dataset / "changed").unlink()
    records = datalad("download-manifest", "--delete", manifest, "ds")
    assert entries(records) == {"changed": "changed", "d/added": "added", "gone": "deleted"}
    assert git(dataset, "rev-parse", "HEAD^{tree}") == done
    assert git(dataset, "status", "--short") == ""
    assert (dataset / "d/added").is_symlink()


def test_two_at_once(tmp_path: Path) -> None:
    members = {f"f{i}": described(f"{i}", f"{URL}/{i}") for i in range(500)}
    manifest = write_manifest("m.json", members)
    datalad("create", "ds")
    with ThreadPoolExecutor(2) as pool:
        both = list(pool.map(lambda _: run_datalad("download-manifest", manifest, "ds"), "ab"))
    codes = sorted(done.code for done in both)
    assert codes in ([0, 0], [0, 1]), both
    if codes == [0, 1]:
        assert any("another download-manifest" in done.stdout for done in both)
    assert len([p for p in (tmp_path / "ds").iterdir() if p.name[0] == "f"]) == 500
    assert git(tmp_path / "ds", "status", "--short") == ""


def test_without_git_annex_it_says_how_to_get_it(tmp_path: Path) -> None:
    script = (
        "import os, sys; import datalad.api as api, datalad_jsdl.repository.git.running as git;"
        "os.environ['PATH'] = sys.argv[2]; sys.executable = '/nowhere/python';"
        "print(api.download_manifest(sys.argv[1], 'ds', on_failure='ignore')[0]['message'])"
    )
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/git").symlink_to(run("which", "git").strip())
    manifest = write_manifest("m.json", {"a": [URL]})
    said = run("python", "-c", script, manifest, tmp_path / "bin")
    assert "datalad-installer git-annex -m pip" in said
