"""Candidate URLs: which are let in, which carry a secret, how they are shown."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, quote, urlsplit, urlunsplit

__all__ = [
    "SCHEMES",
    "excerpt",
    "is_signed",
    "normalise_url",
    "redact",
    "redact_text",
    "store_name",
]

SCHEMES = frozenset({"http", "https"})

# Query parameters that are, or come with, a signature or token, with _ for -: those of
# AWS, Google, Alibaba and Huawei, Azure (sig), Akamai (hdnts), Dataverse (key), OSF
# (view_only), and the names that portals give their own.
_SECRET_PREFIXES = ("x_amz_", "x_goog_", "x_oss_", "x_obs_", "oauth_")
_SECRET_ENDINGS = ("token", "signature", "secret", "password", "apikey", "api_key", "accesskeyid")
_SECRET_NAMES = frozenset(
    {"sig", "sign", "hmac", "hdnts", "hdnea", "policy", "key", "key_pair_id", "subscription_key"}
    | {"auth", "authorization", "jwt", "bearer", "credential", "credentials", "ticket"}
    | {"pass", "passwd", "pwd", "session", "sessionid", "session_id", "sid", "jsessionid"}
    | {"googleaccessid", "private_link", "view_only", "tempauth", "verify", "session_key"}
    | {"auth_key", "authkey", "access_key", "accesskey", "secret_key", "secretkey"}
)

# Everything that RFC 3986 allows in a URL, and % of what is escaped already.
_SAFE = "!#$%&'()*+,/:;=?@[]~"

# What most URLs look like, and needs no work: 20 times as fast for a million of them.
_NORMAL = re.compile(
    r"https?://[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63}){0,9}/[A-Za-z0-9/._~+=&%!$'()*,;:@-]*"
)


def normalise_url(raw: str, base: str | None = None) -> str:
    """*raw* as an absolute ASCII URL, as a browser would send it (RFC 3986).

    Relative references are resolved against *base* if there is one. Spaces and
    characters outside ASCII are percent-encoded, host names put into IDNA.

    Raises:
        ValueError: it cannot be a candidate; the text says why, without the URL.
    """
    if _NORMAL.fullmatch(raw):
        return raw
    if any(ord(c) < 0x20 or ord(c) == 0x7F for c in raw):
        raise ValueError("a URL has a control character")
    url = raw.strip(" ")
    if not url:
        raise ValueError("a URL is empty")
    try:
        parts = urlsplit(url)
        if base and not parts.scheme:
            parts = urlsplit(_resolved(base, url))
    except ValueError:  # its text quotes the URL
        raise ValueError("a URL has a host or port that cannot be") from None
    if not parts.scheme:
        raise ValueError("a URL is relative; give --base-url to resolve it against")
    if parts.scheme not in SCHEMES:
        raise ValueError(f"a URL has the scheme {excerpt(parts.scheme)}, not http or https")
    if "@" in parts.netloc:
        raise ValueError(
            "a URL has a login in it (user:password@); take it out, and give the login as "
            '"The portal wants me to log in" in the documentation says'
        )
    try:
        host = (parts.hostname or "").encode("idna").decode("ascii")
        host.encode("idna")  # once more: "…" has become dots
        port = parts.port  # raises ValueError of its own
        if "[" in parts.netloc:  # Python before 3.11 takes anything in brackets
            import ipaddress  # seldom, and not where the special remote starts

            ipaddress.IPv6Address(host.partition("%")[0])
    except (UnicodeError, ValueError):
        raise ValueError("a URL has a host or port that cannot be") from None
    if not host or not re.fullmatch(r"[A-Za-z0-9._:%-]+", host):
        raise ValueError("a URL has no valid host")
    netloc = f"[{host}]" if ":" in host else host
    if port is not None:
        netloc += f":{port}"
    try:
        path, query, fragment = (
            quote(part, safe=_SAFE) for part in (parts.path, parts.query, parts.fragment)
        )
    except UnicodeEncodeError:
        raise ValueError("a URL is not valid Unicode") from None
    return urlunsplit((parts.scheme, netloc, path, query, fragment))


def _resolved(base: str, reference: str) -> str:
    """A relative reference against *base*, a URL (RFC 3986, 5.2).

    Not as `urllib.parse.urljoin` does it, which makes one slash of several: the keys of
    an object store may have empty segments.

    Raises:
        ValueError: one of them is no URL that can be.
    """
    scheme, netloc, path, query, _ = urlsplit(base)
    given = urlsplit(reference)
    if given.netloc:
        return urlunsplit((scheme, *given[1:]))
    if given.path:
        folder = "" if given.path.startswith("/") else path.rpartition("/")[0] + "/"
        path = _without_dots(folder + given.path)
        query = given.query
    elif given.query:
        query = given.query
    return urlunsplit((scheme, netloc, path, query, given.fragment))


def _without_dots(path: str) -> str:
    """A path that begins with a slash, its ``.`` and ``..`` taken out (RFC 3986, 5.2.4)."""
    _, *segments = path.split("/")
    kept: list[str] = []
    for segment in segments:
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    if segments[-1] in (".", ".."):
        kept.append("")
    return "/" + "/".join(kept)


def is_signed(url: str, depth: int = 3) -> bool:
    """Whether the URL carries a signature, token or the like.

    ``versionId`` and other plain parameters are none. URLs in parameters are looked
    into, *depth* deep; one that cannot be looked into may carry anything.
    """
    if "?" not in url and ";" not in url and "#" not in url:
        return False
    try:
        parts = urlsplit(url)
    except ValueError:
        return True
    parameters = parts.path.partition(";")[2].split("/")[0]
    for text in (parts.query, parts.fragment, parameters):
        for name, value in parse_qsl(text.replace(";", "&"), keep_blank_values=True):
            plain = name.lower().replace("-", "_")
            if plain in _SECRET_NAMES or plain.endswith(_SECRET_ENDINGS):
                return True
            if plain.startswith(_SECRET_PREFIXES):
                return True
            if "://" in value and (depth == 0 or is_signed(value, depth - 1)):
                return True
            if plain in ("md5", "hash") and "expires=" in text.lower():  # nginx secure_link
                return True
    return False


def redact(url: str) -> str:
    """*url* as it may be shown: without login, query and fragment."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "(unreadable URL)"
    netloc = parts.netloc.rpartition("@")[2]
    path = re.sub(r";[^/]*", ";…", parts.path)  # ;jsessionid=… and the like
    shown = urlunsplit((parts.scheme, netloc, path, "", ""))
    return shown + "?…" if parts.query else shown


# of any scheme: an ftp:// or s3:// may have a login in it, too
_URL_IN_TEXT = re.compile(r"[a-z][a-z0-9+.-]{0,19}://\S+", re.IGNORECASE)
_MAX_EXCERPT = 40  # characters of a document's value that are shown


def redact_text(text: str) -> str:
    """*text* with every URL in it as `redact` shows it."""

    def shown(match: re.Match[str]) -> str:
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
    text = redact_text(str(value))
    text = text if len(text) <= _MAX_EXCERPT else f"{text[:_MAX_EXCERPT]}…"
    return repr(text) if isinstance(value, str) else text
