"""When content was changed, as its mirrors say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from datalad_jsdl.fetch.engine import Engine
from datalad_jsdl.fetch.http.address_policy import AddressPolicy
from datalad_jsdl.fetch.last_modified import LastModified
from datalad_jsdl.fetch.settings import Settings
from datalad_jsdl.model.content import Expected
from tests.lab import Lab, refused_url

if TYPE_CHECKING:
    from collections.abc import Iterator

DATED = {"Last-Modified": "Sun, 06 Nov 1994 08:49:37 GMT"}
SECONDS = 784111777
PAGE = b"<!DOCTYPE html><html><body>of the portal</body></html>"


@pytest.fixture
def modified() -> Iterator[LastModified]:
    settings = Settings(read_timeout=0.5)
    with Engine(AddressPolicy(allow_all=True), settings) as engine, engine.operation() as operation:
        yield LastModified(engine, operation)


def test_the_first_that_has_the_file_is_believed(lab: Lab, modified: LastModified) -> None:
    """Whether or not it says when."""
    gone = lab.put("gone", status=404, headers=DATED)
    told = lab.put("f", b"12345", headers=DATED)
    for headers in ({"Last-Modified": "yesterday"}, {}):
        silent = lab.put("silent", b"12345", headers=headers)
        assert modified.of([gone, silent, told]) is None
    assert modified.of([refused_url(), gone, told]) == SECONDS


def test_a_web_page_in_the_place_of_a_file_tells_nothing(lab: Lab, modified: LastModified) -> None:
    page = {"Content-Type": "text/html", **DATED}
    url = lab.put("download", PAGE, headers=page)
    assert modified.of([url], Expected(names=("scan.nii",))) is None
    assert modified.of([url], Expected(names=("page.html",))) == SECONDS


def test_a_busy_mirror_is_asked_again(lab: Lab, other_lab: Lab, modified: LastModified) -> None:
    for status in (429, 503):
        busy = lab.put("f", b"12345", status=status, times=1, headers=DATED)
        other = other_lab.put("f", b"12345")
        assert modified.of([busy, other]) == SECONDS
    assert other_lab.requests == []


def test_a_dead_mirror_is_not_asked_for_every_file(
    lab: Lab, other_lab: Lab, modified: LastModified
) -> None:
    for number in range(10):
        urls = [lab.put(f"{number}", mute=True), other_lab.put("f", b"12345", headers=DATED)]
        assert modified.of(urls) == SECONDS
    assert len({request.path for request in lab.requests}) == 3
