"""Which version of a file an answer is (RFC 9110, section 8.8)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datalad_jsdl.fetch.http.answers import strong_etag
from datalad_jsdl.fetch.http.waiting import moment_of
from datalad_jsdl.model.content import Version

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["version_of"]

_RELIABLE = 60.0  # seconds


def version_of(url: str, headers: Mapping[str, str]) -> Version | None:
    """The version that an answer's headers name; None if they name none reliably.

    Last-Modified is relied on where it is a minute older than the answer (section 8.8.2.2): else
    the file may have changed again since, or is made anew for each answer.
    """
    etag, modified = strong_etag(headers), headers.get("Last-Modified", "").strip()
    changed, now = moment_of(modified), moment_of(headers.get("Date", ""))
    if changed is None or now is None or now - changed < _RELIABLE:
        modified = ""
    return Version(url, etag, modified) if etag or modified else None
