"""The objects of a bucket of S3 below a prefix, or those that match a pattern with ``*``.

The bucket of a compatible store (MinIO, Ceph, …) is in the path of its URL. Behind a prefix,
``?versions`` pins what is there now by its version, which needs the right to list versions, and
``?no-digests`` is for buckets whose ETags are no MD5. See `buckets`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from datalad_jsdl.errors import ManifestError
from datalad_jsdl.manifest.portals.buckets import listed, wanted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalad_jsdl.manifest.portals.api import Api
    from datalad_jsdl.manifest.record import Record

__all__ = ["API", "BASE", "EXAMPLES", "records"]

EXAMPLES: tuple[str, ...] = (
    "s3://BUCKET/PREFIX",
    "s3://BUCKET/PREFIX?versions",
    "s3+https://minio.example:9000/BUCKET/PREFIX",
)
BASE: str | None = "https://s3.amazonaws.com"
API = ""


def records(rest: str, base: str, api: Api) -> Iterator[Record]:
    """One record an object."""
    if rest:
        what = wanted("s3", rest.removeprefix("//"), None if base == BASE else base)
    else:
        parts = urlsplit(base)
        place = unquote(parts.path[1:], errors="surrogateescape")
        what = wanted("s3", place, f"{parts.scheme}://{parts.netloc}")
    if what is None or (rest and not rest.startswith("//")):
        raise ManifestError(f"expected a bucket, as in {EXAMPLES[0]} or {EXAMPLES[-1]}")
    yield from listed(what, api)
