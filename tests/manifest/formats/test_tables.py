"""CSV and TSV."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

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
