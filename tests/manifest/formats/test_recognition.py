"""Which format a document is taken for, and that no document makes a reader crash."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datalad_jsdl.errors import ManifestError
from datalad_jsdl.manifest.formats import FORMATS
from datalad_jsdl.manifest.formats.options import Options
from datalad_jsdl.model.entry import Entry, Refusal
from datalad_jsdl.model.paths import marked_path_fault
from tests.manifest.formats import samples
from tests.manifest.formats.samples import SAMPLES, error_of, read

NAMES = [name for name in dict.fromkeys(name for name, _ in SAMPLES) if not name.startswith("json")]
LINE_ENDS = ["\n", "\r\n", "\r"]


@pytest.mark.parametrize(("name", "document"), SAMPLES)
def test_a_sample_is_known_and_by_no_earlier_row(name: str, document: str) -> None:
    said = [row for row, found in FORMATS.items() if found.sniff(document)]
    assert said[0] == name
    if name == "synapse":
        assert "a synapseURL leads to a page" in error_of(document)
    else:
        assert repr(read(document)) == repr(read(document, name))
        assert all(isinstance(item, Entry) for item in read(document))


@pytest.mark.parametrize("end", LINE_ENDS)
@pytest.mark.parametrize(("name", "document"), SAMPLES)
def test_line_ends_and_a_mark_of_order_change_nothing(name: str, document: str, end: str) -> None:
    if name in ("json", "jsonl", "synapse"):
        return
    changed = "\ufeff" + document.replace("\n", end)
    assert repr(read(changed)) == repr(read(document))


PROSE = [
    "See https://a.example/x for details.\nIt has data, and more.\n",
    "https://a.example/x is a page\nabout files, links and URLs.\n",
    "# Title\n\nDownload with:\n\ncurl https://a.example/x -o x\n",
    "- 3 eggs and ham\n- 4 spoons of /tmp soup\n",
    "Dear all, here it is\nBest, Bob\n",
    "one column\n12\n",
    "https://a.example/x 12\n",
    "a b c d\n",
    "{" + samples.CSV,
]
HTML = ["<!DOCTYPE html>\n<html><a href='https://x.example/'>metalink</a></html>", "<html></html>"]
OTHERS = ["", "\0", "\0" * 100, "[1]", "null", '"path,url"', "<?xml version='1.0'?><a/>", "\x7fELF"]
OTHERS += ["<", "<?", "<!--", "<!DOCTYPE", "<metalink", "<metalinks>", "<metalink/>", ",", ",,\n,,"]


@pytest.mark.parametrize("document", [*PROSE, *HTML, *OTHERS])
def test_what_is_nothing_of_ours(document: str) -> None:
    said = [name for name in NAMES if FORMATS[name].sniff(document)]
    assert said == []


@settings(max_examples=200)
@given(st.binary(max_size=400))
def test_random_bytes_are_nothing(data: bytes) -> None:
    text = data.decode("latin-1")
    assert not any(FORMATS[name].sniff(text) for name in NAMES)


VALUES: st.SearchStrategy[Any] = st.dictionaries(
    st.sampled_from(["path", "url", "files", "a,b", "id\tfilename"]),
    st.lists(st.sampled_from(["https://a.example/x", "a,b", "x\ty"]) | st.integers()),
)


@settings(max_examples=100)
@given(VALUES | st.lists(VALUES), st.sampled_from([None, 1]))
def test_json_is_left_to_the_readers_of_json(value: Any, indent: int | None) -> None:
    text = json.dumps(value, indent=indent)
    assert not any(FORMATS[name].sniff(text) for name in NAMES)


LONG = ["a", " ", ",", '"', "'", "\\", "<", "\n", "\r", "\t", "https://", "a,", "<!-- -->", "# \n"]
LONG += ["curl ", "curl 'https://a\n", ";=", "https://a/\tx:", "| ", "\u3000", "<?x?>", "- 1 / "]


@pytest.mark.slow
@pytest.mark.timeout(120)  # as good as for ever
@pytest.mark.parametrize("part", LONG)
def test_a_long_run_of_anything_takes_no_time(part: str) -> None:
    document = part * (60_000 // len(part))
    for name in NAMES:
        for text in (document, "path,url\na," + document, "curl https://a/x -o " + document):
            FORMATS[name].sniff(text)
            with suppress(ManifestError):
                list(FORMATS[name].records(iter([text]), Options()))


TOKENS = (
    *("https://h.example/a", "ftp://h.example/a", "/a", "../a", "data/", "%0A", "-", "12", " "),
    *("\t", ",", ";", "|", '"', "'", "\\", "\n", "\r", "\0", "#", "=", "$", samples.SHA256),
    *("curl ", " -o ", "-O ", "--url ", "  out=", "  checksum=sha-256=", "path,url\n", "id\t"),
    *(samples.GDC, samples.ENA, samples.CSV, "<file name='a'>", "<url>", "</url>", "</file>"),
    *("<metalink xmlns='urn:ietf:params:xml:ns:metalink'>", "</metalink>", "&amp;", "]]>", "&x;"),
    *("<size>", "</size>", "<pieces type='md5' length='1'>", "<hash type='md5'>", "<?xml "),
)
DOCUMENTS = st.text() | st.lists(st.sampled_from(TOKENS) | st.text(max_size=4)).map("".join)


def check(document: str, name: str | None, **columns: str) -> None:
    """Entries that may be let in, refusals that say why, or a `ManifestError`."""
    try:
        found = read(document.encode(), name, **columns)
    except ManifestError:
        return
    for item in found:
        assert item.where
        if isinstance(item, Entry):
            assert marked_path_fault(item.path) is None
            assert item.candidates
        else:
            assert isinstance(item, Refusal)
            assert item.reason


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=100)
@given(DOCUMENTS)
def test_any_text(name: str, document: str) -> None:
    check(document, name)


CUTS = st.lists(st.tuples(st.integers(0), st.integers(0, 9), st.sampled_from(TOKENS)), max_size=3)


@settings(max_examples=300)
@given(st.sampled_from(SAMPLES), CUTS, st.booleans())
def test_mutilated_samples(
    sample: tuple[str, str], cuts: list[tuple[int, int, str]], named: bool
) -> None:
    name, document = sample
    for start, length, instead in cuts:
        start %= len(document) + 1
        document = document[:start] + instead + document[start + length :]
    check(document, name if named else None)


@pytest.mark.parametrize("size", [1, 7])
@pytest.mark.parametrize(("name", "document"), SAMPLES)
def test_chunks_change_nothing(name: str, document: str, size: int) -> None:
    if name == "synapse":
        return
    for text in (document, document.replace("\n", "\r\n")):
        chunks = (text[at : at + size] for at in range(0, len(text), size))
        options = Options(base_url=samples.BASE)
        whole = FORMATS[name].records(iter([text]), options)
        assert list(FORMATS[name].records(chunks, options)) == list(whole)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_document_without_end_does_not_fill_the_memory(name: str) -> None:
    starts = {"metalink4": samples.METALINK4[:200], "metalink3": samples.METALINK3[:200]}
    starts |= {"csv": samples.CSV + '"', "gdc": samples.GDC + '"', "ena": samples.ENA + '"'}
    columns = {"path": "name", "url": "synapseURL"} if name == "synapse" else {}
    options = Options(columns, base_url=samples.BASE)
    start = starts.get(name, samples.SYNAPSE if name == "synapse" else "")

    def endless() -> Any:
        yield start
        for _ in range(80):
            yield "x" * (1 << 21)
        pytest.fail("reads on and on")

    with pytest.raises(ManifestError, match=r"more than|characters|limit"):
        list(FORMATS[name].records(endless(), options))
