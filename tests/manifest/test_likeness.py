"""JSON of other programs is never taken for entries; the own forms are."""

from __future__ import annotations

import io
import json
import sys
from hashlib import md5
from itertools import chain, islice
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from datalad_jsdl.errors import ManifestError
from datalad_jsdl.manifest.reading import read_manifest
from datalad_jsdl.model.entry import Entry, Refusal

if TYPE_CHECKING:
    from collections.abc import Iterator

URL = "https://h.example/a.nii"
BASE = "https://h.example/d/m.json"  # so that any word may be a relative URL


def read(document: Any, name: str | None = None) -> list[Entry | Refusal]:
    data = document if isinstance(document, bytes) else json.dumps(document).encode()
    return list(read_manifest(io.BytesIO(data), BASE, name=name))


def entries(document: Any) -> list[Entry]:
    try:
        return [item for item in read(document) if isinstance(item, Entry)]
    except ManifestError:
        return []


OWN: dict[str, dict[str, Any]] = {
    "a list of one word": {"a": ["u"]},
    "more of them": {"a": ["u"], "b": ["v"]},
    "a URL": {"a": [URL]},
    "mirrors with other names": {"a.nii": [URL, "https://m.example/b.nii"]},
    "names that say nothing": {"scan": ["https://h.example/d?id=1", "https://m.example/2"]},
    "more facts": {"sub/a": {"urls": ["x"], "id": 7, "title": "t", "name": "n"}},
    "one URL with facts": {"sub/a.nii": {"url": URL, "name": "a", "type": "scan"}},
    "URLs with places": {"a": [{"url": URL, "priority": 1, "location": "EU"}]},
    "relative ones with other names": {"a.nii": ["b"], "b.nii.gz": ["b.nii"], "c": ["1.nii"]},
    "relative ones named by their content": {
        "a.csv": [URL],
        "b.csv": ["blobs/1.bin"],
        "c.csv": ["blobs/2.bin"],
    },
    "relative ones of files in folders": {"d/a.csv": ["b/0a.bin"], "d/b.csv": ["b/0b.bin"]},
    "relative ones": {"sub/a.nii": ["files/a.nii"], "README": ["../README"]},
    "words beside others": {"x": ["x"], "up": ["../y"], "q": ["?q"], "r": ["/root"], "w": ["w"]},
    "a URL with facts": {"scan": {"url": URL, "size": 3, "md5": "0" * 32}},
    "names of metadata, each with a URL": {
        key: [URL] for key in ("@id", "data", "files", "url", "x")
    },
    "content": {"a": ["data:,hi"]},
}


@pytest.mark.parametrize("kind", OWN)
def test_the_own_form(kind: str) -> None:
    assert len(entries(OWN[kind])) == len(OWN[kind])


def test_zips_of_the_manifest_are_no_stranger() -> None:
    assert [e.path for e in entries({"/": {"archives": [{"url": "z"}]}, "a": [URL]})] == ["a"]


URLS = ["https://a.example/x", "https://b.example/y"]
OTHERS: dict[str, Any] = {
    "package.json": {
        "name": "p",
        "version": "1.0.0",
        "files": ["lib/", "index.js"],
        "keywords": ["brain"],
        "repository": {"type": "git", "url": "git+https://h.example/r.git"},
        "bugs": {"url": "https://h.example/bugs"},
        "homepage": "https://h.example/",
    },
    "only words": {"keywords": ["brain"], "files": ["lib"]},
    "tsconfig": {"compilerOptions": {"strict": True}, "include": ["src"], "exclude": ["x"]},
    "settings of an editor": {"markdown.styles": ["public/x.css"]},
    "tsconfig that only includes": {"include": ["src"]},
    "JSON Schema": {"$schema": "https://h.example/s", "type": "object", "required": ["a"]},
    "JSON Schema without a word on it": {"properties": {}, "required": ["a"], "enum": ["b"]},
    "codemeta": {"@context": URLS, "codeRepository": URLS[0], "relatedLink": URLS, "name": "n"},
    "schema.org": {"@type": "Dataset", "sameAs": URLS, "logo": {"url": URLS[0]}, "image": URLS},
    "schema.org without a context": {"sameAs": URLS, "image": [URLS[0]], "publisher": {"url": URL}},
    "CKAN": {
        "title": "t",
        "theme": URLS,
        "language": URLS,
        "resources": [{"url": URLS[0], "name": "x"}, {"url": URLS[1], "name": "y"}],
    },
    "COCO": {
        "info": {"url": "http://h.example", "description": "d", "year": 2014},
        "licenses": [{"url": u, "id": n, "name": u} for n, u in enumerate(URLS)],
        "images": [],
    },
    "a release": {"assets": [{"url": u, "name": u[-1], "browser_download_url": u} for u in URLS]},
    "a package of data": {"resources": [{"url": u} for u in URLS]},
    "keyed by run": {"aws": [{"url": u, "filename": u[-1], "accession": "S"} for u in URLS]},
    "sources": {"sources": [{"name": str(n), "url": u} for n, u in enumerate(URLS)]},
    "feeds": {"feeds": URLS},
    "lists of different files": {"tables": ["https://h.example/a.csv", "https://h.example/b.csv"]},
    "addresses beside a time": {
        "dt": "2022-01-20T12:57:59+00:00",
        "controllers": ["https://h.example:1/o/B1/controller", "https://h.example:2/o"],
        "schemas": ["https://h.example:3/o/E1", "https://h.example:3/o/E2"],
    },
    "niv": {"nixpkgs": {"url": URL, "sha256": "0" * 64, "type": "tarball", "description": "d"}},
    "a dictionary": {code: [f"word{code}"] for code in ("aa", "bb", "cc", "dd")},
    "modules": {"core-js/a": ["es.b", "es.c"], "core-js/d": ["es.e"]},
    "GeoJSON": {"type": "FeatureCollection", "features": [{"type": "Feature", "geometry": {}}]},
    "a notebook": {
        "cells": [{"cell_type": "code", "source": ["x"]}],
        "metadata": {},
        "nbformat": 4,
    },
    "composer": {"name": "a/b", "support": {"source": URL}, "authors": [{"name": "n"}]},
    "OpenAPI": {"openapi": "3.0.0", "info": {"title": "t"}, "servers": [{"url": URLS[0]}]},
    "a lock file": {"packages": {"node_modules/a": {"resolved": URL}}, "lockfileVersion": 3},
    "a source map": {"version": 3, "sources": ["a.ts"], "names": [], "mappings": ""},
    "a line of an API": {"name": "a", "path": "a", "url": URL, "html_url": URL, "type": "file"},
}


@pytest.mark.parametrize("kind", OTHERS)
def test_another_program_s(kind: str) -> None:
    assert entries(OTHERS[kind]) == []
    assert entries(json.dumps(OTHERS[kind], indent=1).encode()) == []
    with pytest.raises(ManifestError):
        read(OTHERS[kind])


def test_who_says_that_it_is_a_manifest_is_believed() -> None:
    with pytest.raises(ManifestError, match="if all of them are paths, add --format json"):
        read({"data": [URL]})
    (entry,) = read({"data": [URL]}, "json")
    assert entry.path == "data"


ROOTS = (Path(sys.prefix), Path(__file__).parents[1] / "browser" / "node_modules", Path("/usr"))


def installed() -> Iterator[bytes]:
    """JSON files of installed packages, each content once; nothing here is a manifest."""
    seen: set[bytes] = set()
    for file in chain.from_iterable(root.rglob("*.json") for root in ROOTS):
        if "datalad_jsdl" in file.parts or not file.is_file() or file.stat().st_size > 1 << 16:
            continue
        data = file.read_bytes()
        digest = md5(data, usedforsecurity=False).digest()
        if digest not in seen:
            seen.add(digest)
            yield data


def test_no_file_of_an_installed_package_has_entries() -> None:
    found = list(islice(installed(), 600))
    if len(found) < 300:
        pytest.skip("there are too few JSON files on this machine")
    assert [data[:200] for data in found if entries(data)] == []


def made(count: int) -> Iterator[dict[str, Any]]:
    """Documents of other programs: each kind in any order, with more fields, on other hosts."""
    chance = Random(7)
    kinds = [items for name, items in OTHERS.items() if name != "a line of an API"]
    typical: list[dict[str, Any]] = [
        *({"version": "1"}, {"$schema": URL}, {"license": "MIT"}, {"keywords": ["a", "b"]}),
        *({"description": "d"}, {"private": True}, {"scripts": {"test": "x"}}, {"@context": URLS}),
        *({"author": {"name": "n", "url": URL}}, {"metadata": {}}, {"count": 3}, {"next": None}),
    ]
    for number in range(count):
        items = list(kinds[number % len(kinds)].items())
        for more in chance.sample(typical, chance.randint(1, 4)):
            items.extend(more.items())
        chance.shuffle(items)
        text = json.dumps(dict(items)).replace("h.example", f"h{number}.example")
        yield json.loads(text.replace('"n"', f'"n{number}"'))


def test_none_of_hundreds_made_as_others_write_them_has_entries() -> None:
    documents = {json.dumps(document) for document in made(500)}
    assert len(documents) > 450
    assert [text for text in documents if entries(text.encode())] == []


@pytest.mark.parametrize("field", ["name", "filename", "id", "size", "md5"])
def test_urls_that_name_different_files_are_no_mirrors(field: str) -> None:
    items = [{"url": url, field: str(n) * 32} for n, url in enumerate(URLS)]
    (refusal,) = read({"sub/a.nii": items})
    assert isinstance(refusal, Refusal)
    assert "its URLs are of different files: they differ in" in refusal.reason
    (entry,) = read({"sub/a.nii": [{**item, field: "0" * 32} for item in items]})
    assert isinstance(entry, Entry)
    assert entry.unknown == (f"urls.{field}",) * 2
