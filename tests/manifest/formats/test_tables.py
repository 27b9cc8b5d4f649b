"""CSV and TSV."""

from __future__ import annotations

import io
from datetime import datetime, timezone
from typing import TYPE_CHECKING

import pytest

from datalad_jsdl.manifest.formats.options import Options
from datalad_jsdl.manifest.formats.tables import Table
from datalad_jsdl.manifest.reading import read_manifest
from datalad_jsdl.model.entry import Entry
from tests.manifest.formats.samples import (
    BASE,
    CSV,
    MD5,
    SHA256,
    TSV,
    entries,
    error_of,
    read,
    refused,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

URL = "https://h.example/a"


@pytest.mark.parametrize("document", [CSV, TSV, CSV.replace(",", ";"), CSV.replace(",", "|")])
def test_a_table(document: str) -> None:
    (entry,) = entries(document)
    assert (entry.path, entry.size, entry.where) == ("sub/a.nii", 12, "line 2")
    assert entry.registrable == (URL,)
    assert entry.digests == {"md5": MD5}


@pytest.mark.parametrize(
    "header",
    [
        "path,url",
        "name,download_url",
        "File_Name,Link",
        "filepath,href",
        "FILE,URI",
        '"path","url"',
    ],
)
def test_well_known_names(header: str) -> None:
    assert entries(f"\n{header}\na b.txt,{URL}\n")[0].path == "a b.txt"


def test_the_better_of_two_columns() -> None:
    document = f"name,path,url,download_url\nx,y/x,https://h.example/page,{URL}\n"
    (entry,) = entries(document)
    assert (entry.path, entry.registrable) == ("y/x", (URL,))


def test_columns_that_are_given_come_first() -> None:
    document = f"name,url,Zielpfad,Adresse,Prüfsumme,date\nx,y,a,{URL},{MD5},2024-05-01\n"
    given = {"path": "Zielpfad", "url": "Adresse", "MD5": "Prüfsumme", "mtime": "date"}
    (entry,) = entries(document, **given)
    assert (entry.path, entry.registrable, entry.digests) == ("a", (URL,), {"md5": MD5})
    assert entry.mtime == datetime(2024, 5, 1, tzinfo=timezone.utc)


def test_columns_that_cannot_be_told() -> None:
    document = f"sample;address\na;{URL}\n"
    error = error_of(document)
    assert "the path and url; add --column path=NAME and --column url=NAME, where" in error
    assert "'sample', 'address'" in error
    assert "--column url=NAME" in error_of(document, path="sample")
    assert entries(document, path="sample", url="address")[0].path == "a"
    assert "unknown column 'x'; the table has 'sample'" in error_of(document, path="x")
    assert "unknown column role 'color'" in error_of(document, color="sample")
    for json in (f'{{"a": ["{URL}"]}}', f'[\n"{URL}"]'):
        assert "this is not a table: it begins with" in error_of(json, "csv", path="sample")


def test_a_header_that_is_none_is_not_shown_with_its_secrets() -> None:
    error = error_of("https://u:hunter2@h.example/a?sig=hunter2,b\nc,d\n", "csv")
    assert "hunter2" not in error


CELLS = {
    f"{URL} {URL}2": [URL, URL + "2"],
    f"{URL}|{URL}2": [URL, URL + "2"],
    f"{URL}; {URL}2;": [URL, URL + "2"],
    f'"{URL}, {URL}2"': [URL, URL + "2"],
    f'"{URL}\n{URL}2"': [URL, URL + "2"],
    f"{URL};x=1;y": [f"{URL};x=1;y"],
    f"{URL}?q=a|b": [f"{URL}?q=a|b"],
    "x y/z": [f"{BASE}x%20y/z"],
    f"ftp://h.example/a {URL}": [URL],
}


@pytest.mark.parametrize(("cell", "urls"), CELLS.items())
def test_urls_in_one_cell(cell: str, urls: list[str]) -> None:
    assert list(entries(f"path,url\na,{cell}\n")[0].registrable) == urls


def test_more_columns_of_urls() -> None:
    document = f"path,url,mirror_1,url2\na,{URL},https://m.example/a,\nb,{URL},-,NA\n"
    first, second = entries(document)
    assert first.registrable == (URL, "https://m.example/a")
    assert second.registrable == (URL,)


DIGESTS = {
    ("md5", MD5): {"md5": MD5},
    ("sha256sum", SHA256): {"sha256": SHA256},
    ("SHA-256", SHA256.upper()): {"sha256": SHA256},
    ("file_md5_hash", MD5): {"md5": MD5},
    ("checksum", SHA256): {"sha256": SHA256},
    ("hash", f"md5:{MD5}"): {"md5": MD5},
    ("md5", "NaN"): {},
    ("checksum", "12ab34cd"): {},
}


@pytest.mark.parametrize(("cell", "digests"), DIGESTS.items())
def test_digests(cell: tuple[str, str], digests: dict[str, str]) -> None:
    (entry,) = entries(f"path,url,{cell[0]}\na,{URL},{cell[1]}\n")
    assert entry.digests == digests
    assert bool(entry.unknown) == (cell[1] == "12ab34cd")


def test_digests_that_do_not_agree() -> None:
    document = f"path,url,md5,checksum\na,{URL},{MD5},{'1' * 32}\nb,{URL},{MD5},{MD5}\n"
    assert "line 2: a: two different md5" in refused(document)


@pytest.mark.parametrize(
    ("cell", "mtime"),
    [
        ("2024-05-01 12:00:00", datetime(2024, 5, 1, 12, tzinfo=timezone.utc)),
        ("1714564800", datetime(2024, 5, 1, 12, tzinfo=timezone.utc)),
        ("", None),
    ],
)
def test_times(cell: str, mtime: datetime | None) -> None:
    assert entries(f"path,url,last_modified\na,{URL},{cell}\n")[0].mtime == mtime


def test_a_time_that_is_only_a_guess_keeps_nothing_out() -> None:
    document = f"path,url,modified\na,{URL},20240501\n"
    (entry,) = entries(document)
    assert (entry.mtime, entry.unknown) == (None, ("modified",))
    assert "is not a time" in refused(document, mtime="modified")


@pytest.mark.parametrize(("cell", "size"), [("12", 12), ("12.0", 12), ("", None), ("-", None)])
def test_sizes(cell: str, size: int | None) -> None:
    assert entries(f"path,url,size\na,{URL},{cell}\n")[0].size == size


ROWS = {
    f"../a,{URL},1": "'..' component",
    f"a,{URL},1.5": "not a whole number",
    f"a,{URL},-5": "negative",
    f"a,{URL}": "2 cells, but the header has 3",
    f"a,{URL},1,": "4 cells, but the header has 3",
    "a,,1": "no URL",
    "a,irods://host/a,1": "none of its URLs is http or https",
    f",{URL},1": "the path is empty",
    f'"a"b,{URL},1': "',' expected after '\"'",
    f"a\0,{URL},1": "",
}


@pytest.mark.parametrize(("row", "why"), ROWS.items())
def test_only_the_bad_row_is_refused(row: str, why: str) -> None:
    document = f"path,url,size\n{row}\n\ngood,{URL},1\n"
    reason = refused(document)
    assert reason.startswith("line 2: ")
    assert why in reason
    assert read(document)[1].path == "good"


def test_a_long_name_of_a_column_is_cut_in_the_advice() -> None:
    text = error_of(f"url{'-' * 5000},who\nhttps://h.example/README,me\n", "csv")
    assert "add --column url=url---" in text
    assert len(text) < 1000


def test_a_row_of_several_lines() -> None:
    first, second = entries(f'path,url,note\na,{URL},"one\ntwo"\nb,{URL},three\n')
    assert (first.where, second.where) == ("line 2", "line 4")


def test_a_quotation_mark_that_is_not_closed() -> None:
    document = f'path,url\na,{URL}\n"b,{URL}\nc,{URL}\n'
    assert "the row at line 3: unexpected end of data" in error_of(document)
    long = document + f"d,{URL}\n" * 10_000
    assert "the row at line 3: field larger than field limit" in error_of(long)


def test_no_header() -> None:
    assert "has no header" in error_of("\n\n", "csv")
    assert "has no header" in error_of(",,\n", "csv")


def test_relative_urls_need_a_base() -> None:
    (refusal,) = read("path,url\na,b\n", None, None)
    assert "use --base-url" in getattr(refusal, "reason", "")


PLACES = [f"https://h.example/s/sub-{n}/T1w.nii.gz" for n in range(3)]
NAMED = [f"sub-{n}/T1w.nii.gz" for n in range(3)]


@pytest.mark.parametrize("mirror", ["mirror_1", "Mirror", "url 2", "alternative URL"])
def test_mirrors_are_named_as_their_first_url_is(mirror: str) -> None:
    rows = [f"s;{url};https://m.example/b{url[17:]};{MD5}\n" for url in PLACES]
    found = entries(f"Subject;url;{mirror};Checksum MD5\n{''.join(rows)}")
    assert [entry.path for entry in found] == NAMED
    assert found[1].registrable == (PLACES[1], "https://m.example/b/s/sub-1/T1w.nii.gz")
    assert found[1].digests == {"md5": MD5}


def test_a_row_with_nothing_but_its_mirror_is_named_alike() -> None:
    rows = [f"{url},https://m.example/b{url[17:]}\n" for url in PLACES]
    rows.append(",https://m.example/b/s/sub-9/T1w.nii.gz\n")
    assert entries(f"url,url2\n{''.join(rows)}")[-1].path == "sub-9/T1w.nii.gz"


def test_names_that_come_again_after_many_rows() -> None:
    rows = [f"https://h.example/s/{folder}/{n}.nii\n" for folder in "ab" for n in range(50)]
    found = entries(f"url\n{''.join(rows)}", "csv")
    assert [found[0].path, found[-1].path] == ["a/0.nii", "b/49.nii"]


def test_several_columns_of_urls_that_are_said() -> None:
    document = f"A,B,md5\n{URL},https://m.example/a,{MD5}\n".encode()
    options = Options({"url": "A"}, mirrors=("B",))
    (entry,) = read_manifest(io.BytesIO(document), options=options)
    assert isinstance(entry, Entry)
    assert entry.registrable == (URL, "https://m.example/a")


def test_columns_with_urls_or_digests_that_are_not_used_are_told_of() -> None:
    told: list[str] = []
    document = f"url,page,sum2,who\n{URL},https://m.example/p,{SHA256},x\n".encode()
    options = Options({"url": "url"}, ignored=told.extend)
    assert len(list(read_manifest(io.BytesIO(document), options=options))) == 1
    assert told == ["page", "sum2"]


@pytest.mark.parametrize("name", ["alternative", "alternate_link", "Mirror", "backup url"])
@pytest.mark.parametrize("other", ["https://m.example/all.tar.gz", "https://m.example/d/1/view"])
def test_a_mirror_by_its_name_has_the_same_files(name: str, other: str) -> None:
    told: list[str] = []
    rows = [f"d/{file}.bin,https://h.example/{file}.bin,{other},{MD5}\n" for file in "xy"]
    document = f"path,url,{name},md5\n{''.join(rows)}".encode()
    found = list(read_manifest(io.BytesIO(document), options=Options({}, ignored=told.extend)))
    assert [item.path for item in found] == ["d/x.bin", "d/y.bin"]
    for entry in found:
        assert isinstance(entry, Entry)
        assert entry.registrable == (f"https://h.example/{entry.path[2:]}",)
        assert entry.digests == {"md5": MD5}
    assert told == [name]


def test_with_a_digest_any_url_is_of_a_file() -> None:
    rows = [f"https://h.example/{name},{MD5}\n" for name in ("README", "download/abcde")]
    assert [entry.path for entry in entries(f"url,md5\n{''.join(rows)}")] == ["README", "abcde"]


def test_the_advice_for_urls_that_name_no_files_works() -> None:
    document = "url\nhttps://h.example/README\n"
    assert "add --column url=url to name each" in error_of(document, "csv")
    assert entries(document, "csv", url="url")[0].path == "README"
    assert "one of 'who', or add --column url=url" in error_of(
        "url,who\nhttps://h.example/README,me\n"
    )


def test_long_rows_are_not_all_held_to_tell_the_columns() -> None:
    taken = 0
    cells = f",{'x' * 65536}" * 16

    def text() -> Iterator[str]:
        nonlocal taken
        yield f"path,url{',note' * 16}\n"
        for taken in range(1, 101):
            yield f"{taken},{URL}{cells}\n"

    table = Table(text())
    held = len(table.first_rows(1000))
    assert 1 < held < taken + 1 < 10
    assert len(list(table.rows())) == 100
