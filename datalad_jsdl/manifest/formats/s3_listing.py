"""A listing of a bucket in XML, as S3, Google's store and compatible servers answer.

Described in the Amazon S3 API Reference (``ListObjectsV2``, ``ListObjectVersions``). A page has a
thousand keys: of one that is not the last, a refusal says so. Of versions the latest are taken,
each with its ``versionId``. The path is the key below the prefix; an ETag is taken as an MD5 if it
can be one.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote_plus

from datalad_jsdl.errors import ManifestError
from datalad_jsdl.manifest.formats.buckets import Bucket, etag_digests
from datalad_jsdl.manifest.formats.documents import one_page
from datalad_jsdl.manifest.formats.xml_root import root_tag
from datalad_jsdl.manifest.sizes import number_told

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalad_jsdl.manifest.formats.options import Options
    from datalad_jsdl.manifest.formats.xml_rows import Row
    from datalad_jsdl.manifest.record import Record

__all__ = ["records", "sniff"]

_ROOTS = ("ListBucketResult", "ListVersionsResult")
_GOOGLE = "http://doc.s3.amazonaws.com/2006-03-01"  # the namespace that Google's store uses
# a version that needs no encoding
_is_plain = re.compile("[A-Za-z0-9._~-]*").fullmatch
_FACTS = ("Name", "Prefix", "IsTruncated", "EncodingType")


def sniff(head: str) -> bool:
    """The root element is ``ListBucketResult`` or ``ListVersionsResult``."""
    return bool(root_tag(head, *_ROOTS))


def records(text: Iterator[str], options: Options) -> Iterator[Record]:
    """One record an object, and a fault if there are more pages.

    Raises:
        ManifestError: the document is not XML, has entities, or does not name the bucket.
    """
    # it loads parsers, and the special remote, which starts often, needs none
    from datalad_jsdl.manifest.formats.xml_rows import rows

    facts: dict[str, str] = {}
    head: list[str] = []
    bucket: Bucket | None = None
    wanted = ("Contents", "Version", "DeleteMarker", "CommonPrefixes", *_FACTS)
    for row in rows(_noted(text, head), *wanted):
        if row.name in ("Contents", "Version"):
            if bucket is None:
                bucket = _bucket(facts, "gs" if _GOOGLE in "".join(head) else "s3", options)
            if record := _record(bucket, facts, row):
                yield record
        elif row.name in _FACTS:
            facts.setdefault(row.name, row.texts[""])
    more = facts.get("IsTruncated") == "true" or None
    yield from one_page(more, "IsTruncated")


def _noted(text: Iterator[str], head: list[str]) -> Iterator[str]:
    """The same chunks; the first is kept in *head*."""
    for chunk in text:
        if not head:
            head.append(chunk[:4096])
        yield chunk


def _bucket(facts: dict[str, str], store: str, options: Options) -> Bucket:
    name = facts.get("Name")
    if not name:
        raise ManifestError("the listing does not say which bucket it is of")
    return Bucket.named(store, name, _key(facts.get("Prefix", ""), facts), options.base_url)


def _key(text: str, facts: dict[str, str]) -> str:
    return unquote_plus(text) if facts.get("EncodingType") == "url" else text


def _record(bucket: Bucket, facts: dict[str, str], row: Row) -> Record | None:
    said = row.texts.get
    if row.name == "Version" and said("IsLatest") != "true":
        return None
    text = said("Size", "")
    size = number_told(text)
    pinned = ""
    if (version := said("VersionId")) and version != "null":
        pinned = f"versionId={version if _is_plain(version) else quote(version, safe='')}"
    return bucket.record(
        _key(said("Key", ""), facts),
        f"line {row.line}",
        pinned,
        size=text if size is None else size,
        digests=etag_digests(said("ETag")),
        mtime=said("LastModified", ""),
    )
