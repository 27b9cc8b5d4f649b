"""Many new symlinks: in the work tree, and in an index that others use, too."""

from __future__ import annotations

import os
import threading
import time
from typing import TYPE_CHECKING

import pytest

from datalad_jsdl.errors import DatasetError
from datalad_jsdl.repository import locks
from datalad_jsdl.repository.git.pack import writing_pack
from datalad_jsdl.repository.git.running import Git
from datalad_jsdl.repository.importing import new_links
from datalad_jsdl.repository.importing.new_links import add_links
from datalad_jsdl.repository.importing.steps import Change, Step
from datalad_jsdl.repository.importing.worktree import blob_of
from tests.conftest import run

if TYPE_CHECKING:
    from pathlib import Path

COUNT = 2500


@pytest.fixture(params=["as usual", "split", "no index"])
def git(request: pytest.FixtureRequest, tmp_path: Path) -> Git:
    run("git", "init", "-q", tmp_path)
    if request.param == "split":
        run("git", "config", "core.splitIndex", "true", cwd=tmp_path)
    if request.param != "no index":
        (tmp_path / "old").write_text("old")
        run("git", "add", "old", cwd=tmp_path)
    return Git(tmp_path)


@pytest.fixture
def steps(git: Git) -> list[Step]:
    keys = [f"SHA256E-s{i}--{i:064x}.nii.gz" for i in range(COUNT)]
    paths = [f"s{i % 7}/{'é/' * (i % 3)}f{i}" for i in range(COUNT)]
    made = [Step(p, Change.ADDED, k, "120000") for p, k in zip(paths, keys, strict=True)]
    with writing_pack(git) as pack:
        for step in made:
            pack.add(b"blob", blob_of(step))
    return made


def listed(git: Git) -> dict[str, str]:
    """Path → mode in the index."""
    items = git.run("ls-files", "-z", "--stage").decode().split("\0")[:-1]
    return {item.partition("\t")[2]: item.partition(" ")[0] for item in items}


def changed(git: Git) -> str:
    """What git says of the work tree against the index, and of what it does not know."""
    return git.text("ls-files", "--modified", "--deleted", "--others")


def is_tidy(git: Git) -> bool:
    names = os.listdir(git.root / ".git")
    return not any("jsdl" in name or name.endswith(".lock") for name in names)


def test_all_are_there_and_nothing_is_left(git: Git, steps: list[Step]) -> None:
    before = listed(git)
    draft = git.root / ".git" / "jsdl-index-1"  # of a run that was killed
    for left in (draft, draft.with_name("jsdl-index-1.lock")):
        left.write_text("")
    (git.root / steps[5].path).mkdir(parents=True)  # an empty folder
    add_links(git, steps)
    assert listed(git) == before | dict.fromkeys([step.path for step in steps], "120000")
    assert all(os.readlink(git.root / s.path).encode() == blob_of(s) for s in steps)
    assert changed(git) == ""
    assert is_tidy(git)
    git.run("fsck")


@pytest.mark.parametrize("minimal", [False, True])
def test_what_is_changed_at_once_is_seen(git: Git, steps: list[Step], minimal: bool) -> None:
    if minimal:
        git.run("config", "core.checkStat", "minimal")
    mine = git.root / "mine"
    while time.time() % 1 > 0.5:  # all within a second
        time.sleep(0.01)
    mine.write_text("1st")
    git.run("add", "mine")
    mine.write_text("2nd")
    add_links(git, steps)
    one, other = (git.root / step.path for step in steps[:2])
    one.rename(git.root / "between")
    other.rename(one)
    (git.root / "between").rename(other)
    swapped = {step.path for step in steps[:2]}
    assert set(changed(git).split("\n")) >= {"mine"} | (swapped if not minimal else set())


@pytest.mark.parametrize("minimal", [False, True])
def test_links_are_older_than_the_index_unless_times_are_all_that_git_looks_at(
    git: Git, steps: list[Step], minimal: bool
) -> None:
    if minimal:
        git.run("config", "core.checkStat", "minimal")
    began = int(time.time())
    add_links(git, steps)
    times = {int(os.lstat(git.root / step.path).st_mtime) for step in steps}
    assert (min(times) >= began) is minimal
    assert (max(times) < began) is not minimal


def test_what_another_adds_meanwhile_stays(
    git: Git, steps: list[Step], monkeypatch: pytest.MonkeyPatch
) -> None:
    make = new_links._make_links

    meanwhile = iter(["theirs", "too"])

    def making(*args: object) -> None:
        make(*args)  # type: ignore[arg-type]
        if name := next(meanwhile, ""):
            (git.root / name).write_text(name)
            git.run("add", name)

    monkeypatch.setattr(new_links, "_make_links", making)
    before = listed(git)
    add_links(git, steps)
    new = dict.fromkeys([step.path for step in steps], "120000")
    assert listed(git) == before | new | {"theirs": "100644", "too": "100644"}
    assert changed(git) == ""
    assert is_tidy(git)


def test_an_index_that_never_rests_is_an_error(
    git: Git, steps: list[Step], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(new_links, "_is_replaced", lambda *_: False)  # it would take threads
    with pytest.raises(DatasetError, match=r"keep changing .*index"):
        add_links(git, steps)
    assert is_tidy(git)
    monkeypatch.undo()
    add_links(git, steps)
    assert changed(git) == ""


def test_a_lock_of_another_is_waited_for(git: Git, steps: list[Step]) -> None:
    lock = git.root / ".git" / "index.lock"
    lock.write_text("")
    timer = threading.Timer(1.5, lock.unlink)
    timer.start()
    add_links(git, steps)
    timer.join()
    assert len(listed(git)) >= COUNT
    assert is_tidy(git)


def test_a_lock_that_stays_is_an_error(
    git: Git, steps: list[Step], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locks, "_SECONDS", 0.2)
    before = listed(git)
    lock = git.root / ".git" / "index.lock"
    lock.write_text("")
    with pytest.raises(DatasetError, match=r"holds the lock .*index\.lock"):
        add_links(git, steps)
    lock.unlink()
    assert listed(git) == before
    assert is_tidy(git)
    add_links(git, steps)
    assert changed(git) == ""


def test_a_file_in_the_way_ends_it(git: Git, steps: list[Step]) -> None:
    before = listed(git)
    place = git.root / steps[-1].path
    place.parent.mkdir(parents=True)
    place.write_text("mine")
    with pytest.raises(OSError, match=r"[Nn]ot a directory"):
        add_links(git, steps)
    assert place.read_text() == "mine"
    assert listed(git) == before
    assert is_tidy(git)
