"""Addresses of stores and of ftp servers, and their forms by https."""

from __future__ import annotations

from io import BytesIO
from string import ascii_lowercase, digits
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datalad_jsdl.manifest.reading import read_manifest
from datalad_jsdl.manifest.selection import select_entries
from datalad_jsdl.model.entry import Entry, Refusal
from datalad_jsdl.model.stores import Stored, bucket_url, stored, stored_at, web_form

FORMS = {
    "s3://b-1/a/b c.nii.gz": "https://b-1.s3.amazonaws.com/a/b%20c.nii.gz",
    "S3://b-1/a": "https://b-1.s3.amazonaws.com/a",
    "s3://NDAR_Central_1/a": "https://s3.amazonaws.com/NDAR_Central_1/a",
    "s3://a.dotted.name/a": "https://s3.amazonaws.com/a.dotted.name/a",
    "s3://b-1//a": "https://b-1.s3.amazonaws.com//a",
    "s3://b-1/year=2020/a+b;c#1?2": "https://b-1.s3.amazonaws.com/year=2020/a%2Bb%3Bc%231%3F2",
    "s3://b-1/100%25": "https://b-1.s3.amazonaws.com/100%2525",
    "s3://b-1/ä": "https://b-1.s3.amazonaws.com/%C3%A4",
    "s3://b-1/a?versionId=x.Y_z": "https://b-1.s3.amazonaws.com/a?versionId=x.Y_z",
    "gs://b_1/a b": "https://storage.googleapis.com/b_1/a%20b",
    "gs://b_1/a#1700000000000000": "https://storage.googleapis.com/b_1/a?generation=1700000000000000",
    "ftp://ftp.sra.ebi.ac.uk/vol1/a.gz": "https://ftp.sra.ebi.ac.uk/vol1/a.gz",
    "ftp:/ftp.1000genomes.ebi.ac.uk/a": "https://ftp.1000genomes.ebi.ac.uk/a",
    "FTP://anonymous:me@FTP.ebi.ac.uk:21/a%20b c#7?1;type=i": (
        "https://ftp.ebi.ac.uk/a%20b%20c%237%3F1"
    ),
    "ftp://ftp-trace.ncbi.nih.gov/giab/a": "https://ftp-trace.ncbi.nlm.nih.gov/giab/a",
    "ftp://hgdownload.cse.ucsc.edu/a": "https://hgdownload.soe.ucsc.edu/a",
}
NONE = [
    "https://b.s3.amazonaws.com/a",
    "a/b",
    "file:///a",
    "ftp://ftp.example/a",
    "ftp://user@ftp.ebi.ac.uk/a",
    "ftp://ftp.ebi.ac.uk:2121/a",
    "ftp://",
    "s3://b-1",
    "s3://b-1/",
    "s3://b-1/folder/",
    "s3://b-1/a/*",
    "s3://b-1/a/../b",
    "s3://arn:aws:s3:us-east-1:1:accesspoint/a",
    "s3://lp-prod-protected/a",
    "s3://b-1/\ud800",
    "drs://x/y",
]


@pytest.mark.parametrize("url", FORMS)
def test_what_has_a_form_by_https(url: str) -> None:
    assert web_form(url) == FORMS[url]


@pytest.mark.parametrize("url", NONE)
def test_what_has_none(url: str) -> None:
    assert web_form(url) is None


KEYS = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1).filter(
    lambda key: {".", ".."}.isdisjoint(key.split("/"))
)
BUCKETS = st.text(ascii_lowercase + digits, min_size=3, max_size=63)


@given(st.sampled_from(["s3", "gs"]), BUCKETS, KEYS)
def test_both_ways(store: str, bucket: str, key: str) -> None:
    """A key with any character is the same object by all its names."""
    there = Stored(store, bucket, key, "7")
    assert stored_at(there.url) == there
    assert unquote(urlsplit(there.url).path).endswith(key)
    newest = Stored(store, bucket, key)
    assert stored_at(newest.url) == newest
    assert bucket_url(store, bucket) in newest.url


@given(st.sampled_from(["s3", "gs"]), BUCKETS, st.text(ascii_lowercase + "/% é", min_size=1))
def test_an_address_and_back(store: str, bucket: str, key: str) -> None:
    key = f"{key}x"
    for there in (Stored(store, bucket, key), Stored(store, bucket, key, "7")):
        assert stored(there.address) == there


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://b.c.s3.amazonaws.com/k", Stored("s3", "b.c", "k")),
        ("http://bkt.s3.us-west-2.amazonaws.com/k%20l", Stored("s3", "bkt", "k l")),
        ("https://bkt.s3-eu-west-1.amazonaws.com/k", Stored("s3", "bkt", "k")),
        ("https://s3.us-west-2.amazonaws.com/B_1/k/l", Stored("s3", "B_1", "k/l")),
        ("https://s3.amazonaws.com/bkt", Stored("s3", "bkt", "")),
        (
            "https://bkt.s3.amazonaws.com/k?versionId=v&X-Amz-Signature=s",
            Stored("s3", "bkt", "k", "v"),
        ),
        ("https://bkt.storage.googleapis.com/k", Stored("gs", "bkt", "k")),
        ("https://s3.amazonaws.com/", None),
        ("https://bkt.s3-website-us-east-1.amazonaws.com/k", None),
        ("https://h.example/bkt/k", None),
        ("https://[/k", None),
        ("s3://bkt/k", None),
    ],
)
def test_an_object_by_its_url(url: str, expected: Stored | None) -> None:
    assert stored_at(url) == expected


def read(text: str) -> list[Entry | Refusal]:
    return list(read_manifest(BytesIO(text.encode())))


def test_in_lists_and_in_the_own_form() -> None:
    lines = read("s3://b-1/a b#1.bam\nftp://ftp.ebi.ac.uk/c%20d.gz\nhttps://h.example/e\n")
    assert [(e.path, e.candidates[0].url) for e in lines if isinstance(e, Entry)] == [
        ("a b#1.bam", "https://b-1.s3.amazonaws.com/a%20b%231.bam"),
        ("c d.gz", "https://ftp.ebi.ac.uk/c%20d.gz"),
        ("e", "https://h.example/e"),
    ]
    [entry] = read('{"a": ["https://h.example/a", {"url": "s3://b-1/a", "location": "us"}]}')
    assert isinstance(entry, Entry)
    assert [(c.url, c.location) for c in entry.candidates] == [
        ("https://h.example/a", None),
        ("https://b-1.s3.amazonaws.com/a", "us"),
    ]


def test_it_is_told_of() -> None:
    items = read('{"a": ["s3://b-1/a", "gs://b-1/a"], "b": ["https://h.example/b"]}')
    assert select_entries(items).warnings == ["2 URLs of ftp, s3 or gs read as https"]


@pytest.mark.parametrize("url", ["s3://b-1/folder/", "ftp://ftp.example/a"])
def test_what_has_none_is_refused(url: str) -> None:
    [refusal] = read(f'{{"a": ["{url}"]}}')
    assert isinstance(refusal, Refusal)
    assert "scheme" in refusal.reason
