"""An order's manifest has all of it: the same archive anywhere, and a dataset of the same files."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from datalad_jsdl.model.data_urls import MOST, data_url
from tests.conftest import run
from tests.lab import Lab, sha256
from tests.portal import content_of, datalad, described, git, summary, write_manifest

IMAGE = "sub-01/anat/T1w.nii.gz"


@pytest.fixture
def study(tmp_path: Path, lab: Lab) -> Path:
    """An ordinary dataset: what is text in git, an image annexed, with a URL, and not here."""
    dataset = tmp_path / "study"
    datalad("create", "-c", "text2git", dataset)
    (dataset / "README").write_text("All about it.\n")
    (dataset / "participants.tsv").write_text("participant_id\tage\nsub-01\t31\n")
    (dataset / "code").mkdir()
    (dataset / "code/run").write_text("#!/bin/sh\n")
    (dataset / "code/run").chmod(0o755)
    (dataset / "code/latest").symlink_to("../sub-01/anat")
    (dataset / "empty").touch()
    (dataset / IMAGE).parent.mkdir(parents=True)
    (dataset / IMAGE).write_bytes(content_of(IMAGE))
    datalad("save", "-d", dataset, "-m", "all of it")
    url = lab.put(IMAGE, content_of(IMAGE))
    key = git(dataset, "annex", "lookupkey", IMAGE)
    git(dataset, "annex", "registerurl", "-q", key, url)
    git(dataset, "annex", "drop", "-q", "--force", IMAGE)
    return dataset


def last(dataset: Path, *args: str | Path, code: int = 0) -> dict[str, Any]:
    return datalad(*args, cwd=dataset, code=code)[-1]


def ordered(dataset: Path) -> str:
    last(dataset, "download-list", "add", "-r", ".")
    made: str = last(dataset, "download-order", "create", "--name", "visit1")["order"]
    return made


def members_of(archive: Path) -> dict[str, tuple[bytes, int]]:
    with zipfile.ZipFile(archive) as file:
        return {
            info.filename: (file.read(info), info.external_attr >> 16) for info in file.infolist()
        }


@pytest.mark.parametrize("prepared", [False, True])
def test_with_the_manifest_alone_the_archive_is_the_same(
    study: Path, tmp_path: Path, prepared: bool
) -> None:
    order = ordered(study)
    if prepared:
        last(study, "download-order", "prepare", order)
    told = last(study, "download-order", "export", order, tmp_path / "visit1.zip")
    listed = last(study, "download-order", "manifest", order, tmp_path / "o.json")
    assert listed["entries"] == 6
    assert "to make its archive anywhere" in listed["message"]

    away = tmp_path / "away"
    away.mkdir()
    (tmp_path / "o.json").rename(away / "o.json")
    run("chmod", "-R", "u+w", study)
    run("rm", "-rf", study)
    datalad("export-archive-jsdl", "--manifest", "o.json", "-t", "zip", "visit1.zip", cwd=away)
    assert sha256((away / "visit1.zip").read_bytes()) == told["sha256"]

    datalad("download-manifest", "--get", "o.json", "visit1", cwd=away)
    (away / "again").mkdir()
    again = away / "again/visit1.zip"
    datalad("export-archive-jsdl", "-d", away / "visit1", "-t", "zip", again)
    assert members_of(again) == members_of(away / "visit1.zip")
    assert again.read_bytes() == (away / "visit1.zip").read_bytes()
    assert summary(datalad("download-manifest", "o.json", "visit1", cwd=away)) == {"unchanged": 6}


def test_entries_with_content_are_ordered_from_a_manifest(tmp_path: Path, lab: Lab) -> None:
    members = {
        "README": {"urls": [data_url(b"All about it.\n")], "mtime": "2020-01-01T00:00:00Z"},
        "copy": {"urls": [data_url(b"All about it.\n")], "mtime": "2021-01-01T00:00:00Z"},
        "to": {"urls": [data_url(b"README")], "symlink": True},
        "f": described("f", lab.put("f", content_of("f"))),
    }
    manifest = write_manifest("portal.json", members)
    store = ("--store", f"sqlite:///{tmp_path / 's.sqlite'}")
    datalad("download-list", "add", *store, "--manifest", manifest, "--recursive")
    shown = datalad("download-list", "show", "--check", *store)
    assert {r["entry"]: r.get("link") for r in shown if "entry" in r} == {
        "README": "", "copy": "", "to": "", "f": lab.files and members["f"]["urls"][0],
    }  # fmt: skip
    assert "QWxsIGFib3V0" not in json.dumps(shown)
    datalad("download-order", "create", "--name", "all", *store)
    write_manifest("portal.json", {})  # what was ordered does not depend on it
    datalad("download-order", "export", *store)
    whole = Path("all.zip").read_bytes()
    with zipfile.ZipFile("all.zip") as archive:
        years = {info.filename: info.date_time[0] for info in archive.infolist()}
    assert (years["all/README"], years["all/copy"]) == (2020, 2021)

    (order,) = [r["order"] for r in datalad("download-order", "list", *store) if "order" in r]
    listed = datalad("download-order", "manifest", *store, order, tmp_path / "o.jsonl")[-1]
    assert listed["entries"] == 4
    Path("away").mkdir()
    datalad("export-archive-jsdl", "--manifest", "o.jsonl", "-t", "zip", "away/all.zip")
    assert Path("away/all.zip").read_bytes() == whole


def test_what_no_manifest_can_say_is_reported(study: Path, tmp_path: Path) -> None:
    (study / "code/out").symlink_to("/etc/passwd")
    (study / "large.txt").write_text("x" * (MOST + 1))
    (study / ".bidsignore").write_text("code\n")
    (study / ".gitignore").write_text("tmp\n")
    git(study, "add", "code/out", ".bidsignore", ".gitignore")
    git(study, "-c", "annex.largefiles=nothing", "add", "large.txt")
    git(study, "commit", "-q", "-m", "more")
    order = ordered(study)
    records = datalad("download-order", "manifest", order, tmp_path / "o.json", cwd=study, code=1)
    told = {r["entry"]: r["message"] for r in records if "entry" in r}
    assert told.keys() <= {"code/out", "large.txt", ".gitignore"}
    assert "a manifest cannot contain it: the symlink's target is absolute" in told["code/out"]
    assert "larger than 8 MiB" in told["large.txt"]
    assert ".bidsignore" in json.loads((tmp_path / "o.json").read_text())
