"""Versions and pages of articles of Figshare."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from datalad_jsdl.errors import ManifestError
from tests.portals import (
    answer,
    figshare_article,
    listed,
    paths,
)

if TYPE_CHECKING:
    from tests.lab import Lab

A, B = b"content of a", b"content of b"


def test_versions_of_an_article(lab: Lab) -> None:
    figshare_article(lab, 12, 1, {"x/a": A}, newest=False)
    figshare_article(lab, 12, 2, {"b": B})
    for address in ("figshare:12/v1", "figshare:10.6084/m9.figshare.12.v1"):
        assert paths(listed(address, lab.url)) == ["x/a"]
    for address in ("figshare:12", "figshare:doi:10.17608/k6.auckland.12", "figshare:12/V2"):
        assert paths(listed(address, lab.url)) == ["b"]


def test_pages_of_an_article(lab: Lab) -> None:
    """The article itself has ten files at the most."""
    many = {f"{n:04}": b"%d" % n for n in range(2000)}
    figshare_article(lab, 12, 1, many)
    assert paths(listed("figshare:12", lab.url)) == sorted(many)
    assert len(lab.requests) == 4
    files = "/v2/articles/12/files?page={}&page_size=1000"
    lab.files[files.format(2)] = lab.files[files.format(1)]
    with pytest.raises(ManifestError, match="page 2 repeats an item of page 1"):
        listed("figshare:12", lab.url)


@pytest.mark.parametrize(
    ("article", "says"),
    [
        ({"is_embargoed": True, "embargo_date": "2031-01-02T00:00:00"}, "embargo until 2031-01-02"),
        ({"is_confidential": True}, "confidential"),
        ({"is_metadata_record": True}, "metadata only"),
    ],
)
def test_an_article_without_files(lab: Lab, article: dict[str, Any], says: str) -> None:
    answer(lab, "/v2/articles/12", {"id": 12, **article})
    answer(lab, "/v2/articles/12/files?page=1&page_size=1000", [])
    with pytest.raises(ManifestError, match=says):
        listed("figshare:12", lab.url)
