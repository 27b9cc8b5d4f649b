"""One version of a file over several calls."""

from __future__ import annotations

import pytest

from datalad_jsdl.archive.remote import Memory
from datalad_jsdl.faults import Failed, FaultKind
from datalad_jsdl.fetch.file.download import fetch
from datalad_jsdl.fetch.http.versions import version_of
from datalad_jsdl.model.content import Expected, Fetched, Version
from tests.fetch.waits import Waits, new_engine
from tests.lab import Lab, sha256
from tests.portal import content_of

URL = "https://a.example/f"
SIZE = 300_000
SIZED = Expected(SIZE)
OLD, NEW = content_of("old", SIZE), content_of("new", SIZE)
MONDAY, TUESDAY = (f"{day} Jan 2025 10:00:00 GMT" for day in ("Mon, 06", "Tue, 07"))


def part(
    *urls: str, version: Version | None = None, expected: Expected = SIZED
) -> tuple[Fetched | Failed, bytes]:
    memory = Memory(SIZE)
    window = (1000, 2000) if expected.size else None
    outcome = fetch(new_engine(Waits()), urls, expected, memory, window=window, version=version)
    return outcome, bytes(memory.take())


@pytest.mark.parametrize(
    ("headers", "version"),
    [
        ({}, None),
        ({"ETag": 'W/"1"'}, None),
        ({"ETag": '"1"'}, Version(URL, '"1"')),
        ({"Last-Modified": MONDAY}, None),
        ({"Last-Modified": MONDAY, "Date": MONDAY}, None),
        ({"Last-Modified": "yesterday", "Date": TUESDAY}, None),
        ({"Last-Modified": MONDAY, "Date": TUESDAY}, Version(URL, "", MONDAY)),
        ({"Last-Modified": MONDAY, "Date": TUESDAY, "ETag": '"1"'}, Version(URL, '"1"', MONDAY)),
    ],
)
def test_what_a_head_says(headers: dict[str, str], version: Version | None) -> None:
    assert version_of(URL, headers) == version


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"etag": '"1"'}, {"etag": '"2"'}),
        ({"etag": '"1"'}, {}),
        ({"headers": {"Last-Modified": MONDAY}}, {"headers": {"Last-Modified": TUESDAY}}),
        ({"headers": {"Last-Modified": MONDAY}}, {}),
    ],
    ids=["tag", "no tag", "date", "no date"],
)
@pytest.mark.parametrize("ranges", [True, False])
def test_another_version_is_a_fault(
    lab: Lab,
    other_lab: Lab,
    before: dict[str, object],
    after: dict[str, object],
    ranges: bool,
) -> None:
    url, other = lab.put("f", OLD, ranges=ranges, **before), other_lab.put("f", OLD, **before)
    first, chunk = part(url, other)
    assert isinstance(first, Fetched)
    assert first.version is not None
    assert first.version.url == url
    assert chunk == OLD[1000:2000]
    assert part(url, other, version=first.version) == (first, chunk)
    lab.put("f", NEW, ranges=ranges, **after)
    outcome, chunk = part(url, other, version=first.version)
    assert isinstance(outcome, Failed)
    assert [fault.kind for fault in outcome.faults] == [FaultKind.CHANGED]
    assert chunk == b""
    assert not other_lab.requests


def test_a_digest_tells_more_than_a_version(lab: Lab) -> None:
    url = lab.put("f", OLD, etag='"1"')
    outcome, _ = part(url, expected=Expected(None, "sha256", sha256(OLD)))
    assert isinstance(outcome, Fetched)
    assert outcome.version is None
