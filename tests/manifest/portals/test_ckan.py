"""Datasets of CKAN portals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from datalad_jsdl.errors import ManifestError, StatusError
from datalad_jsdl.model.entry import Entry, Refusal
from tests.portals import answer, listed, md5

if TYPE_CHECKING:
    from tests.lab import Lab

SHOW = "/api/3/action/package_show?id="


def dataset(lab: Lab, root: str, name: str, **faults: Any) -> None:
    resources = [
        {
            "name": "Rain, as a table",
            "url": f"{lab.url}{root}/download/rain.csv",
            "size": 1234,
            "hash": md5(b"rain"),
            "format": "CSV",
        },
        {"name": "Portal", "url": "https://portal.example/about", "format": "HTML"},
    ]
    result = {"id": "0", "name": name, "resources": resources}
    answer(lab, f"{root}{SHOW}{name}", {"success": True, "result": result}, **faults)


@pytest.mark.parametrize("root", ["", "/data/en"])
def test_a_dataset(lab: Lab, root: str) -> None:
    dataset(lab, root, "rainfall", status=503, times=1, headers={"Retry-After": "0"})
    first, second = listed(f"ckan+{lab.url}{root}/dataset/rainfall", None)
    assert isinstance(first, Entry)
    assert isinstance(second, Refusal)
    assert (first.path, first.size, first.digests) == ("rain.csv", 1234, {"md5": md5(b"rain")})


def test_what_is_not_for_everybody(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", "abc")
    dataset(lab, "", "rainfall", wants=("Authorization", "abc"))
    address = f"ckan+{lab.url}/dataset/rainfall"
    with pytest.raises(StatusError, match="a private dataset requires an API token"):
        listed(address, None)
    login = f"{lab.url} env:TOKEN kind=header header=Authorization"
    assert len(listed(address, None, login)) == 2
    with pytest.raises(StatusError, match="has no dataset other, or is no CKAN portal"):
        listed(f"ckan+{lab.url}/dataset/other", None)
    for rest in ("", "/organization/x", "/dataset/", "/dataset/a/b"):
        with pytest.raises(ManifestError, match="expected the URL of a dataset's page"):
            listed(f"ckan+{lab.url}{rest}", None)
    for document in ([], {"success": False}, b"<html>"):
        answer(lab, f"{SHOW}other", document)
        with pytest.raises(ManifestError, match=r"ckan\+http.*/dataset/other: http://127"):
            listed(f"ckan+{lab.url}/dataset/other", None)
