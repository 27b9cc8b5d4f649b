"""A listing of a bucket in JSON: of ``aws s3api``, of Google's store, or of ``gcloud``.

Described in the AWS CLI Command Reference (``s3api list-objects-v2``), at
https://cloud.google.com/storage/docs/json_api/v1/objects/list and in gcloud's own help
(``storage objects list --format=json``). The CLI of AWS leaves the bucket's name out: then the
bucket's URL has to be given with ``--base-url``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datalad_jsdl.errors import ManifestError
from datalad_jsdl.manifest.formats.buckets import Bucket, etag_digests
from datalad_jsdl.manifest.formats.documents import dig, load
from datalad_jsdl.manifest.formats.fields import stated
from datalad_jsdl.manifest.formats.listing import Listing
from datalad_jsdl.manifest.record import Record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalad_jsdl.manifest.formats.options import Options

__all__ = ["UNNAMED", "records", "sniff"]

#: What a listing lacks that is of no bucket.
UNNAMED = (
    "does not say which bucket it is of: use s3://BUCKET/PREFIX as the manifest, or add "
    "--base-url with the bucket's URL"
)

_AMAZON = Listing(
    (("Contents",),),
    (("Key",), ("Size",), ("ETag",)),
    (("NextContinuationToken",), ("NextToken",), ("NextMarker",)),
)
_GOOGLE = Listing((("items",),), (("name",), ("bucket",), ("mediaLink",)), (("nextPageToken",),))
_GCLOUD = Listing(((),), (("storage_url",), ("bucket",), ("name",)))


def sniff(head: str) -> bool:
    """Objects with the fields that ``aws s3api``, Google's store or ``gcloud`` gives."""
    return any(listing.sniff(head) for listing in (_AMAZON, _GOOGLE, _GCLOUD))


def records(text: Iterator[str], options: Options) -> Iterator[Record]:
    """One record an object, and a fault if there are more pages.

    Raises:
        ManifestError: the document is not JSON, has no list, or does not name the bucket.
    """
    document = load(text)
    if not isinstance(document, dict):
        yield from _GCLOUD.document_records(document, _google)
    elif "Contents" not in document:
        yield from _GOOGLE.document_records(document, _google)
    else:
        bucket = _bucket(document, options)

        def amazon(item: dict[str, Any], where: str) -> Iterator[Record]:
            if record := bucket.record(
                item.get("Key"),
                where,
                size=item.get("Size"),
                digests=etag_digests(item.get("ETag")),
                mtime=item.get("LastModified"),
            ):
                yield record

        yield from _AMAZON.document_records(document, amazon)


def _bucket(document: dict[str, Any], options: Options) -> Bucket:
    name, prefix = document.get("Name"), document.get("Prefix")
    prefix = prefix if isinstance(prefix, str) else ""
    if isinstance(name, str) and name:
        return Bucket.named("s3", name, prefix, options.base_url)
    if options.base_url is None or not options.base_is_given:
        raise ManifestError(f"this is a listing of a bucket that {UNNAMED}")
    return Bucket(options.base_url.rstrip("/") + "/", prefix)


def _google(item: dict[str, Any], where: str) -> Iterator[Record]:
    name, bucket = item.get("name"), item.get("bucket")
    if not isinstance(name, str) or not isinstance(bucket, str):
        yield Record(None, None, where, "name or bucket is missing or not a string")
        return
    version = dig(item, "generation")
    if record := Bucket.named("gs", bucket, "").record(
        name,
        where,
        f"generation={version}" if isinstance(version, str) and version.isdecimal() else "",
        size=item.get("size"),
        digests=stated({"md5": item.get("md5Hash", item.get("md5_hash"))}),
        mtime=item.get("updated", item.get("update_time")),
    ):
        yield record
