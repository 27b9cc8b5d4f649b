"""What is written reads back."""

from __future__ import annotations

import io
import json
import tracemalloc
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datalad_jsdl.errors import ArchiveError
from datalad_jsdl.manifest.formats.bagit_fetch import escaped
from datalad_jsdl.manifest.reading import read_manifest
from datalad_jsdl.manifest.record import Record, entry_from_record
from datalad_jsdl.manifest.writing import WRITERS, format_of, write_entries, write_manifest
from datalad_jsdl.model.digests import ALGORITHMS
from datalad_jsdl.model.entry import Candidate, Entry, Refusal
from datalad_jsdl.model.paths import path_fault
from datalad_jsdl.model.restriction import Restriction, RestrictionKind

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
        "own_mtime": st.booleans(),
        "pieces": st.sampled_from([{"algorithm": "md5", "length": 1 << 63}]),
        "access": st.fixed_dictionaries(
            {"kind": st.sampled_from([kind.value for kind in RestrictionKind])},
            optional={
                "url": URLS.filter(lambda url: "sig" not in url),
                "text": st.text(
                    st.characters(
                        exclude_categories=["Cc", "Cs", "Zl", "Zp"],
                        exclude_characters="\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069",
                    )
                ),
            },
        ),
    },
).map(lambda value: with_pieces(value))


def with_pieces(value: dict[str, Any]) -> dict[str, Any]:
    """As many as there are pieces: one, but none of a file that is empty."""
    if "pieces" in value:
        digests = ["0" * 32] * (value.get("size") != 0)
        value = {**value, "pieces": {**value["pieces"], "digests": digests}}
    return value


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


def held(name: str, entry: Entry) -> Entry | None:
    """What is left of an entry in a format, if it can be in it at all."""
    if not entry.registrable or WRITERS[name].fault(entry):
        return None
    entry = unsigned(entry)
    if name == "bagit-fetch":
        return Entry(entry.path, (Candidate(entry.candidates[0].url),), entry.size)
    if name != "metalink4":
        return entry
    entry = replace(entry, own_mtime=False)
    if entry.restriction is not None and is_odd(entry.restriction.text):
        entry = replace(entry, restriction=replace(entry.restriction, text=""))
    if "locations" in WRITERS[name].lost(entry):
        seen = (
            replace(c, location=None if is_odd(c.location) else c.location)
            for c in entry.candidates
        )
        return replace(entry, candidates=tuple(seen))
    return entry


def is_odd(text: str | None) -> bool:
    """Whether no XML can have it."""
    return any((ord(c) < 32 and c not in "\t\n\r") or c in "\ufffe\uffff" for c in text or "")


@pytest.mark.parametrize("name", WRITERS)
@settings(max_examples=100)
@given(entries=st.lists(st.builds(entry_of, PATHS, VALUES), max_size=4))
def test_what_is_written_reads_back(name: str, entries: list[Entry]) -> None:
    expected = [kept for entry in entries if (kept := held(name, entry))]
    if name == "bagit-fetch" and not any(entry.size != 0 for entry in expected):
        # where each of them is 0, the format says nothing of sizes
        expected = [replace(entry, size=None) for entry in expected]
    document = "".join(write_entries(name, entries))
    assert (read_back(document) if expected else []) == expected
    for entry, kept in ((e, held(name, e)) for e in entries):
        if kept and name != "bagit-fetch":
            assert (kept == unsigned(entry)) == (not list(WRITERS[name].lost(unsigned(entry))))


@pytest.mark.parametrize("name", [name for name in WRITERS if name != "bagit-fetch"])
def test_forms_with_a_place_for_everything(name: str) -> None:
    text = "".join(chr(c) for c in range(32, 0x250) if not 127 <= c < 160 and c != ord("\\"))
    value = {
        "urls": [{"url": f"{URL}?a=1&b='<>", "priority": n, "location": place}
                 for n, place in ((0, "de"), (1, ' "a"&<b>\n\t '), (999999, ""), (10**40, "DE"))],
        "size": 9,
        "digests": {name: ALGORITHMS[name].new().hexdigest() for name in ALGORITHMS},
        "mtime": "0001-01-01T00:00:00.000001Z",
        "executable": True,
        "pieces": {"algorithm": "sha1", "length": 7, "digests": ["0" * 40, "1" * 40]},
        "access": {"kind": "request", "url": f"{URL}?a=1&b='<>", "text": text.strip()[:500]},
    }  # fmt: skip
    for number, item in enumerate(value["urls"]):
        item["url"] += str(number)
    parts = [text[at : at + 60].replace("/", "") for at in range(0, len(text), 60)]
    entry = entry_of("/".join(parts), value)
    assert not list(WRITERS[name].lost(entry))
    assert read_back("".join(write_entries(name, [entry]))) == [entry]


def test_metalink_says_only_what_its_specification_allows() -> None:
    value = {
        "urls": [
            {"url": URL, "priority": 0, "location": "mars"},
            {"url": f"{URL}b", "priority": 2},
        ],
        "digests": {"sha256": "2" * 64, "sha3-256": "3" * 64},
        "executable": True,
    }
    document = "".join(write_entries("metalink4", [entry_of("a&b", value)]))
    root = ElementTree.fromstring(document)
    (file,) = root
    assert [child.tag.partition("}")[2] for child in file] == [
        "hash", "hash", "executable", "url", "url",
    ]  # fmt: skip
    own = "{urn:x-datalad-jsdl:metalink}"
    assert [url.attrib for url in file.findall("{*}url")] == [
        {f"{own}priority": "0", f"{own}location": "mars"},
        {"priority": "2"},
    ]
    assert [hash_.get("type") for hash_ in file.findall("{*}hash")] == ["sha-256", "sha3-256"]


def test_fetch_txt_escapes_nothing_but_percent_signs() -> None:
    # CR and LF, the others, are in no path that is let in
    entries = [Entry("100%0a é", (Candidate(URL), Candidate(f"{URL}b")), 7), Entry("b", (SIGNED,))]
    entries.append(Entry("data/c", (Candidate(URL),)))
    assert "".join(write_entries("bagit-fetch", entries)) == (
        f"{URL} 7 100%250a é\n{URL} - data/c\n"
    )
    assert escaped("a\r\n%") == "a%0D%0A%25"
    assert list(WRITERS["bagit-fetch"].lost(entries[0])) == ["further URLs"]
    restricted = replace(entries[2], restriction=Restriction(RestrictionKind.LOGIN))
    assert list(WRITERS["bagit-fetch"].lost(restricted)) == ["access restrictions"]


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("m.json", "json"),
        ("M.NDJSON", "jsonl"),
        ("m.meta4", "metalink4"),
        ("bag/fetch.txt", "bagit-fetch"),
        ("a.txt", None),
    ],
)
def test_the_format_of_a_name(file: str, name: str | None) -> None:
    assert format_of(file) == name


@pytest.mark.parametrize("file", ["x.csv", "x.json.gz", "X.ZIP"])
def test_a_name_of_another_kind(file: str) -> None:
    with pytest.raises(ArchiveError, match=r"known are json \(.json\), jsonl \(.jsonl .ndjson\)"):
        format_of(file)


def test_writers_do_not_hold_a_document() -> None:
    for name in WRITERS:
        entries = (Entry(str(n), (Candidate(URL),), n) for n in range(20_000))
        tracemalloc.start()
        try:
            assert sum(map(len, write_entries(name, entries))) > 400_000
            assert tracemalloc.get_traced_memory()[1] < 200_000
        finally:
            tracemalloc.stop()


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
        {"urls": [URL], "access": {"kind": "login"}},
        {"urls": [URL], "access": {"kind": "terms", "url": f"{URL}/terms", "text": "Read é"}},
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
