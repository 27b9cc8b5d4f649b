"""From an address to the dataset, and from version to version."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from datalad_jsdl.manifest.formats.options import Options
from datalad_jsdl.operations.manifest_place import ManifestPlace
from tests.portal import datalad, entries, git, tree
from tests.portals import (
    Contents,
    dandiset,
    dandiset_version,
    dataverse_version,
    listed,
    paths,
    zenodo_record,
)

if TYPE_CHECKING:
    from tests.lab import Lab

# added, changed, moved, deleted, and a file that has become a folder
FIRST: Contents = {"sub-1/a.nwb": b"1", "sub-1/b.nwb": b"2", "c": b"3", "d.txt": b"4"}
SECOND: Contents = {"sub-1/a.nwb": b"1", "sub-1/b.nwb": b"2b", "c/c": b"3", "e.txt": b"5"}
THIRD: Contents = {"sub-2/a.nwb": b"1", "c": b"3b", "sub-1/b.nwb": b"2", "f.txt": b"6"}


@pytest.fixture(scope="module")
def empty(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset to copy, which is quicker than to create one each time."""
    dataset = tmp_path_factory.mktemp("datasets") / "empty"
    datalad("create", dataset)
    return dataset


def imported(address: str, into: Path, **options: Any) -> list[dict[str, Any]]:
    # in this process, where it takes a fifth of the time
    from datalad.api import download_manifest

    silent = {"result_renderer": "disabled", "on_failure": "ignore", "return_type": "list"}
    found: list[dict[str, Any]] = download_manifest(
        address, str(into), delete=True, **options, **silent
    )
    return found


def fresh(empty: Path, into: Path) -> Path:
    shutil.copytree(empty, into, symlinks=True)
    return into


@pytest.mark.slow
def test_a_dandiset_from_version_to_version(tmp_path: Path, lab: Lab, empty: Path) -> None:
    """Each step comes to what a fresh import comes to, and can be done again."""
    dataset = fresh(empty, tmp_path / "ds")
    steps = {"0.1.1": FIRST, "0.1.2": SECOND, "draft": THIRD}
    for version, contents in steps.items():
        dandiset_version(lab, "000027", version, contents)
        dandiset(lab, "000027", version if version != "draft" else "0.1.2")
        # without a version it is the newest one that is published
        address = "dandi:000027" if version == "0.1.2" else f"dandi:000027/{version}"
        imported(address, dataset, base_url=lab.url)
        other = fresh(empty, tmp_path / f"fresh-{version}")
        imported(f"dandi:000027/{version}", other, base_url=lab.url)
        assert tree(dataset) == tree(other)
        assert all(f"\t{path}" in tree(dataset) for path in contents)
    git(dataset, "annex", "get", "sub-2/a.nwb")
    assert (dataset / "sub-2/a.nwb").read_bytes() == b"1"
    message = git(dataset, "log", "-1", "--format=%B")
    assert "dandi:000027/draft" in message
    assert f"--base-url={lab.url}" in message
    # when the draft has changed, the recorded command brings the change
    dandiset_version(lab, "000027", "draft", THIRD | {"g.txt": b"7"})
    datalad("rerun", cwd=dataset)
    assert "g.txt" in git(dataset, "ls-tree", "--name-only", "HEAD")


@pytest.mark.slow
def test_a_record_from_version_to_version(tmp_path: Path, lab: Lab, empty: Path) -> None:
    dataset = fresh(empty, tmp_path / "ds")
    for number, contents in ((12, FIRST), (13, SECOND)):
        zenodo_record(lab, number, contents, concept=11)
        imported("zenodo:10.5281/zenodo.11", dataset, base_url=lab.url)
        other = fresh(empty, tmp_path / f"fresh-{number}")
        imported(f"zenodo:{number}", other, base_url=lab.url)
        assert tree(dataset) == tree(other)
        assert all(f"\t{path}" in tree(dataset) for path in contents)
    git(dataset, "annex", "get", "c/c")
    assert (dataset / "c/c").read_bytes() == b"3"


def test_a_dataset_with_restricted_files(
    tmp_path: Path, lab: Lab, empty: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The login is for the listing and for the files, and is remembered."""
    monkeypatch.setenv("TOKEN", "abc")
    doi = "doi:10.5072/FK2/J8SJZB"
    dataverse_version(lab, doi, ":draft", FIRST, wants=("X-Dataverse-key", "abc"))
    dataset = fresh(empty, tmp_path / "ds")
    (record,) = imported(f"dataverse:{doi}@draft", dataset, base_url=lab.url)
    assert record["status"] == "error"
    assert "to see the dataset, you need an API token" in record["message"]
    login = f"{lab.url} env:TOKEN kind=header header=X-Dataverse-key"
    found = imported(f"dataverse:{doi}@draft", dataset, base_url=lab.url, credential=[login])
    assert entries(found).keys() == FIRST.keys()
    git(dataset, "annex", "get", "sub-1/b.nwb")
    assert (dataset / "sub-1/b.nwb").read_bytes() == b"2"


def test_the_base_url_of_a_setting(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    zenodo_record(lab, 12, FIRST)
    settings = {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "datalad.jsdl.address.zenodo",
        "GIT_CONFIG_VALUE_0": f"{lab.url}/",
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    place = ManifestPlace("zenodo:12", None, None, None, Options())
    address = place.address(None)
    assert address is not None
    assert (address.base, address.usual) == (lab.url, False)
    # what the user gives with the address goes before it
    assert paths(listed("zenodo:12", lab.url)) == list(FIRST)
    other = ManifestPlace("zenodo:12", None, "https://sandbox.zenodo.org", None, Options()).address(
        None
    )
    assert other is not None
    assert other.base == "https://sandbox.zenodo.org"
