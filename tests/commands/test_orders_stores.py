"""Several datasets in one store, and a dataset's own store from elsewhere."""

from __future__ import annotations

import os
import shutil
import zipfile
from pathlib import Path

import pytest

from tests.lab import Lab
from tests.portal import datalad, described, git, publish, write_manifest


@pytest.fixture
def two(tmp_path: Path, lab: Lab) -> tuple[Path, Path]:
    """Datasets in folders of one name, with a path in common."""
    made = []
    for number in (1, 2):
        paths = ["f", f"only-{number}"]
        members = {path: described(path, url) for path, url in publish(lab, paths).items()}
        dataset = tmp_path / str(number) / "study"
        datalad("download-manifest", write_manifest("m.json", members), dataset)
        made.append(dataset)
    return made[0], made[1]


def listed(store: str, cwd: Path) -> list[str]:
    """What is shown of each file, up to its size."""
    records = datalad("download-list", "show", "--store", store, cwd=cwd)
    return [r["message"].partition("  ")[0] for r in records if r["type"] == "file"]


def test_datasets_are_told_apart(two: tuple[Path, Path], tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path}/orders.sqlite"
    for dataset in two:
        datalad("download-list", "add", "-r", "--store", store, cwd=dataset)
    assert listed(store, tmp_path) == ["study/f", "study/only-1", "study-2/f", "study-2/only-2"]
    datalad("download-list", "remove", "f", "--store", store, cwd=two[1])
    assert listed(store, tmp_path) == ["study/f", "study/only-1", "study-2/only-2"]


def test_the_store_of_one_dataset_has_files_of_another(
    two: tuple[Path, Path], tmp_path: Path
) -> None:
    """Its own dataset is moved with it; it is found from wherever the store is opened."""
    datalad("download-list", "add", "-r", cwd=two[0])
    moved = two[0].rename(tmp_path / "moved")
    store = f"sqlite:///{moved}/.git/annex/jsdl/orders.sqlite"
    datalad("download-list", "add", "-r", "--store", store, cwd=two[1])
    datalad("download-order", "create", "--name", "both", "--store", store, cwd=two[1])
    datalad("download-order", "export", "--store", store, cwd=two[1])
    with zipfile.ZipFile(two[1] / "both.zip") as archive:
        assert archive.testzip() is None
        assert archive.namelist() == [
            "both/study-2/f", "both/study-2/only-2", "both/study/f", "both/study/only-1",
        ]  # fmt: skip


def test_what_an_interrupted_export_has_left(two: tuple[Path, Path], lab: Lab) -> None:
    """It is told in words of this command, and without an option that it has not."""
    datalad("download-list", "add", "-r", cwd=two[0])
    (order,) = (r["order"] for r in datalad("download-order", "create", cwd=two[0]))
    lab.files["/only-1"].status = 404
    (failed,) = datalad("download-order", "export", order, "out.zip", cwd=two[0], code=1)
    assert "the next export of the order into this file continues it" in failed["message"]
    assert "--resume" not in failed["message"]
    left = two[0] / "out.zip.jsdl-part"
    before = left.read_bytes()
    # the beginning of another order's archive
    datalad("download-order", "create", "--from", order, "--name", "other", cwd=two[0])
    (failed,) = datalad("download-order", "export", "", "out.zip", cwd=two[0], code=1)
    assert "Without that file, the export starts over" in failed["message"]
    assert left.read_bytes() == before
    lab.files["/only-1"].status = 200
    datalad("download-order", "export", order, "out.zip", cwd=two[0])
    with zipfile.ZipFile(two[0] / "out.zip") as archive:
        assert archive.testzip() is None


def test_a_dataset_that_was_moved(two: tuple[Path, Path], tmp_path: Path) -> None:
    """Its files alone are gone, until its new place is told."""
    store = ["--store", f"sqlite:///{tmp_path}/orders.sqlite"]
    for dataset in two:
        datalad("download-list", "add", "-r", *store, cwd=dataset)
    moved = two[0].rename(tmp_path / "moved")
    records = datalad("download-list", "show", "--check", *store, cwd=tmp_path)
    assert {(r["source"], r["access"]) for r in records if r["type"] == "file"} == {
        ("study", "gone"), ("study-2", "open"),
    }  # fmt: skip
    assert [r["path"] for r in records if r["type"] == "file"] == [
        str(root / name)
        for root, number in ((two[1], 2), (two[0], 1))
        for name in ("f", f"only-{number}")
    ]
    said = records[-1]["message"]
    assert f"is not in {two[0]} any more" in said
    assert "datalad download-list moved study PATH" in said
    # its name cannot be told of what is no dataset, and not of another one
    for wrong, why in ((tmp_path, "there is no dataset in"), (two[1], "is named study-2 in this")):
        (told,) = datalad("download-list", "moved", "study", wrong, *store, code=1)
        assert why in told["message"]
    other = tmp_path / "other"
    git(tmp_path, "init", "-q", "other")
    (told,) = datalad("download-list", "moved", "study", other, *store, code=1)
    assert "is not study, or not all of it: it lacks the commit" in told["message"]
    (told,) = datalad("download-list", "moved", "nothing", moved, *store, code=1)
    assert told["message"] == "the store has no dataset nothing; it has study, study-2"
    (told,) = datalad("download-list", "moved", "study", *store, code=1)
    assert "takes a NAME and a PATH" in told["message"]
    (told,) = datalad("download-list", "moved", "study", "moved", *store, cwd=tmp_path)
    assert told["path"] == str(moved)
    assert datalad("download-list", "show", *store)[-1]["orderable"] == 4
    datalad("download-order", "create", "--name", "both", *store)
    records = datalad("download-order", "show", *store, cwd=two[1])
    assert [r["path"] for r in records if r["type"] == "file"] == [
        str(moved / "f"), str(moved / "only-1"), str(two[1] / "f"), str(two[1] / "only-2"),
    ]  # fmt: skip
    datalad("download-order", "export", *store, cwd=tmp_path)


def test_a_clone_takes_the_place_of_a_dataset(two: tuple[Path, Path], tmp_path: Path) -> None:
    """The commits of orders are kept there, too."""
    store = ["--store", f"sqlite:///{tmp_path}/orders.sqlite"]
    datalad("download-list", "add", "-r", *store, cwd=two[0])
    datalad("download-order", "create", "--name", "n", *store, cwd=two[0])
    git(tmp_path, "clone", "-q", str(two[0]), "clone")
    git(tmp_path / "clone", "annex", "init", "-q")
    (told,) = datalad("download-list", "moved", "study", tmp_path / "clone", *store)
    assert told["commits"] == 1
    assert "refs/jsdl/orders/" in git(tmp_path / "clone", "for-each-ref")
    for folder, _, _ in os.walk(two[0]):
        os.chmod(folder, 0o755)
    shutil.rmtree(two[0])
    datalad("download-order", "export", *store, cwd=tmp_path)


def test_a_place_that_has_a_name_already(two: tuple[Path, Path], tmp_path: Path) -> None:
    store = ["--store", f"sqlite:///{tmp_path}/orders.sqlite"]
    datalad("download-list", "add", "f", *store, cwd=two[0])
    moved = two[0].rename(tmp_path / "moved")
    datalad("download-list", "add", "only-1", *store, cwd=moved)
    (told,) = datalad("download-list", "moved", "study", moved, *store, code=1)
    assert told["message"].endswith(f"make a symbolic link to it at {two[0]}")
    two[0].symlink_to(moved)
    datalad("download-order", "create", "--name", "n", *store)
    datalad("download-order", "export", *store, cwd=tmp_path)


def test_a_path_of_one_dataset(two: tuple[Path, Path], tmp_path: Path) -> None:
    store = ["--store", f"sqlite:///{tmp_path}/orders.sqlite"]
    for dataset in two:
        datalad("download-list", "add", "-r", *store, cwd=dataset)
    create = ["download-order", "create", *store]

    def would(*paths: str, cwd: Path = tmp_path) -> int:
        number: int = datalad(*create, "--dry-run", *paths, cwd=cwd)[-1]["files"]
        return number

    for cwd in (tmp_path, *two):
        assert would("f", cwd=cwd) == 2
        assert would("study-2/f", cwd=cwd) == 1
        assert would("study-2/", cwd=cwd) == 2
        assert would("study/only-1", "f", cwd=cwd) == 3
    (told,) = datalad(*create, "--dry-run", "study/only-2", code=1)
    assert "no file that is chosen" in told["message"]
    order = datalad(*create, "study/f", "study-2/only-2")[-1]["order"]
    assert listed(store[1], tmp_path) == ["study/only-1", "study-2/f"]
    again = datalad(*create, "--dry-run", "--from", order, "study-2")[-1]
    assert (again["files"], again["dry_run"]) == (1, True)
    assert len(datalad("download-order", "list", *store)) == 1
    (two[1] / "folder").mkdir()
    datalad("download-list", "remove", "study/only-1", *store, cwd=two[1] / "folder")
    # of one source alone, no name stands before a path
    assert listed(store[1], tmp_path) == ["f"]
    assert would("f") == 1
