"""Forms that a page elsewhere signs: HMAC-SHA-256 (RFC 2104) of five lines.

The lines are ``jsdl-choose-1``, the name of the key, the time until which the form is accepted
(seconds since 1970), a nonce, and the selection as it is sent; all in UTF-8, with a line feed
between two of them. The signature is in hexadecimal.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import secrets
import time
from dataclasses import dataclass
from enum import Enum
from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from datalad_jsdl.portal.embedding.keys import EmbedKey

__all__ = ["LONGEST", "Refused", "SignedForm", "signature_of", "signed_html", "verified"]

_VERSION = "jsdl-choose-1"
#: Seconds that a form may be accepted for, from when it was made.
LONGEST = 86_400
_NONCE = re.compile(r"[A-Za-z0-9_.~+/=-]{16,100}")
_TIME = re.compile(r"[0-9]{1,12}")


class Refused(Enum):
    """Why a form is not accepted."""

    UNKNOWN = "unknown"
    CHANGED = "changed"
    EXPIRED = "expired"


@dataclass(frozen=True)
class SignedForm:
    """What a page has signed.

    Attributes:
        key: name of the key.
        expires: seconds since 1970.
        nonce: no other form has it.
        selection: JSON.
    """

    key: str
    expires: int
    nonce: str
    selection: str


def verified(
    fields: Mapping[str, str], keys: Mapping[str, EmbedKey], now: float | None = None
) -> SignedForm | Refused:
    """A form, if it was signed; whether its nonce was used before is not looked at.

    Args:
        fields: ``key``, ``expires``, ``nonce``, ``selection`` and ``signature``.
        keys: those that there are, by name.
        now: seconds since 1970; None for the time it is.
    """
    key = keys.get(fields.get("key", ""))
    if key is None:
        return Refused.UNKNOWN
    expires, nonce = fields.get("expires", ""), fields.get("nonce", "")
    # browsers send every line end as two characters
    selection = fields.get("selection", "").replace("\r\n", "\n")
    if not (_TIME.fullmatch(expires) and _NONCE.fullmatch(nonce)):
        return Refused.CHANGED
    form = SignedForm(key.name, int(expires), nonce, selection)
    given = fields.get("signature", "").encode("utf-8", "surrogatepass")
    if not any(
        hmac.compare_digest(given, signature_of(form, secret).encode()) for secret in key.secrets
    ):
        return Refused.CHANGED
    now = time.time() if now is None else now
    return form if now < form.expires <= now + LONGEST else Refused.EXPIRED


def signature_of(form: SignedForm, secret: str) -> str:
    """The signature of a form."""
    lines = (_VERSION, form.key, str(form.expires), form.nonce, form.selection)
    text = "\n".join(lines).encode("utf-8", "surrogatepass")
    return hmac.new(secret.encode(), text, hashlib.sha256).hexdigest()


def signed_html(
    portal: str, key: str, secret: str, selection: Mapping[str, Any], label: str, seconds: int = 900
) -> str:
    """A form for a page, with one button; it works once.

    Args:
        portal: its address, without a slash at its end.
        key: name of the key.
        secret: the key.
        selection: of files, see "A button on your own pages" in the documentation.
        label: of the button.
        seconds: that visitors have to press it, at most a day.
    """
    text = json.dumps(selection)
    form = SignedForm(key, int(time.time()) + seconds, secrets.token_urlsafe(24), text)
    fields = {
        "key": form.key,
        "expires": str(form.expires),
        "nonce": form.nonce,
        "selection": form.selection,
        "signature": signature_of(form, secret),
    }
    inputs = "".join(
        f'<input type="hidden" name="{name}" value="{escape(value)}">'
        for name, value in fields.items()
    )
    action = f'method="post" action="{escape(portal)}/choose" accept-charset="utf-8"'
    return f"<form {action}>{inputs}<button>{escape(label)}</button></form>"
