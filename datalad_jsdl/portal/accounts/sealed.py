"""Values that a browser keeps for us, and cannot change."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import time
from typing import Any

__all__ = ["opened", "sealed"]


def sealed(value: dict[str, Any], secret: bytes, seconds: float) -> str:
    """A text that has a value in it, readable for everybody, for so many seconds."""
    body = json.dumps({**value, "until": time.time() + seconds}, separators=(",", ":"))
    text = base64.urlsafe_b64encode(body.encode()).rstrip(b"=")
    return f"{text.decode()}.{_mac(text, secret)}"


def opened(text: str, secret: bytes) -> dict[str, Any] | None:
    """What was sealed; None if it is too old, or was not sealed with this secret."""
    body, _, mac = text.partition(".")
    try:
        raw = body.encode("ascii")
        if not hmac.compare_digest(_mac(raw, secret).encode(), mac.encode("ascii")):
            return None
        value = json.loads(base64.urlsafe_b64decode(raw + b"=" * (-len(raw) % 4)))
    except (UnicodeEncodeError, binascii.Error, ValueError):
        return None
    if not isinstance(value, dict) or time.time() >= value.pop("until", 0):
        return None
    return value


def _mac(text: bytes, secret: bytes) -> str:
    return hmac.new(secret, text, hashlib.sha256).hexdigest()
