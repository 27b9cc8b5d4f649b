"""Records of Zenodo and of other InvenioRDM repositories."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from datalad_jsdl.errors import ManifestError, StatusError
from datalad_jsdl.model.entry import Entry
from tests.portals import (
    answer,
    listed,
    md5,
    paths,
    zenodo_record,
)

if TYPE_CHECKING:
    from tests.lab import Lab

A, B = b"content of a", b"content of b"


def test_dois_and_the_number_of_all_versions(lab: Lab) -> None:
    zenodo_record(lab, 12, {"a": A})
    zenodo_record(lab, 14, {"b": B}, concept=11)
    for address in ("zenodo:12", "zenodo:10.5281/zenodo.12", "zenodo:doi:10.5072/zenodo.12"):
        assert paths(listed(address, lab.url)) == ["a"]
    assert paths(listed("zenodo:11", lab.url)) == ["b"]
    assert paths(listed("zenodo:10.5281/zenodo.11", lab.url)) == ["b"]


def test_a_record_of_another_repository(lab: Lab) -> None:
    """It shows its files in an answer of their own, with relative links."""
    record = {"id": "cbc2k-q9x58", "access": {"files": "public"}, "files": {"enabled": True}}
    answer(lab, "/api/records/cbc2k-q9x57", record)  # that of all versions
    links = {"self": "/api/records/cbc2k-q9x58/files/a%20b", "content": "/c/a%20b"}
    entry = {"key": "a b", "size": 12, "checksum": f"md5:{md5(A)}", "links": links}
    files = "/api/records/cbc2k-q9x58/files"
    answer(lab, files, {"enabled": True, "entries": [entry]})
    (found,) = listed("zenodo:10.22002/cbc2k-q9x57", lab.url)
    assert isinstance(found, Entry)
    assert [c.url for c in found.candidates] == [f"{lab.url}/c/a%20b"]
    # a list that is shorter than announced
    answer(lab, "/api/records/cbc2k-q9x57", record | {"files": {"enabled": True, "count": 2}})
    with pytest.raises(ManifestError, match=r"files.count is 2, but 1 are listed"):
        listed("zenodo:cbc2k-q9x57", lab.url)
    answer(lab, files, {"enabled": True, "entries": []})
    with pytest.raises(ManifestError, match="the record shows no files, or the record has none"):
        listed("zenodo:cbc2k-q9x57", lab.url)


@pytest.mark.parametrize(
    ("record", "says"),
    [
        ({"metadata": {"access_right": "restricted"}}, "the record's files are restricted"),
        (
            {"metadata": {"access_right": "embargoed", "embargo_date": "2031-01-02"}, "files": []},
            "the record's files are under embargo until 2031-01-02",
        ),
        (
            {"access": {"files": "restricted", "embargo": {"active": True, "until": "2031-01-02"}}},
            "the record's files are under embargo until 2031-01-02",
        ),
    ],
)
def test_a_record_with_restricted_files(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, record: dict[str, Any], says: str
) -> None:
    """It is shown to all; its files are asked for, so that the portal asks for a login."""
    monkeypatch.setenv("TOKEN", "abc")
    answer(lab, "/api/records/12", {"id": 12, **record})
    entry = {"key": "a", "size": 12, "checksum": f"md5:{md5(A)}", "links": {"content": "/a"}}
    wants = ("Authorization", "Bearer abc")
    answer(lab, "/api/records/12/files", {"entries": [entry]}, wants=wants)
    with pytest.raises(StatusError, match=says):
        listed("zenodo:12", lab.url)
    assert paths(listed("zenodo:12", lab.url, f"{lab.url} env:TOKEN")) == ["a"]
