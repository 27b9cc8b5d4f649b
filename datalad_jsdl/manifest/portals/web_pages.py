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
    (
        r"openneuro\.org/datasets/(?P<id>ds[0-9]{6})(?:/versions/(?P<version>[\w.-]+))?(?:/.*)?",
        "openneuro:{id}",
        "/{version}",
    ),
    (
        r"doi\.org/10\.18112/openneuro\.(?P<id>ds[0-9]{6})(?:\.v(?P<version>[\w.-]+))?",
        "openneuro:{id}",
        "/{version}",
    ),
    # the letters and digits that OSF's ids are of
    (r"osf\.io/(?P<id>[2-9a-hjkmnp-z]{5})(?:/.*)?", "osf:{id}", ""),
    (r"doi\.org/10\.17605/osf\.io/(?P<id>[2-9a-hjkmnp-z]{5})", "osf:{id}", ""),
    (
        r"huggingface\.co/(?P<id>(?:datasets|spaces)/[\w.-]+/[\w.-]+)"
        r"(?:/tree/(?P<version>[\w.-]+)(?:/.*)?|/.*)?",
        "hf:{id}",
        "@{version}",
    ),
    (
        r"huggingface\.co/(?P<id>[\w.-]+/[\w.-]+)/tree/(?P<version>[\w.-]+)(?:/.*)?",
        "hf:{id}",
        "@{version}",
    ),
    (r"doi\.org/(?P<id>10\.7910/DVN/[A-Z0-9]+)", "dataverse:doi:{id}", ""),
    (
        r"physionet\.org/(?:content|files)/(?P<id>[a-z0-9-]+/[0-9]+(?:\.[0-9]+)*)(?:/.*)?",
        "physionet:{id}",
        "",
    ),
    (
        r"github\.com/(?P<id>[\w.-]+/[\w.-]+)/releases(?:/latest|/tag/(?P<version>[\w.+-]+))?",
        "github:{id}",
        "@{version}",
    ),
    (
        r"(?:www\.ebi\.ac\.uk/ena/(?:browser|data)/view"
        r"|www\.ncbi\.nlm\.nih\.gov/(?:sra|bioproject|biosample))"
        r"/(?P<id>(?:[DES]R[APRSX]|PRJ[DEN][A-Z]|SAM[DEN][A-Z]?)[0-9]{5,})",
        "ena:{id}",
        "",
    ),
    (
        r"(?:www\.synapse\.org/(?:Synapse:)?|doi\.org/10\.7303/)(?P<id>syn[0-9]+)"
        r"(?:\.(?P<version>[0-9]+))?(?:/.*)?",
        "synapse:{id}",
        ".{version}",
    ),
)
_TABLE = [(re.compile(page, re.IGNORECASE), address, version) for page, address, version in _PAGES]

# Orthanc's REST API, or DICOMweb beside it, with Orthanc's own ID or a UID of DICOM
_ORTHANC = re.compile(
    r"(https?://[\w.:\[\]-]+(?:/[\w.-]+)*?)(?:/dicom-web)?/(patients|studies|series)/"
    r"([0-9a-f]{8}(?:-[0-9a-f]{8}){4}|[0-9]+(?:\.[0-9]+){2,})/?"
)

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
    if parts.path.endswith("/app/explorer.html"):
        return _orthanc(url)
    if match := _ORTHANC.fullmatch(url.partition("?")[0]):
        return f"orthanc+{match[1]}/{match[2]}/{match[3]}"
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


def _orthanc(url: str) -> str | None:
    """Orthanc Explorer names what it shows behind the #."""
    page = r"(https?://[\w./:\[\]-]+)/app/explorer\.html#(patient|study|series)\?uuid=([0-9a-f-]+)"
    match = re.fullmatch(page, url)
    if match is None:
        return None
    plural = {"patient": "patients", "study": "studies", "series": "series"}[match[2]]
    return f"orthanc+{match[1]}/{plural}/{match[3]}"
