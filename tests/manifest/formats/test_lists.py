"""Lists: BagIt's fetch.txt, mod_zip's, URLs, aria2's input file."""

from __future__ import annotations

import pytest

from tests.manifest.formats.samples import (
    ARIA2,
    BAGIT,
    BASE,
    MOD_ZIP,
    SHA256,
    URLS,
    entries,
    read,
    refused,
)


def test_bagit_fetch() -> None:
    first, second = entries(BAGIT)
    assert (first.path, first.size) == ("data/a", 12)
    assert first.registrable == ("http://h.example/a",)
    assert (second.path, second.size) == ("data/100% b.txt", None)


@pytest.mark.parametrize(
    ("path", "expected"),
    [("data/%20", "data/%20"), ("data/%2525", "data/%25"), ("data/%2e%2E", "data/%2e%2E")],
)
def test_bagit_decodes_nothing_else(path: str, expected: str) -> None:
    assert entries(f"https://h.example/a\t-\t{path}\n")[0].path == expected


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("https://h.example/a 12 ../a", "'..' component"),
        ("https://h.example/a 12 data/%0D%0a", "control character"),
        ("https://h.example/a", "not in the form: URL length path"),
        ("https://h.example/a 12", "not in the form"),
        ("https://h.example/a -1 data/a", "not in the form"),
        ("https://h.example/a 12\0 data/a", "not in the form"),
        ("ftp://h.example/a 12 data/a", "none of its URLs"),
        (f"https://h.example/a {'9' * 5000} data/a", "larger than any file"),
    ],
)
def test_only_the_bad_line_of_a_bag_is_refused(line: str, why: str) -> None:
    reason = refused(f"{BAGIT}\n{line}\n", "bagit-fetch")
    assert reason.startswith("line 4: ")
    assert why in reason


def test_mod_zip() -> None:
    first, second = entries(MOD_ZIP)
    assert (first.path, first.size, first.unknown) == ("My Document1.txt", 428, ("digests.crc32",))
    assert first.registrable == ("https://base.example/foo.txt",)
    assert (second.path, second.unknown) == ("Other Document1.txt", ())
    assert second.registrable == ("https://base.example/bar.txt?x=y",)
    assert entries("- 1 b/c d", "mod-zip")[0].registrable == (f"{BASE}b/c",)
    assert len(read(MOD_ZIP, None, None)) == 2  # refused: nothing to resolve against
    assert "not in the form" in refused(MOD_ZIP + "x 1 /a b\n", "mod-zip")
    assert "'..' component" in refused(MOD_ZIP + "- 1 /a ../b\n")


def test_a_list_of_urls() -> None:
    first, second = entries(URLS)
    assert (first.path, first.where) == ("a b.nii", "line 2")
    assert first.registrable == ("https://a.example/data/a%20b.nii?x=/y",)
    assert (second.path, second.where) == ("c.nii", "line 4")


NAMED = {
    "https://a.example/x;jsessionid=1": "x",
    "https://a.example/x/a%C3%A9": "aé",
    "https://a.example/x/a%E9": "a%E9",
    "https://a.example/x/a%2Fb#c": "a/b",
}


@pytest.mark.parametrize(("url", "path"), NAMED.items())
def test_the_name_in_a_url(url: str, path: str) -> None:
    assert read(url)[0].path == path


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("https://a.example/", "does not end in a file name"),
        ("https://a.example", "does not end in a file name"),
        ("https://[x/a", "does not end in a file name"),
        ("https://a.example/..%2f..%2fx", "'..' component"),
        ("https://a.example/%2e%2e", "'..' component"),
        ("https://u:hunter2@a.example/x", "contains a login"),
        ("ftp://a.example/x", "none of its URLs"),
        ("https://a.example/x%00", "control character"),
    ],
)
def test_only_the_bad_url_is_refused(url: str, why: str) -> None:
    reason = refused(f"{URLS}{url}\n")
    assert reason.startswith("line 5: ")
    assert why in reason
    assert "hunter2" not in reason


def test_aria2() -> None:
    first, second = entries(ARIA2)
    assert (first.path, first.digests, first.where) == (
        "isos/one.iso",
        {"sha256": SHA256},
        "line 2",
    )
    assert first.registrable == ("https://a.example/x/a.iso", "https://b.example/a.iso")
    assert (second.path, second.where) == ("b.iso", "line 6")


PLACES = {
    "dir=./a/\n out=./b": "a/b",
    "dir=.": "x",
    "dir=a\n header=X: y": "a/x",
    "out=a/b=c": "a/b=c",
}


@pytest.mark.parametrize(("options", "path"), PLACES.items())
def test_where_aria2_puts_files(options: str, path: str) -> None:
    assert entries(f"https://a.example/x\n {options}\n")[0].path == path


@pytest.mark.parametrize(
    ("added", "why"),
    [
        ("https://a.example/x\n out=../x\n", "'..' component"),
        ("https://a.example/x\n dir=/srv\n", "absolute"),
        ("https://a.example/x\n checksum=sha-256=12\n", "2 characters"),
        ("https://a.example/x\n checksum=12\n", "checksum option is not in the form"),
        ("https://a.example/x\n out\n", "(line 8) is not in the form"),
        ("https://a.example/\n split=2\n", "names a file"),
        ("magnet:?xt=1\n out=x\n", "none of its URLs"),
        ("x.torrent\n out=x\n", "none of its URLs"),
    ],
)
def test_only_the_bad_download_is_refused(added: str, why: str) -> None:
    reason = refused(ARIA2 + added, "aria2")
    assert reason.startswith("line 7: ")
    assert why in reason


def test_an_option_of_nothing() -> None:
    assert "without a preceding line of URLs" in refused(" out=x\n" + ARIA2, "aria2")
