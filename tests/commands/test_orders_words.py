"""What the commands on lists and orders say, and take for what."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from datalad_jsdl.errors import StoreError
from datalad_jsdl.orders.jobs.waking import Waker
from datalad_jsdl.orders.store.opening import Store
from tests.lab import Lab
from tests.portal import content_of, datalad, described, git, publish, write_manifest

PATHS = ["a", "b"]


@pytest.fixture
def study(tmp_path: Path, lab: Lab) -> Path:
    members = {path: described(path, url) for path, url in publish(lab, PATHS).items()}
    datalad("download-manifest", write_manifest("m.json", members), "study")
    datalad("download-list", "add", "-r", cwd=tmp_path / "study")
    return tmp_path / "study"


def last(root: Path, *args: str | Path, code: int = 0) -> dict[str, Any]:
    return datalad(*args, cwd=root, code=code)[-1]


def test_a_file_is_told_from_an_order(study: Path) -> None:
    """The newest order is meant."""
    order = last(study, "download-order", "create", "--name", "n")["order"]
    for given in ("-", "/dev/stdout"):
        said = last(study, "download-order", "export", order, given, code=1)["message"]
        assert "not written to standard output" in said
    assert "name a file" in last(study, "download-order", "export", "-", code=1)["message"]
    last(study, "download-order", "export", "x.zip")
    last(study, "download-order", "verify", "x.zip")
    (study / "out").mkdir()
    last(study, "download-order", "export", "out/")
    last(study, "download-order", "manifest", "o.json")
    assert len(json.loads((study / "o.json").read_text())) == 2
    assert {"x.zip", "out", "o.json", "a", "b"} == {
        path.name for path in study.iterdir() if not path.name.startswith(".")
    }
    assert (study / "out/n.zip").read_bytes() == (study / "x.zip").read_bytes()
    said = last(study, "download-order", "export", "nothing", code=1)["message"]
    assert "there is no order nothing" in said


def test_three_characters_name_no_order(study: Path) -> None:
    order = last(study, "download-order", "create")["order"]
    for given in (order[:3], "x"):
        said = last(study, "download-order", "show", given, code=1)["message"]
        assert said == f"expected 4 characters or more of an order's id, got {given}"
    assert last(study, "download-order", "show", order[:4])["order"] == order


def test_a_url_is_told_as_it_was_given(tmp_path: Path) -> None:
    url = "postgresql://me@127.0.0.1:1/x"
    with pytest.raises(StoreError, match=r"the store postgresql://me@127\.0\.0\.1:1/x:"):
        Store(url)
    with (
        Store(f"sqlite:///{tmp_path}/s.sqlite") as store,
        pytest.raises(StoreError, match=r"cannot open the queue postgresql://"),
    ):
        Waker(store, "postgresql+psycopg://me@127.0.0.1:1/x")


def access_of(study: Path) -> dict[str, str]:
    records = datalad("download-order", "show", cwd=study)
    return {r["entry"]: r["access"] for r in records if "access" in r}


def test_wrong_content_is_damaged(study: Path, lab: Lab) -> None:
    last(study, "download-order", "create", "--name", "n")
    lab.put("a", b"x" * len(content_of("a")))
    for action in ("prepare", "export"):
        last(study, "download-order", action, code=1)
        assert access_of(study) == {"a": "damaged"}
    lab.put("a", b"other size")
    last(study, "download-order", "prepare", code=1)
    assert access_of(study) == {"a": "damaged"}
    last(study, "download-list", "add", "-r")
    last(study, "download-list", "show", "--check")
    assert (
        "1 file, 3000 bytes: damaged or replaced" in last(study, "download-list", "show")["message"]
    )
    assert last(study, "download-order", "create")["files"] == 1


def test_dropped_content_is_gone(tmp_path: Path) -> None:
    root = tmp_path / "plain"
    root.mkdir()
    git(root, "init", "-q")
    git(root, "annex", "init", "-q")
    for name in PATHS:
        (root / name).write_text(name)
    git(root, "annex", "add", "-q", ".")
    git(root, "commit", "-q", "-m", "files")
    last(root, "download-list", "add", "-r")
    last(root, "download-order", "create")
    git(root, "annex", "drop", "-q", "--force", "a")
    for action in ("prepare", "export"):
        last(root, "download-order", action, code=1)
        assert access_of(root) == {"a": "gone"}
    damaged = (root / "b").resolve()
    damaged.parent.chmod(0o755)
    damaged.chmod(0o644)
    damaged.write_text("c")
    last(root, "download-order", "prepare", code=1)
    assert access_of(root) == {"a": "gone", "b": "damaged"}


def test_a_signed_url_is_listed_by_way_of_a_dataset(study: Path, lab: Lab) -> None:
    url = lab.put("f", content_of("f")) + "?X-Amz-Signature=abc"
    manifest = write_manifest("signed.json", {"f": described("f", url)})
    said = last(study, "download-list", "add", "-r", "--manifest", manifest, code=1)["message"]
    assert "its only URL is signed" in said
    assert "'datalad download-manifest --get' makes a dataset with their content now" in said
    datalad("download-manifest", "--get", manifest, study.parent / "signed")
    last(study.parent / "signed", "download-list", "add", "f")


def test_what_a_filter_needs(study: Path) -> None:
    said = last(study, "download-list", "add", "--where", "age > 1", code=1)["message"]
    expected = "expected participants.tsv or participants.csv at the top of the dataset, found "
    assert said == f"a filter on a table: {expected}no table in all of it"
    (study / "x.csv").write_text("a,b\n")
    git(study, "add", "x.csv")
    git(study, "commit", "-q", "-m", "x")
    said = last(study, "download-list", "add", "--where", "age > 1", code=1)["message"]
    assert said == f"a filter on a table: {expected}only 'x.csv'"


def test_a_kind_of_access_that_there_is_not(study: Path) -> None:
    entry = described("a", "https://a.example/a", access={"kind": "secret"})
    manifest = write_manifest("odd.json", {"a": entry})
    said = last(study, "download-list", "add", "-r", "--manifest", manifest, code=1)["message"]
    assert "access: expected the kind login, terms or request, got 'secret'" in said
