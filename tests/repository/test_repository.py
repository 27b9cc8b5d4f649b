"""What a repository is, is asked of git once, and again only after a refresh."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from datalad_jsdl.errors import DatasetError
from datalad_jsdl.repository.repository import Head, Repository, find_repository
from tests.portal import git


@pytest.fixture
def study(tmp_path: Path) -> Path:
    git(tmp_path, "init", "-q", "-b", "main", "study")
    return tmp_path / "study"


def commit(study: Path) -> tuple[str, str]:
    git(study, "commit", "-q", "--allow-empty", "-m", "one")
    return git(study, "rev-parse", "HEAD"), git(study, "rev-parse", "HEAD^{tree}")


def test_heads(study: Path) -> None:
    repository = Repository(study)
    assert repository.head == Head("refs/heads/main", "", "")
    first = commit(study)
    assert repository.head.commit == ""
    repository.refresh()
    assert repository.head == Head("refs/heads/main", *first)
    git(study, "checkout", "-q", "--detach")
    assert Repository(study).head == Head("", *first)


def test_places(study: Path, tmp_path: Path) -> None:
    commit(study)
    git(study, "worktree", "add", "-q", str(tmp_path / "other"))
    git(tmp_path, "clone", "-q", "--bare", "study", "bare.git")
    own, other, bare = (Repository(tmp_path / name) for name in ("study", "other", "bare.git"))
    assert (own.git_dir, own.common_dir) == (study / ".git", study / ".git")
    assert (other.git_dir, other.common_dir) == (study / ".git/worktrees/other", study / ".git")
    assert other.annex_dir == study / ".git/annex"
    assert other.head.branch == "refs/heads/other"
    assert bare.git_dir.samefile(tmp_path / "bare.git")
    assert [one.has_work_tree for one in (own, other, bare)] == [True, True, False]
    with pytest.raises(DatasetError, match="bare"):
        bare.require_work_tree()


def test_what_is_found(study: Path, tmp_path: Path) -> None:
    assert find_repository(tmp_path / "none") is None
    (tmp_path / "plain").mkdir()
    (tmp_path / "plain/HEAD").write_text("of a chapter")
    assert find_repository(tmp_path / "plain") is None
    assert find_repository(study) is not None
    (study / "inner/.git").mkdir(parents=True)
    with pytest.raises(DatasetError, match="is not a repository that git can use"):
        find_repository(study / "inner")


def test_settings(study: Path) -> None:
    repository = Repository(study)
    git(study, "config", "--add", "remote.Mine.x", "1")
    git(study, "config", "--add", "remote.Mine.x", "2\n3")
    with (study / ".git/config").open("a") as file:
        file.write("[core]\n\tsharedRepository\n")
    assert (repository.setting("remote.Mine.x"), repository.sharing) == ("2\n3", "true")
    assert repository.config_values()["remote.Mine.x"] == ["1", "2\n3"]
    assert ("local", "remote.Mine.x", "1") in repository.settings
    assert ("global", "user.name", git(study, "config", "user.name")) in repository.settings
    git(study, "config", "remote.Mine.y", "4")
    assert repository.setting("remote.Mine.y") == ""
    repository.refresh()
    assert repository.setting("remote.Mine.y") == "4"


def test_the_hash_of_objects(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "--object-format=sha256", "new")
    git(tmp_path, "init", "-q", "old")
    assert Repository(tmp_path / "new").object_format == "sha256"
    assert Repository(tmp_path / "old").object_format == "sha1"


def test_each_is_asked_once(study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commit(study)
    git(study, "branch", "git-annex")
    trace = tmp_path / "trace"
    monkeypatch.setenv("GIT_TRACE2_EVENT", str(trace))
    repository = Repository(study)
    for _ in range(2):
        repository.require_work_tree()
        assert repository.git_dir
        assert repository.annex_dir
        assert repository.head.tree
        assert repository.uuid == repository.version == ""
        assert repository.has_annex
        assert repository.ref("refs/jsdl/work") == ""
        assert repository.annex.remotes() == {}
        assert repository.annex.config() == {}
    events = map(json.loads, trace.read_text().splitlines())
    started = [event["argv"][1] for event in events if event["event"] == "start"]
    assert sorted(started) == ["cat-file", "config", "for-each-ref", "rev-parse"]


def test_a_branch_that_is_damaged_is_not_one_that_is_missing(study: Path) -> None:
    commit(study)
    git(study, "branch", "git-annex")
    (study / ".git/refs/heads/git-annex").write_text("")
    with pytest.raises(DatasetError, match="damaged"):
        assert Repository(study).has_annex
    (study / ".git/refs/heads/main").write_text("")
    repository = Repository(study)
    assert repository.git_dir == study / ".git"
    with pytest.raises(DatasetError, match="damaged"):
        assert repository.head
