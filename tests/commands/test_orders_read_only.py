"""Lists and orders of a dataset, or in a store, that cannot be written."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.lab import Lab
from tests.portal import datalad, described, publish, write_manifest
from tests.read_only import read_only

PATHS = ["a", "b"]


@pytest.fixture
def study(tmp_path: Path, lab: Lab) -> Path:
    """A dataset with an order, and a file on its list."""
    members = {path: described(path, url) for path, url in publish(lab, PATHS).items()}
    datalad("download-manifest", write_manifest("m.json", members), "study")
    root = tmp_path / "study"
    datalad("download-list", "add", "-r", cwd=root)
    datalad("download-order", "create", "--name", "n", cwd=root)
    datalad("download-list", "add", "a", cwd=root)
    return root


def last(root: Path, *args: str | Path, code: int = 0) -> dict[str, Any]:
    return datalad(*args, cwd=root, code=code)[-1]


def test_what_is_there_is_shown_and_exported(study: Path, tmp_path: Path) -> None:
    with read_only(study):
        assert last(study, "download-list", "show")["files"] == 1
        (order,) = datalad("download-order", "list", cwd=study)
        assert last(study, "download-order", "show")["order"] == order["order"]
        done = last(study, "download-order", "export", order["order"], tmp_path / "n.zip")
        assert "the order does not remember it" in done["message"]
        assert last(study, "download-order", "compare")["unchanged"] == 2
        manifest = tmp_path / "o.json"
        assert last(study, "download-order", "manifest", order["order"], manifest)["entries"] == 2
        last(study, "download-order", "verify", order["order"], tmp_path / "n.zip")
    with zipfile.ZipFile(tmp_path / "n.zip") as archive:
        assert archive.testzip() is None
    last(study, "download-order", "export", order["order"], tmp_path / "again.zip")
    with read_only(study):
        # the order knows its archive now
        done = last(study, "download-order", "export", order["order"], tmp_path / "third.zip")
        assert "remember" not in done["message"]
        assert last(study, "download-order", "show")["sha256"] == done["sha256"]


@pytest.mark.parametrize(
    "command",
    [
        ("download-list", "add", "b"),
        ("download-list", "remove", "a"),
        ("download-list", "clear"),
        ("download-list", "undo"),
        ("download-list", "show", "--check"),
        ("download-order", "create"),
        ("download-order", "prepare"),
        ("download-order", "prepare", "--queue"),
        ("download-order", "worker"),
    ],
    ids=lambda command: " ".join(command),
)
def test_what_has_to_write_says_so(study: Path, lab: Lab, command: tuple[str, ...]) -> None:
    lab.requests.clear()
    with read_only(study):
        said = last(study, *command, code=1)["message"]
    file = study / ".git/annex/jsdl/orders.sqlite"
    assert said == f"the store {file} cannot be written. For a store elsewhere, use --store URL"
    assert lab.requests == []


def test_a_store_elsewhere_is_written(study: Path, tmp_path: Path) -> None:
    store = ["--store", f"sqlite:///{tmp_path}/orders.sqlite"]
    with read_only(study):
        last(study, "download-list", "add", "-r", *store)
        last(study, "download-order", "create", "--name", "n", *store)
        last(study, "download-order", "export", *store, "", tmp_path / "n.zip")


def test_a_dataset_without_a_store(study: Path) -> None:
    (study / ".git/annex/jsdl/orders.sqlite").unlink()
    with read_only(study):
        said = last(study, "download-list", "show", code=1)["message"]
    assert "cannot make the store" in said
    assert "use --store URL" in said
