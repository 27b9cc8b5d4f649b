"""Looking through what is served: what is seen is what a list gets."""

from __future__ import annotations

import json
import threading
from datetime import datetime
from pathlib import Path

import pytest

from datalad_jsdl.errors import DatasetError, NothingThereError
from datalad_jsdl.orders.choosing.choice import Choice, statistics_of
from datalad_jsdl.orders.choosing.datasets import choose_from_dataset
from datalad_jsdl.orders.desk import Desk
from datalad_jsdl.orders.store.opening import Store
from datalad_jsdl.portal.browsing import Browser
from datalad_jsdl.portal.manifests import Manifests
from datalad_jsdl.portal.rows import Page, Row, Sort, View
from datalad_jsdl.portal.served import Served, served_of
from tests.conftest import run
from tests.portal import MTIME, datalad, described, git, write_manifest

A = "https://a.example"
MEMBERS = {
    "a/b/f.nii": described("f", f"{A}/f", mtime=MTIME),
    "a/Run.sh": described("r", f"{A}/r"),
    "a/ü": {"urls": [f"{A}/u"]},
    "z.txt": {**described("t", f"{A}/t"), "size": 5},
    "c/x": described("x", f"{A}/x"),
}
del MEMBERS["z.txt"]["digests"]


@pytest.fixture(autouse=True)
def allowed(home: Path) -> None:
    """Git has a user."""


def served(what: str | Path) -> Served:
    with Store.of_file(Path("store.sqlite").absolute()) as store:
        (found,) = served_of(Desk(store), [str(what)])
    return found


def browsed(what: str | Path, **view: object) -> Page:
    return Browser(Manifests()).page(served(what), View(**view))  # type: ignore[arg-type]


def names(page: Page) -> list[str]:
    return [row.name for row in page.rows]


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    datalad("download-manifest", write_manifest("m.json", MEMBERS), "study")
    return tmp_path / "study"


@pytest.mark.parametrize("kind", ["dataset", "manifest"])
def test_folders(kind: str, tmp_path: Path) -> None:
    manifest = write_manifest("m.json", MEMBERS)
    if kind == "dataset":
        datalad("download-manifest", manifest, "study")
    what = manifest if kind == "manifest" else tmp_path / "study"
    top = browsed(what)
    assert top.folder == Row("", "", True, 9005, 5, 1)
    assert top.rows[0] == Row("a", "a", True, 6000, 3, 1)
    assert names(top) == ["a", "c", "z.txt"]
    inner = browsed(what, folder="a")
    assert inner.folder == top.rows[0]
    assert inner.rows == (
        Row("b", "a/b", True, 3000, 1, 0),
        Row("Run.sh", "a/Run.sh", size=3000),
        Row("ü", "a/ü"),
    )
    (file,) = browsed(what, folder="a/b").rows
    assert file.mtime == datetime.fromisoformat(MTIME.replace("Z", "+00:00"))
    assert [row.path for row in browsed(what, search="R").rows] == ["a/Run.sh"]
    assert [row.path for row in browsed(what, search="Ü", folder="a").rows] == ["a/ü"]
    assert browsed(what, search="run", folder="c").total == 0
    for folder in ("b", "a/", "../study", "a/../a", "/a", "a/Run.sh", ".datalad", ".git", "\0"):
        with pytest.raises(NothingThereError):
            browsed(what, folder=folder)


def test_pages_and_their_order(tmp_path: Path) -> None:
    members = {f"f{n:02}": {"urls": [f"{A}/{n}"], "size": n % 7} for n in range(25)}
    members["big/x"] = {"urls": [f"{A}/x"], "size": 1000}
    del members["f13"]["size"]
    manifest = write_manifest("m.json", members)
    first = browsed(manifest, size=10)
    assert (first.total, first.pages, first.number) == (26, 3, 1)
    assert names(first)[:3] == ["big", "f00", "f01"]
    assert len(browsed(manifest, size=10, number=3).rows) == 6
    assert browsed(manifest, size=10, number=4).rows == ()
    assert names(browsed(manifest, descending=True))[:2] == ["big", "f24"]
    by_size = browsed(manifest, sort=Sort.SIZE, descending=True)
    assert names(by_size)[:4] == ["big", "f06", "f20", "f05"]
    assert names(by_size)[-1] == "f13"
    assert names(browsed(manifest, sort=Sort.SIZE))[-1] == "f13"


def test_a_dataset_shows_what_its_list_gets(dataset: Path) -> None:
    """Also on an adjusted branch, which hides what is not here."""
    git(dataset, "annex", "adjust", "--hide-missing")
    what = served(dataset)
    top = Browser(Manifests()).total(what)
    chosen = statistics_of(choose_from_dataset(dataset, what.source, Choice(recursive=True)).files)
    assert (top.files, top.size, top.unsized) == (chosen.files, chosen.size, chosen.unsized)
    assert top.files == 5


def test_subdatasets(tmp_path: Path) -> None:
    members = {"s//in/f": described("f", f"{A}/f"), "d/t//g": described("g", f"{A}/g"), "o": {}}
    members["o"] = described("o", f"{A}/o")
    datalad("download-manifest", write_manifest("m.json", members), "study")
    top = browsed("study")
    assert top.folder == Row("", "", True, 9000, 3, 0)
    assert [(row.name, row.files) for row in top.rows] == [("d", 1), ("s", 1), ("o", 0)]
    assert [row.path for row in browsed("study", folder="s").rows] == ["s/in"]
    assert [row.path for row in browsed("study", folder="s/in").rows] == ["s/in/f"]
    assert browsed("study", folder="d").rows == (Row("t", "d/t", True, 3000, 1, 0),)
    assert [row.path for row in browsed("study", search="g").rows] == ["d/t/g"]
    run("git", "clone", "-q", tmp_path / "study", "clone")
    top = browsed("clone")
    assert (top.folder.files, top.folder.missing) == (1, 2)
    assert [row.missing for row in top.rows] == [1, 1, 0]
    with pytest.raises(DatasetError, match="the subdataset s is not here"):
        browsed("clone", folder="s/in")


def test_a_manifest_is_read_once_and_again_when_it_has_changed(tmp_path: Path) -> None:
    manifest = write_manifest("m.json", MEMBERS)
    what, manifests = served(manifest), Manifests()
    first = manifests.get(what)
    assert manifests.get(what) is first
    manifest.write_text(json.dumps({"new": MEMBERS["c/x"]}))
    assert [row.path for row in manifests.get(what).rows("")] == ["new"]


def test_a_manifest_is_read_before_it_is_asked_for() -> None:
    reads: list[str] = []

    def logins(name: str) -> tuple[str, ...]:
        reads.append(name)  # they are asked for once a reading
        return ()

    what, manifests = served(write_manifest("m.json", MEMBERS)), Manifests(logins)
    manifests.read_ahead([what])
    for thread in threading.enumerate():
        if thread.name == "manifests":
            thread.join()
    assert len(reads) == 1
    assert Browser(manifests).total(what).files > 0
    assert len(reads) == 1
