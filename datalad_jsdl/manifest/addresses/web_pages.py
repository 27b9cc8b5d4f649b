"""From the address of a portal's web page to the address that has its files."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

__all__ = ["hint"]

# Host and path of a page, the address, and what is added to it if the page is of a version.
_PAGES = (
    (
        r"(?:gui\.)?dandiarchive\.org/(?:#/)?dandiset/(?P<id>[0-9]{6})"
        r"(?:/(?P<version>draft|[0-9.]+))?(?:/.*)?",
        "dandi:{id}",
        "/{version}",
    ),
    (
        r"doi\.org/10\.48324/dandi\.(?P<id>[0-9]{6})(?:/(?P<version>[0-9.]+))?",
        "dandi:{id}",
        "/{version}",
    ),
    (r"(?:www\.)?zenodo\.org/records?/(?P<id>[0-9]+)(?:/.*)?", "zenodo:{id}", ""),
    (r"zenodo\.org/doi/10\.5281/zenodo\.(?P<id>[0-9]+)", "zenodo:{id}", ""),
    (
        r"sandbox\.zenodo\.org/records?/(?P<id>[0-9]+)(?:/.*)?",
        "zenodo:{id} --base-url https://sandbox.zenodo.org",
        "",
    ),
    (r"doi\.org/10\.5281/zenodo\.(?P<id>[0-9]+)", "zenodo:{id}", ""),
    (
        r"(?:[a-z0-9-]+\.)?figshare\.com/articles/(?:[^/]+/){1,2}"
        r"(?P<id>[0-9]{4,})(?:/(?P<version>[0-9]{1,3}))?",
        "figshare:{id}",
        "/v{version}",
    ),
    (
        r"doi\.org/10\.6084/m9\.figshare\.(?P<id>[0-9]+)(?:\.v(?P<version>[0-9]+))?",
        "figshare:{id}",
        "/v{version}",
    ),
    (r"doi\.org/(?P<id>10\.7910/DVN/[A-Z0-9]+)", "dataverse:doi:{id}", ""),
)
_TABLE = [(re.compile(page, re.IGNORECASE), address, version) for page, address, version in _PAGES]

_HARVARD = "dataverse.harvard.edu"


def hint(url: str) -> str | None:
    """What to give in place of a web page's address, as on a command line; None if unknown."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return None
    if parts.path.endswith("/dataset.xhtml"):
        return _dataverse(host, parts.netloc, parts.scheme, parse_qs(parts.query))
    place = f"{host}{parts.path}".rstrip("/")
    if parts.fragment.startswith("/"):  # the older form of the page is behind a #
        place = f"{host}/#{parts.fragment}".rstrip("/")
    for page, address, version in _TABLE:
        if match := page.fullmatch(place):
            found = match.groupdict()
            shown = address.format(**found)
            return shown + version.format(**found) if found.get("version") else shown
    return None


def _dataverse(host: str, netloc: str, scheme: str, query: dict[str, list[str]]) -> str | None:
    identifier = query.get("persistentId", [""])[0]
    if "@" in netloc or not re.fullmatch(r"(?:doi|hdl|perma):[\w./:-]+", identifier):
        return None
    version = query.get("version", [""])[0].lower()
    address = f"dataverse:{identifier}"
    if re.fullmatch(r"[0-9]+(?:\.[0-9]+)?|draft", version):
        address += f"@{version}"
    return address if host == _HARVARD else f"{address} --base-url {scheme}://{netloc}"
