"""From a MANIFEST argument that is no file to the address that may be meant by it."""

from __future__ import annotations

import re
from difflib import get_close_matches

from datalad_jsdl.manifest.portals import ADDRESSES
from datalad_jsdl.manifest.portals.web_pages import hint

__all__ = ["meant"]

_DOI = re.compile(r"(?:doi:)?(10\.[0-9]{4,9}/\S+)", re.IGNORECASE)
# a single letter is a drive of Windows
_NAMED = re.compile(r"([A-Za-z][\w-]+):(\S+)")


def meant(given: str) -> str:
    """What to give instead, as a sentence; "" if nothing is known of it."""
    if match := _DOI.fullmatch(given):
        if address := hint(f"https://doi.org/{match[1]}"):
            return f"did you mean {address}?"
        return (
            "a DOI needs the name of its portal in front: see "
            '"Addresses at portals" in the documentation'
        )
    match = _NAMED.fullmatch(given)
    if not match or "@" in given:  # a login, or a name that scp knows
        return ""
    near = get_close_matches(match[1].lower(), ADDRESSES, n=1)
    if near:
        return f"did you mean {near[0]}:{match[2].partition('?')[0]}?"
    return f"addresses at portals begin with one of {', '.join(ADDRESSES)}"
