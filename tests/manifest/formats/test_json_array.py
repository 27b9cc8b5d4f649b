"""Arrays of entries, and arrays of other programs, which must give none."""

from __future__ import annotations

import json
from typing import Any

import pytest

from datalad_jsdl.model.data_urls import data_url
from datalad_jsdl.model.entry import Entry, Refusal
from tests.manifest.formats.samples import BASE, SHA256, entries, error_of, read, refused

URL = "https://h.example/a.nii"
ENTRY = {"path": "sub/a.nii", "url": URL}


@pytest.mark.parametrize("indent", [None, 1])
def test_entries(indent: int | None) -> None:
    more = {"urls": [URL, {"url": "b.nii", "priority": 1}], "size": 3, "sha256": SHA256}
    document = json.dumps([ENTRY, {"path": "b.nii", **more}], indent=indent)
    first, second = entries(document)
    assert (first.path, first.registrable, first.unknown) == ("sub/a.nii", (URL,), ())
    assert second.registrable == (BASE + "b.nii", URL)
    assert (second.size, dict(second.digests), second.unknown) == (3, {"sha256": SHA256}, ())


def test_one_item_a_line_is_an_array_all_the_same() -> None:
    lines = ",\n".join(json.dumps({**ENTRY, "path": f"{n}.nii"}) for n in range(3))
    found = entries(f"[\n{lines}\n]\n")
    assert [(entry.path, entry.where) for entry in found] == [
        ("0.nii", "line 2"),
        ("1.nii", "line 3"),
        ("2.nii", "line 4"),
    ]


@pytest.mark.parametrize("name", ["filename", "file_name", "name"])
def test_another_name_that_is_clear(name: str) -> None:
    (entry,) = entries(json.dumps([{name: "sub/a.nii", "url": URL}]))
    assert (entry.path, entry.unknown) == ("sub/a.nii", ())


@pytest.mark.parametrize(
    "item",
    [
        {"url": URL},
        {"path": "", "url": URL},
        {"path": 3, "url": URL},
        {"path": "a.nii"},
        {"path": "a.nii", "url": None},
        {"path": "a.nii", "urls": []},
        {"path": "a.nii", "urls": [3]},
        {"path": "a.nii", "url": "somewhere"},
        {"name": "A society", "url": "https://society.example/"},
        {"name": "left-pad", "url": "https://npm.example/left-pad.tgz"},
        {"filename": "a.nii", "file_name": "b.nii", "url": URL},
        # what forges, catalogues and other APIs answer
        {"path": "a.nii", "url": "https://api.example/a.nii", "download_url": URL},
        {"id": 3, "path": "a.nii", "url": URL},
        {"@type": "File", "path": "a.nii", "url": URL},
        {"path": "src", "type": "tree", "sha": "0" * 40},
        [ENTRY],
        "https://h.example/a.nii",
        3,
        None,
    ],
)
def test_one_item_of_another_kind_makes_it_no_manifest(item: Any) -> None:
    for indent in (None, 1):
        said = error_of(json.dumps([ENTRY, item], indent=indent))
        assert "item 2 of the array is not an object with a path and URLs" in said
    assert "item 1" in error_of(json.dumps([item, ENTRY]))


API, WEB = "https://api.forge.example", "https://forge.example"
OTHERS: dict[str, Any] = {
    "a tree": {"path": "src", "mode": "040000", "type": "tree", "url": f"{API}/git/trees/0"}
    | {"id": "0" * 40},
    "tags": {"name": "1.0", "commit": {"url": API}, "zipball_url": f"{WEB}/1.0.zip"},
    "assets": {"id": 1, "name": "a.zip", "url": f"{API}/a/1", "browser_download_url": WEB},
    "packages": {"name": "left-pad", "version": "1.3.0", "url": "https://npm.example/left-pad"},
    "people": {"name": "Ada", "url": "https://ada.example/", "affiliation": "Analytical"},
    "servers": {"url": "https://api.example/v1", "description": "production"},
    "includes": {"path": "./packages/core", "prepend": True},
    "routes": {"path": "/about", "component": "About", "name": "about"},
    "linked data": {"@id": "x", "@type": "Dataset", "name": "x.nii", "url": f"{WEB}/x.nii"},
    "bookmarks": {"name": "The page", "url": "https://page.example/index.html"},
}


@pytest.mark.parametrize("name", OTHERS)
def test_what_other_programs_write(name: str) -> None:
    assert "item 1 of the array" in error_of(json.dumps([OTHERS[name]] * 3, indent=2))
    assert error_of("[" + ",\n".join([json.dumps(OTHERS[name])] * 3) + "]")


@pytest.mark.parametrize("document", ["[]", "[[]]", "[1, 2]", '[{"a": 1}]'])
def test_arrays_of_nothing(document: str) -> None:
    assert error_of(document)


def test_what_is_wrong_with_one_is_told_of_that_one() -> None:
    document = json.dumps([ENTRY, {"path": "../x", "url": URL}, {"path": "c", "url": "ftp://h/c"}])
    first, second, third = read(document)
    assert isinstance(first, Entry)
    assert [isinstance(item, Refusal) for item in (second, third)] == [True, True]
    # behind the beginning that a format is recognised by, too
    many = [{"path": f"{n}/a.nii", "url": URL} for n in range(30_000)]
    assert refused(json.dumps([*many, {"path": "b"}], indent=0)).endswith("b: no URL")
    assert refused(json.dumps([*many, 3])).endswith("not an object")


@pytest.mark.parametrize("end", ["", ",]", "] x", "]]", "}"])
def test_a_document_that_is_broken(end: str) -> None:
    assert "not JSON" in error_of(f"[{json.dumps(ENTRY)}, {json.dumps(ENTRY)}{end}")


def test_content_in_it() -> None:
    large = {"path": "large", "url": data_url(bytes(2_000_000))}
    first, second = entries(json.dumps([large, {**ENTRY, "url": "data:,x"}]))
    assert first.inline is not None
    assert second.inline is not None
    assert (len(first.inline.content), second.inline.content) == (2_000_000, b"x")


def test_files_of_a_forge() -> None:
    """The URL of the content is taken, not that of the record; a folder among them is none."""
    file = {
        "name": "a.nii",
        "path": "sub/a.nii",
        "sha": "0" * 40,
        "size": 3,
        "type": "file",
        "url": f"{API}/contents/a.nii",
        "download_url": f"{WEB}/raw/a.nii",
    }
    (entry,) = entries(json.dumps([file]))
    assert (entry.path, entry.size, entry.registrable) == (
        "sub/a.nii",
        3,
        (f"{WEB}/raw/a.nii",),
    )
    folder = {**file, "path": "sub", "type": "dir", "download_url": None}
    assert "item 1 of the array" in error_of(json.dumps([file, folder]))
