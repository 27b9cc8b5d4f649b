"""Text that comes in portions: lines, members and elements are the same, wherever it is cut."""

from __future__ import annotations

import json
import re

from hypothesis import given
from hypothesis import strategies as st

from datalad_jsdl.manifest.formats import json_array, json_lines, json_object
from datalad_jsdl.manifest.formats.options import Options
from datalad_jsdl.manifest.lines import lines
from tests.manifest.test_plain import names


@given(st.lists(st.text("ab\r\n\u2028\x0b", max_size=6)))
def test_lines_end_in_the_same_places_however_the_text_is_cut(chunks: list[str]) -> None:
    expected = re.findall(r"[^\r\n]*(?:\r\n|\n|\r)|[^\r\n]+", "".join(chunks))
    assert [line for _, line in lines(iter(chunks))] == expected


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=2)
    ),
    max_leaves=4,
)
spaces = st.sampled_from([None, 1, "\n"])


@given(st.dictionaries(st.text(max_size=4), json_values, max_size=4), spaces, st.integers(1, 30))
def test_members_are_what_json_has(document: dict[str, object], indent: object, size: int) -> None:
    text = json.dumps(document, indent=indent, ensure_ascii=len(document) % 2 == 0)
    read = json_object.records(iter(_cut(text, size)), Options())
    assert [(record.path, record.value) for record in read] == list(document.items())


@given(
    st.lists(st.dictionaries(names, json_values, max_size=3), max_size=4),
    spaces,
    st.integers(1, 30),
)
def test_elements_are_what_json_has(
    document: list[dict[str, object]], indent: object, size: int
) -> None:
    items = [{"path": "a", **item} for item in document]
    text = json.dumps(items, indent=indent)
    read = list(json_array.records(iter(_cut(text, size)), Options()))
    # paths that are none take another way
    assert [r.value.get("path", r.path) for r in read] == [item["path"] for item in items]
    expected = [f"line {text.count(chr(10), 0, at) + 1}" for at in _begins(text, len(items))]
    assert [record.where for record in read] == expected


@given(
    st.lists(json_values | st.text(max_size=5), max_size=4), st.sampled_from(["", " ", "x", "\r"])
)
def test_lines_are_what_json_has(items: list[object], behind: str) -> None:
    text = "".join(f"{json.dumps(item)}{behind}\n" for item in items)
    for record, item in zip(json_lines.records(iter([text]), Options()), items, strict=True):
        if behind == "x":
            assert record.fault is not None
        elif isinstance(item, dict):
            assert record.value == item
        else:
            assert record.fault == "not an object"


def _cut(text: str, size: int) -> list[str]:
    return [text[at : at + size] for at in range(0, len(text), size)]


def _begins(text: str, number: int) -> list[int]:
    """Where each element of an array begins."""
    at, found = 1, []
    for _ in range(number):
        at = re.compile(r"[\s,]*").match(text, at).end()  # type: ignore[union-attr]
        found.append(at)
        at += json.JSONDecoder().raw_decode(text[at:])[1]
    return found
