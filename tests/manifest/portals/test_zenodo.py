"""Records of Zenodo and of other InvenioRDM repositories."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from datalad_jsdl.errors import ManifestError, StatusError
from datalad_jsdl.model.entry import Entry
from tests.lab import File
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


def invenio_entry(lab: Lab, root: str, name: str, content: bytes) -> dict[str, Any]:
    """A file as InvenioRDM describes it; ``self`` leads to that description."""
    lab.files[f"{root}/files/{name}/content"] = File(content)
    links = {"self": f"{lab.url}{root}/files/{name}"}
    links["content"] = f"{links['self']}/content"
    facts = {"mimetype": "text/plain", "status": "completed", "version_id": "0-1"}
    checksum = f"md5:{md5(content)}"
    return {"key": name, "size": len(content), "checksum": checksum, "links": links, **facts}


@pytest.mark.parametrize("place", ["records", "api/records"])
@pytest.mark.parametrize("below", ["", "/repository"])
def test_inveniordm(lab: Lab, place: str, below: str) -> None:
    """Files in the record by their names, or in an answer of their own."""
    root = f"{below}/api/records/4x2p1-k0f07"
    files = {name: invenio_entry(lab, root, name, A) for name in ("a.txt", "b.txt")}
    whole = {"enabled": True, "count": 2, "order": [], "entries": files}
    answer(lab, root, {"id": "4x2p1-k0f07", "files": whole, "access": {"files": "public"}})
    address = f"inveniordm+{lab.url}{below}/{place}/4x2p1-k0f07"
    found = listed(address, None)
    assert paths(found) == ["a.txt", "b.txt"]
    first = found[0]
    assert isinstance(first, Entry)
    assert (first.size, first.digests) == (12, {"md5": md5(A)})
    assert [c.url for c in first.candidates] == [f"{lab.url}{root}/files/a.txt/content"]
    answer(lab, root, {"id": "4x2p1-k0f07", "files": {"enabled": True, "count": 2}})
    answer(lab, f"{root}/files", {"enabled": True, "entries": list(files.values())})
    assert paths(listed(address, None)) == paths(found)
    lab.files[root].status = 404
    with pytest.raises(StatusError, match="has no such record, or is no InvenioRDM repository"):
        listed(address, None)
    for rest in ("", "/records", "/records/a/b", "/records/a%2Fb"):
        with pytest.raises(ManifestError, match="expected the URL of a record"):
            listed(f"inveniordm+{lab.url}{rest}", None)


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
