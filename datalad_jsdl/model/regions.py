"""Which region a bucket of S3 lies in, and at which address it is there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["bucket_of", "region_named", "region_of_host", "regional"]

_REGION = re.compile(r"[a-z][a-z0-9-]{0,38}[a-z0-9]")

# the hosts of AWS: perhaps the bucket, s3, perhaps the region; no other host is one of these
_AWS = re.compile(
    r"(?P<bucket>[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]\.)?s3"
    r"(?P<dual>[.-]dualstack)?(?:[.-](?P<region>[a-z]{2}(?:-[a-z]+)+-\d{1,2}))?"
    r"\.amazonaws\.com(?P<china>\.cn)?"
)
_AWS_REGION = re.compile(r"[a-z]{2}(?:-[a-z]+)+-\d{1,2}")


def region_of_host(host: str) -> str:
    """The region that a host of AWS is for; "" for others and where it names none."""
    match = _AWS.fullmatch(host.lower())
    return (match["region"] or "") if match else ""


def bucket_of(url: str) -> str:
    """What stands for the bucket of a URL; only URLs of one bucket have the same."""
    parts = urlsplit(url)
    match = _AWS.fullmatch((parts.hostname or "").lower())
    first = "" if match and match["bucket"] else parts.path.split("/")[1:2]
    return f"{parts.scheme}://{parts.netloc}/{first[0] if first else ''}"


def region_named(headers: Mapping[str, str], texts: Mapping[str, str]) -> str:
    """The region that an answer names.

    Args:
        headers: of the answer; S3 has the region in one of its own.
        texts: of its XML, by the names of the elements in lower case.
    """
    moved = texts.get("endpoint", "").strip() or _host(headers.get("Location", ""))
    named = (headers.get("x-amz-bucket-region", ""), texts.get("region", ""))
    for text in (*named, region_of_host(moved)):
        if _REGION.fullmatch(text.strip()):
            return text.strip()
    return ""


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def regional(url: str, region: str) -> str:
    """The URL at AWS's own address for that region; other hosts stay as they are.

    Made of the region alone: no host that an answer names is ever sent a login.
    """
    parts = urlsplit(url)
    match = _AWS.fullmatch((parts.hostname or "").lower())
    if not match or parts.scheme != "https" or not _AWS_REGION.fullmatch(region):
        return url
    if match["region"] == region or parts.port not in (None, 443):
        return url
    dual = ".dualstack" if match["dual"] else ""
    host = f"{match['bucket'] or ''}s3{dual}.{region}.amazonaws.com{match['china'] or ''}"
    return urlunsplit(parts._replace(netloc=host))
