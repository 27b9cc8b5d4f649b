"""What URLs are on the wire: the bytes that are asked for, and where a redirect leads.

RFC 9112, section 3.2; RFC 9110, section 10.2.2.
"""

from __future__ import annotations

import re
from urllib.parse import quote

from datalad_jsdl.errors import FetchError
from datalad_jsdl.model.references import resolve

__all__ = ["joined", "plain", "target"]

_CONTROL = re.compile(r"[\x00-\x20\x7f]")
_PLACE_ENDS = re.compile(r"[/?]")
_ASCII = "".join(map(chr, range(0x21, 0x7F)))


def plain(url: str) -> str:
    """The URL as it goes out: without its fragment, and with what is not ASCII escaped.

    What is ASCII stays as it is: servers compare and sign the bytes of a request. Characters
    that readers pass over must not be in it.
    """
    url = url.strip(" ").partition("#")[0].replace(" ", "%20")
    if _CONTROL.search(url):
        raise FetchError("the URL contains a control character")
    scheme, _, rest = url.partition("://")
    place = _PLACE_ENDS.split(rest, maxsplit=1)[0]
    path = rest[len(place) :]
    if not path.isascii():
        path = quote(path, safe=_ASCII, errors="surrogateescape")
    return f"{scheme.lower()}://{place}{path}"


def target(url: str) -> str:
    """What is asked of the origin: path and query (RFC 9112, section 3.2.1)."""
    rest = url.partition("://")[2]
    asked = rest[len(_PLACE_ENDS.split(rest, maxsplit=1)[0]) :]
    return asked if asked.startswith("/") else f"/{asked}"


def joined(url: str, location: str) -> str:
    """Where a redirect leads (RFC 9110, section 10.2.2); its bytes are kept."""
    # UTF-8 is written where only ASCII may be, and Latin-1
    return resolve(url, location.encode("latin-1").decode("utf-8", "surrogateescape"))
