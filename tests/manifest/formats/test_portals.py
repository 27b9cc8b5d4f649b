"""What portals' JSON documents come to, how they are told apart, and hostile ones."""

from __future__ import annotations

import copy
import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datalad_jsdl.errors import ManifestError
from datalad_jsdl.manifest.formats import FORMATS
from datalad_jsdl.manifest.formats.options import Options
from datalad_jsdl.manifest.reading import HEAD, read_manifest
from datalad_jsdl.manifest.record import entry_from_record
from datalad_jsdl.model.entry import Entry, Refusal
from datalad_jsdl.model.paths import marked_path_fault
from datalad_jsdl.model.times import format_mtime
from tests.manifest.formats import (
    catalogue_samples,
    portal_samples,
    record_samples,
    repository_samples,
)
from tests.manifest.formats.portal_samples import BASE

Items = list[Entry | Refusal]

SAMPLES: list[tuple[str, Any, tuple[str, ...]]] = [
    *portal_samples.SAMPLES,
    *repository_samples.SAMPLES,
    *catalogue_samples.SAMPLES,
    *record_samples.SAMPLES,
]

OWN = ("jsonl", "json")
LAST = (*OWN, "json-array", "json-records")  # asked behind all others
PORTALS = sorted({name for name, _, _ in SAMPLES})
DOCUMENTS = [
    pytest.param(name, value, id=f"{name}-{n}") for n, (name, value, _) in enumerate(SAMPLES)
]
URL = "https://h.org/a"


def read(value: Any, name: str | None = None, base: str | None = BASE) -> Items:
    text = value if isinstance(value, str) else json.dumps(value)
    return list(read_manifest(io.BytesIO(text.encode()), base, name=name))


def read_as(text: str, name: str | None) -> Items:
    """As `read`, and many times as fast where the name is known."""
    if name is None:
        return read(text)
    found = FORMATS[name].records(iter([text]), Options(base_url=BASE))
    return [entry_from_record(record, BASE) for record in found]


def described(item: Entry | Refusal) -> str:
    if isinstance(item, Refusal):
        return f"!{item.path}: {item.reason}"
    parts = [item.path]
    if item.size is not None:
        parts.append(str(item.size))
    if item.digests:
        parts.append(",".join(sorted(item.digests)))
    if item.mtime is not None:
        parts.append(format_mtime(item.mtime))
    return " ".join([*parts, "->", *(candidate.url for candidate in item.candidates)])


def recognised(head: str) -> list[str]:
    return [name for name in FORMATS if FORMATS[name].sniff(head)]


def portals_for(text: str) -> list[str]:
    return [name for name in recognised(text[:HEAD]) if name not in LAST]


@pytest.mark.parametrize(("name", "value", "expected"), SAMPLES)
def test_entries_and_refusals(name: str, value: Any, expected: tuple[str, ...]) -> None:
    assert tuple(map(described, read(value))) == expected
    assert tuple(map(described, read(value, name))) == expected


def test_every_portal_has_a_sample() -> None:
    assert set(FORMATS) - set(OWN) >= set(PORTALS)
    assert len(PORTALS) == 34


@pytest.mark.parametrize("indent", [None, 1])
@pytest.mark.parametrize(("name", "value"), DOCUMENTS)
def test_each_is_recognised_by_its_own_row_only(name: str, value: Any, indent: int | None) -> None:
    text = json.dumps(value, indent=indent)
    assert portals_for(text) == [name] or name in LAST
    assert recognised(f"\n {text}")[0] == name


@pytest.mark.parametrize(("name", "value"), DOCUMENTS)
def test_one_longer_than_the_head(name: str, value: Any) -> None:
    long = copy.deepcopy(value)
    lists = [long] if isinstance(long, list) else [v for v in long.values() if isinstance(v, list)]
    if not lists or name in ("drs", "stac"):  # what they have in lists are no files
        pytest.skip("its files are deeper")
    lists[0] += lists[0][-1:] * (2 * HEAD // len(json.dumps(lists[0][-1])))
    assert recognised(json.dumps(long)[:HEAD])[0] == name


@pytest.mark.parametrize(("name", "value"), DOCUMENTS)
def test_a_broken_off_document_is_an_error_that_says_where(name: str, value: Any) -> None:
    text = json.dumps(value, indent=1)
    assert portals_for(text[:-2]) == [name] or name in LAST
    for end in range(1, len(text), 37):
        with pytest.raises(ManifestError, match=r"line \d|unknown manifest format"):
            read(text[:end])


@pytest.mark.parametrize(
    ("name", "where"),
    [
        ("bdbag", "[2]"),
        ("croissant", "distribution[5]"),
        ("dandi", "next"),
        ("dataverse", "data.latestVersion.files[4]"),
        ("figshare", "files[2]"),
        ("frictionless", "resources[5]"),
        ("hugging-face", "[2]"),
        ("openneuro", "data.snapshot.files[3]"),
        ("osf", "links.next"),
        ("ro-crate", "@graph[6]"),
        ("zenodo", "files[0]"),
        ("github-release", "assets[1]"),
        ("dryad", "_links.next.href"),
        ("sciencebase", "facets[0].files[0]"),
        ("xnat", "ResultSet.Result[1]"),
        ("stac", "assets.cube"),
        ("dcat", "dataset[1].distribution[0]"),
        ("ckan", "result.resources[2]"),
        ("cmr", "hits"),
        ("ffq", "SRR1.files.aws[1]"),
        ("allen-abc", "file_listing.mouse.matrices.files.h5ad"),
    ],
)
def test_places(name: str, where: str) -> None:
    value = next(value for sample, value, _ in SAMPLES if sample == name)
    assert read(value)[-1].where == where


@pytest.mark.parametrize("name", ["dataverse", "frictionless", "ro-crate"])
def test_without_a_base_relative_urls_are_refused(name: str) -> None:
    value = next(value for sample, value, _ in SAMPLES if sample == name)
    reasons = [item.reason for item in read(value, base=None) if isinstance(item, Refusal)]
    assert "a URL is relative; use --base-url to resolve it" in reasons


# Our own forms, with the portals' words as paths and as fields for other programs.
WORDS = ["files", "data", "resources", "distribution", "@graph", "results", "entries", "checksum"]
WORDS += ["path", "url", "urls", "filename", "key", "name", "label", "links", "attributes", "kind"]
MORE_WORDS = ["assets", "Contents", "items", "results", "dataset", "features", "feed", "tag_name"]
MORE_WORDS += ["stac_version", "metadata", "requestedFiles", "_embedded", "ResultSet", "accession"]
OWN_VALUES: list[Any] = [
    [URL],
    [{"url": URL, "priority": 1, "location": "de"}],
    {"urls": [URL], "size": 1, "files": [{"filename": "a", "urls": [URL]}]},
    {
        "url": URL,
        "type": "file",
        "oid": "x",
        "key": "a",
        "checksum": f"md5:{0:032}",
        "metadata": {},
    },
]


@pytest.mark.parametrize("value", OWN_VALUES)
def test_our_own_forms_stay_ours(value: Any) -> None:
    assert portals_for(json.dumps(dict.fromkeys(MORE_WORDS, value))) == []
    document = dict.fromkeys(WORDS, value)
    assert portals_for(json.dumps(document)) == []
    assert all(isinstance(item, Entry) for item in read(document))
    for first, second in zip(WORDS, reversed(WORDS), strict=True):
        assert portals_for(json.dumps({first: value, "x": {second: value, "urls": [URL]}})) == []
    given = value if isinstance(value, dict) else {"urls": value}
    lines = [json.dumps({"path": word, **given}) for word in WORDS]
    for count in (1, len(lines)):
        assert recognised("\n".join(lines[:count]))[0] == "jsonl"


WRONG: list[Any] = [None, True, 0, -1, 1.5, 10**400, "", "../x", [], {}, [[]], [None], {"a": None}]
WRONG += [["\ud800"], "\ud800", "https://[", {"@id": 5}, 1e308 * 10, "a\nb"]


def mutants(value: Any) -> Iterator[Any]:
    """The document with each of its members in turn put out of shape."""
    yield from WRONG
    for key in list(value) if isinstance(value, dict) else range(len(value)):
        child = value[key]
        for instead in mutants(child) if isinstance(child, (dict, list)) else WRONG:
            whole = copy.copy(value)
            whole[key] = instead
            yield whole


def check(value: Any, name: str | None, raw: bool = True) -> None:
    try:
        found = read_as(json.dumps(value) if raw else value, name)
    except ManifestError:
        return
    for item in found:
        assert item.where
        if isinstance(item, Entry):
            assert marked_path_fault(item.path) is None
            assert item.candidates
        else:
            assert item.reason


@pytest.mark.parametrize(("name", "value"), DOCUMENTS)
def test_a_member_of_the_wrong_type_never_crashes(name: str, value: Any) -> None:
    for mutant in mutants(value):
        check(mutant, name)


@pytest.mark.parametrize(("name", "value"), DOCUMENTS)
def test_a_bad_element_is_refused_alone(name: str, value: Any) -> None:
    if name in ("cmr", "drs", "ffq", "iiif", "schema-org", "stac"):
        pytest.skip("what it has in lists are no files, or lists of them")
    sound = [described(item) for item in read(value)]

    def spoil(part: Any) -> bool:
        """Put a string before the first object of the first list."""
        if isinstance(part, list) and part and isinstance(part[0], dict):
            part.append("no object")
            return True
        return any(spoil(child) for child in (part.values() if isinstance(part, dict) else []))

    spoilt = copy.deepcopy(value)
    if not spoil(spoilt):
        pytest.skip("its files are an object")
    found = [described(item) for item in read(spoilt, name)]
    assert sorted(found) == sorted([*sound, "!None: not an object"])


HOSTILE = {
    "bdbag": '[{{"url": "{url}", "length": 1, "filename": "{path}"}}]',
    "croissant": '{{"distribution": {{"@type": "FileObject", "name": "{path}", '
    '"contentUrl": "{url}"}}}}',
    "dandi": '[{{"path": "{path}", "contentUrl": "{url}"}}]',
    "dataverse": '{{"files": [{{"label": "{path}", "dataFile": {{"id": 1}}}}]}}',
    "figshare": '[{{"name": "{path}", "download_url": "{url}", "is_link_only": true}}]',
    "frictionless": '{{"resources": [{{"path": "{path}"}}]}}',
    "hugging-face": '[{{"type": "file", "oid": "1", "path": "{path}"}}]',
    "openneuro": '{{"files": [{{"filename": "{path}", "urls": ["{url}"]}}]}}',
    "osf": '{{"data": {{"attributes": {{"kind": "file", "materialized_path": "{path}"}}, '
    '"links": {{"download": "{url}"}}}}}}',
    "ro-crate": '{{"@context": "https://w3id.org/ro/crate/1.1/context", '
    '"@graph": [{{"@type": "File", "@id": "{path}", "contentUrl": "{url}"}}]}}',
    "zenodo": '{{"files": [{{"key": "{path}", "checksum": "", "links": {{"self": "{url}"}}}}]}}',
}
HOSTILE |= repository_samples.HOSTILE | record_samples.HOSTILE
BAD_PATHS = ["../x", "a/../../x", "//etc/passwd", ".git/config", "a/.GIT/x", "a\\\\b", "a\\u0000b"]
BAD_PATHS += ["\\ud800", "", "a///b", ".datalad/config", "..", "x" * 300]


@pytest.mark.parametrize("path", BAD_PATHS)
@pytest.mark.parametrize("name", HOSTILE)
def test_no_name_leads_outside(name: str, path: str) -> None:
    template = HOSTILE[name]
    assert [described(i)[:2] for i in read(template.format(path="a", url=URL))] == ["a "]
    assert [type(i) for i in read(template.format(path=path, url=URL))] == [Refusal]


@pytest.mark.parametrize("name", HOSTILE)
def test_no_url_brings_a_secret_into_a_message(name: str) -> None:
    for url in ("https://u:hunter2@h.org/", "ftp://h.org/hunter2", "https://h.org:x/?sig=hunter2"):
        for item in read(HOSTILE[name].format(path="a", url=url)):
            assert isinstance(item, Entry) or "hunter2" not in item.reason + item.where


DEEP = [f"{'[' * depth}{']' * depth}" for depth in (*range(880, 1000, 5), 100_000)]


@pytest.mark.parametrize("name", PORTALS)
@pytest.mark.parametrize(
    "text", ["", "<!DOCTYPE html><html>", "null", "12", '"x"', "[" * 100_000, '{"files": ' * 50_000]
)
def test_what_is_no_document_of_a_portal(name: str, text: str) -> None:
    with pytest.raises(ManifestError):
        read(text, name)


@pytest.mark.parametrize("name", HOSTILE)
def test_deep_nesting(name: str) -> None:
    for deep in DEEP:
        for word in ('"a"', f'"{URL}"', '"file"', '"FileObject"', '"md5"', "1"):
            text = HOSTILE[name].format(path="a", url=URL)
            check(text.replace(word, deep), name, raw=False)
            check(
                text.replace(f"{word},", f'{word}, "size": {deep}, "length": {deep},'),
                name,
                raw=False,
            )


@pytest.mark.parametrize("name", PORTALS)
def test_a_document_without_end_does_not_fill_the_memory(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("datalad_jsdl.manifest.formats.documents._MAX_DOCUMENT", 1 << 20)

    class Endless:
        def read(self, size: int, /) -> bytes:
            return b"[" + b" " * (size - 1)

    with pytest.raises(ManifestError, match="longer than 1048576 characters"):
        list(read_manifest(Endless(), name=name))


def words(value: Any) -> Iterator[str]:
    """All keys and strings of a document."""
    if isinstance(value, str):
        yield value
    for child in value if isinstance(value, (list, dict)) else ():
        yield from words(child)
        if isinstance(value, dict):
            yield from words(value[child])


VOCABULARY = sorted({word for _, value, _ in SAMPLES for word in words(value)})
KEYS = st.sampled_from(VOCABULARY) | st.text(max_size=3)
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | KEYS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=6),
    max_leaves=20,
)


@st.composite
def grafted(draw: st.DrawFn) -> Any:
    """A sample with any JSON in place of one of its members."""
    whole = part = copy.deepcopy(draw(st.sampled_from([value for _, value, _ in SAMPLES])))
    for _ in range(draw(st.integers(0, 6))):
        key = draw(
            st.sampled_from(list(part) if isinstance(part, dict) else list(range(len(part))))
        )
        if not isinstance(part[key], (dict, list)) or not part[key]:
            break
        part = part[key]
    key = draw(st.sampled_from(list(part) if isinstance(part, dict) else list(range(len(part)))))
    part[key] = draw(JSON)
    return whole


@pytest.mark.slow
@settings(max_examples=300)
@given(JSON | grafted(), st.sampled_from(PORTALS))
def test_any_json_gives_entries_refusals_or_an_error(value: Any, name: str) -> None:
    check(value, name)
    check(value, None)


@pytest.mark.parametrize("number", [9, 10, 11])
def test_an_article_of_figshare_shows_ten_files(number: int) -> None:
    article = next(value for name, value, _ in SAMPLES if name == "figshare")
    files = [{**article["files"][0], "id": i, "name": f"f{i}"} for i in range(number)]
    *_, last = read(article | {"files": files})
    if number != 10:
        assert last.path == f"f{number - 1}"
        return
    assert isinstance(last, Refusal)
    assert (last.where, last.path) == ("files", None)
    assert "at most 10 files" in last.reason
    assert "figshare:123 " in last.reason
    assert len(read(files)) == 10
