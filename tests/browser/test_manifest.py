"""The module reads a manifest as the command line does."""

from __future__ import annotations

import base64
import io
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from datalad_jsdl.errors import ManifestError
from datalad_jsdl.manifest.reading import read_manifest
from datalad_jsdl.manifest.selection import select_entries
from datalad_jsdl.model.subdatasets import joined
from datalad_jsdl.operations.manifest_contents import selected_contents

HERE = Path(__file__).parent
BASE = "https://portal.example/data/m.json?version=2#top"
URL = "https://a.example/f"

#: What is read by both: values and paths of single entries, and whole documents.
SAMPLES = json.loads((HERE / "manifests.json").read_text())


def documents() -> list[dict[str, Any]]:
    found = [{"text": text, "base": BASE} for text in SAMPLES["documents"]]
    # with so many good ones that a document with a bad one is a manifest still
    good = {f"good{n}": [URL] for n in range(2)}
    members = [{"d/e": value, **good} for value in SAMPLES["values"]]
    members += [{path: [URL], **good} for path in SAMPLES["paths"]]
    found += [{"text": json.dumps(item), "base": BASE} for item in members]
    found.append({"text": json.dumps({"a": ["relative"], "b": [URL]}), "base": None})
    return found


def by_the_command_line(document: dict[str, Any]) -> Any:
    stream = io.BytesIO(document["text"].encode("utf-8", "surrogatepass"))
    try:
        selection = select_entries(read_manifest(stream, document["base"]), use_signed=True)
    except ManifestError:
        return "fault"
    entries = selection.entries
    contents = {content.path: content for content in selected_contents(entries)}
    found = {}
    for path, entry in entries.items():
        content = contents[joined(path)]
        found[path] = {
            "urls": [c.url for c in entry.candidates],
            "size": entry.size,
            "digests": dict(entry.digests),
            "pieces": entry.pieces
            and (entry.pieces.algorithm, entry.pieces.length, list(entry.pieces.hexdigests)),
            "mtime": None if entry.mtime is None else entry.mtime.timestamp() // 1,
            "executable": entry.executable,
            "own_mtime": entry.own_mtime,
            "symlink": entry.inline is not None and entry.inline.is_symlink,
            "content": entry.inline and base64.b64encode(entry.inline.content).decode(),
            "access": entry.restriction
            and (entry.restriction.kind.value, entry.restriction.url, entry.restriction.text),
            "where": entry.where,
            "shared": (content.mtime, set(content.urls)),
        }
    return found, sorted((r.path or "", r.where) for r in selection.refusals)


def by_the_module(read: dict[str, Any]) -> Any:
    if "fault" in read:
        return "fault"
    found = {}
    for entry in read["entries"]:
        pieces, access = entry["pieces"], entry["access"]
        found[entry["path"]] = {
            **{name: entry[name] for name in ("urls", "size", "digests", "mtime", "executable")},
            "pieces": pieces and (pieces["algorithm"], pieces["length"], pieces["digests"]),
            "own_mtime": entry["ownMtime"],
            "symlink": entry["symlink"],
            "content": entry["content"],
            "access": access and (access["kind"], access["url"], access["text"]),
            "where": entry["where"],
            "shared": (entry["shared"]["mtime"], set(entry["shared"]["urls"])),
        }
    return found, sorted((r["path"] or "", r["where"]) for r in read["refused"])


@pytest.fixture(scope="module")
def read(node: str) -> Callable[[list[dict[str, Any]]], list[dict[str, Any]]]:
    def run(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
        command = [node, str(HERE / "read_manifest.mjs")]
        done = subprocess.run(command, input=json.dumps(found).encode(), capture_output=True)
        assert done.returncode == 0, done.stderr.decode()
        result: list[dict[str, Any]] = json.loads(done.stdout)
        return result

    return run


def as_a_browser_asks(expected: list[Any], node: str) -> None:
    """Write URLs as the standard of browsers does; ours leave them as they were given."""
    entries = [e for found in expected if found != "fault" for e in found[0].values()]
    urls = sorted({url for e in entries for url in [*e["urls"], *e["shared"][1], _page(e)]})
    script = (
        "const urls = JSON.parse(require('fs').readFileSync(0));"
        "console.log(JSON.stringify(urls.map(url => url && new URL(url).href)))"
    )
    done = subprocess.run(
        [node, "-e", script], input=json.dumps(urls).encode(), capture_output=True
    )
    names = dict(zip(urls, json.loads(done.stdout), strict=True))
    for entry in entries:
        entry["urls"] = [names[url] for url in entry["urls"]]
        entry["shared"] = (entry["shared"][0], {names[url] for url in entry["shared"][1]})
        if entry["access"]:
            kind, url, text = entry["access"]
            entry["access"] = (kind, names[url], text)


def _page(entry: dict[str, Any]) -> str:
    return entry["access"][1] if entry["access"] else ""


def test_manifests_are_read_as_the_command_line_reads_them(
    node: str, read: Callable[[list[dict[str, Any]]], list[dict[str, Any]]]
) -> None:
    found = documents()
    expected = [by_the_command_line(document) for document in found]
    as_a_browser_asks(expected, node)
    ours = [by_the_module(item) for item in read(found)]
    texts = [document["text"] for document in found]
    different = [t for t, a, b in zip(texts, ours, expected, strict=True) if a != b]
    assert different == []


def test_a_manifest_names_zips_of_itself(
    read: Callable[[list[dict[str, Any]]], list[dict[str, Any]]],
) -> None:
    archives = [{"urls": ["z.zip"], "leading_dir": "s"}, {"urls": [URL]}]
    expected = [
        {"urls": ["https://portal.example/data/z.zip"], "leadingDir": "s"},
        {"urls": [URL], "leadingDir": ""},
    ]
    texts = [
        json.dumps({"/": {"archives": archives}, "a": [URL]}),
        json.dumps({"path": "/", "archives": archives}) + '\n{"path": "a", "urls": ["u"]}\n',
    ]
    for text in texts:
        # the command line takes the files from their own URLs
        items = list(read_manifest(io.BytesIO(text.encode()), BASE))
        assert [item.path for item in items] == ["a"]
    for item in read([{"text": text, "base": BASE} for text in texts]):
        assert item["archives"] == expected
        assert (len(item["entries"]), item["refused"]) == (1, [])
