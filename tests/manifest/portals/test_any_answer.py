"""Whatever JSON a portal answers, it comes to records or to an error that says where."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datalad_jsdl.errors import ManifestError
from datalad_jsdl.manifest.portals import find_address
from datalad_jsdl.manifest.portals.api import ApiAnswer
from datalad_jsdl.manifest.record import entry_from_record

BASE = "https://portal.example"
NAMES = ["results", "count", "asset_id", "path", "metadata", "contentUrl", "digest", "data"]
NAMES += ["totalCount", "dataFile", "id", "label", "files", "entries", "key", "links", "self"]
NAMES += ["checksum", "folder_structure", "name", "download_url", "enabled", "access", "embargo"]
NAMES += ["result", "resources", "url", "Images", "Files", "Visits", "Link", "Filename", "items"]
NAMES += ["meta", "umm", "RelatedUrls", "assets", "browser_download_url", "page", "list", "type"]
NAMES += ["concreteType", "ResultSet", "Result", "ID", "URI", "Name", "nextPageToken", "Meta"]
NAMES += ["contents", "access_methods", "access_url", "checksums", "Candidates", "DicomTars"]
NAMES += ["until", "active", "version", "most_recent_published_version", "is_embargoed"]

TYPES = [f"org.sagebionetworks.repo.model.{name}" for name in ("Folder", "table.Dataset")]
VALUES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3)
JSON: st.SearchStrategy[Any] = st.recursive(
    VALUES | st.sampled_from(["md5:" + "0" * 32, "https://h.org/a", "restricted", *TYPES]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=6)
    ),
    max_leaves=25,
)


class Says:
    """An API that gives the same answers again and again; by HTTP it would take minutes."""

    def __init__(self, documents: list[Any]) -> None:
        self.documents = documents
        self.asked = 0

    def get(self, url: str, headers: Mapping[str, str] | None = None) -> ApiAnswer:
        self.asked += 1
        return ApiAnswer(url, json.dumps(self.documents[self.asked % len(self.documents)]), {})

    def get_all(self, urls: Iterable[str]) -> Iterator[ApiAnswer]:
        return map(self.get, urls)

    def get_each(self, urls: Iterable[str]) -> Iterator[ApiAnswer]:
        return map(self.get, urls)

    def post(self, url: str, document: Any) -> ApiAnswer:
        return self.get(url)


TEXTS = ["dandi:000027", "dandi:000027/draft", "dataverse:doi:10.1/X", "figshare:1", "zenodo:1"]
TEXTS += [f"ckan+{BASE}/dataset/x", f"loris+{BASE}/projects/P", f"loris+{BASE}/candidates/1"]
TEXTS += [
    "cmr:C1-A",
    "github:o/n@v1",
    "synapse:syn1",
    f"xnat+{BASE}/data/projects/P",
    "ena:SRR00001",
    "drs://h/1",
    "synapse:syn1,syn2",
    f"inveniordm+{BASE}/records/1",
    f"loris+{BASE}/projects/P/dicoms",
]


@pytest.mark.parametrize("text", TEXTS)
@settings(max_examples=150)
@given(documents=st.lists(JSON, min_size=1, max_size=3))
def test_any_json(text: str, documents: list[Any]) -> None:
    api = Says(documents)
    assert fault(text, api).startswith((f"{text}: ", "none"))
    assert api.asked <= 10_002


def fault(text: str, api: Says) -> str:
    address = find_address(text, BASE, lambda name: None)
    try:
        assert all(entry_from_record(record, BASE).where for record in address.records(api))
    except ManifestError as error:
        return str(error)
    return "none"


class Endless(Says):
    """Each listing leads to another, under a name that was never asked for."""

    def __init__(self, document: Any) -> None:
        super().__init__([document])

    def get(self, url: str, headers: Mapping[str, str] | None = None) -> ApiAnswer:
        self.asked += 1
        fresh = f"{BASE}/x?cursor={self.asked}"
        if "/revision/" in url:
            return ApiAnswer(url, json.dumps({"sha": "0" * 40}), {})
        text = json.dumps(self.documents[0]).replace("FRESH", fresh)
        return ApiAnswer(url, text, {"link": f'<{fresh}>; rel="next"'})


FOLDER = {
    "attributes": {"kind": "folder", "path": "/x/"},
    "relationships": {"files": {"links": {"related": {"href": "FRESH"}}}},
}
FILE = {"id": "a", "attributes": {"kind": "file"}}


@pytest.mark.parametrize(
    ("text", "document", "says", "most"),
    [
        ("hf:o/n", [{"type": "file", "path": "a"}], "page 2 repeats an item of page 1", 3),
        ("hf:o/n", [], "page 1 is empty, but links to another", 2),
        ("hf:o/n", [{"type": "directory", "path": "a"}], "more than 10000 listings", 10_003),
        ("osf:abcde", {"data": [FILE], "links": {"next": "FRESH"}}, "page 2 repeats an item", 2),
        ("osf:abcde", {"data": [], "links": {"next": "FRESH"}}, "is empty, but links to", 1),
        ("osf:abcde", {"data": [FOLDER]}, "more than 100 nested folders", 101),
    ],
)
def test_a_listing_without_end(text: str, document: Any, says: str, most: int) -> None:
    api = Endless(document)
    assert says in fault(text, api)
    assert api.asked <= most
