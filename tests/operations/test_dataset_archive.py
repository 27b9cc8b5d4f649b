"""The zip of a commit, of which any range can be had: that of export-archive."""

from __future__ import annotations

import random
from itertools import pairwise
from pathlib import Path

import pytest

from datalad_jsdl.api import (
    DatasetError,
    Filter,
    LookAhead,
    NothingThereError,
    Prepared,
    Unprepared,
    dataset_archive,
    prepare,
)
from tests.lab import Lab
from tests.portal import MTIME, content_of, datalad, described, git, publish, write_manifest

EXPORT = ["export-archive", "-d", "ds", "-t", "zip"]
REMOTE = "far.nii.gz"


@pytest.fixture
def dataset(tmp_path: Path, lab: Lab) -> Path:
    """Contents in git, in the annex, at a mirror only, and in a subdataset."""
    paths = ["here.nii.gz", REMOTE, "run.sh", "sub//inner.nii.gz"]
    listed = {path: described(path, url) for path, url in publish(lab, paths).items()}
    listed["run.sh"] |= {"executable": True, "mtime": MTIME}
    datalad("download-manifest", write_manifest("m.json", listed), "ds")
    dataset = tmp_path / "ds"
    datalad("download-content", "-d", dataset, "here.nii.gz", cwd=dataset)
    git(dataset, "tag", "first")
    (dataset / "notes.txt").write_text("kept in git")
    (dataset / "link").symlink_to("notes.txt")
    git(dataset, "-c", "annex.largefiles=nothing", "add", "notes.txt", "link")
    git(dataset, "commit", "-q", "-m", "notes")
    return dataset


def test_ranges_of_a_commit_are_those_of_the_command(dataset: Path) -> None:
    datalad(*EXPORT, "study.zip")
    whole = Path("study.zip").read_bytes()
    cuts = [0, *sorted(random.Random(1).sample(range(1, len(whole)), 40)), len(whole)]
    with dataset_archive(dataset, leading_dir="study/") as found:
        assert found.archive.size == len(whole)
        parts = [b"".join(found.archive.range(*ends)) for ends in pairwise(cuts)]
    assert b"".join(parts) == whole


def test_another_commit_a_part_of_it_and_subdatasets(dataset: Path) -> None:
    ways: list[tuple[list[str], dict[str, object]]] = [
        (["--ref", "first"], {"revision": "first"}),
        (["--exclude", "*.gz"], {"wanted": Filter(exclude=["*.gz"])}),
        (["-r"], {"depth": None}),
    ]
    for number, (options, given) in enumerate(ways):
        datalad(*EXPORT, "--leading-dir", "x", *options, f"{number}.zip")
        # mypy: arguments of many types
        with dataset_archive(dataset, leading_dir="x", **given) as found:  # type: ignore[arg-type]
            assert b"".join(found.archive.range()) == Path(f"{number}.zip").read_bytes(), options
    datalad(*EXPORT, "--leading-dir", "x", "part.zip", dataset / "run.sh")
    with dataset_archive(dataset, leading_dir="x", paths=["run.sh"]) as found:
        assert b"".join(found.archive.range()) == Path("part.zip").read_bytes()


def test_what_could_not_be_prepared_is_left_out(dataset: Path, lab: Lab) -> None:
    datalad(*EXPORT, "whole.zip")
    lab.put(REMOTE, status=404)
    with dataset_archive(dataset, leading_dir="whole", look_ahead=LookAhead(2)) as found:
        known = {c.identity: p for c, p in prepare(found.archive.contents, found.sources)}
    assert {type(outcome) for outcome in known.values()} == {Prepared, Unprepared}
    lab.put(REMOTE, content_of(REMOTE))
    with dataset_archive(dataset, leading_dir="whole", prepared=known) as found:
        assert b"".join(found.archive.range()) == Path("whole.zip").read_bytes()
        assert sum(content.expected.pieces is not None for content in found.archive.contents) == 4


def test_what_is_not_there(dataset: Path) -> None:
    for revision in ("nope", "nope\0", "^HEAD"):
        with pytest.raises(NothingThereError), dataset_archive(dataset, revision):
            pass
    with pytest.raises(DatasetError), dataset_archive(dataset, paths=["nowhere"]):
        pass
