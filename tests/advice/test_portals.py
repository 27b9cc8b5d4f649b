"""What is said of datasets at portals that are elsewhere or closed, or change meanwhile."""

from __future__ import annotations

import json
import re
import shlex
from typing import TYPE_CHECKING, Any

import pytest

from datalad_jsdl.errors import ManifestError, StatusError
from datalad_jsdl.manifest.portals import find_address
from datalad_jsdl.manifest.portals import orthanc as orthanc_module
from datalad_jsdl.manifest.portals.api import ApiAnswer
from datalad_jsdl.manifest.portals.openneuro import records as openneuro_records
from datalad_jsdl.manifest.portals.paging import Closed, counted_pages, explained
from datalad_jsdl.manifest.portals.web_pages import hint
from datalad_jsdl.model.entry import Entry
from tests.manifest.portals.test_listings import CONTENTS, publish_all
from tests.portals import answer, listed, zenodo_record
from tests.running import run_datalad

if TYPE_CHECKING:
    from tests.lab import Lab
    from tests.vault import Vault


@pytest.mark.parametrize("number", range(4))
def test_another_repository(lab: Lab, other_lab: Lab, home: object, number: int) -> None:
    """The address is looked up where the option says."""
    address = publish_all(other_lab)[number]
    with pytest.raises((ManifestError, StatusError)) as caught:
        listed(address, lab.url)
    assert "for another repository, use --base-url" in str(caught.value)
    assert len(listed(address, other_lab.url)) == len(CONTENTS)


def test_osf(lab: Lab, home: object) -> None:
    with pytest.raises(StatusError, match="for another repository, use --base-url"):
        listed("osf:abcde", lab.url)


def test_a_login_for_a_portal(vault: Vault, lab: Lab) -> None:
    """The line of the message, for the option that it names."""
    secret = vault.secret("portal")
    contents = {"a.txt": b"a"}
    zenodo_record(lab, 12, contents)
    for file in lab.files.values():
        file.wants, file.challenge = ("Authorization", f"Bearer {secret}"), "Bearer"
    with pytest.raises(StatusError) as caught:
        listed("zenodo:12", lab.url)
    said = str(caught.value)
    assert "; you need a token with access; to log in, run:\n" in said
    _, *arguments = shlex.split(said.rpartition("\n")[2])
    done = run_datalad(*arguments, stdin=secret)
    assert done.code == 0, done.stderr
    assert len(listed("zenodo:12", lab.url)) == 1


def test_a_login_where_none_is_asked_for() -> None:
    """The line is named where the answer does not say how to log in."""
    with pytest.raises(StatusError) as caught, explained({404: Closed("private", "X datalad:x")}):
        raise StatusError("no", 404)
    assert str(caught.value) == "no; private: --credential 'X datalad:x'"


class Api:
    """Answers in order; no server of a test changes its mind between two pages."""

    def __init__(self, *documents: Any) -> None:
        self._documents = list(documents)

    def get(self, url: str) -> ApiAnswer:
        document = self._documents.pop(0)
        if isinstance(document, Exception):
            raise document
        return ApiAnswer(url, json.dumps(document), {})

    def post(self, url: str, document: Any) -> ApiAnswer:
        return self.get(url)

    def get_all(self, urls: Any) -> Any:
        return (self.get(url) for url in urls)

    def get_each(self, urls: Any) -> Any:
        return self.get_all(urls)


def test_a_listing_that_changes() -> None:
    def listing(*pages: list[str]) -> list[list[str]]:
        first, *others = [{"items": page, "total": 4} for page in pages]
        return list(
            counted_pages(
                Api(*others), first, lambda n: f"{n}", "items", "total", lambda item: item
            )
        )

    for changed in ((["a", "b"], ["c"]), (["a", "b"], ["b", "c"])):
        with pytest.raises(ManifestError, match="if the listing has just changed, try again"):
            listing(*changed)
    assert listing(["a", "b"], ["c", "d"]) == [["a", "b"], ["c", "d"]]


def test_a_gated_repository(lab: Lab, home: object, monkeypatch: pytest.MonkeyPatch) -> None:
    commit = "0" * 40
    wants = {"wants": ("Authorization", "Bearer mine")}
    answer(lab, "/api/models/o/n/revision/main", {"sha": commit}, **wants)
    tree = [{"type": "file", "path": "a.txt", "size": 1, "oid": "0" * 40}]
    answer(lab, f"/api/models/o/n/tree/{commit}?recursive=true&expand=false", tree, **wants)
    with pytest.raises(StatusError) as caught:
        listed("hf:o/n", lab.url)
    assert "accept its terms there, and give a token that" in str(caught.value)
    monkeypatch.setenv("TOKEN", "mine")
    (entry,) = listed("hf:o/n", lab.url, f"{lab.url} env:TOKEN")
    assert isinstance(entry, Entry)


def test_openneuro(vault: Vault, lab: Lab) -> None:
    """Which asks for a cookie; and gives up on what it has in a moment."""
    passing = {"errors": [{"message": "504 Gateway Time-out"}]}
    good: dict[str, Any] = {"data": {"dataset": {"latestSnapshot": {"files": []}}}}
    api = Api(passing, passing, passing, good)
    with pytest.raises(ManifestError, match="try again later"):
        list(openneuro_records("ds000001", "https://openneuro.example", api))
    assert list(openneuro_records("ds000001", "https://openneuro.example", api)) == []
    denied = {"errors": [{"message": "You do not have access to read this dataset."}]}
    with pytest.raises(ManifestError) as caught:
        list(openneuro_records("ds000001", lab.url, Api(denied, denied, denied)))
    found = re.search(
        r"give (\S+)=KEY: --credential '(\S+) datalad:(\S+) (kind=cookie)'", str(caught.value)
    )
    assert found
    secret = f"{found[1]}=x"
    vault.keyring(found[3], "secret", secret)
    answer(lab, "/crn/graphql", good, wants=("Cookie", secret))
    line = f"{found[2]} datalad:{found[3]} {found[4]}"
    assert listed("openneuro:ds000001", lab.url, line) == []


def test_a_gone_instance() -> None:
    """The study is asked for anew, and no longer has it."""
    attachments = orthanc_module._attachments
    new = orthanc_module._WITH_INFO
    gone = Api(StatusError("https://pacs.example: HTTP status 404", 404))
    with pytest.raises(StatusError, match="if it was deleted just now, try again"):
        list(attachments(gone, "https://pacs.example", ["1"], new))
    assert list(attachments(Api(), "https://pacs.example", [], new)) == []


@pytest.mark.parametrize(
    ("page", "target"),
    [
        ("https://sandbox.zenodo.org/records/12", "https://sandbox.zenodo.org/api/records/12"),
        (
            "https://data.example/dataset.xhtml?persistentId=doi:10.5072/X",
            "https://data.example/api/",
        ),
    ],
)
def test_an_address_instead_of_a_page(page: str, target: str) -> None:
    """Looked up as it says, it asks the portal of the page."""
    asked: list[str] = []

    class Noted(Api):
        def get(self, url: str) -> ApiAnswer:
            asked.append(url)
            raise StatusError("noted", 500)

    advised = hint(page)
    assert advised
    address, option, base = advised.split()
    assert option == "--base-url"
    found = find_address(address, base, lambda _: None)
    with pytest.raises((StatusError, ManifestError)):
        list(found.records(Noted()))
    assert asked[0].startswith(target)
