"""The objects of a bucket that lie below a prefix, as S3 and what is compatible with it list them.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html; with versions
``API_ListObjectVersions.html``. Google's store answers the first in the same form
(https://cloud.google.com/storage/docs/xml-api/get-bucket-list). Keys that end in a slash and are
empty are folders of programs, and no files. An ETag is the content's MD5, unless it was uploaded
in parts (then it ends in ``-N``), or is encrypted with a key of KMS or of the client's own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote_plus, urlencode

from datalad_jsdl.errors import ManifestError, StatusError
from datalad_jsdl.manifest.formats.buckets import Bucket, etag_digests
from datalad_jsdl.manifest.formats.values import whole_number
from datalad_jsdl.manifest.formats.xml_stream import Element, elements
from datalad_jsdl.manifest.portals.paging import Closed, Once, explained, login_line, token_pages
from datalad_jsdl.model.regions import regional
from datalad_jsdl.model.stores import bucket_url
from datalad_jsdl.model.urls import origin_of, redact

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalad_jsdl.manifest.portals.api import Api, ApiAnswer
    from datalad_jsdl.manifest.record import Record

__all__ = ["Wanted", "listed", "wanted"]

_BUCKET = r"[A-Za-z0-9][A-Za-z0-9._-]{1,221}[A-Za-z0-9]"
_PLACE = re.compile(rf"({_BUCKET})(?:/(.*))?", re.DOTALL)
_WORDS = re.compile(
    r"(.*?)(?:\?((?:versions|no-digests)(?:&(?:versions|no-digests))?))?", re.DOTALL
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be listed.

    Attributes:
        store: ``s3`` or ``gs``.
        root: URL of the bucket, with a slash at its end.
        bucket: its name.
        prefix: that all keys begin with, not encoded.
        pattern: that they match, where the prefix is only what stands before its first ``*``.
        pinned: URLs name the version of each object.
        plain: ETags are not taken for digests.
    """

    store: str
    root: str
    bucket: str
    prefix: str
    pattern: str = ""
    pinned: bool = False
    plain: bool = False

    @property
    def folder(self) -> str:
        """What the paths are below."""
        return self.prefix[: self.prefix.rfind("/") + 1]


def wanted(store: str, place: str, server: str | None) -> Wanted | None:
    """What an address names; None if it names no bucket.

    Args:
        store: ``s3`` or ``gs``.
        place: ``BUCKET[/PREFIX]``, not encoded, perhaps with ``?versions`` or ``?no-digests``
            behind it. A ``*`` in it stands for any characters.
        server: URL of one that has the bucket in the path; None for the store's own.
    """
    said = _WORDS.fullmatch(place)
    match = _PLACE.fullmatch(said[1]) if said else None
    if said is None or match is None:
        return None
    words = (said[2] or "").split("&")
    bucket, prefix = match[1], match[2] or ""
    root = bucket_url(store, bucket) if server is None else f"{server}/{bucket}/"
    prefix, star, _ = prefix.partition("*")
    pattern = match[2] if star else ""
    return Wanted(store, root, bucket, prefix, pattern, "versions" in words, "no-digests" in words)


def listed(what: Wanted, api: Api) -> Iterator[Record]:
    """One record an object; a prefix that is no folder may be that of a single object.

    Raises:
        ManifestError: there is no object, or an answer is none of a bucket.
        FetchError: there is no answer, or one of failure.
    """
    alone = bool(what.prefix) and not what.prefix.endswith("/") and not what.pattern
    below = replace(what, prefix=f"{what.prefix}/") if alone else what
    origin = origin_of(what.root)
    closed = Closed(
        f"listing the bucket {what.bucket} requires keys with access to it",
        login_line(origin, " kind=s3"),
    )
    with explained({401: closed, 403: closed, 404: f"there is no bucket {what.bucket}"}):
        found = False
        for record in _records(below, api):
            found = True
            yield record
        if not found and alone:
            for record in _records(what, api, most=1):
                found = record.path == what.prefix.removeprefix(what.folder)
                if found:
                    yield record
    if not found:
        raise ManifestError(f"the bucket has no object below {what.prefix or 'its root'!r}")


@dataclass(frozen=True, slots=True)
class _Page:
    """One answer.

    Attributes:
        objects: elements of its objects.
        following: parameters of the request for the next page; "" on the last.
        encoded: keys are percent-encoded, as XML cannot have every character.
    """

    objects: list[Element]
    following: str
    encoded: bool

    def key(self, item: Element) -> str:
        """With the spaces around it, which are part of a key."""
        text = next((child.own for child in item.children if child.name == "Key"), "")
        return unquote_plus(text, errors="surrogateescape") if self.encoded else text


class _Listing:
    """The pages of one listing.

    Attributes:
        what: with the URL of the bucket in the region that it turned out to be in.
    """

    def __init__(self, what: Wanted, api: Api, most: int) -> None:
        self.what = what
        self._api = api
        query = {"versions": ""} if what.pinned and what.store == "s3" else {"list-type": "2"}
        query |= {"encoding-type": "url", "prefix": what.prefix}
        self._query = urlencode(query | ({"max-keys": str(most)} if most else {}))
        self._is_over = bool(most)

    def ask(self, following: str) -> tuple[list[tuple[str, Element]], str]:
        """The keys and objects of a page, and what asks for the next."""
        page = _page(self._asked(f"{self._query}&{following}" if following else self._query))
        objects = [(page.key(item), item) for item in page.objects]
        return objects, "" if self._is_over else page.following

    def _asked(self, query: str) -> ApiAnswer:
        try:
            answer = self._api.get(f"{self.what.root}?{query}")
        except StatusError as error:
            faults = error.failed.faults if error.failed else ()
            regions = [fault.reply.region for fault in faults if fault.reply]
            if not regions or not self._move(regions[0]):
                raise
            answer = self._api.get(f"{self.what.root}?{query}")
        # one that has its name in the path is found at its own region's address only
        if self.what.root.endswith(f"/{self.what.bucket}/"):
            self._move(answer.headers.get("x-amz-bucket-region", ""))
        return answer

    def _move(self, region: str) -> bool:
        """Go on at a region's own address; whether that is another one."""
        root = regional(self.what.root, region)
        moved = root != self.what.root
        self.what = replace(self.what, root=root)
        return moved


def _records(what: Wanted, api: Api, most: int = 0) -> Iterator[Record]:
    listing = _Listing(what, api, most)
    chosen = _chosen(what.pattern)
    once = Once(redact(what.root), lambda item: [item[0], item[1].text_of("VersionId")])
    for number, items in enumerate(token_pages(listing.ask, once), 1):
        for index, (key, item) in enumerate(items, 1):
            if chosen.fullmatch(key):
                yield from _record(listing.what, key, item, f"page {number}, object {index}")


def _chosen(pattern: str) -> re.Pattern[str]:
    parts = [re.escape(part) for part in pattern.split("*")]
    return re.compile(".*".join(parts) if pattern else ".*", re.DOTALL)


def _page(answer: ApiAnswer) -> _Page:
    shown = redact(answer.url)
    root, objects = _root(answer.text, shown)
    tokens = {
        "continuation-token": root.text_of("NextContinuationToken"),
        "key-marker": root.text_of("NextKeyMarker"),
        "version-id-marker": root.text_of("NextVersionIdMarker"),
    }
    if encoded := root.text_of("EncodingType") == "url":
        tokens["key-marker"] = unquote_plus(tokens["key-marker"])
    following = urlencode({name: token for name, token in tokens.items() if token})
    if root.text_of("IsTruncated") != "true":
        following = ""
    elif not following:
        raise ManifestError(f"{shown}: the listing is truncated, and names no next page")
    return _Page(root.all(objects), following, encoded)


def _root(text: str, shown: str) -> tuple[Element, str]:
    """The element of a listing, and the name of those of its objects."""
    for name, objects in (("ListBucketResult", "Contents"), ("ListVersionsResult", "Version")):
        try:
            found = list(elements(iter([text]), name))
        except ManifestError as error:
            raise ManifestError(f"{shown}: {error}") from None
        if found:
            return found[0], objects
    raise ManifestError(f"{shown}: expected a listing of a bucket (ListBucketResult)")


def _record(what: Wanted, key: str, item: Element, where: str) -> Iterator[Record]:
    if item.text_of("IsLatest") == "false":
        return
    name = "generation" if what.store == "gs" else "versionId"
    version = item.text_of("Generation" if what.store == "gs" else "VersionId")
    pinned = what.pinned and version not in ("", "null")
    if record := Bucket(what.root, what.prefix).record(
        key,
        where,
        f"{name}={quote(version, safe='')}" if pinned else "",
        size=whole_number(item.text_of("Size")),
        digests={} if what.plain else etag_digests(item.text_of("ETag")),
        mtime=item.text_of("LastModified") or None,
    ):
        yield record
