"""Rows of tables that are as most are, by the short way: they give what the long one gives."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from datalad_jsdl.manifest.formats import csv_table
from datalad_jsdl.manifest.formats.columns import find_columns
from datalad_jsdl.manifest.formats.options import Options
from datalad_jsdl.manifest.formats.plain_row import plain_rows
from datalad_jsdl.manifest.formats.tables import Row
from tests.manifest.test_plain import SHA256, URL, names, origins

cells = st.sampled_from(
    [
        *(
            "",
            "NA",
            "7",
            "7.0",
            " 7",
            "\u0667",
            "1" * 20,
            SHA256,
            SHA256.upper(),
            f"md5:{'a1' * 16}",
            "a.nii",
        ),
        *(
            URL,
            f"{URL} ",
            f"{URL}|",
            f"{URL};{URL}",
            f"{URL} https://m.example/a.nii.gz",
            f"{URL}, {URL}",
        ),
        *(
            f"{URL} https://m.example/b.nii.gz",
            f"{URL}?x=/b {URL}2?x=/b",
            "ftp://",
            "s3://bucket/key.gz",
        ),
        *(
            f"['{URL}']",
            f"{URL} and more",
            "http://",
            "https://x y://z",
            f"{URL}\tx",
            "a1" * 16,
            "z" * 32,
        ),
    ]
)


PLAIN_ROW = ["a.nii.gz", URL, "7", SHA256, SHA256]
# a file in two places, which is named by them
NAMELESS_ROW = ["X1", "7", SHA256, URL, "s3://study/sub-01/a.nii.gz"]


@given(st.lists(st.tuples(st.integers(0, 4), cells), max_size=12))
@example([(1, f"{URL}|")])
@example([(1, f"{URL}?x=/b {URL}2?x=/b")])
@example([(1, f"{URL} https://m.example/b.nii.gz")])
@example([(2, "\u0667")])
@example([(3, f"md5:{'a1' * 16}")])
@example([(0, "b"), (0, "b")])
def test_a_row_gives_what_it_gives_beside_an_empty_column_of_times(
    changed: list[tuple[int, str]],
) -> None:
    agree(["path", "url", "size", "sha256", "checksum"], PLAIN_ROW, changed)


@given(
    st.lists(
        st.tuples(
            st.integers(0, 4),
            st.one_of(cells, st.tuples(origins, names).map("/".join)),
        ),
        max_size=12,
    )
)
@example([(3, ""), (4, "")])
@example([(3, "https://h"), (4, "https://g")])
@example([(3, "https://h.example"), (4, "")])
@example([(4, "s3://closed-protected/a.nii.gz")])
@example([(4, "s3://b/"), (4, "s3://b/*.gz"), (4, "s3://b/./a.nii.gz")])
@example([(3, "https://h/a;b/a.nii.gz"), (4, "gs://b/a|b/a.nii.gz")])
@example([(3, "https://h/b.nii.gz"), (4, URL)])
def test_a_row_without_a_path_does_so_too(changed: list[tuple[int, str]]) -> None:
    agree(NAMELESS, NAMELESS_ROW, changed)


NAMELESS = ["id", "size", "sha256", "download_url", "s3_url"]
# two files of one name, so that all are named by what is below a folder
FOLDERS = ["url", "md5"]
FOLDERS_ROWS = [
    ["ftp://ftp.sra.ebi.ac.uk/vol1/a/x.gz", "a1" * 16],
    ["ftp://ftp.sra.ebi.ac.uk/vol1/b/x.gz", "a1" * 16],
]


@given(st.lists(st.one_of(cells, st.tuples(origins, names).map("/".join)), max_size=12))
@example(["ftp://ftp.sra.ebi.ac.uk/vol1/c/d/x.gz", "ftp://ftp.sra.ebi.ac.uk/vol1/x.gz"])
@example(["ftp://ftp.sra.ebi.ac.uk/vol1//x.gz", "ftp://ftp.sra.ebi.ac.uk/vol1/./x.gz"])
@example(["ftp://ftp.sra.ebi.ac.uk/vol1/c%20d/x.gz", "ftp://ftp.elsewhere.example/vol1/x.gz"])
def test_a_row_that_is_named_by_folders_does_so_too(urls: list[str]) -> None:
    agree(FOLDERS, FOLDERS_ROWS[0], [(0, url) for url in urls], FOLDERS_ROWS[1:])


@pytest.mark.parametrize(
    ("header", "first", "row"),
    [
        (["path", "url", "size", "sha256", "checksum"], PLAIN_ROW, PLAIN_ROW),
        (NAMELESS, NAMELESS_ROW, NAMELESS_ROW),
        (NAMELESS, NAMELESS_ROW, [*NAMELESS_ROW[:4], ""]),
        (NAMELESS, NAMELESS_ROW, [*NAMELESS_ROW[:3], "", "gs://a-b/a.nii.gz"]),
        (FOLDERS, FOLDERS_ROWS[0], FOLDERS_ROWS[1]),
        (["name", "uri"], ["a.gz", "s3://b-c/a.gz"], ["a.gz", "s3://b-c/a.gz"]),
    ],
)
def test_what_most_rows_are_is_plain(header: list[str], first: list[str], row: list[str]) -> None:
    columns = find_columns(header, {}, [Row("", dict(zip(header, first, strict=True)))])
    assert plain_rows(header, columns)(row, "line 2") is not None


def agree(
    header: list[str],
    plain: list[str],
    changed: list[tuple[int, str]],
    more: Sequence[list[str]] = (),
) -> None:
    # with times all rows take the long way; the first 20 do, as they tell the columns' roles
    rows = [header, *more, *[plain] * 20]
    rows += [[*plain[:at], cell, *plain[at + 1 :]] for at, cell in changed]
    rows = [[re.sub(r"[\t\n\r]", " ", cell) for cell in row] for row in rows]
    table = "".join("\t".join(row) + "\n" for row in rows)
    long = "".join("\t".join([*row, "" if n else "mtime"]) + "\n" for n, row in enumerate(rows))
    found, expected = (list(csv_table.records(iter([text]), Options())) for text in (table, long))
    assert found == expected
