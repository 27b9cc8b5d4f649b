"""Checksum lists as manifests of the files beside them."""

from __future__ import annotations

import io

import pytest
from hypothesis import example
from hypothesis import given as every
from hypothesis import strategies as st

from datalad_jsdl.errors import ManifestError
from datalad_jsdl.manifest.formats import checksum_list
from datalad_jsdl.manifest.formats.fields import quoted
from datalad_jsdl.manifest.formats.options import Options
from datalad_jsdl.manifest.reading import read_manifest
from datalad_jsdl.model.entry import Entry
from datalad_jsdl.model.references import resolve
from tests.manifest.formats.samples import MD5, SHA1, SHA256, entries, read, refused

BASE = "https://portal.example/files/demo/1.0/"


def given(document: str, base: str) -> list[str]:
    options = Options(base_is_given=True)
    items = read_manifest(io.BytesIO(document.encode()), base, options=options)
    return [url for item in items if isinstance(item, Entry) for url in item.registrable]


def test_a_list_as_sha256sum_writes_it() -> None:
    found = read(f"{SHA256}  ./waves/a b#.dat\n{'A' * 64} *x:y.txt\n", base_url=BASE + "SHA256SUMS")
    assert [item.path for item in found] == ["waves/a b#.dat", "x:y.txt"]
    first, second = (item for item in found if isinstance(item, Entry))
    assert first.registrable == (f"{BASE}waves/a%20b%23.dat",)
    assert second.registrable == (f"{BASE}x%3Ay.txt",)
    assert (dict(second.digests), second.size) == ({"sha256": "a" * 64}, None)


def test_several_algorithms_are_one_entry() -> None:
    document = f"MD5 (a) = {MD5}\nRMD160 (a) = {SHA1}\nMD5 (b) = {MD5}\nSHA1 (a) = {SHA1}\n"
    first, second = entries(document)
    assert (first.path, dict(first.digests)) == ("a", {"md5": MD5, "sha1": SHA1})
    assert (second.path, dict(second.digests)) == ("b", {"md5": MD5})
    document += f"{'1' * 32}  b\n"
    assert refused(document) == "line 3: b: two different md5 digests"


def test_one_line_that_is_wrong_keeps_no_other_out() -> None:
    assert refused(f"{MD5}  a\n{MD5}  ../b\n").startswith("line 2: ../b: the path contains")
    lines = "".join(f"{MD5}  {n}\n" for n in range(2000))
    assert refused(f"{lines}what is this\n").startswith("line 2001: None: expected a checksum")


def test_where_the_files_are() -> None:
    line = f"{MD5}  sub/a\n"
    with pytest.raises(ManifestError, match=r"add --base-url URL.*or use it with --checksums"):
        list(read_manifest(io.BytesIO(line.encode())))
    # what a user says is the URL of a folder; what a document was read from is that of a file
    for base in ("https://h.example/data", "https://h.example/data/"):
        assert given(line, base) == ["https://h.example/data/sub/a"]
    assert given(line, "https://h.example/data?x=1") == ["https://h.example/sub/a"]


PARTS = st.sampled_from(["a", "sub-01", "b.nii.gz", ".", "..", ".x", "", "a b", "x:y", "%41", "é"])


@every(
    st.lists(PARTS, min_size=1, max_size=4).map("/".join),
    st.sampled_from([BASE, f"{BASE}SHA256SUMS", "https://h.example", "https://h.example/a?x=/y"]),
)
@example("a:b/c", BASE)
def test_a_url_is_the_same_by_the_long_way(path: str, base: str) -> None:
    """Plain paths are put behind the folder, the others resolved (RFC 3986, 5.2)."""
    options = Options(base_url=base)
    for record in checksum_list.records(iter([f"{SHA256}  {path}\n"]), options):
        if record.value is not None:
            assert record.value["urls"] == [resolve(base, quoted(record.path))]
