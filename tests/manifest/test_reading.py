"""Documents: formats, broken and hostile ones, and how they come in."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from itertools import islice, repeat
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from datalad_jsdl.errors import ManifestError
from datalad_jsdl.manifest.formats import FORMATS
from datalad_jsdl.manifest.formats.options import Options
from datalad_jsdl.manifest.reading import HEAD, read_manifest
from datalad_jsdl.model.entry import Entry, Refusal
from datalad_jsdl.model.paths import marked_path_fault

URL = "https://h.org/a"
OBJECT = f'{{"é/a": ["{URL}"],\n "b": {{"url": "{URL}", "size": 12, "mtime": 1.5e+3}}\n}}\n'
LINES = f'{{"path": "é/a", "urls": ["{URL}"]}}\n\n{{"path": "b", "url": "{URL}", "size": 12}}\n'
NUMBERS = '{"a": -1.5e-3, "b": 12E+2, "c": 0.25}'
DEEP = 100_000

Items = list[Entry | Refusal]


def read(document: str | bytes, base_url: str | None = None) -> Items:
    data = document.encode() if isinstance(document, str) else document
    return list(read_manifest(io.BytesIO(data), base_url))


def gist(items: Items) -> str:
    return " ".join(f"{'!' * isinstance(i, Refusal)}{i.path}:{i.where[5:]}" for i in items)


def error_of(document: str | bytes) -> str:
    with pytest.raises(ManifestError) as caught:
        read(document)
    return str(caught.value)


# What a document comes to: paths and lines, with ! those of refusals.
READ = {OBJECT: "é/a:1 b:2", "\ufeff" + OBJECT: "é/a:1 b:2", "\n \t\r\n" + OBJECT: "é/a:3 b:4"}
READ |= {"{}": "", " { } \n": "", "\ufeff{}": ""}
READ |= {f'\n{{"a": [\n"{URL}"\n],\n\n"b":\n["{URL}"], "a": ["{URL}"]}}': "a:2 b:6 a:7"}
READ |= {f'{{"a": ["{URL}"], "../b": ["{URL}"], "c": 0,\n "d": ["{URL}"]}}': "a:1 !../b:1 !c:1 d:2"}
READ |= {LINES: "é/a:1 b:3", LINES.rstrip(): "é/a:1 b:3", "\ufeff" + LINES: "é/a:1 b:3"}
READ |= {LINES.replace("\n", "\r\n"): "é/a:1 b:3", "\n " + LINES: "é/a:2 b:4"}
# these end lines for Python, but may stand in a string of JSON
READ |= {LINES.replace("{", f'{{"note": "{c}", '): "é/a:1 b:3" for c in "\u2028\u2029\x85"}
for broken in ['{"path": "x', "{]", "12", "null", "[]", "{}", "\0", "[" * DEEP, "9" * 10_000]:
    READ[LINES.replace("\n\n", f"\n{broken}\n")] = "é/a:1 !None:2 b:3"
for number in ["NaN", "Infinity", "-Infinity", "1e999", "-5e-324"]:
    for field in ["size", "executable", "digests", "urls"]:
        READ[f'{{"a": {{"url": "{URL}", "{field}": {number}}}, "b": ["{URL}"]}}'] = "!a:1 b:1"


@pytest.mark.parametrize(("document", "expected"), READ.items())
def test_entries_and_refusals(document: str, expected: str) -> None:
    assert gist(read(document)) == expected


@pytest.mark.parametrize("document", [OBJECT, LINES])
def test_what_stands_in_an_entry(document: str) -> None:
    found = read(document)[1]
    assert isinstance(found, Entry)
    assert (found.size, found.registrable) == (12, (URL,))


def test_a_broken_line_names_its_column() -> None:
    refused = read(f'{LINES}{{"path": "c", x}}')[2]
    assert isinstance(refused, Refusal)
    assert "column 15" in refused.reason


SUM = f"{'0' * 64}  a/b\n"
UNREADABLE: dict[str, list[str | bytes]] = {
    "is empty": ["", "\ufeff", b"\xef\xbb", " \n\t"],
    "expected a manifest, got an HTML page": [
        "<!DOCTYPE html>\n<html><body>Log in</body></html>",
        "\n  <HTML lang=en>",
    ],
    "gzip data of the manifest is incomplete": [b"\x1f\x8b\x08\x00"],
    "is not UTF-8": [b"\xed\xa0\x80", b"{}\xff"],
    "invalid continuation byte at byte 2": [OBJECT.encode("latin-1")],
    "not UTF-16 text: truncated data at byte 4": [b"\xff\xfe{\0}"],
    "unexpected end of data at byte 7": [b'{"a": "\xc3'],
    "invalid start byte at byte 5": [b"\xef\xbb\xbf{}\xff"],
    "unknown manifest format": ["[]", "null", "[" * DEEP, "\0", "9" * 10_000],
    "begins with 'path url\\na b'": ["path url\na b"],
    "a checksum list, which has no URLs: add --base-url URL": [
        SUM * 3,
        f"# sums\n\n{SUM}",
        "MD5 (a) = " + "0" * 32,
    ],
    "a value nested too deeply": ['{"a": ' * DEEP, '{"a": ' + "[" * DEEP],
    "expected the end": ['{"a": []} x', '{"a": []}{}'],
    "expected a path": ["{1: []}", "{[]: []}"],
    "expected ':'": ['{"a" []}', '{"a"}'],
    "expected ','": ['{"a": [] "b": []}', '{"a": []'],
    "expecting property name": ["{" * DEEP],
    "expecting value": ["{'a': []}", "{a: []}", '{"a": [],}', '{"a": }', '{"a":\0}'],
    "expecting value at line 1, column 2": ['{"a": []}'.encode("utf-16-le")],
    "invalid control character": ['{"a": "\n"}'],
    "at line 1, column 2": ["{"],
    "at line 1, column 5": ['{"a"', '{"a",', '{"a"\0'],
    "at line 1, column 9": ['{"a": 12', '{"a": 1,,}'],
    "at line 1, column 12": ['{"a": ["x" "y"]}'],
    "at line 2, column 4": ['{"é日": []\n, 5: []}', '{"é日":\n  [}'],
    "at line 2, column 8": ['{"a": [],\n "b": [;]}'],
    "at line 3, column 3": ['{"a": []\n\n  "b": []}', '{"a": [\n"x",\n  y]}'],
    "at line 4, column 1": ['{"a": [],\n"b":\n []}\n{'],
    "escape": ['{"a": "\\x"}', '{"a": "\\u12"}'],
}


@pytest.mark.parametrize(
    ("document", "why"), [(d, why) for why in UNREADABLE for d in UNREADABLE[why]]
)
def test_unreadable(document: str | bytes, why: str) -> None:
    assert why in error_of(document)


def test_columns_are_for_tables() -> None:
    options = Options({"path": "x"})
    for document, name in {OBJECT: "json", LINES: "jsonl", f"{URL}\n": "urls"}.items():
        with pytest.raises(ManifestError, match=f"format {name}, which has no columns"):
            list(read_manifest(io.BytesIO(document.encode()), options=options))


def test_a_long_number_is_no_crash() -> None:
    # Python's limit on digits depends on its version and settings
    document = f'{{"a": {{"url": "{URL}", "size": {"9" * 10_000}}}}}'
    assert re.search("number too long|larger than any", outcome(io.BytesIO(document.encode())))


@pytest.mark.parametrize("start", ["", '["', " \n"])
def test_no_secrets_in_errors(start: str) -> None:
    document = f"{start}https://u:hunter2@h.org/a\n"
    assert "hunter2" not in outcome(io.BytesIO(document.encode()))


def test_a_truncated_object_is_never_taken_for_whole() -> None:
    whole = OBJECT.rstrip().encode()
    for end in range(len(whole)):
        error_of(whole[:end])


def test_a_truncated_line_is_never_taken_for_whole() -> None:
    whole = LINES.rstrip().encode()
    for end in range(whole.rindex(b"\n") + 2, len(whole)):
        assert gist(read(whole[:end])) == "é/a:1 !None:3"


FIELDS = ["path", "urls", "url", "priority", "location", "size", "digests", "md5", "mtime"]
FIELDS += ["access", "kind", "text"]
KEYS = st.text() | st.sampled_from([*FIELDS, "executable", "a", "a/b", ".git"])
TEXTS = st.text() | st.sampled_from([URL, "0" * 32, "2024-05-01", "b", f"{URL}?sig=1", "terms"])
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=12,
)
OBJECTS = st.dictionaries(KEYS, JSON, max_size=4)
CUTS = st.lists(st.tuples(st.integers(0), st.integers(0, 9), st.binary(max_size=4)), max_size=3)


class Trickle(io.BytesIO):
    """Gives one byte at a time."""

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(1 if size else 0)


def outcome(stream: io.BytesIO) -> str:
    try:
        return repr(list(read_manifest(stream)))
    except ManifestError as error:
        return str(error)


def check(data: bytes) -> None:
    try:
        found = read(data, "https://h.org/b/")
    except ManifestError:
        return
    for item in found:
        assert item.where
        if isinstance(item, Entry):
            assert marked_path_fault(item.path) is None
            assert item.candidates
        else:
            assert item.reason


def mutilate(document: str, cuts: list[tuple[int, int, bytes]]) -> bytes:
    data = document.encode()
    for start, length, instead in cuts:
        start %= len(data) + 1
        data = data[:start] + instead + data[start + length :]
    return data


@settings(max_examples=100)
@given(st.binary(), st.sampled_from([b"", b"{", b"\xef\xbb\xbf"]))
def test_any_bytes(data: bytes, start: bytes) -> None:
    check(start + data)


@settings(max_examples=200)
@given(st.sampled_from([OBJECT, LINES, NUMBERS]), CUTS)
def test_mutilated_documents_and_reads_of_one_byte(document: str, cuts: list[Any]) -> None:
    data = mutilate(document, cuts)
    check(data)
    assert outcome(Trickle(data)) == outcome(io.BytesIO(data))


@settings(max_examples=100)
@given(JSON | OBJECTS, st.booleans())
def test_json_of_any_shape(value: Any, escaped: bool) -> None:
    check(json.dumps(value, ensure_ascii=escaped).encode(errors="replace"))


@settings(max_examples=100)
@given(st.lists(OBJECTS, max_size=3))
def test_json_lines_of_any_shape(values: list[dict[str, Any]]) -> None:
    lines = [json.dumps(value) for value in [{"path": "a", "url": URL}, *values]]
    assert [item.where[5:] for item in read("\n".join(lines))] == list("1234"[: len(lines)])


def records_of(name: str, chunks: Iterator[str]) -> str:
    try:
        return repr(list(FORMATS[name].records(chunks, Options())))
    except ManifestError as error:
        return str(error)


@settings(max_examples=150)
@given(OBJECTS, st.sampled_from(["json", "jsonl"]), st.integers(0), st.integers(1, 7))
@example({"a": 1.5}, "json", 0, 1)
@example({"a": 1e99}, "json", 0, 1)
def test_chunks_change_nothing(value: dict[str, Any], name: str, cut: int, size: int) -> None:
    whole = json.dumps(value, indent=1 if name == "json" else None)
    text = whole[: len(whole) - cut % len(whole)]
    chunks = (text[at : at + size] for at in range(0, len(text), size))
    assert records_of(name, chunks) == records_of(name, iter([text]))


LONG = [("{", f'"%d": ["{URL}"],\n', '"z": []}'), ("", f'{{"path": "%d", "url": "{URL}"}}\n', "{")]


@pytest.mark.parametrize(("start", "entry", "end"), LONG)
def test_a_document_longer_than_the_head(start: str, entry: str, end: str) -> None:
    count = 5 * HEAD // 4 // len(entry)
    *found, last = read(start + "".join(entry % n for n in range(count)) + end)
    assert [item.path for item in found] == [str(n) for n in range(count)]
    assert isinstance(last, Refusal)
    assert last.where == f"line {count + 1}"


@pytest.mark.parametrize(("name", "start"), [("json", '{"a": "'), ("jsonl", '{"path": "')])
def test_a_value_without_end_does_not_fill_the_memory(name: str, start: str) -> None:
    def endless() -> Iterator[str]:
        yield start
        yield from repeat("x" * (1 << 23), 32)
        pytest.fail("reads on and on")

    with pytest.raises(ManifestError, match=r"unterminated|longer than \d+ characters"):
        list(FORMATS[name].records(endless(), Options()))


class Endless:
    def read(self, size: int, /) -> bytes:
        return LINES.encode() * (size // len(LINES.encode()))


def test_a_manifest_is_read_as_a_stream() -> None:
    assert gist(list(islice(read_manifest(Endless()), 3))) == "é/a:1 b:3 é/a:4"


def test_a_broken_first_line_is_refused_alone() -> None:
    for first in (b"{broken", b'{"path": 5}', b'{"url": "x"}'):
        document = first + b'\n{"path": "a", "urls": ["https://a.example/a"]}\n'
        refusal, entry = read_manifest(io.BytesIO(document))
        assert isinstance(refusal, Refusal)
        assert refusal.where == "line 1"
        assert isinstance(entry, Entry)
