"""What is said of repositories that git, git-annex, or somebody else has in another state."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from datalad_jsdl.errors import DatasetError
from datalad_jsdl.repository import locks
from datalad_jsdl.repository.git.running import Git
from datalad_jsdl.repository.repository import Repository
from tests.advice.calls import call, follow, found_in, imported, is_good, messages, newer
from tests.advice.test_exports import export, names
from tests.conftest import run
from tests.portal import content_of, git

if TYPE_CHECKING:
    from tests.lab import Lab

# DataLad itself leaves pipes to git-annex open, in a process that goes on
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

FETCH = r"run there: (git fetch \S+ [^\s;]+)"


def test_a_file_in_the_place_of_a_dataset(dataset: Path) -> None:
    Path("file").write_bytes(b"mine")
    said = messages(imported(Path("m.json"), "file"))
    assert "is a file; give the folder of a dataset, or a new one" in said
    assert is_good(imported(Path("m.json"), dataset))
    assert Path("file").read_bytes() == b"mine"


@pytest.mark.slow
@pytest.mark.parametrize("plain", [True, False])
def test_a_folder_that_is_no_dataset(tmp_path: Path, dataset: Path, plain: bool) -> None:
    """What is in it stays as it is."""
    folder = tmp_path / "my own"
    folder.mkdir()
    (folder / "own").write_bytes(b"mine")
    if not plain:
        run("git", "init", "-q", folder)
    said = messages(imported(Path("m.json"), folder))
    follow(found_in(said, r"(datalad create --force\b.*)"), "." if plain else folder)
    assert is_good(imported(Path("m.json"), folder))
    assert (folder / "a.txt").is_symlink()
    assert (folder / "own").read_bytes() == b"mine"


@pytest.mark.slow
def test_a_folder_that_shall_be_a_subdataset(dataset: Path) -> None:
    """The files that an import wrote go, and no others."""
    text = Path("m.json").read_text()
    manifest, split = Path("n.json").absolute(), Path("split.json").absolute()
    manifest.write_text(text.replace('"a.txt"', '"part/a.txt"'))
    split.write_text(text.replace('"a.txt"', '"part//a.txt"'))
    assert is_good(imported(manifest, dataset))
    (dataset / "own").write_bytes(b"mine")
    call("save", dataset=str(dataset))
    assert "--delete deletes those that" in messages(imported(split, dataset))
    assert is_good(imported(split, dataset, delete=True))
    assert (dataset / "part/.git").exists()
    assert (dataset / "part/a.txt").is_symlink()
    assert (dataset / "own").read_bytes() == b"mine"


@pytest.mark.slow
def test_a_folder_with_files_in_it(dataset: Path) -> None:
    """It is imported into, and what is in it stays."""
    (dataset / "part").mkdir()
    (dataset / "part/own").write_bytes(b"mine")
    call("save", dataset=str(dataset))
    manifest = Path("m.json").absolute()
    said = messages(imported(manifest, dataset / "part"))
    assert "use -d and --prefix" in said
    options = {"manifest": str(manifest), "dataset": str(dataset), "prefix": "part"}
    assert is_good(call("download_manifest", **options))
    assert (dataset / "part/a.txt").is_symlink()
    assert (dataset / "part/own").read_bytes() == b"mine"


def test_a_subdataset_that_is_to_be_got(tmp_path: Path, nested: Path) -> None:
    run("git", "clone", "-q", nested, "clone")
    clone = tmp_path / "clone"
    said = messages(imported(Path("m.json"), clone, dry_run=True))
    assert "the subdataset" in said
    assert "is not installed; get it first" in said
    call("get", dataset=str(clone), path=str(clone / "sub"), get_data=False)
    said = messages(imported(Path("m.json"), clone, dry_run=True))
    assert "get it first" not in said


def test_a_bare_repository(tmp_path: Path, dataset: Path) -> None:
    run("git", "clone", "-q", "--bare", dataset, "bare")
    said = messages(imported(Path("m.json"), "bare"))
    assert "clone it and use the clone" in said
    run("git", "clone", "-q", "bare", "clone")
    assert is_good(imported(Path("m.json"), "clone"))
    assert is_good(call("download_content", dataset=str(tmp_path / "clone")))


@pytest.mark.parametrize(
    "way", ["of a dataset", pytest.param("of a plain one", marks=pytest.mark.slow)]
)
def test_a_clone_without_a_git_annex_branch(tmp_path: Path, dataset: Path, way: str) -> None:
    if way == "of a plain one":
        run("git", "init", "-q", "plain")
        git(tmp_path / "plain", "commit", "-q", "--allow-empty", "-m", "mine")
    origin = dataset if way == "of a dataset" else tmp_path / "plain"
    run("git", "clone", "-q", "--single-branch", origin, "clone")
    clone = tmp_path / "clone"
    said = messages(imported(Path("m.json"), clone))
    assert "if it is a clone of a plain git repository, use another folder" in said
    if way == "of a dataset":
        follow(found_in(said, FETCH), clone)
        assert is_good(imported(Path("m.json"), clone))
        assert is_good(call("download_content", dataset=str(clone)))
        assert (clone / "a.txt").read_bytes() == content_of("a.txt")
    else:
        assert is_good(imported(Path("m.json"), "other"))
        assert git(clone, "log", "--format=%s") == "mine"


@pytest.mark.slow
def test_a_git_annex_branch_that_is_gone(tmp_path: Path, dataset: Path) -> None:
    git(dataset, "annex", "get", "-q", "a.txt")
    run("git", "clone", "-q", dataset, "clone")
    git(tmp_path / "clone", "annex", "init", "-q")
    git(dataset, "branch", "-q", "-D", "git-annex")
    said = messages(imported(Path("m.json"), dataset))
    command = found_in(said, FETCH).replace("URL-OF-THE-CLONE", shlex.quote(f"{tmp_path}/clone"))
    follow(command, dataset)
    assert is_good(imported(Path("m.json"), dataset))
    assert is_good(call("download_content", dataset=str(dataset)))
    assert (dataset / "b.txt").read_bytes() == content_of("b.txt")


@pytest.mark.parametrize("name", ["HEAD:a.txt", "git-annex:remote.log"])
@pytest.mark.parametrize("content", [None, b"garbage"])
def test_an_object_is_brought_back(
    tmp_path: Path, dataset: Path, name: str, content: bytes | None
) -> None:
    """Of a file, and of what git-annex knows; by the first way the loss is seen."""
    run("git", "clone", "-q", "--no-local", dataset, "good")
    git(tmp_path / "good", "annex", "init", "-q")
    oid = git(dataset, "rev-parse", name)
    file = dataset / ".git/objects" / oid[:2] / oid[2:]
    file.chmod(0o644)
    file.unlink()
    if content is not None:
        file.write_bytes(content)
    repository = Git(dataset)
    with pytest.raises(DatasetError) as caught:
        list(repository.blobs([oid]))
    said = str(caught.value)
    assert f"the object {oid} is missing or damaged" in said
    assert oid in _output(found_in(said, r"run there: (git fsck)"), dataset)
    before = git(dataset, "for-each-ref")
    if content is not None:
        Path(found_in(said, r"move the damaged file (\S+) away")).rename("damaged")
    command = found_in(said, r"run there: (git -c .*)")
    follow(command.replace("URL-OF-THE-CLONE", shlex.quote(f"{tmp_path}/good")), dataset)
    assert len(list(repository.blobs([oid]))) == 1
    assert git(dataset, "for-each-ref") == before


def _output(command: str, cwd: Path) -> str:
    import subprocess

    done = subprocess.run(shlex.split(command), cwd=cwd, capture_output=True, text=True)
    return done.stdout + done.stderr


def test_a_branch_that_is_damaged(dataset: Path) -> None:
    """git's own words tell which file it is."""
    file = dataset / ".git/refs/heads/main"
    commit = file.read_text()
    file.write_text("")
    said = messages(imported(Path("m.json"), dataset))
    assert str(file) in said
    assert "refs/heads/main" in _output(found_in(said, r"run there: (git fsck)"), dataset)
    file.write_text(commit)
    assert is_good(imported(Path("m.json"), dataset))


@pytest.mark.slow
def test_a_git_folder_that_is_none(dataset: Path) -> None:
    inner = dataset / "inner"
    (inner / ".git").mkdir(parents=True)
    with pytest.raises(DatasetError) as caught:
        Repository(inner).require_own()
    place = Path(found_in(str(caught.value), r"Look at what is in (\S+)"))
    assert list(place.iterdir()) == []
    place.rmdir()
    manifest = str(Path("m.json").absolute())
    assert is_good(imported(Path(manifest), inner, dataset=str(dataset)))
    assert (inner / "a.txt").is_symlink()


def test_git_is_put_on_path(dataset: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setenv("PATH", os.devnull)
        with pytest.raises(DatasetError, match="install git, or add it to PATH"):
            Git(dataset).commit("HEAD")
    assert Git(dataset).commit("HEAD")


def test_a_lock_is_removed(dataset: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once nobody holds it, as it says."""
    monkeypatch.setattr(locks, "_SECONDS", 0)  # no wait: it will not go
    (dataset / "own").touch()
    (dataset / ".git/index.lock").touch()
    repository = Git(dataset)
    with pytest.raises(DatasetError, match="left the file: remove it") as caught:
        locks.patiently(repository, lambda: repository.run("add", "own"))
    Path(found_in(str(caught.value), r"holds the lock (.*?)\. Wait")).unlink()
    locks.patiently(repository, lambda: repository.run("add", "own"))
    assert git(dataset, "status", "--porcelain") == "A  own"


@pytest.mark.slow
def test_somebody_who_commits_all_the_time(dataset: Path, lab: Lab) -> None:
    """Run again when that is over, all is there."""
    hook = dataset / ".git/hooks/post-index-change"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(
        '#!/bin/sh\ncase "$GIT_INDEX_FILE" in *annex*) exit;; esac\n'
        'git update-ref HEAD "$(git commit-tree -p HEAD -m theirs HEAD^{tree})"\n'
    )
    hook.chmod(0o755)
    manifest = newer(lab, "c.txt")
    assert "in the meantime; run the command again" in messages(imported(manifest, dataset))
    hook.unlink()
    assert is_good(imported(manifest, dataset))
    assert (dataset / "c.txt").is_symlink()
    assert "theirs" in git(dataset, "log", "--format=%s")
    assert git(dataset, "status", "--porcelain") == ""


def test_a_view_is_left(dataset: Path, lab: Lab) -> None:
    git(dataset, "annex", "metadata", "-q", "a.txt", "-s", "x=1")
    git(dataset, "annex", "view", "-q", "x=1")
    manifest = newer(lab, "c.txt")
    said = messages(imported(manifest, dataset))
    follow(found_in(said, r"run there: (git annex vpop)"), dataset)
    assert is_good(imported(manifest, dataset))
    assert sorted(path.name for path in dataset.glob("*.txt")) == ["a.txt", "b.txt", "c.txt"]


def test_files_are_unlocked(dataset: Path, lab: Lab, caplog: pytest.LogCaptureFixture) -> None:
    git(dataset, "config", "annex.addunlocked", "include=*.txt")
    manifest = newer(lab, "c.txt")
    assert is_good(imported(manifest, dataset))
    command = found_in(caplog.text, r"run: (git annex unlock FILE)")
    follow(command.replace("FILE", "c.txt"), dataset)
    git(dataset, "commit", "-q", "-m", "unlocked")
    assert not (dataset / "c.txt").is_symlink()
    # it stays so, and can be had
    assert is_good(imported(manifest, dataset))
    assert is_good(call("download_content", dataset=str(dataset)))
    assert (dataset / "c.txt").read_bytes() == content_of("new c.txt")
    assert git(dataset, "status", "--porcelain") == ""


def test_in_a_folder_of_the_dataset(dataset: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    manifest = Path("m.json").absolute()
    folder = dataset / "my sub"
    folder.mkdir()
    monkeypatch.chdir(folder)
    said = messages(call("download_manifest", manifest=str(manifest)))
    option, prefix = shlex.split(found_in(said, r"add (--prefix [^)]*)\)"))
    assert option == "--prefix"
    said = messages(call("download_manifest", manifest=str(manifest), prefix=prefix))
    assert "not to the current folder" not in said
    assert (folder / "a.txt").is_symlink()
    assert git(dataset, "status", "--porcelain") == ""


def test_a_link_that_leads_nowhere(dataset: Path) -> None:
    link = Path("out.zip")
    link.symlink_to("out.zip")
    said = messages(export(dataset))
    assert "out.zip is a broken symbolic link; remove it" in said
    link.unlink()
    assert is_good(export(dataset))
    assert names() == ["a.txt", "b.txt"]


@pytest.mark.slow
def test_what_is_no_secret(dataset: Path, lab: Lab) -> None:
    """From then on it is registered; a signature beside it still is not."""
    url = lab.put("c.txt", content_of("c.txt"))
    public = f"{url}?run=1&key=0b6d2f8e-31a7-4c55-9d0e-7f1b6a2c9e44"
    for name, query in (("plain", public), ("signed", f"{public}&X-Amz-Signature=abc")):
        Path(f"{name}.json").write_text(f'{{"c.txt": ["{query}"]}}')
    said = messages(imported(Path("plain.json"), dataset))
    command = found_in(said, r"if it is not secret, run: (git config --global --add \S+ \w+)")
    assert "not-secret" not in messages(imported(Path("signed.json"), dataset))
    try:
        follow(command)
        assert is_good(imported(Path("plain.json"), dataset))
        assert "signed URLs are never" in messages(imported(Path("signed.json"), dataset))
    finally:
        run("git", "config", "--global", "--unset-all", "datalad.jsdl.not-secret")
    git(dataset, "annex", "get", "-q", "c.txt")
    assert (dataset / "c.txt").read_bytes() == content_of("c.txt")
