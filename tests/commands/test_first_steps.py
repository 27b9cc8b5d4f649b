"""The first things that somebody types: what is left out is found out, and what is next is told."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from datalad_jsdl.errors import ManifestError
from datalad_jsdl.operations.manifest_place import folder_for
from tests.lab import Lab
from tests.portal import datalad, described, git, publish, write_manifest
from tests.running import run_datalad


@pytest.mark.parametrize(
    ("manifest", "folder"),
    [
        ("https://portal.example/studies/ds000117.json?token=x", "ds000117"),
        ("https://portal.example/ds000117/manifest.json", "ds000117"),
        ("https://portal.example/my%20study.jsonl.gz", "my study"),
        ("https://portal.example/manifest.json", "manifest"),
        ("dandi:000027", "000027"),
        ("openneuro:ds000117", "ds000117"),
        ("data/study-1.0.tsv", "study-1.0"),
        ("manifest.json", "manifest"),
    ],
)
def test_a_folder_is_named_after_the_manifest(manifest: str, folder: str) -> None:
    assert folder_for(manifest) == folder


@pytest.mark.parametrize("manifest", ["-", "https://portal.example/", "https://a.example/..%2Fx/"])
def test_nothing_to_be_named_after(manifest: str) -> None:
    with pytest.raises(ManifestError, match="give its name as PATH"):
        folder_for(manifest)


@pytest.fixture
def study(tmp_path: Path, lab: Lab) -> str:
    urls = publish(lab, ["sub-01/a", "sub-01/b", "c"])
    members = {path: described(path, url) for path, url in urls.items()}
    lab.put("portal/study.json", write_manifest(tmp_path / "m.json", members).read_bytes())
    return f"{lab.url}/portal/study.json"


def test_import_and_zip(study: str, tmp_path: Path) -> None:
    """Three words each: no name of a folder, no type of archive."""
    assert run_datalad("download-manifest", study).code == 0
    done = run_datalad("export-archive", "--checksum-file", "../study.zip", cwd=Path("study"))
    assert done.code == 0
    with zipfile.ZipFile("study.zip") as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["study/c", "study/sub-01/a", "study/sub-01/b"]


def test_within_a_dataset_it_is_that_one(study: str, tmp_path: Path) -> None:
    datalad("create", "ds")
    datalad("download-manifest", study, cwd=Path("ds"))
    assert (Path("ds") / "c").is_symlink()
    assert not (Path("ds") / "study").exists()


def test_what_to_do_next(study: str, tmp_path: Path) -> None:
    said = run_datalad("download-manifest", study).stdout.splitlines()
    assert said[-2] == "3 files, 9000 bytes, are not downloaded yet. Next:"
    assert said[-1] == "  cd study && datalad download-content"
    again = run_datalad("download-manifest", study, "study").stdout
    assert "Next:" not in again


def test_all_is_here(study: str, tmp_path: Path) -> None:
    said = run_datalad("download-manifest", "--get", study).stdout
    assert "Next:" not in said


def test_a_folder_is_no_name_of_an_archive(study: str, tmp_path: Path) -> None:
    datalad("download-manifest", study, "ds")
    for given in ("sub-01", "sub-01/", str(Path("ds/sub-01").absolute())):
        done = run_datalad("export-archive", "-t", "zip", given, cwd=Path("ds"))
        assert done.code == 1
        name = given.rstrip("/")
        assert f"run: datalad export-archive {name}.zip {name}" in done.stdout + done.stderr
    assert git(Path("ds"), "status", "--short") == ""
    datalad("export-archive", "sub-01.zip", "sub-01", cwd=Path("ds"))
    with zipfile.ZipFile("ds/sub-01.zip") as archive:
        assert archive.namelist() == ["sub-01/sub-01/a", "sub-01/sub-01/b"]


def test_a_folder_beside_the_dataset(
    study: str, tmp_path: Path, program: Callable[[str], str]
) -> None:
    datalad("download-manifest", study, "ds")
    Path("archives").mkdir()
    (record,) = datalad("export-archive", "-d", "ds", "-t", "zip", "archives")
    assert Path(record["path"]).parent == Path("archives").absolute()


def test_who_wants_a_tar_gets_one(study: str, tmp_path: Path) -> None:
    datalad("download-manifest", "--get", study, "ds")
    (record,) = datalad("export-archive", "-d", "ds", "-t", "tar", "x.zip")
    assert Path(record["path"]).name == "x.tar.gz"


def test_a_pattern_that_matches_nothing(study: str, tmp_path: Path) -> None:
    done = run_datalad("download-manifest", "--include", "sub-0l/*", study, "ds")
    assert "the pattern 'sub-0l/*' matches no path in the manifest" in done.stdout + done.stderr


def test_many_changes_are_summed_up(tmp_path: Path, lab: Lab) -> None:
    members = {f"sub-{n:02}/a": described("a", f"{lab.url}/a") for n in range(30)}
    manifest = write_manifest(tmp_path / "m.json", members)
    said = run_datalad("download-manifest", manifest, "ds").stdout.splitlines()
    assert said[0].split() == [
        "added", "30", "90000", "bytes", "sub-00/a,", "sub-01/a,", "sub-02/a,", "..."
    ]  # fmt: skip
    assert len(said) < 6
    listed = run_datalad("download-manifest", "--report", "all", manifest, "other").stdout
    assert "+ sub-29/a" in listed.splitlines()


def test_an_address_that_is_not_public(tmp_path: Path, lab: Lab) -> None:
    """Told once, when it is imported: nothing could be downloaded from there."""
    members = {f"{n}": described("a", f"http://10.1.2.{n % 2}/a") for n in range(40)}
    manifest = write_manifest(tmp_path / "m.json", members)
    said = run_datalad("download-manifest", manifest, "ds").stderr
    assert said.count("10.1.2.0, 10.1.2.1 are not public addresses") == 1
    command = "git config annex.security.allowed-ip-addresses '127.0.0.1 10.1.2.0 10.1.2.1'"
    assert said.count(command) == 1
    git(Path("ds"), "config", "annex.security.allowed-ip-addresses", "10.1.2.0 10.1.2.1")
    again = run_datalad("download-manifest", manifest, "ds")
    assert again.code == 0
    assert "public address" not in again.stderr
