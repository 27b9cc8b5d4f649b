"""On git-annex's adjusted branches: what the dataset has is what its branch has."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.lab import Lab
from tests.portal import content_of, datalad, described, entries, git, summary, write_manifest

KINDS = {
    "hidemissing": ["--hide-missing"],
    "hidemissing-unlocked": ["--hide-missing", "--unlock"],
    "unlocked": ["--unlock"],
    "unlockpresent": ["--unlock-present"],
    "locked": ["--lock"],
    "fixed": ["--fix"],
}


@pytest.fixture
def study(tmp_path: Path, lab: Lab, ready: Callable[..., Path]) -> Path:
    ready(members(lab, "a", "b", "c"), tmp_path / "study")
    git(tmp_path / "study", "annex", "get", "a")
    return tmp_path / "study"


def members(lab: Lab, *paths: str) -> dict[str, Any]:
    return {p: described(p, lab.put(p, content_of(p))) for p in paths}


def manifest(lab: Lab, *paths: str) -> Path:
    return write_manifest("m.json", members(lab, *paths))


def on_main(study: Path) -> str:
    return " ".join(git(study, "ls-tree", "--name-only", "main").split()[2:])


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_an_import_is_made_on_the_branch_itself(study: Path, lab: Lab, kind: str) -> None:
    git(study, "annex", "adjust", *KINDS[kind])
    assert summary(datalad("download-manifest", manifest(lab, "a", "b", "c"), "study")) == {
        "unchanged": 3
    }
    (study / "own.txt").write_text("own")
    git(study, "add", "own.txt")
    git(study, "commit", "-q", "-m", "mine")  # on the adjusted branch alone
    (study / "staged.txt").write_text("staged")
    git(study, "add", "staged.txt")
    fewer = manifest(lab, "a", "d")
    wanted = {"d": "added", "b": "deleted", "c": "deleted"}
    assert entries(datalad("download-manifest", "-n", "--delete", fewer, "study")) == wanted
    assert entries(datalad("download-manifest", "--delete", fewer, "study")) == wanted
    assert on_main(study) == "a d own.txt"
    assert git(study, "symbolic-ref", "HEAD") == f"refs/heads/adjusted/main({kind})"
    assert git(study, "status", "--short") == "A  staged.txt"
    assert (study / "d").is_symlink() != (
        kind in ("hidemissing-unlocked", "unlocked", "hidemissing")
    )
    assert len(git(study, "log", "--format=%s", "main").splitlines()) == 4


@pytest.mark.parametrize("kind", ["hidemissing", "unlockpresent"])
def test_what_is_hidden_is_exported_and_downloaded(study: Path, lab: Lab, kind: str) -> None:
    git(study, "annex", "adjust", *KINDS[kind])
    record = datalad("export-archive", "-t", "zip", "-n", "-d", study, "x.zip")[-1]
    assert record["members"] == 3
    assert datalad("export-manifest", "-d", study, "x.json")[-1]["entries"] == 3
    assert datalad("download-content", "-n", "-d", study)[-1]["message"].startswith(
        "would download 2 files"
    )
    assert datalad("download-content", "b", cwd=study)[-1]["counts"]["fetched"] == 1
    assert (study / "b").read_bytes() == content_of("b")  # and it is shown now
    assert (
        datalad("download-manifest", "--get", manifest(lab, "c", "d"), "study")[-1]["counts"][
            "fetched"
        ]
        == 2
    )
    assert (study / "d").read_bytes() == content_of("d")


def test_a_superdataset_records_the_branch_and_not_its_adjusted_form(
    tmp_path: Path, lab: Lab
) -> None:
    def members(*names: str) -> Path:
        found = {f"s//{n}": described(n, lab.put(n, content_of(n))) for n in names}
        return write_manifest("m.json", found)

    datalad("download-manifest", members("a"), "study")
    git(tmp_path / "study/s", "annex", "adjust", "--hide-missing")
    datalad("download-manifest", members("a", "b"), "study")
    recorded = git(tmp_path / "study", "rev-parse", "HEAD:s")
    assert recorded == git(tmp_path / "study/s", "rev-parse", "main")


def test_a_view_is_said_to_be_one(study: Path, lab: Lab) -> None:
    git(study, "annex", "metadata", "a", "-s", "x=1")
    git(study, "annex", "view", "x=1")
    for command in (
        ("download-manifest", "--delete", manifest(lab, "a"), "."),
        ("export-archive", "-t", "zip", "../x.zip"),
        ("export-manifest", "../x.json"),
    ):
        assert "git annex vpop" in datalad(*command, cwd=study, code=1)[-1]["message"]
    git(study, "annex", "vpop")
    assert on_main(study) == "a b c"


def test_what_a_sparse_checkout_leaves_out_is_there(study: Path, lab: Lab) -> None:
    git(study, "sparse-checkout", "set", "--no-cone", "/a", "/.datalad")
    fewer = manifest(lab, "a", "d")
    wanted = {"d": "added", "b": "deleted", "c": "deleted"}
    assert entries(datalad("download-manifest", "--delete", fewer, "study")) == wanted
    assert on_main(study) == "a d"
    assert not (study / "d").is_symlink()
    assert datalad("download-content", "-d", study)[-1]["counts"]["fetched"] == 1
