"""How long a server asks to wait before the next request.

RFC 9110, sections 10.2.3 (Retry-After, which any status may have) and 5.6.7 (the three forms
of a date); ``Retry-After-Ms`` of Azure; ``X-RateLimit-Reset`` of GitHub, Zenodo and others
and ``RateLimit-Reset`` of the IETF's draft, where nothing is left of the limit.
"""

from __future__ import annotations

import re
import time
from datetime import timezone
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["moment_of", "wait_of"]

_NUMBER = re.compile(r"\s*(\d{1,15}(?:\.\d{0,9})?)\s*(?:,.*)?", re.ASCII)
_MILLISECONDS = ("Retry-After-Ms", "X-Ms-Retry-After-Ms")
_LIMITS = ("X-RateLimit", "RateLimit", "X-Rate-Limit")
_LIMITED = (403, 429, 503)
_EPOCH = 1e9  # seconds; a number above it is a moment, not a span
_MOST = 999_999_999.0  # seconds


def wait_of(status: int, headers: Mapping[str, str]) -> float | None:
    """Seconds until the server may be asked again; None if it does not say."""
    for name in _MILLISECONDS:
        if (number := _number(headers.get(name, ""))) is not None:
            return min(number / 1000, _MOST)
    value = headers.get("Retry-After", "")
    if (number := _number(value)) is not None:
        return min(number, _MOST)
    if (moment := moment_of(value)) is not None:
        # by the server's own clock, which may not be ours
        now = moment_of(headers.get("Date", ""))
        return min(max(0.0, moment - (time.time() if now is None else now)), _MOST)
    return _reset(headers) if status in _LIMITED else None


def _number(value: str) -> float | None:
    match = _NUMBER.fullmatch(value)
    return float(match[1]) if match else None


def moment_of(value: str) -> float | None:
    """Seconds since 1970 of a date in any of the three forms; asctime's has no zone."""
    try:
        moment = parsedate_to_datetime(value.strip())
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=timezone.utc)
        return moment.timestamp()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _reset(headers: Mapping[str, str]) -> float | None:
    """When a limit that is used up begins anew."""
    for name in _LIMITS:
        left, reset = (
            _number(headers.get(f"{name}-{word}", "")) for word in ("Remaining", "Reset")
        )
        if left == 0 and reset is not None:
            span = reset - time.time() if reset > _EPOCH else reset
            return min(max(0.0, span), _MOST)
    return None
