"""Registries of Pooch."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datalad_jsdl.errors import ManifestError
from datalad_jsdl.model.entry import Entry, Refusal
from tests.manifest.formats.samples import BASE, MD5, POOCH, SHA256, entries, read


def test_a_registry() -> None:
    found = [(e.path, e.registrable, dict(e.digests)) for e in entries(POOCH)]
    assert found == [
        ("sub/a b.nii", (f"{BASE}sub/a%20b.nii",), {"sha256": SHA256}),
        ("c.nc", (f"{BASE}c.nc",), {"md5": MD5}),
        ("d.zip", ("https://h.example/other.zip",), {"sha256": SHA256}),
        ("e", (f"{BASE}e",), {}),
    ]


def test_without_a_base() -> None:
    with pytest.raises(ManifestError, match="a registry of Pooch, which has no URLs: add --base-"):
        read(POOCH, base_url=None)
    (entry,) = read(f"a {SHA256} s3://bkt/a\n", base_url=None)
    assert isinstance(entry, Entry)
    assert entry.registrable == ("https://bkt.s3.amazonaws.com/a",)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("a b c d", "expected a path, a hash"),
        (f"a {SHA256[:-1]}", "expected a path, a hash"),
        (f"a md5:{SHA256}", "md5 digest has 64 characters"),
        (f"a {SHA256} there", "expected a path, a hash"),
        (f'"a {SHA256}', "a closing quotation mark is missing"),
        (f"a {SHA256} ftp://h.example/a", "none of its URLs"),
        (f"../a {SHA256}", "'..' component"),
    ],
)
def test_only_the_bad_line_is_refused(line: str, why: str) -> None:
    first, second = read(f"{line}\nb {SHA256}\n", "pooch")
    assert isinstance(first, Refusal)
    assert why in first.reason
    assert second.path == "b"


def test_keys_of_yaml_are_no_paths() -> None:
    """As in what Sphinx leaves beside its pages."""
    with pytest.raises(ManifestError, match="unknown manifest format"):
        read(f"# Sphinx build info version 1\nconfig: {MD5}\ntags: {MD5}\n")


@pytest.mark.parametrize("slashes", ["/", "//"])
def test_urls_and_their_digests_are_a_table(slashes: str) -> None:
    """As of the 1000 Genomes, whose header is a comment."""
    url = f"ftp:{slashes}ftp.1000genomes.ebi.ac.uk/vol1/a.cram"
    (entry,) = entries(f"##Date=2020-01-01\n#CRAM\tCRAM_MD5\n{url}\t{MD5}\n")
    assert (entry.path, dict(entry.digests)) == ("a.cram", {"md5": MD5})
    assert entry.registrable == ("https://ftp.1000genomes.ebi.ac.uk/vol1/a.cram",)


@given(st.text("ab \"'\\:#/0\n\t", max_size=60))
def test_whatever_lines_it_has(text: str) -> None:
    found = read(f"a {SHA256}\n{text}\n", "pooch")
    assert all(isinstance(item, (Entry, Refusal)) for item in found)
    assert found[0].path == "a"
