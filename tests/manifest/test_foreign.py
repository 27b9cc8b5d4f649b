"""What comes where a manifest should be: pages, portals' errors, other programs' JSON."""

from __future__ import annotations

import io
import json

import pytest

from datalad_jsdl.errors import ManifestError
from datalad_jsdl.manifest.reading import read_manifest
from datalad_jsdl.model.entry import Refusal

PAGES = [
    "\ufeff<!DOCTYPE html><html><body>Log in</body></html>",
    "\r\n\t <!-- cached --><!-- <x> -->\n<html>",
    '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 "'
    ' "http://www.w3.org/TR/xhtml1/DTD/xhtml1-strict.dtd">\n<html>',
    '<?xml version="1.0"?>\n<html xmlns="http://www.w3.org/1999/xhtml"></html>',
    "<head><title>502 Bad Gateway</title></head>",
]


def error_of(document: str, name: str | None = None) -> str:
    with pytest.raises(ManifestError) as caught:
        list(read_manifest(io.BytesIO(document.encode()), name=name))
    return str(caught.value)


@pytest.mark.parametrize("name", [None, "zenodo", "jsonl", "metalink4", "csv", "json"])
@pytest.mark.parametrize("document", PAGES)
def test_a_page_is_told_whatever_was_expected(document: str, name: str | None) -> None:
    assert "expected a manifest, got an HTML page" in error_of(document, name)


SAID = {
    '{"message": "PID does not exist.", "status": 404}': "PID does not exist.",
    '{"detail": "Not found."}': "Not found.",
    '{"status": "ERROR", "message": "Dataset with ID 1 not found."}': "Dataset with ID 1 not",
    '{"error": "Repository not found"}': "Repository not found",
    '{"error": {"code": 403, "message": "no leave"}}': "no leave",
    '{"errors": [{"message": "no such tag", "locations": []}], "data": null}': "no such tag",
    '{"errors": [{"detail": "Gone."}], "meta": {"version": "2.0"}}': "Gone.",
    '{"errors": ["Not found."]}': "Not found.",
    '{"message": "Entity not found: x", "code": "EntityNotFound"}': "Entity not found: x",
    '{"timestamp": 1, "status": 404, "error": "Not Found", "path": "/api/x"}': "Not Found",
    '{"message": "Bad credentials", "documentation_url": "https://h.example/d"}': "Bad cred",
    '{"reason": "You lack READ access"}': "You lack READ access",
    '<?xml version="1.0"?>\n<Error><Code>AccessDenied</Code><Message>no</Message></Error>': (
        "AccessDenied: no"
    ),
}


@pytest.mark.parametrize(("document", "said"), SAID.items())
def test_a_portal_s_error_is_told_in_its_words(document: str, said: str) -> None:
    for name in (None, "zenodo"):
        assert f"expected a manifest, got an error from the portal: '{said}" in error_of(
            document, name
        )


def test_what_a_portal_says_is_cut_and_free_of_secrets() -> None:
    said = error_of('{"message": "a\\n\\tb https://h.example/x?token=hunter2 ' + "x" * 9000 + '"}')
    assert "hunter2" not in said
    assert "a b https://h.example/x" in said
    assert len(said) < 400


@pytest.mark.parametrize(
    "document",
    [
        '{"author": "x", "resources": [{"url": "https://h.example/a"}], "tags": [], "id": 1}',
        '{"title": "A dataset", "id": 5, "links": {"self": "https://h.example/5"}}',
        '{"success": true, "result": {"resources": []}}',
    ],
)
def test_json_of_another_program_is_one_error(document: str) -> None:
    assert "the manifest is JSON in no known format: the members ('" in error_of(document)


@pytest.mark.parametrize(
    "document",
    [
        '{"message": ["https://h.example/a"]}',
        '{"error": {"url": "https://h.example/a"}}',
        '{"errors": ["errors.txt"]}',
        '{"path": "message", "url": "https://h.example/a", "error": "none"}',
    ],
)
def test_paths_that_are_called_like_an_error(document: str) -> None:
    (item,) = read_manifest(io.BytesIO(document.encode()), "https://h.example/")
    assert not isinstance(item, Refusal)


def test_a_url_without_a_list_is_refused_by_its_line() -> None:
    document = '{"a": "https://h.example/a",\n"b": ["https://h.example/b"]}'
    refusal, _ = read_manifest(io.BytesIO(document.encode()))
    assert isinstance(refusal, Refusal)
    assert (refusal.path, refusal.where) == ("a", "line 1")


def test_of_a_long_document_its_beginning_tells() -> None:
    """The second value goes beyond what is looked at."""
    document = json.dumps({"steps": ["build"], "name": "x", "points": list(range(300_000))})
    assert len(document) > 1 << 20
    with pytest.raises(ManifestError, match="JSON in no known format"):
        list(read_manifest(io.BytesIO(document.encode()), "https://h.example/"))


def test_an_item_of_stac_may_have_a_long_geometry_before_its_assets() -> None:
    places = [[n / 7, n / 9] for n in range(60_000)]
    item = {
        "stac_version": "1.0.0",
        "stac_extensions": ["label"],
        "id": "scene",
        "type": "Feature",
        "geometry": {"type": "Polygon", "coordinates": [places]},
        "assets": {"image": {"href": "https://h.example/scene.tif"}},
        "links": [],
        "properties": {},
    }
    document = json.dumps(item)
    assert document.index("assets") > 1 << 20
    (entry,) = read_manifest(io.BytesIO(document.encode()), "https://h.example/")
    assert entry.path == "scene/scene.tif"
