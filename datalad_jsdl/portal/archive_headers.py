"""Header fields of requests for archives, and of the answers."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING
from urllib.parse import quote

from datalad_jsdl.orders.archive_names import unique_name
from datalad_jsdl.portal.ranges import Validators

if TYPE_CHECKING:
    from starlette.types import Scope

    from datalad_jsdl.archive.archive import Archive
    from datalad_jsdl.orders.model import OrderSummary

__all__ = ["ZIP", "general_headers", "joined_headers", "validators_of", "whole_headers"]

ZIP = "application/zip"


def joined_headers(scope: Scope) -> dict[str, str]:
    """Fields that come several times are one, by RFC 9110, 5.3."""
    found: dict[str, str] = {}
    for raw_name, raw in scope["headers"]:
        name, value = raw_name.decode("latin-1").lower(), raw.decode("latin-1")
        found[name] = f"{found[name]}, {value}" if name in found else value
    return found


def validators_of(summary: OrderSummary, archive: Archive) -> Validators:
    """By which clients know that an archive is the same."""
    return Validators(archive.etag, summary.created_on.replace(microsecond=0))


def general_headers(summary: OrderSummary, validators: Validators) -> dict[str, str]:
    """Of every answer with an archive, or a part of it."""
    own_name = unique_name(summary)
    ascii_name = own_name.encode("ascii", "replace").decode()
    plain = "".join(c if c.isalnum() or c in " -_.()+,=@" else "_" for c in ascii_name)
    name = quote(own_name.encode("utf-8", "surrogateescape"), safe="")
    return {
        "etag": validators.etag,
        "last-modified": validators.last_modified,
        "accept-ranges": "bytes",
        "cache-control": "private, max-age=31536000, immutable, no-transform",
        "content-disposition": f"attachment; filename=\"{plain}\"; filename*=UTF-8''{name}",
        "x-accel-buffering": "no",
        "x-robots-tag": "noindex",
        "x-content-type-options": "nosniff",
        **_digest(summary),
    }


def _digest(summary: OrderSummary) -> dict[str, str]:
    """Of the whole, whatever part is sent (RFC 9530, 3)."""
    if not summary.archive_sha256:
        return {}
    raw = base64.b64encode(bytes.fromhex(summary.archive_sha256)).decode()
    return {"repr-digest": f"sha-256=:{raw}:"}


def whole_headers(general: dict[str, str], summary: OrderSummary, size: int) -> dict[str, str]:
    """Of an answer with all of it."""
    return {**general, "content-type": ZIP, "content-length": str(size)}
