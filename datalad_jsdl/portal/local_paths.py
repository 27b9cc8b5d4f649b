"""Where somebody goes on after signing in."""

from __future__ import annotations

from urllib.parse import quote, urlsplit

__all__ = ["local_path"]


def local_path(given: str) -> str:
    """A path of this portal to go on at; its start if it is something else."""
    parts = urlsplit(given)
    is_local = given.startswith("/") and not given.startswith(("//", "/\\"))
    if parts.scheme or parts.netloc or not is_local or not given.isprintable():
        return "/"
    return quote(given, safe="/?&=%:@!$'()*+,;~-._")
