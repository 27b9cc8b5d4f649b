"""Versions and pages of datasets in a Dataverse repository."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from datalad_jsdl.errors import ManifestError
from tests.portals import (
    answer,
    dataverse_version,
    listed,
    paths,
)

if TYPE_CHECKING:
    from tests.lab import Lab

A, B, C = b"content of a", b"content of b", b"content of c"
DOI = "doi:10.5072/FK2/J8SJZB"
FILES = f"/api/datasets/:persistentId/versions/:latest-published/files?persistentId={DOI}"
PAGE = "&limit=1000&offset=0"


def test_versions_of_a_dataset(lab: Lab) -> None:
    dataverse_version(lab, DOI, ":latest-published", {"b": B})
    dataverse_version(lab, DOI, "1.2", {"a": A})
    dataverse_version(lab, "hdl:1902.1/00875", ":draft", {"c": C})
    assert paths(listed(f"dataverse:{DOI}", lab.url)) == ["b"]
    assert paths(listed(f"dataverse:{DOI}@1.2", lab.url)) == ["a"]
    assert paths(listed("dataverse:hdl:1902.1/00875@draft", lab.url)) == ["c"]


def test_pages_of_a_dataset(lab: Lab) -> None:
    many = {f"{n:04}": b"%d" % n for n in range(1500)}
    dataverse_version(lab, DOI, ":latest-published", many)
    assert paths(listed(f"dataverse:{DOI}", lab.url)) == sorted(many)
    assert len(lab.requests) == 2
    dataverse_version(lab, DOI, ":latest-published", many, changes={"totalCount": 1501})
    with pytest.raises(ManifestError, match="totalCount is 1501, but 1500 were received"):
        listed(f"dataverse:{DOI}", lab.url)


@pytest.mark.parametrize(("number", "limit"), [(3, 1000), (1500, 1500), (1500, 1000)])
def test_a_server_that_does_not_say_how_many_there_are(lab: Lab, number: int, limit: int) -> None:
    files = [{"label": f"{n:04}", "dataFile": {"id": n}} for n in range(number)]
    answer(lab, FILES + PAGE, {"status": "OK", "data": files[:limit]})
    answer(lab, FILES, {"status": "OK", "data": files})
    assert paths(listed(f"dataverse:{DOI}", lab.url)) == [f"{n:04}" for n in range(number)]
