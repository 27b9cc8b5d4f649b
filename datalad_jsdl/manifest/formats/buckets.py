"""What formats share that list the objects of a bucket, of S3's kind or of Google's."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import quote, urlsplit

from datalad_jsdl.manifest.formats.fields import known_time, quoted
from datalad_jsdl.manifest.record import Record
from datalad_jsdl.model.stores import bucket_url
from datalad_jsdl.model.urls import excerpt

__all__ = ["Bucket", "etag_digests"]

_MD5 = re.compile("[0-9a-fA-F]{32}")
# as in `stores`: what a store takes as it stands
_SAFE = "/!$&'()*,=:@"
_is_plain = re.compile("[A-Za-z0-9/._-]*").fullmatch


@dataclass(frozen=True, slots=True)
class Bucket:
    """Where the objects of a listing are.

    Attributes:
        root: the URL that a key, encoded, is put behind.
        prefix: of all keys; what stands before its last slash is no part of the paths.
    """

    root: str
    prefix: str = ""

    @classmethod
    @lru_cache(maxsize=100)  # an object may name its bucket itself
    def named(cls, store: str, name: str, prefix: str, base_url: str | None = None) -> Bucket:
        """That of a listing which has its name.

        Args:
            store: ``s3`` or ``gs``, unless the listing comes from a server of that kind.
            name: the bucket's.
            prefix: see above.
            base_url: where the listing is from, or None; such a server has the bucket's name in
                its host's, or as the first part of the path.
        """
        parts = urlsplit(base_url or "")
        origin = f"{parts.scheme}://{parts.netloc}/"
        if parts.scheme in ("http", "https"):
            if (parts.hostname or "").startswith(f"{name}."):
                return cls(origin, prefix)
            if parts.path == f"/{name}" or parts.path.startswith(f"/{name}/"):
                return cls(f"{origin}{quoted(name)}/", prefix)
        return cls(bucket_url(store, name), prefix)

    def record(
        self,
        key: Any,
        where: str,
        version: str = "",
        *,
        size: Any = None,
        digests: dict[str, Any] | None = None,
        mtime: Any = None,
    ) -> Record | None:
        """The record of an object; None for what only marks a folder.

        Args:
            key: as it is, not encoded.
            where: the place in the document.
            version: parameter and value that mean one version of it, encoded, or "".
            size: these three are fields of the project's own form; None says nothing.
            digests: see above.
            mtime: likewise; one that cannot be read says nothing.
        """
        if not isinstance(key, str):
            return Record(None, None, where, "the key is missing or not a string")
        if key.endswith("/") and size in (None, 0, "0"):
            return None
        path = key
        if self.prefix:
            path = key.removeprefix(self.prefix[: self.prefix.rfind("/") + 1])
        if "//" in path:  # which would mark a subdataset
            return Record(None, None, where, f"the key {excerpt(key)} has an empty part")
        # of most keys nothing has to be encoded
        url = self.root + (key if _is_plain(key) else quote(key, safe=_SAFE, errors="replace"))
        value: dict[str, Any] = {"urls": [f"{url}?{version}" if version else url]}
        if size is not None:
            value["size"] = size
        if digests is not None:
            value["digests"] = digests
        if mtime is not None:
            value["mtime"] = known_time(mtime)
        return Record(path, value, where)


def etag_digests(etag: Any) -> dict[str, str]:
    """The MD5 that an ETag is, if it has no ``-N`` as that of an upload in parts has.

    With encryption by SSE-KMS or SSE-C an ETag is no MD5 of the content (Amazon S3 API Reference,
    "Object"): those objects need a login, and a download says that the digest differs.
    """
    plain = etag.strip('"') if isinstance(etag, str) else ""
    return {"md5": plain} if _MD5.fullmatch(plain) else {}
