"""Granules of collections in NASA's Common Metadata Repository."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from datalad_jsdl.errors import ManifestError, StatusError
from datalad_jsdl.model.entry import Entry
from tests.lab import File
from tests.portals import answer, listed, md5, paths

if TYPE_CHECKING:
    from tests.lab import Lab
    from tests.wire import Talk

WHERE = "/search/granules.umm_json?collection_concept_id=C12-LAB&page_size=2000"


def granule(number: int) -> dict[str, Any]:
    name = f"GR{number}.h5"
    checksum = {"Value": md5(name.encode()), "Algorithm": "MD5"}
    return {
        "meta": {"concept-id": f"G{number}-LAB"},
        "umm": {
            "GranuleUR": f"GR{number}",
            "RelatedUrls": [
                {"URL": f"https://data.example/2020/{name}", "Type": "GET DATA"},
                {"URL": f"s3://lab-protected/{name}", "Type": "GET DATA VIA DIRECT ACCESS"},
            ],
            "DataGranule": {
                "ArchiveAndDistributionInformation": [
                    {"Name": name, "SizeInBytes": number, "Checksum": checksum}
                ]
            },
        },
    }


def pages(lab: Lab, where: str, *found: list[dict[str, Any]]) -> None:
    """A listing whose pages are told apart by a header of the request alone."""

    def write(talk: Talk, content: bytes) -> None:
        number = int(talk.asked.headers.get("cmr-search-after", '["0"]')[2:-2])
        body = json.dumps({"hits": sum(map(len, found)), "items": found[number]}).encode()
        more = [f'CMR-Search-After: ["{number + 1}"]'] if number + 1 < len(found) else []
        talk.answer(200, body, *more)

    lab.files[where] = File(answer=write)


def test_all_pages(lab: Lab) -> None:
    pages(lab, WHERE, [granule(1), granule(2)], [granule(3)], [])
    for base in (lab.url, f"{lab.url}/search"):
        found = listed("cmr:C12-LAB", base)
        assert paths(found) == ["GR1.h5", "GR2.h5", "GR3.h5"]
    first = found[0]
    assert isinstance(first, Entry)
    assert (first.size, first.digests) == (1, {"md5": md5(b"GR1.h5")})
    assert [c.url for c in first.candidates] == ["https://data.example/2020/GR1.h5"]


def test_a_search(lab: Lab) -> None:
    search = "temporal=2020-01-01,2020-01-31&bounding_box=-10,-5,10,5"
    pages(lab, f"{WHERE}&{search}", [granule(1)])
    assert paths(listed(f"cmr:c12-lab?{search}", lab.url)) == ["GR1.h5"]
    pages(lab, WHERE, [])
    with pytest.raises(ManifestError, match="CMR has no granules of C12-LAB for this search"):
        listed("cmr:C12-LAB", lab.url)


def test_a_listing_that_goes_in_circles(lab: Lab) -> None:
    answer(lab, WHERE, {"items": [granule(1)]}, headers={"CMR-Search-After": '["1"]'})
    with pytest.raises(ManifestError, match="page 2 repeats an item of page 1"):
        listed("cmr:C12-LAB", lab.url)


def test_what_cannot_be(lab: Lab) -> None:
    for rest in ("MOD09", "C12", "C12-LAB?x", "C12-LAB?page_size=1", "C12-LAB#x"):
        with pytest.raises(ManifestError, match="expected a collection's concept ID"):
            listed(f"cmr:{rest}", lab.url)
    answer(lab, WHERE, {}, status=400)
    with pytest.raises(StatusError, match="CMR does not understand the search"):
        listed("cmr:C12-LAB", lab.url)
    for document in ([], {"items": {}}, b"<html>"):
        answer(lab, WHERE, document)
        with pytest.raises(ManifestError, match="cmr:C12-LAB: http://127"):
            listed("cmr:C12-LAB", lab.url)
