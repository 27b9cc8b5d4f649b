"""What is written reads back."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datalad_jsdl.manifest import Candidate, Entry, Refusal, read_manifest
from datalad_jsdl.manifest.digests import ALGORITHMS
from datalad_jsdl.manifest.paths import path_fault
from datalad_jsdl.manifest.record import Record, entry_from_record
from datalad_jsdl.manifest.writing import write_manifest

URL = "https://h.org/a"
SIGNED = Candidate(f"{URL}?sig=hunter2", signed=True)

TEXTS = st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=8)
PATHS = st.lists(TEXTS, min_size=1, max_size=4).map("/".join).filter(lambda p: not path_fault(p))
URLS = st.builds("https://h.org/{}{}".format, TEXTS, st.sampled_from(["", "?v=1", "?sig=1"]))
CANDIDATES = st.fixed_dictionaries(
    {"url": URLS},
    optional={"priority": st.integers(0), "location": st.text(st.characters(codec="utf-8"))},
)
VALUES = st.fixed_dictionaries(
    {"urls": st.lists(CANDIDATES, min_size=1, max_size=4)},
    optional={
        "size": st.integers(0, (1 << 63) - 1),
        "digests": st.sets(st.sampled_from(list(ALGORITHMS))).map(
            lambda names: {name: ALGORITHMS[name].new().hexdigest() for name in names}
        ),
        "mtime": st.datetimes().map(str),
        "executable": st.booleans(),
    },
)


def entry_of(path: str, value: Any) -> Entry:
    entry = entry_from_record(Record(path, value, ""))
    assert isinstance(entry, Entry), entry
    return entry


def unsigned(entry: Entry) -> Entry:
    return replace(entry, candidates=tuple(c for c in entry.candidates if not c.signed))


def written(*entries: Entry) -> str:
    document = write_manifest(entries)
    assert document is not None
    return document


def read_back(document: str) -> list[Entry | Refusal]:
    found = read_manifest(io.BytesIO(document.encode()))
    return [replace(item, where="") for item in found]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.builds(entry_of, PATHS, VALUES), max_size=4))
def test_what_is_written_reads_back(entries: list[Entry]) -> None:
    expected = [unsigned(entry) for entry in entries if entry.registrable]
    assert read_back(written(*entries)) == expected


@pytest.mark.parametrize(
    "value",
    [
        [URL],
        [{"url": URL, "priority": 0, "location": "DE"}, f"{URL}/b"],
        {"urls": [URL], "size": 0, "mtime": "2024-05-01T12:00:00Z", "executable": True},
        {
            "urls": [URL],
            "pieces": {"algorithm": "sha1", "length": 7, "digests": ["0" * 40, "1" * 40]},
        },
    ],
)
def test_only_what_is_known_is_written(value: Any) -> None:
    document = written(entry_of("a", value))
    assert json.loads(document)["a"] == value


def test_signed_urls_are_never_written() -> None:
    document = written(Entry("a", (SIGNED,)), Entry("b", (SIGNED, Candidate(URL))))
    assert json.loads(document) == {"b": [URL]}
    assert "hunter2" not in document


def test_a_file_named_path_is_no_json_line() -> None:
    entry = Entry("path", (Candidate(URL),), size=1)
    assert read_back(written(entry)) == [entry]


@pytest.mark.parametrize("count", [1, 2, 5])
def test_the_limit_is_exact(count: int) -> None:
    entries = [Entry(f"é{n}", (Candidate(URL),)) for n in range(count)]
    document = written(*entries)
    assert write_manifest(entries, len(document)) == document
    assert write_manifest(entries, len(document) - 1) is None
