"""Listings of buckets and catalogues in XML, and what needs the URL of a store besides."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from datalad_jsdl.errors import ManifestError
from datalad_jsdl.manifest.formats.options import Options
from datalad_jsdl.manifest.reading import read_manifest
from datalad_jsdl.model.entry import Entry, Refusal
from tests.manifest.formats.samples import BASE, DVC, MD5, S3_XML, THREDDS, entries, read, refused

KEY = "ds1/a b.nii"


def given(document: str, base_url: str) -> list[Entry | Refusal]:
    """As with --base-url."""
    options = Options(base_is_given=True)
    return list(read_manifest(io.BytesIO(document.encode()), base_url, options=options))


def url_of(document: str, base_url: str | None = None) -> str:
    (entry,) = (item for item in read(document, None, base_url) if isinstance(item, Entry))
    return entry.registrable[0]


def test_a_listing_of_s3() -> None:
    (entry,) = entries(S3_XML)
    assert (entry.path, entry.size, dict(entry.digests)) == ("a b.nii", 12, {"md5": MD5})
    assert str(entry.mtime) == "2024-01-02 03:04:05+00:00"
    assert entry.registrable == ("https://bucket.s3.amazonaws.com/ds1/a%20b.nii",)


@pytest.mark.parametrize(
    ("base_url", "expected"),
    [
        (None, "https://bucket.s3.amazonaws.com/"),
        ("https://portal.example/listing.xml", "https://bucket.s3.amazonaws.com/"),
        ("https://bucket.s3.eu-west-1.amazonaws.com/?list-type=2", None),
        ("https://minio.example:9000/bucket?list-type=2", "https://minio.example:9000/bucket/"),
        ("http://bucket.minio.example/", "http://bucket.minio.example/"),
        ("https://minio.example/buckets", "https://bucket.s3.amazonaws.com/"),
    ],
)
def test_where_the_bucket_is(base_url: str | None, expected: str | None) -> None:
    expected = expected or "https://bucket.s3.eu-west-1.amazonaws.com/"
    assert url_of(S3_XML, base_url) == f"{expected}ds1/a%20b.nii"


def test_google_s_store_answers_alike() -> None:
    google = S3_XML.replace(
        "http://s3.amazonaws.com/doc/2006-03-01/", "http://doc.s3.amazonaws.com/2006-03-01"
    )
    assert url_of(google) == "https://storage.googleapis.com/bucket/ds1/a%20b.nii"


def test_what_a_listing_says_besides() -> None:
    encoded = S3_XML.replace("a b.nii", "a%2Bb+c.nii").replace(
        "<IsTruncated>false", "<EncodingType>url</EncodingType><IsTruncated>true"
    )
    assert url_of(encoded) == "https://bucket.s3.amazonaws.com/ds1/a%2Bb%20c.nii"
    assert "one of several pages" in refused(encoded)
    parts = S3_XML.replace(f"{MD5}&quot;", f"{MD5}-7&quot;")
    assert dict(entries(parts)[0].digests) == {}
    with pytest.raises(ManifestError, match="which bucket"):
        read(S3_XML.replace("<Name>bucket</Name>", ""))


def test_versions_are_pinned() -> None:
    versions = (
        S3_XML.replace("ListBucketResult", "ListVersionsResult")
        .replace("Contents>", "Version>")
        .replace("<Key>", "<IsLatest>true</IsLatest><VersionId>v+1</VersionId><Key>")
    )
    assert url_of(versions) == "https://bucket.s3.amazonaws.com/ds1/a%20b.nii?versionId=v%2B1"
    assert read(versions.replace("<IsLatest>true", "<IsLatest>false")) == []


LS = f"""2024-01-02 03:04:05         12 {KEY}
2024-01-02 03:04:06          0 ds1/
                           PRE sub/
2024-01-02 03:04:05    1.2 KiB ds1/c.nii

Total Objects: 2
   Total Size: 1.2 KiB
"""
S3API = f'{{"Contents": [{{"Key": "{KEY}", "Size": 12, "ETag": "x"}}]}}'


@pytest.mark.parametrize("document", [LS, S3API])
def test_a_listing_without_a_bucket(document: str) -> None:
    for base_url in (None, BASE):  # that of a document that was fetched is none of a bucket
        with pytest.raises(ManifestError, match=r"which bucket .* s3://BUCKET/PREFIX"):
            read(document, None, base_url)
    first = given(document, "https://bucket.example/x")[0]
    assert isinstance(first, Entry)
    assert (first.path, first.size, first.registrable) == (
        KEY,
        12,
        ("https://bucket.example/x/ds1/a%20b.nii",),
    )


def test_rounded_sizes_of_a_listing() -> None:
    sizes = [(e.path, e.size) for e in given(LS, BASE) if isinstance(e, Entry)]
    assert sizes == [(KEY, 12), ("ds1/c.nii", None)]


def test_a_catalogue_of_thredds() -> None:
    first, second = entries(THREDDS)
    assert (first.path, first.size, str(first.mtime)) == (
        "y/a.nc",
        None,
        "2024-01-02 03:04:05+00:00",
    )
    assert first.registrable == ("https://base.example/thredds/fileServer/x/y/a.nc",)
    assert (second.path, second.size) == ("z/b c.nc", 12)


REFERENCE = '<catalogRef xmlns:x="http://www.w3.org/1999/xlink" x:title="More" x:href="m.xml"/>'


def test_what_a_catalogue_does_not_give() -> None:
    assert "More: the entry is another catalogue" in refused(
        THREDDS.replace("</dataset></catalog>", f"{REFERENCE}</dataset></catalog>")
    )
    with pytest.raises(ManifestError, match="none of the catalogue's services"):
        read(THREDDS.replace("HTTPServer", "WMS"))
    other = THREDDS.replace('name="a" url', 'name="a" serviceName="odap" url')
    assert "its service delivers no files" in refused(other)


def test_outputs_of_dvc() -> None:
    first, second = entries(DVC)
    assert (first.path, first.size, dict(first.digests)) == ("a b.xml", 12, {"md5": MD5})
    assert first.registrable == (f"{BASE}files/md5/00/{'0' * 30}",)
    assert second.registrable == (f"{BASE}00/{'0' * 30}",)
    assert "the output is a folder" in refused(DVC.replace(f"{MD5}\n  size", f"{MD5}.dir\n  size"))
    with pytest.raises(ManifestError, match="where its remote is: add --base-url"):
        read(DVC, None, None)


def test_a_commons_is_named() -> None:
    document = json.dumps([{"object_id": "dg.1/x", "file_name": "a.nii"}])
    assert "add --base-url with its URL" in refused(document)
    (entry,) = given(document, "https://commons.example/")
    assert isinstance(entry, Entry)
    assert entry.registrable == ("https://commons.example/user/data/download/dg.1/x?redirect",)


REFUSED: dict[str, tuple[Any, str]] = {
    "synapse-handles": (
        '{"page": [{"id": "syn1", "type": "org.sagebionetworks.repo.model.FileEntity"}]}',
        "such as synapse:syn123",
    ),
    "synapse": ("path,parentId,ID,name\n/x/a,syn1,syn2,a\n", "manifest of Synapse"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_has_no_urls_is_told_as_what_it_is(name: str) -> None:
    document, says = REFUSED[name]
    for said in (None, name):
        with pytest.raises(ManifestError, match=says):
            read(document, said)
