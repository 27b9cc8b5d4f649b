"""Tables without a header: what their cells alone tell, and what only a header does."""

from __future__ import annotations

import pytest

from tests.manifest.formats.samples import MD5, SHA256, entries, error_of, refused

PLACES = [f"https://h.example/s/sub-{n}/T1w.nii.gz" for n in range(3)]
NAMED = [f"sub-{n}/T1w.nii.gz" for n in range(3)]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|", ", "])
@pytest.mark.parametrize("digest", [MD5, "a1" * 20, SHA256, "a1" * 64])
@pytest.mark.parametrize("name", [None, "csv"])
def test_urls_and_digests_without_a_header(delimiter: str, digest: str, name: str | None) -> None:
    found = entries("".join(f"{url}{delimiter}{digest}\n" for url in PLACES), name)
    assert [entry.path for entry in found] == NAMED
    assert [entry.registrable for entry in found] == [(url,) for url in PLACES]
    assert [list(entry.digests.values()) for entry in found] == [[digest]] * 3
    assert found[0].where == "line 1"


def test_mirrors_without_a_header() -> None:
    rows = [f"{url},https://m.example/b{url[17:]},{MD5}\n" for url in PLACES]
    found = entries("".join(rows))
    assert [entry.path for entry in found] == NAMED
    assert found[0].registrable == (PLACES[0], "https://m.example/b/s/sub-0/T1w.nii.gz")


@pytest.mark.parametrize("mirrors", [0, 1, 2])
def test_any_number_of_urls_and_digests_without_a_header(mirrors: int) -> None:
    rows = []
    for url in PLACES:
        urls = [url, *(f"https://m{n}.example/b{url[17:]}" for n in range(mirrors))]
        rows.append(",".join([*urls, MD5, SHA256]))
    found = entries("\n".join(rows))
    assert [entry.path for entry in found] == NAMED
    assert [entry.digests for entry in found] == [{"md5": MD5, "sha256": SHA256}] * 3
    assert len(found[0].registrable) == 1 + mirrors


@pytest.mark.parametrize("number", [2, 3])
def test_urls_of_a_row_without_a_header_may_be_of_several_files(number: int) -> None:
    rows = [",".join(f"https://h.example/{n}/s{s}.nii" for n in range(number)) for s in "12"]
    document = "\n".join(rows)
    text = error_of(document)
    assert "whether the URLs of a row are of one file cannot be told" in text
    header = text.rpartition("such as ")[2]
    assert [entry.path for entry in entries(f"{header}\n{document}")] == ["s1.nii", "s2.nii"]
    assert "put each URL on a line of its own" in text
    assert len(entries(document.replace(",", "\n"))) == 2 * number


def test_which_of_two_digests_of_one_length_is_one_needs_a_header() -> None:
    rows = "".join(f"{url},{MD5},{'7' * 32}\n" for url in PLACES)
    text = error_of(rows)
    assert "which of the columns with 32 hexadecimal digits is a digest cannot be told" in text
    header = text.rpartition("such as ")[2]
    assert header == "url,md5,column"
    assert [entry.digests for entry in entries(f"{header}\n{rows}")] == [{"md5": MD5}] * 3


def test_a_list_of_urls_with_commas_gets_its_format() -> None:
    document = "https://h.example/d/a.x,b.bin\nhttps://h.example/d/c.y,d.bin\n"
    assert "add --format urls if each line is one URL" in error_of(document)
    assert [entry.path for entry in entries(document, "urls")] == ["a.x,b.bin", "c.y,d.bin"]


def test_the_delimiter_is_the_one_that_gives_urls_and_digests() -> None:
    (entry,) = entries(f"https://h.example/a,b/c.nii;{MD5}\n")
    assert (entry.registrable, entry.digests) == (
        ("https://h.example/a,b/c.nii",),
        {"md5": MD5},
    )


@pytest.mark.parametrize(
    ("behind", "header"),
    [("1234", "url,size"), ("sub-01", "url,column"), ("x/T1w.nii.gz", "url,path")],
)
def test_what_only_a_header_tells_needs_one(behind: str, header: str) -> None:
    text = error_of("".join(f"{url},{behind}\n" for url in PLACES))
    assert "has no header" in text
    assert text.endswith(f"such as {header}")


def test_rows_without_a_header_are_as_long_as_the_first() -> None:
    text = refused(f"{PLACES[0]},{MD5}\n{PLACES[1]},{MD5},7\n", "csv")
    assert text == "line 2: None: 3 cells, but the first row has 2"


@pytest.mark.parametrize("url", ["https://h.example/a,b/c.nii", "https://h.example/a.c,v"])
def test_a_comma_in_a_url_makes_no_table(url: str) -> None:
    assert entries(f"{url}\n")[0].registrable == (url,)
