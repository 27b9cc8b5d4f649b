"""The objects of a bucket of Google Cloud Storage below a prefix, or those that match a pattern.

From its XML API, which lists as S3 does. Behind a prefix, ``?versions`` pins what is there now by
its generation. See `buckets`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from datalad_jsdl.errors import ManifestError
from datalad_jsdl.manifest.portals.buckets import listed, wanted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalad_jsdl.manifest.portals.api import Api
    from datalad_jsdl.manifest.record import Record

__all__ = ["API", "BASE", "EXAMPLES", "records"]

EXAMPLES: tuple[str, ...] = ("gs://BUCKET/PREFIX", "gs://BUCKET/PREFIX?versions")
BASE: str | None = "https://storage.googleapis.com"
API = ""


def records(rest: str, base: str, api: Api) -> Iterator[Record]:
    """One record an object."""
    what = wanted("gs", rest.removeprefix("//"), base)
    if what is None or not rest.startswith("//"):
        raise ManifestError(f"expected a bucket, as in {EXAMPLES[0]}")
    yield from listed(what, api)
