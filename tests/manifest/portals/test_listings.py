"""What the addresses of portals come to, asked of servers that answer as documented."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

import pytest

from datalad_jsdl.errors import ManifestError, StatusError
from datalad_jsdl.manifest.portals import ADDRESSES
from datalad_jsdl.model.entry import Entry
from datalad_jsdl.operations.log_in import LoggedIn, log_in
from tests.lab import sha256
from tests.operations.test_log_in import Entered
from tests.portals import (
    answer,
    dandiset,
    dandiset_version,
    dataverse_version,
    figshare_article,
    listed,
    md5,
    paths,
    zenodo_record,
)

if TYPE_CHECKING:
    from tests.lab import Lab
    from tests.vault import Vault

A, B, C = b"content of a", b"content of b", b"content of c"
CONTENTS = {"sub-1/a.nwb": A, "sub-1/b.nwb": B, "c.txt": C}
DOI = "doi:10.5072/FK2/J8SJZB"
FILES = f"/api/datasets/:persistentId/versions/:latest-published/files?persistentId={DOI}"
PAGE = "&limit=1000&offset=0"
ASSETS = "/api/dandisets/000027/versions/draft/assets/?metadata=true&order=path&page_size=1000"


def publish_all(lab: Lab) -> list[str]:
    """The three files at all portals; an address at each."""
    dandiset(lab, "000027", "0.210831.2033")
    dandiset_version(lab, "000027", "0.210831.2033", CONTENTS)
    zenodo_record(lab, 1234567, CONTENTS)
    dataverse_version(lab, DOI, ":latest-published", CONTENTS)
    figshare_article(lab, 1234567, 2, CONTENTS)
    return ["dandi:000027", "zenodo:1234567", f"dataverse:{DOI}", "figshare:1234567"]


def test_every_portal_lists_the_same_files(lab: Lab) -> None:
    addresses = publish_all(lab)
    for address in addresses:
        found = {item.path: item for item in listed(address, lab.url)}
        assert found.keys() == CONTENTS.keys(), address
        for path, content in CONTENTS.items():
            entry = found[path]
            assert isinstance(entry, Entry)
            assert entry.size == len(content)
            digest = {"sha256": sha256(content)} if "dandi" in address else {"md5": md5(content)}
            assert entry.digests == digest
            # they lead to the content, and a dandiset's are two
            for candidate in entry.candidates:
                assert lab.files[candidate.url.removeprefix(lab.url)].content == content
            assert len(entry.candidates) == (2 if "dandi" in address else 1)
    assert {name for name, portal in ADDRESSES.items() if portal.BASE} >= {
        address.partition(":")[0] for address in addresses
    }


def test_a_busy_portal_is_asked_again(lab: Lab) -> None:
    busy = {"status": 503, "times": 1, "headers": {"Retry-After": "0"}}
    dandiset(lab, "000027", None, **busy)
    dandiset_version(lab, "000027", "draft", CONTENTS, **busy)
    assert sorted(map(str, paths(listed("dandi:000027", lab.url)))) == sorted(CONTENTS)
    assert [request.status for request in lab.requests].count(503) == 3


LOGINS = [
    ("dandi:000027", "kind=header header=Authorization:token", ("Authorization", "token abc")),
    (f"dataverse:{DOI}", "kind=header header=X-Dataverse-key", ("X-Dataverse-key", "abc")),
    ("figshare:12", "kind=header header=Authorization:token", ("Authorization", "token abc")),
    ("zenodo:12", "", ("Authorization", "Bearer abc")),
]


@pytest.mark.parametrize(("address", "options", "header"), LOGINS)
def test_what_is_not_for_everybody(
    lab: Lab, vault: Vault, address: str, options: str, header: tuple[str, str]
) -> None:
    for target in ("/api/dandisets/000027/", "/v2/articles/12", "/api/records/12", FILES + PAGE):
        answer(lab, target, {}, wants=header)
    # who has no login is told how to log in; which header the portal takes is found out
    with pytest.raises(StatusError) as error:
        listed(address, lab.url)
    *command, url = shlex.split(str(error.value).rpartition("\n  ")[2])
    assert command == ["datalad", "jsdl-login"]
    done = log_in(url, Entered([("", "abc")]))
    assert isinstance(done, LoggedIn)
    stored = f"datalad:127-0-0-1-{lab.port}"
    assert done.line == f"{lab.url} {stored}{options and f' {options}'}"
    # with it comes what the server has
    with pytest.raises((ManifestError, StatusError)):
        listed(address, lab.url)
    assert 200 in [r.status for r in lab.requests if r.headers.get(header[0]) == header[1]]
    assert "abc" not in str(error.value)


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("dandi:000027", "no dandiset 000027, .*for another repository, use --base-url"),
        (f"dataverse:{DOI}", "for another repository, use --base-url"),
        ("figshare:12/v3", "no public article with this number and version; for another"),
        ("osf:ezcuj", "no project, component or registration ezcuj; for another"),
        ("zenodo:12", "for another repository, use --base-url"),
    ],
)
def test_what_is_not_there(lab: Lab, address: str, says: str) -> None:
    with pytest.raises(StatusError, match=says) as error:
        listed(address, lab.url)
    assert error.value.status == 404


TARGETS = {
    "dandi:000027": "/api/dandisets/000027/",
    "dandi:000027/draft": f"{ASSETS}&page=1",
    f"dataverse:{DOI}": FILES + PAGE,
    "figshare:12": "/v2/articles/12",
    "zenodo:12": "/api/records/12",
}
GARBAGE: list[Any] = [b"<!DOCTYPE html><p>", b"", b"\xff", b"[" * 9000, [], [1], None, 7, "text"]
GARBAGE += [{"results": {}, "data": 1, "files": 2, "id": []}, {"data": None, "totalCount": "x"}]
GARBAGE += [{"results": [], "count": 10**9, "data": [], "totalCount": 10**9}]
GARBAGE += [{"most_recent_published_version": {"version": "../../x"}, "results": [], "count": True}]


@pytest.mark.parametrize("address", TARGETS)
def test_garbage_is_an_error_that_names_the_address(lab: Lab, address: str) -> None:
    for document in GARBAGE:
        answer(lab, TARGETS[address], document)
        with pytest.raises((ManifestError, StatusError)) as error:
            listed(address, lab.url)
        if isinstance(error.value, ManifestError):
            assert str(error.value).startswith(f"{address}: ")
            assert "127.0.0.1" in str(error.value) or "has no files" in str(error.value)
        else:
            assert error.value.status == 404  # what it led to is not there


BAD = [
    *("dandi:27", "dandi:000027/", "dandi:000027/1/2", "dandi:000027/../x", "dandi:x?token=abc"),
    *("zenodo:", "zenodo:12/34", "zenodo:../x", "zenodo:12?token=abc", "zenodo:10.5281/a.12"),
    *("dataverse:10.7910/DVN/X", "dataverse:doi:10.7910/X@1@2", "dataverse:doi:10.7910/X?key=abc"),
    *("figshare:x", "figshare:12/2", "figshare:10.6084/m9.figshare.c.12", "figshare:12?token=abc"),
]


@pytest.mark.parametrize("address", [bad for bad in BAD if bad != "dandi:000027/"])
def test_addresses_that_cannot_be(lab: Lab, address: str) -> None:
    with pytest.raises(ManifestError, match="expected") as error:
        listed(address, lab.url)
    assert "abc" not in str(error.value)
    assert lab.requests == []
