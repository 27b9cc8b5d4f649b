"""What of a dataset, its history and its subdatasets gets into an archive."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.conftest import run
from tests.portal import content_of, datalad, described, file_sha256, git, publish, write_manifest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.lab import Lab

PATHS = ["sub-01/a.txt", "sub-01/b.nii", "sub-02/a.txt", "notes.md"]


@pytest.fixture
def dataset(tmp_path: Path, lab: Lab, ready: Callable[..., Path]) -> Path:
    listed = {path: described(path, url) for path, url in publish(lab, PATHS).items()}
    return ready(listed, tmp_path / "ds")


def names(*options: str | Path, dataset: str | Path = "ds", file: str = "x.zip") -> list[str]:
    datalad("export-archive", "-d", dataset, "-t", "zip", "--leading-dir", "", *options, file)
    with zipfile.ZipFile(file) as archive:
        assert archive.testzip() is None
        return archive.namelist()


def chosen(*paths: str | Path, cwd: Path | None = None, code: int = 0) -> list[str] | str:
    command = ("export-archive", "-d", ".", "-t", "zip", "--leading-dir", "")
    (record,) = datalad(*command, "x.zip", *paths, cwd=cwd, code=code)
    if code:
        return str(record["message"])
    with zipfile.ZipFile(record["path"]) as archive:
        return archive.namelist()


def test_globs(dataset: Path) -> None:
    assert names("--include", "*.txt") == ["sub-01/a.txt", "sub-02/a.txt"]
    assert names("--include", "sub-01", "--exclude", "*.nii") == ["sub-01/a.txt"]
    assert names("--exclude", "sub-*") == ["notes.md"]
    command = ("export-archive", "-d", "ds", "-t", "zip", "--include", "nothing", "x.zip")
    (record,) = datalad(*command, code=1)
    assert "--include and --exclude filter out all" in record["message"]


def test_paths(dataset: Path) -> None:
    assert chosen("sub-01", cwd=dataset) == ["sub-01/a.txt", "sub-01/b.nii"]
    assert chosen("sub-02/a.txt", "notes.md", cwd=dataset) == ["notes.md", "sub-02/a.txt"]
    assert chosen(dataset / "sub-02", cwd=dataset) == ["sub-02/a.txt"]
    assert len(chosen(".", cwd=dataset)) == 4
    assert "nothing to export at sub-0" in chosen("sub-0", cwd=dataset, code=1)
    assert "for a pattern, use --include" in chosen("sub-0*", cwd=dataset, code=1)
    assert "is outside the dataset" in chosen("../m.json", cwd=dataset, code=1)


def test_another_commit(dataset: Path, lab: Lab) -> None:
    git(dataset, "tag", "one")
    first = file_sha256(export(dataset, "first"))
    paths = ["sub-01/a.txt", "new.txt"]
    listed = {path: described(path, url) for path, url in publish(lab, paths).items()}
    datalad("download-manifest", "--delete", write_manifest("m.json", listed), "ds")
    assert names() == ["new.txt", "sub-01/a.txt"]
    assert names("--ref", "one") == sorted(PATHS)
    assert file_sha256(export(dataset, "again", "--ref", "one")) == first
    command = ("export-archive", "-d", dataset, "-t", "zip", "--ref", "none", "x.zip")
    (record,) = datalad(*command, code=1)
    assert "git finds no commit 'none'" in record["message"]


def export(dataset: Path, folder: str, *options: str) -> Path:
    Path(folder).mkdir()
    target = Path(folder, "study.zip")
    datalad("export-archive", "-d", dataset, "-t", "zip", *options, target)
    return target


def test_a_branch_that_hides_files_is_exported_with_them(dataset: Path) -> None:
    git(dataset, "annex", "get", "notes.md")
    whole = file_sha256(export(dataset, "whole"))
    git(dataset, "annex", "adjust", "--hide-missing", "--unlock")
    assert file_sha256(export(dataset, "hiding")) == whole
    assert file_sha256(export(dataset, "main", "--ref", "main")) == whole


@pytest.fixture
def nested(tmp_path: Path, lab: Lab, dataset: Path) -> Path:
    """A superdataset with that dataset in it, and one more within that."""
    for name, file in (("super", "top.txt"), ("deep", "file")):
        run("git", "init", "-q", name)
        Path(name, file).write_text(name)
        git(tmp_path / name, "add", ".")
        git(tmp_path / name, "commit", "-q", "-m", "first")
    add = ("-c", "protocol.file.allow=always", "submodule", "--quiet", "add")
    git(tmp_path / "super", *add, str(dataset), "a-sub")
    git(tmp_path / "super/a-sub", *add, str(tmp_path / "deep"), "deep")
    for folder in ("super/a-sub", "super"):
        git(tmp_path / folder, "commit", "-q", "-a", "-m", "subdataset")
    return tmp_path / "super"


def test_subdatasets(nested: Path, tmp_path: Path) -> None:
    assert names(dataset=nested) == ["top.txt"]
    inside = [f"a-sub/{path}" for path in sorted(PATHS)]
    everything = sorted([*inside, "a-sub/deep/file", "top.txt"])
    assert names("-r", dataset=nested) == everything
    assert names("-r", "-R", "1", dataset=nested) == [*inside, "top.txt"]
    assert names("-r", "--include", "*/a.txt", dataset=nested) == [
        "a-sub/sub-01/a.txt",
        "a-sub/sub-02/a.txt",
    ]
    with zipfile.ZipFile("x.zip") as archive:
        assert archive.read("a-sub/sub-02/a.txt") == content_of("sub-02/a.txt")
    command = ("export-archive", "-d", ".", "-t", "zip", "-r", "--leading-dir", "")
    datalad(*command, "y.zip", "a-sub/deep", cwd=nested)
    with zipfile.ZipFile(nested / "y.zip") as archive:
        assert archive.namelist() == ["a-sub/deep/file"]
    assert "is in the subdataset a-sub; " in chosen("a-sub/notes.md", cwd=nested, code=1)


@pytest.mark.slow
def test_a_subdataset_that_is_not_here(nested: Path, tmp_path: Path) -> None:
    whole = file_sha256(export(nested, "whole", "-r"))
    run("git", "clone", "-q", nested, "clone")
    clone = tmp_path / "clone"
    command = ("export-archive", "-d", "clone", "-t", "zip", "-r", "x.zip")
    (record,) = datalad(*command, code=1)
    told = "the subdataset a-sub is not installed; to get it, run: "
    told += f"datalad -C {clone} get -n a-sub"
    assert told in record["message"]
    assert names("-r", "--missing-content", "continue", dataset=clone) == ["top.txt"]
    assert names("-r", "--exclude", "a-sub", dataset=clone) == ["top.txt"]
    assert names("-r", "--include", "top*", dataset=clone) == ["top.txt"]
    for sub in ("a-sub", "a-sub/deep"):  # else it has a git-annex branch of its origin's alone
        git(nested / sub, "annex", "init", "-q")
    run("git", "clone", "-q", nested / "a-sub", clone / "a-sub")
    run("git", "clone", "-q", nested / "a-sub/deep", clone / "a-sub/deep")
    assert file_sha256(export(clone, "cloned", "-r")) == whole


def test_a_subdataset_is_taken_at_its_commit(nested: Path, lab: Lab) -> None:
    whole = file_sha256(export(nested, "before", "-r"))
    git(nested / "a-sub", "rm", "-q", "notes.md")
    git(nested / "a-sub", "commit", "-q", "-m", "gone")
    assert file_sha256(export(nested, "after", "-r")) == whole
    git(nested, "commit", "-q", "-a", "-m", "newer")
    assert "a-sub/notes.md" not in names("-r", dataset=nested)
    assert "a-sub/notes.md" in names("-r", "--ref", "HEAD~1", dataset=nested)
