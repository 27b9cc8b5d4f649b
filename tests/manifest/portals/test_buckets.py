"""Listings of buckets, from servers that answer as S3 and Google's store are documented to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import pairwise
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datalad_jsdl.errors import ManifestError, StatusError
from datalad_jsdl.faults import Failed, Fault, FaultKind, Reply
from datalad_jsdl.manifest.portals import find_address
from datalad_jsdl.manifest.portals.api import ApiAnswer
from datalad_jsdl.manifest.record import entry_from_record
from datalad_jsdl.model.entry import Entry, Refusal
from tests.lab import File
from tests.portals import answer, listed, md5, paths

if TYPE_CHECKING:
    from tests.lab import Lab

S3 = "http://s3.amazonaws.com/doc/2006-03-01/"
GS = "http://doc.s3.amazonaws.com/2006-03-01"
TIME = "2024-01-02T03:04:05.000Z"


def item(key: str, size: int = 1, etag: str = md5(b"x"), more: str = "") -> str:
    return (
        f"<Key>{escape(key)}</Key><LastModified>{TIME}</LastModified>"
        f"<ETag>&quot;{etag}&quot;</ETag><Size>{size}</Size>{more}"
    )


def page(*items: str, more: str = "", space: str = S3) -> bytes:
    objects = "".join(f"<Contents>{text}</Contents>" for text in items)
    return (
        f'<?xml version="1.0"?><ListBucketResult xmlns="{space}"><Name>b</Name>{more}{objects}'
        "</ListBucketResult>"
    ).encode()


def following(token: str) -> str:
    return f"<IsTruncated>true</IsTruncated><NextContinuationToken>{token}</NextContinuationToken>"


def target(prefix: str = "", more: str = "", bucket: str = "b-1") -> str:
    return f"/{bucket}/?list-type=2&encoding-type=url&prefix={prefix}{more}"


def serve(lab: Lab, where: str, document: bytes, **faults: Any) -> None:
    answer(lab, where, document, headers={"Content-Type": "application/xml"}, **faults)


def test_a_prefix_in_pages(lab: Lab) -> None:
    encoded = "<EncodingType>url</EncodingType>"
    marker, large = item("ds%2F", 0), item("ds%2Fbig.tar", 9, f"{md5(b'y')}-7")
    serve(
        lab,
        target("ds%2F"),
        page(marker, item("ds%2Fa+b%2Bc.nii"), large, more=encoded + following("a/b=")),
    )
    more = "&continuation-token=a%2Fb%3D"
    serve(lab, target("ds%2F", more), page(item("ds%2Fsub%2Fc%01"), more=encoded))
    for address in ("s3://b-1/ds", "s3://b-1/ds/"):
        first, second, third = listed(address, lab.url)
        assert isinstance(first, Entry)
        assert isinstance(second, Entry)
        assert (first.path, first.size, first.digests) == ("a b+c.nii", 1, {"md5": md5(b"x")})
        assert first.mtime is not None
        assert [c.url for c in first.candidates] == [f"{lab.url}/b-1/ds/a%20b%2Bc.nii"]
        assert (second.path, second.digests) == ("big.tar", {})
        assert isinstance(third, Refusal)  # a control character
    assert paths(listed(f"s3+{lab.url}/b-1/ds/", None))[:2] == ["a b+c.nii", "big.tar"]
    assert isinstance(first := listed("s3://b-1/ds?no-digests", lab.url)[0], Entry)
    assert first.digests == {}


def test_a_key_and_a_pattern(lab: Lab) -> None:
    serve(lab, target("a%2F"), page())
    serve(lab, target("a", "&max-keys=1"), page(item("a")))
    assert paths(listed("s3://b-1/a", lab.url)) == ["a"]
    serve(lab, target("a", "&max-keys=1"), page(item("ab"), more=following("x")))
    with pytest.raises(ManifestError, match="the bucket has no object below 'a'"):
        listed("s3://b-1/a", lab.url)
    serve(lab, target("u%2Fx"), page(item("u/x/1.dcm"), item("u/x/1.txt"), item("u/xy/2.dcm")))
    assert paths(listed("s3://b-1/u/x*.dcm", lab.url)) == ["x/1.dcm", "xy/2.dcm"]
    serve(lab, target(), page(item(" a "), item("b//c"), item("../d"), item("e/", 3)))
    found = listed("s3://b-1", lab.url)
    assert paths(found)[:1] == [" a "]
    assert [type(one) for one in found] == [Entry, Refusal, Refusal, Refusal]
    serve(lab, target(), page())
    with pytest.raises(ManifestError, match="s3://b-1/: the bucket has no object below 'its root'"):
        listed("s3://b-1/", lab.url)


def test_versions(lab: Lab) -> None:
    newest = "<VersionId>v2</VersionId><IsLatest>true</IsLatest>"
    older = "<VersionId>v1</VersionId><IsLatest>false</IsLatest>"
    none = "<VersionId>null</VersionId><IsLatest>true</IsLatest>"
    versions = [item("p/a", more=newest), item("p/a", more=older), item("p/b", more=none)]

    def document(found: list[str], more: str = "") -> bytes:
        listing = "".join(f"<Version>{text}</Version>" for text in found)
        deleted = f"<DeleteMarker>{item('p/c', more=newest)}</DeleteMarker>"
        return f"<ListVersionsResult>{more}{listing}{deleted}</ListVersionsResult>".encode()

    where = "/b-1/?versions=&encoding-type=url&prefix=p%2F"
    more = (
        "<IsTruncated>true</IsTruncated><EncodingType>url</EncodingType>"
        "<NextKeyMarker>p%2Fa</NextKeyMarker><NextVersionIdMarker>v2</NextVersionIdMarker>"
    )
    serve(lab, where, document(versions[:1], more))
    serve(lab, f"{where}&key-marker=p%2Fa&version-id-marker=v2", document(versions[1:]))
    found = listed("s3://b-1/p/?versions", lab.url)
    assert [e.candidates[0].url for e in found if isinstance(e, Entry)] == [
        f"{lab.url}/b-1/p/a?versionId=v2",
        f"{lab.url}/b-1/p/b",
    ]
    serve(lab, target("p%2F"), page(item("p/a", more="<Generation>12</Generation>"), space=GS))
    for address, end in {"gs://b-1/p/": "", "gs://b-1/p/?versions": "?generation=12"}.items():
        (entry,) = listed(address, lab.url)
        assert isinstance(entry, Entry)
        assert [c.url for c in entry.candidates] == [f"{lab.url}/b-1/p/a{end}"]


def error(code: str, more: str = "") -> bytes:
    return f"<Error><Code>{code}</Code><Message>said so</Message>{more}</Error>".encode()


def test_what_a_store_refuses(lab: Lab) -> None:
    def refuse(status: int, body: bytes) -> None:
        def write(talk: Any, content: bytes) -> None:
            talk.answer(status, body)

        lab.files["/b-1/"] = File(answer=write)

    refuse(403, error("AccessDenied"))
    with pytest.raises(StatusError, match="requires keys with access to it") as caught:
        listed("s3://b-1", lab.url)
    assert f"datalad jsdl-login '{lab.url}/b-1/?list-type=2" in str(caught.value)
    refuse(404, error("NoSuchBucket"))
    with pytest.raises(StatusError, match="there is no bucket b-1"):
        listed("s3://b-1", lab.url)
    serve(lab, "/b-1/", page(item("a")), status=429, times=1)
    lab.files["/b-1/"].headers["Retry-After"] = "0"
    assert paths(listed("s3://b-1", lab.url)) == ["a"]
    lab.files["/b-1/"] = File(location="/b-2/?x=1")
    serve(lab, "/b-2/", page(item("a")))
    assert paths(listed("s3://b-1", lab.url)) == ["a"]


@pytest.mark.parametrize(
    ("document", "says"),
    [
        (b"<html></html>", "expected a listing of a bucket"),
        (b'{"a": 1}', "not XML"),
        (b"<ListBucketResult>", "not XML"),
        (page(item("a"), more="<IsTruncated>true</IsTruncated>"), "names no next page"),
        (page(item("a"), more=following("x")), "repeats an item of page 1"),
        (page(more=following("x")), "page 2 leads back to an earlier page"),
    ],
)
def test_garbage(lab: Lab, document: bytes, says: str) -> None:
    serve(lab, "/b-1/", document)
    with pytest.raises(ManifestError, match=f"s3://b-1: {lab.url}/b-1/.*{says}"):
        listed("s3://b-1", lab.url)


@pytest.mark.parametrize(
    "address", ["s3:b-1", "s3://", "s3://b", "s3:///a", "s3+http://h/", "gs:b-1", "gs://b_/"]
)
def test_addresses_that_cannot_be(address: str) -> None:
    found = find_address(address, None, lambda name: None)
    with pytest.raises(ManifestError, match="expected a bucket, as in ") as caught:
        list(found.records(Amazon({})))
    assert str(caught.value).startswith(f"{address}: ")
    with pytest.raises(ManifestError, match="expected an address such as gs://"):
        find_address("gs+https://h/b-1", None, lambda name: None)


class Amazon:
    """Amazon's own hosts, of which none is on this machine."""

    def __init__(self, answers: dict[str, bytes | str], region: str = "") -> None:
        self.answers = answers
        self.region = region
        self.asked: list[str] = []

    def get(self, url: str) -> ApiAnswer:
        self.asked.append(url)
        found = self.answers[url.partition("?")[0]]
        if isinstance(found, str):
            fault = Fault(FaultKind.UNFIT, url, reply=Reply(301, region=found))
            raise StatusError("elsewhere", 301, failed=Failed((fault,)))
        return ApiAnswer(url, found.decode(), {"x-amz-bucket-region": self.region})

    def get_all(self, urls: Iterable[str]) -> Iterator[ApiAnswer]:
        return map(self.get, urls)

    def get_each(self, urls: Iterable[str]) -> Iterator[ApiAnswer]:
        return map(self.get, urls)

    def post(self, url: str, document: Any) -> ApiAnswer:
        return self.get(url)


PARTS = ["Contents", "Key", "a/", "..", "Size", "-1", "<Key>", "</Key>", "IsTruncated", "true", "&"]


@settings(max_examples=100)
@given(st.lists(st.sampled_from(PARTS) | st.text(max_size=2), max_size=8))
def test_any_answer(parts: list[str]) -> None:
    for text in ("".join(parts), *(f"<{part}>{text}</{part}>" for part, text in pairwise(parts))):
        root = f"<ListBucketResult><Contents>{text}</Contents></ListBucketResult>"
        amazon = Amazon({"https://b-1.s3.amazonaws.com/": root.encode("utf-8", "replace")})
        with suppress(ManifestError):
            assert len(urls_of("s3://b-1", amazon)) <= 1


def urls_of(address: str, api: Amazon) -> list[str]:
    records = find_address(address, None, lambda name: None).records(api)
    entries = [entry_from_record(record) for record in records]
    return [entry.candidates[0].url for entry in entries if isinstance(entry, Entry)]


def test_where_amazon_has_a_bucket() -> None:
    """In the host's name, or, where that cannot be, at the address of its region."""
    listing = page(item("k"))
    plain = Amazon({"https://b-1.s3.amazonaws.com/": listing}, "eu-central-1")
    assert urls_of("s3://b-1", plain) == ["https://b-1.s3.amazonaws.com/k"]
    there = "https://s3.eu-central-1.amazonaws.com/My_Bucket/"
    here = "https://s3.amazonaws.com/My_Bucket/"
    for answers, asked in (
        ({here: "eu-central-1", there: listing}, 2),
        ({here: listing}, 1),
    ):
        amazon = Amazon(answers, "eu-central-1")
        assert urls_of("s3://My_Bucket", amazon) == [f"{there}k"]
        assert len(amazon.asked) == asked
    with pytest.raises(StatusError, match="elsewhere"):
        urls_of("s3://My_Bucket", Amazon({here: ""}))
    google = Amazon({"https://storage.googleapis.com/b-1/": listing})
    assert urls_of("gs://b-1", google) == ["https://storage.googleapis.com/b-1/k"]
