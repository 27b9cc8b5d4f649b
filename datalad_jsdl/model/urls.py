"""Candidate URLs: which are let in, and how they are shown; `secrecy` tells which are secret."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import quote, urlsplit, urlunsplit

from datalad_jsdl.model.data_urls import SHOWN, is_data_url
from datalad_jsdl.model.references import resolve

__all__ = [
    "SCHEMES",
    "base_url",
    "excerpt",
    "is_normal_url",
    "is_plain_url",
    "is_url_of_version",
    "normalise_url",
    "origin_of",
    "redact",
    "redact_text",
    "store_name",
]

SCHEMES = frozenset({"http", "https"})

# RFC 3986, appendix B; what is absent is "", what is empty but there has its delimiter
_PARTS = re.compile(
    r"(?:([A-Za-z][A-Za-z0-9+.-]*):)?(//[^/?#]*)?([^?#]*)(\?[^#]*)?(#.*)?", re.DOTALL
)
_ODD = re.compile(r"[^\x21-\x7e]+")
_CONTROLS = {"\t": "a tab", "\n": "a line feed", "\r": "a carriage return", "\0": "NUL"}

# What most URLs look like, and needs no work: 20 times as fast for a million of them.
_ORIGIN = r"https?://[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){0,9}(?::[1-9][0-9]{0,3}|:[1-5][0-9]{4})?"
_WITHOUT_PARAMETERS = rf"{_ORIGIN}/[A-Za-z0-9/._~+=&%!$'()*,:@-]*"

#: Whether `normalise_url` gives a URL back as it stands; it does of some others, too.
is_normal_url = re.compile(
    rf"{_WITHOUT_PARAMETERS}(?:;[A-Za-z0-9/._~+=&%!$'()*,;:@-]*)?"
    r"(?:\?[A-Za-z0-9/._~+=&%!$'()*,;:@?-]*)?"
).fullmatch

#: Whether a URL is normal, and has nothing that could be a parameter (see `secrecy`).
is_plain_url = re.compile(_WITHOUT_PARAMETERS).fullmatch

#: Whether a URL is normal, and its only parameter is the version of an object of a store; the
#: group is a ``versionId``.
is_url_of_version = re.compile(
    rf"{_WITHOUT_PARAMETERS}\?(?:versionId=([A-Za-z0-9._-]+)|generation=[0-9]{{1,19}})"
).fullmatch


def normalise_url(raw: str, base: str | None = None) -> str:
    """*raw* as an absolute ASCII URL (RFC 3986).

    Relative references are resolved against *base* if there is one. One that is ASCII stays
    as it is, escapes and all; spaces around it are taken off, those in it and characters
    outside ASCII are percent-encoded, and host names put into IDNA.

    Raises:
        ValueError: it cannot be a candidate; the text says why, without the URL.
    """
    if is_normal_url(raw):
        return raw
    if control := next((c for c in raw if c < " " or c == "\x7f"), None):
        name = _CONTROLS.get(control, "one")
        raise ValueError(f"a URL contains a control character ({name}, U+{ord(control):04X})")
    url = raw.strip(" ")
    if not url:
        raise ValueError("a URL is empty")
    try:
        parts = urlsplit(url)
        if base and not parts.scheme:
            url = resolve(base, url)
            parts = urlsplit(url)
    except ValueError:  # its text quotes the URL
        raise ValueError("a URL's host or port is invalid") from None
    if not parts.scheme:
        raise ValueError("a URL is relative; use --base-url to resolve it")
    if parts.scheme not in SCHEMES:
        raise ValueError(f"a URL has the scheme {excerpt(parts.scheme)} instead of http or https")
    if "@" in parts.netloc:
        raise ValueError(
            "a URL contains a login (user:password@); remove it, and give the login as described "
            'under "The portal wants me to log in" in the documentation'
        )
    try:
        host = (parts.hostname or "").encode("idna").decode("ascii")
        host.encode("idna")  # once more: "…" has become dots
        port = parts.port  # raises ValueError of its own
        if "[" in parts.netloc:  # Python before 3.11 takes anything in brackets
            import ipaddress  # seldom, and not where the special remote starts

            ipaddress.IPv6Address(host.partition("%")[0])
    except (UnicodeError, ValueError):
        raise ValueError("a URL's host or port is invalid") from None
    if not host or not re.fullmatch(r"[A-Za-z0-9._:%-]+", host):
        raise ValueError("a URL has no valid host")
    netloc = f"[{host}]" if ":" in host else host
    if port is not None:
        netloc += f":{port}"
    _, _, path, query, fragment = _split(url)
    try:
        rest = _ODD.sub(lambda odd: quote(odd.group()), path + query + fragment)
    except UnicodeEncodeError:
        raise ValueError("a URL is not valid Unicode") from None
    return f"{parts.scheme}://{netloc}{rest}"


class _Parts(NamedTuple):
    """A URL taken apart; each part but the scheme has its delimiter with it."""

    scheme: str
    authority: str
    path: str
    query: str
    fragment: str


def _split(url: str) -> _Parts:
    match = _PARTS.fullmatch(url)
    return _Parts(*((match.groups("")) if match else ("", "", url, "", "")))


def base_url(url: str) -> str:
    """The URL that a document was read from, as the base of what is relative in it.

    Without its fragment (RFC 3986, 5.1) and without a login, which is of no other URL.
    """
    scheme, authority, path, query, _ = _split(url)
    return f"{scheme}://{authority.removeprefix('//').rpartition('@')[2]}{path}{query}"


def redact(url: str) -> str:
    """*url* as it may be shown: without login, query and fragment; of a data: URL nothing."""
    if is_data_url(url):
        return SHOWN
    try:
        parts = urlsplit(url)
    except ValueError:
        return "(unreadable URL)"
    netloc = parts.netloc.rpartition("@")[2]
    path = re.sub(r";[^/]*", ";…", parts.path)  # ;jsessionid=… and the like
    shown = urlunsplit((parts.scheme, netloc, path, "", ""))
    return shown + "?…" if parts.query else shown


# of any scheme: an ftp:// or s3:// may have a login in it, too
_URL_IN_TEXT = re.compile(
    r"[a-z][a-z0-9+.-]{0,19}://\S+|\bdata:[\w.+/;=%-]{0,200},\S*", re.IGNORECASE
)
_MAX_EXCERPT = 40  # characters of a document's value that are shown


def redact_text(text: str) -> str:
    """*text* with every URL in it as `redact` shows it."""

    def shown(match: re.Match[str]) -> str:
        if is_data_url(match.group()):
            return SHOWN
        head, _, path = match.group().partition("://")[2].partition("/")
        # a password with a slash in it, which ends the host
        if "@" in path and ":" in head:
            return "(unreadable URL)"
        return redact(match.group())

    return _URL_IN_TEXT.sub(shown, text)


def store_name(origin: str) -> str:
    """A name for a login of an origin: advice on a second one must not replace the first."""
    return re.sub(r"[^a-z0-9]+", "-", origin.partition("://")[2].lower()).strip("-") or "portal"


def excerpt(value: object) -> str:
    """A value of a document as a message may quote it: short, its URLs as `redact` shows them."""
    if isinstance(value, str) and is_data_url(value):
        return repr(SHOWN)
    text = redact_text(str(value))
    text = text if len(text) <= _MAX_EXCERPT else f"{text[:_MAX_EXCERPT]}…"
    return repr(text) if isinstance(value, str) else text


_PORTS = {"http": 80, "https": 443}


def origin_of(url: str) -> str:
    """Scheme, host and port of a URL; the scheme's own port is left out."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:  # registered by other means than ours; fetching it will say so
        return "(unreadable URL)"
    host = f"[{host}]" if ":" in host else host
    suffix = "" if port in (None, _PORTS.get(parts.scheme)) else f":{port}"
    return f"{parts.scheme}://{host}{suffix}"
