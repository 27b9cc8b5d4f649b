"""Checksum lists beside a manifest: their forms, and what becomes of the entries."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import shutil
import subprocess
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datalad_jsdl.errors import ManifestError
from datalad_jsdl.manifest.checksums import Checksums
from datalad_jsdl.manifest.formats.options import Options
from datalad_jsdl.manifest.reading import read_manifest
from datalad_jsdl.model.entry import Entry, Refusal

MD5, SHA1, SHA256 = "0" * 32, "1" * 40, "2" * 64
URL = "https://h.example"


def lists(*texts: str | bytes) -> Checksums:
    checksums = Checksums()
    for number, text in enumerate(texts, 1):
        data = text.encode() if isinstance(text, str) else text
        checksums.read(io.BytesIO(data), f"list {number}")
    return checksums


def read(manifest: str, checksums: Checksums) -> list[Entry | Refusal]:
    options = Options(checksums=checksums)
    return list(read_manifest(io.BytesIO(manifest.encode()), options=options))


def digests(path: str, *texts: str | bytes) -> dict[str, str]:
    entry = Entry(path, ())
    (found,) = lists(*texts).applied([entry])
    assert isinstance(found, Entry), found
    assert replace(found, digests={}) == entry
    return dict(found.digests)


LINES = {
    f"{MD5}  a": {"md5": MD5},
    f"{MD5} *a": {"md5": MD5},
    f"{MD5} a": {"md5": MD5},
    f"{MD5}\ta": {"md5": MD5},
    f"{MD5}    *a": {"md5": MD5},
    f"{MD5}  ./a": {"md5": MD5},
    f"\ufeff{SHA1}  a\r\n": {"sha1": SHA1},
    f"# made today\n; by me\n\n{'A' * 56}  a\n": {"sha224": "a" * 56},
    f"{'3' * 96}  a\n{'4' * 128}  a": {"sha384": "3" * 96, "sha512": "4" * 128},
    f"SHA256 (a) = {SHA256}": {"sha256": SHA256},
    f"SHA2-256(a)= {SHA256}": {"sha256": SHA256},
    f"BLAKE2b (a) = {'5' * 128}": {"blake2b-512": "5" * 128},
    f"MD5 (a) = {MD5}\nSM3 (a) = {SHA256}\nSHA512/256 (a) = {SHA256}": {"md5": MD5},
    f"{MD5}  b\n{SHA1}  x/a": {},
}


@pytest.mark.parametrize(("text", "expected"), LINES.items())
def test_a_line_of_each_form(text: str, expected: dict[str, str]) -> None:
    assert digests("a", text) == expected
    assert digests("a", gzip.compress(text.encode())) == expected


def test_names_that_a_line_has_to_escape_or_not() -> None:
    assert digests("a\\b\nc\r", f"\\{MD5}  a\\\\b\\nc\\r") == {"md5": MD5}
    assert digests("a\\b\nc", f"\\SHA1 (a\\\\b\\nc) = {SHA1}") == {"sha1": SHA1}
    assert digests("a\\nb", f"{MD5}  a\\nb") == {"md5": MD5}
    assert digests("*a (1) = 2", f"{MD5}  *a (1) = 2") == {"md5": MD5}


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("hello", "list 1 line 2: expected a checksum and a path"),
        (f"{MD5}", "list 1 line 2: expected"),
        (f"{MD5}0  a", "no known checksum has 33 digits"),
        (f"SHA256 (a) = {MD5}", "the sha256 digest has 32 characters, not 64"),
        ("<html>", "list 1 line 2: expected"),
    ],
)
def test_a_line_that_is_none_is_named(line: str, why: str) -> None:
    with pytest.raises(ManifestError, match=why.replace("(", r"\(")):
        lists(f"{MD5}  a\n{line}\n")


def test_lists_that_contradict_the_manifest_or_each_other() -> None:
    manifest = "".join(
        f'{{"path": "{path}", "url": "{URL}/{path}", "digests": {{"md5": "{MD5}"}}}}\n'
        for path in "abcd"
    )
    checksums = lists(f"{MD5}  a\n{'3' * 32}  b\n{SHA1}  c\n", f"{SHA1}  a\n{'4' * 40}  c\n")
    a, b, c, d = read(manifest, checksums)
    assert isinstance(a, Entry)
    assert a.digests == {"md5": MD5, "sha1": SHA1}
    assert isinstance(b, Refusal)
    assert (b.path, b.where) == ("b", "line 2")
    assert b.reason == "the md5 differs from that of the checksum list (list 1 line 2)"
    assert isinstance(c, Refusal)
    assert "two different sha1 digests: list 1 line 3 and list 2 line 2" in c.reason
    assert isinstance(d, Entry)
    assert list(checksums.warnings()) == [
        "no checksum in the checksum list for 1 of 4 entries, such as 'd'"
    ]


def test_the_last_part_is_enough_for_a_list_of_urls() -> None:
    checksums = lists(f"{MD5}  x/a\n{MD5}  x/b\n{SHA1}  y/b\n{SHA256}  d\n")
    found = read(f"{URL}/1/a\n{URL}/b\n{URL}/c\n{URL}/d\n", checksums)
    assert [dict(entry.digests) for entry in found if isinstance(entry, Entry)] == [
        {"md5": MD5},
        {},  # x/b or y/b?
        {},
        {"sha256": SHA256},
    ]
    flattened, warning = checksums.warnings()
    assert "for 1 file; to keep them, import the checksum list itself" in flattened
    assert warning.endswith("such as 'b' (2 lines match: 'x/b', 'y/b')")
    # where the manifest has paths, those have to be the same
    checksums = lists(f"{MD5}  x/a\n")
    (entry,) = read(f'{{"a": ["{URL}/a"]}}', checksums)
    assert isinstance(entry, Entry)
    assert not entry.digests
    (warning,) = checksums.warnings()
    assert "the list must use the manifest's paths, but has paths like 'x/a'" in warning


def test_where_a_subdataset_begins() -> None:
    assert digests("a//b", f"{MD5}  a/b") == {"md5": MD5}


def test_forms_of_unicode() -> None:
    assert digests("data/\u00fc", f"{MD5}  data/u\u0308") == {"md5": MD5}
    both = f"{MD5}  u\u0308\n{SHA1}  \u00fc"
    assert digests("\u00fc", both) == {"sha1": SHA1}
    assert digests("u\u0308", both) == {"md5": MD5}


PATHS = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), min_size=1)
PATHS = PATHS.filter(lambda p: p == p.strip() and not p.startswith("./") and p[0] != "*")
PATHS = PATHS.filter(lambda p: "//" not in p)  # where a subdataset begins, which a list cannot say


@settings(max_examples=200)
@given(PATHS, st.binary(), st.sampled_from(["md5", "sha1", "sha256", "sha512"]), st.booleans())
def test_what_is_written_is_read(path: str, content: bytes, name: str, tagged: bool) -> None:
    hexdigest = hashlib.new(name, content).hexdigest()
    escaped = path.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")
    line = f"{name.upper()} ({escaped}) = {hexdigest}" if tagged else f"{hexdigest}  {escaped}"
    backslash = "\\" if escaped != path else ""
    assert digests(path, f"{backslash}{line}\n") == {name: hexdigest}


@settings(max_examples=200)
@given(st.text() | st.sampled_from(list(LINES)).flatmap(lambda t: st.text().map(t.__add__)))
def test_any_text_is_a_list_or_a_manifest_error(text: str) -> None:
    with suppress(ManifestError):
        lists(text)


@pytest.mark.parametrize("program", ["md5sum", "sha256sum"])
@pytest.mark.parametrize("option", ["--text", "--binary", "--tag"])
def test_lists_of_the_programs_themselves(tmp_path: Path, program: str, option: str) -> None:
    if not shutil.which(program):
        pytest.skip(f"{program} is not here")
    names = ["a", "b c", "(d) = e", "f\\g", "h\ni", "é", "x/y"]
    for name in names:
        target = tmp_path / name
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(os.urandom(9))
    run = subprocess.run(
        [program, option, *names], cwd=tmp_path, stdout=subprocess.PIPE, check=True
    )
    algorithm = program.removesuffix("sum")
    for name in names:
        expected = hashlib.new(algorithm, (tmp_path / name).read_bytes()).hexdigest()
        assert digests(name, run.stdout) == {algorithm: expected}


def test_a_name_that_only_one_url_and_one_line_has_is_enough_in_folders_too() -> None:
    urls = [f"{URL}/s/1/T1w", f"{URL}/s/2/T1w", f"{URL}/s/2/T2w"]
    found = lists(f"{MD5}  T2w\n{SHA1}  T1w\n")
    entries = read("\n".join(urls), found)
    assert [dict(e.digests) for e in entries if isinstance(e, Entry)] == [{}, {}, {"md5": MD5}]
    assert (found.found, found.missed, found.flattened) == (1, 2, 0)


def test_folders_that_both_have_are_not_told_of() -> None:
    urls = [f"{URL}/s/{n}/T1w" for n in (1, 2)]
    for above in ("", "all/"):
        found = lists("".join(f"{str(n) * 32}  {above}{n}/T1w\n" for n in (1, 2)))
        entries = read("\n".join(urls), found)
        assert [e.digests["md5"][0] for e in entries if isinstance(e, Entry)] == ["1", "2"]
        assert not list(found.warnings())


# last parts of URLs that clash, so that entries have folders; lines of a list; who gets which
ENDS = {
    "another entry's own path": (["x", "b/x"], ["b/x"], {"b/x": 0}),
    "the same, with a dot": (["x", "b/x"], ["./b/x"], {"b/x": 0}),
    "the same, in folders": (["b/x", "c/b/x", "z"], ["c/b/x"], {"c/b/x": 0}),
    "the longest that a line ends in": (
        ["b/x", "c/b/x"],
        ["q/b/x", "q/c/b/x"],
        {"b/x": 0, "c/b/x": 1},
    ),
    "a bare name that another has in a folder": (["x", "b/x"], ["q/x"], {}),
    "folders that contradict": (["new/x", "new/y", "z/y"], ["old/x"], {}),
    "a line that has fewer folders": (["a/new/x", "b/y", "c/y"], ["new/x"], {"a/new/x": 0}),
    "several lines that end in it": (["a/x", "b/x"], ["p/a/x", "q/a/x", "b/x"], {"b/x": 2}),
}


@pytest.mark.parametrize("kind", ENDS)
def test_the_end_of_a_path_is_enough_for_one_alone(kind: str) -> None:
    urls, lines, expected = ENDS[kind]
    found = lists("".join(f"{str(n) * 32}  {line}\n" for n, line in enumerate(lines)))
    got = read("".join(f"{URL}/d/{url}\n" for url in urls), found)
    assert [item.path for item in got] == urls
    assert {e.path: int(e.digests["md5"][0]) for e in got if isinstance(e, Entry) if e.digests} == (
        expected
    )
