"""Long JSON documents: what they come to, and how much memory they take."""

from __future__ import annotations

import io
import json
import tracemalloc
from collections.abc import Iterator
from typing import Any

import pytest

from datalad_jsdl.errors import ManifestError
from datalad_jsdl.manifest.formats.json_reader import Items, is_list, read_document
from datalad_jsdl.manifest.reading import read_manifest

FILES = 30_000


def chunks(text: str, size: int = 1000) -> Iterator[str]:
    return (text[at : at + size] for at in range(0, len(text), size))


def plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: plain(member) for name, member in value.items()}
    return [plain(item) for item in value] if is_list(value) else value


@pytest.mark.parametrize(
    "document",
    [[], {}, [1, 12e3, "a", None], {"a": {"b": [[], {"c": 'é\U0001f600"\\'}]}}, {"a": []}, "x", 7],
)
@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_it_reads_as_json_does(document: Any, size: int) -> None:
    assert plain(read_document(chunks(json.dumps(document, indent=1), size))) == document


def test_a_long_array_is_held_packed_and_in_order() -> None:
    items = [{"name": f"é{number}", "x": [number]} for number in range(FILES * 2)]
    found = read_document(chunks(json.dumps({"files": items, "next": None}), 100_000))
    assert isinstance(found["files"], Items)
    assert len(found["files"]) == len(items)
    assert list(found["files"]) == items
    assert list(found["files"]) == items  # it can be read again
    assert found["next"] is None


@pytest.mark.parametrize("document", ["[1", "[1 2]", '{"a" 1}', "{1: 2}", '{"a": 1} x', "[]]", ""])
def test_what_is_no_json_is_told_with_its_place(document: str) -> None:
    with pytest.raises(ManifestError, match="line 1, column"):
        plain(read_document(iter([document])))


def record(number: int) -> dict[str, Any]:
    links = {"self": f"https://zenodo.org/api/records/1/files/{number}/content"}
    return {"key": f"{number}.nii", "size": 5, "checksum": f"md5:{number:032x}", "links": links}


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["zenodo", "bdbag"])
def test_memory_does_not_grow_with_a_document(kind: str) -> None:
    if kind == "zenodo":
        document: Any = {"files": [record(number) for number in range(FILES)]}
    else:
        names = ({"url": f"https://a.example/{n}", "filename": f"{n}"} for n in range(FILES))
        document = [{**name, "length": 7, "md5": "0" * 32} for name in names]
    text = json.dumps(document).encode()
    del document
    tracemalloc.start()
    try:
        assert sum(1 for _ in read_manifest(io.BytesIO(text))) == FILES
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    # decoded as a whole it takes about ten times its length; a beginning of 1 MiB is decoded
    assert peak < (16 << 20) + len(text)
