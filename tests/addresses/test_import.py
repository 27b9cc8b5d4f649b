"""From an address to the dataset, and from version to version."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from datalad_jsdl.commands._source import Place
from datalad_jsdl.manifest.formats import Options
from tests.portal import annex_branch, datalad, entries, git, summary, tree
from tests.portals import (
    Contents,
    dandiset,
    dandiset_version,
    dataverse_version,
    listed,
    md5,
    paths,
    zenodo_record,
)

if TYPE_CHECKING:
    import pytest

    from tests.lab import Lab

# added, changed, moved, deleted, and a file that has become a folder
FIRST: Contents = {"sub-1/a.nwb": b"1", "sub-1/b.nwb": b"2", "c": b"3", "d.txt": b"4"}
SECOND: Contents = {"sub-1/a.nwb": b"1", "sub-1/b.nwb": b"2b", "c/c": b"3", "e.txt": b"5"}
THIRD: Contents = {"sub-2/a.nwb": b"1", "c": b"3b", "sub-1/b.nwb": b"2", "f.txt": b"6"}


def imported(address: str, base: str, into: str) -> dict[str, int]:
    return summary(datalad("download-manifest", "--delete", "--base-url", base, address, into))


def test_a_dandiset_from_version_to_version(tmp_path: Path, lab: Lab) -> None:
    """Each step comes to what a fresh import comes to, and can be done again."""
    dataset = tmp_path / "ds"
    steps = {"0.1.1": FIRST, "0.1.2": SECOND, "draft": THIRD}
    for version, contents in steps.items():
        dandiset_version(lab, "000027", version, contents)
        dandiset(lab, "000027", version if version != "draft" else "0.1.2")
        # without a version it is the newest one that is published
        address = "dandi:000027" if version == "0.1.2" else f"dandi:000027/{version}"
        imported(address, lab.url, "ds")
        if version != "0.1.1":
            imported(f"dandi:000027/{version}", lab.url, f"fresh-{version}")
            assert tree(dataset) == tree(tmp_path / f"fresh-{version}")
    git(dataset, "annex", "get", "sub-2/a.nwb")
    assert (dataset / "sub-2/a.nwb").read_bytes() == b"1"
    assert "SHA256E-s1--" in git(dataset, "ls-tree", "-r", "HEAD") + "".join(annex_branch(dataset))
    message = git(dataset, "log", "-1", "--format=%B")
    assert '"datalad download-manifest' in message
    assert "dandi:000027/draft" in message
    assert f"--base-url={lab.url}" in message
    before = git(dataset, "rev-parse", "HEAD^{tree}")
    datalad("rerun", cwd=dataset)
    assert git(dataset, "rev-parse", "HEAD^{tree}") == before
    # and when the draft has changed, the same command brings the change
    dandiset_version(lab, "000027", "draft", THIRD | {"g.txt": b"7"})
    datalad("rerun", cwd=dataset)
    assert "g.txt" in git(dataset, "ls-tree", "--name-only", "HEAD")


def test_a_record_from_version_to_version(tmp_path: Path, lab: Lab) -> None:
    zenodo_record(lab, 12, FIRST, concept=11)
    assert imported("zenodo:11", lab.url, "ds") == {"added": 4}
    zenodo_record(lab, 13, SECOND, concept=11)
    imported("zenodo:10.5281/zenodo.11", lab.url, "ds")
    imported("zenodo:13", lab.url, "fresh")
    assert tree(tmp_path / "ds") == tree(tmp_path / "fresh")
    git(tmp_path / "ds", "annex", "get", "c/c")
    assert (tmp_path / "ds/c/c").read_bytes() == b"3"


def test_a_dataset_with_restricted_files(
    tmp_path: Path, lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The login is for the listing and for the files, and is remembered."""
    monkeypatch.setenv("TOKEN", "abc")
    doi = "doi:10.5072/FK2/J8SJZB"
    wants = ("X-Dataverse-key", "abc")
    dataverse_version(lab, doi, ":draft", FIRST, wants=wants)
    login = f"{lab.url} env:TOKEN kind=header header=X-Dataverse-key"
    address = ("--base-url", lab.url, f"dataverse:{doi}@draft", "ds")
    (record,) = datalad("download-manifest", *address, code=1)
    assert "who may see the dataset has an API token" in record["message"]
    assert "Traceback" not in str(record)
    found = datalad("download-manifest", "--credential", login, *address)
    assert entries(found).keys() == FIRST.keys()
    git(tmp_path / "ds", "annex", "get", "sub-1/b.nwb")
    assert md5((tmp_path / "ds/sub-1/b.nwb").read_bytes()) == md5(b"2")


def test_the_base_url_of_a_setting(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    zenodo_record(lab, 12, FIRST)
    settings = {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "datalad.jsdl.address.zenodo",
        "GIT_CONFIG_VALUE_0": f"{lab.url}/",
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    place = Place("zenodo:12", None, None, None, Options())
    address = place.address(None)
    assert address is not None
    assert (address.base, address.usual) == (lab.url, False)
    # what the user gives with the address goes before it
    assert paths(listed("zenodo:12", lab.url)) == list(FIRST)
    other = Place("zenodo:12", None, "https://sandbox.zenodo.org", None, Options()).address(None)
    assert other is not None
    assert other.base == "https://sandbox.zenodo.org"
