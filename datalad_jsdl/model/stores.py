"""Addresses of other schemes that lead to the same bytes by https: ftp://, s3:// and gs://.

An ``s3://BUCKET/KEY`` or ``gs://BUCKET/KEY`` has its key as it is, not percent-encoded, as the
stores' own programs write it; at its end may stand the version that is meant (``?versionId=…``, or
``#GENERATION``). Their https forms: "Virtual hosting of buckets" in the Amazon S3 User Guide, and
https://cloud.google.com/storage/docs/request-endpoints. An ``ftp://`` URL is percent-encoded
(RFC 1738, 3.2), and has neither a query nor a fragment.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote, unquote, urlsplit

__all__ = [
    "SCHEMES",
    "Stored",
    "bucket_url",
    "plain_web_form",
    "stored",
    "stored_at",
    "web_form",
]

#: The schemes of which some addresses have an https form.
SCHEMES = frozenset({"ftp", "gs", "s3"})

_S3, _GS = "s3", "gs"
_HOSTS = {_S3: "s3.amazonaws.com", _GS: "storage.googleapis.com"}
_VERSIONS = {_S3: "versionId", _GS: "generation"}

_ADDRESS = re.compile(r"(s3|gs)://([A-Za-z0-9._-]{3,255})/(.*)", re.DOTALL | re.IGNORECASE)
_VERSION = re.compile(
    r"(.*)(?:\?versionId=([^&?#]+)|\?generation=([0-9]+)|#([0-9]{10,19}))", re.DOTALL
)
# those that are one label of the certificate's *.s3.amazonaws.com
_HOST_NAME = re.compile(r"[a-z0-9][a-z0-9-]*[a-z0-9]")
_S3_HOST = re.compile(
    r"(?:(?P<bucket>[a-z0-9._-]{3,63})\.)?s3(?:[.-](?:dualstack\.)?[a-z]{2}(?:-[a-z]+)+-[0-9]+)?"
    r"\.amazonaws\.com"
)
_GS_HOST = re.compile(r"(?:(?P<bucket>[a-z0-9._-]{3,222})\.)?storage\.googleapis\.com")
# All that may stand in a path (RFC 3986, 3.3), but + is a space to S3, and ; has parameters
_SAFE = "/!$&'()*,=:@"

# Servers whose ftp:// tree is that of https://, and where they have moved to
_FTP = {
    "ftp-trace.ncbi.nih.gov": "ftp-trace.ncbi.nlm.nih.gov",
    "ftp-trace.ncbi.nlm.nih.gov": "ftp-trace.ncbi.nlm.nih.gov",
    "ftp.1000genomes.ebi.ac.uk": "ftp.1000genomes.ebi.ac.uk",
    "ftp.ebi.ac.uk": "ftp.ebi.ac.uk",
    "ftp.ensembl.org": "ftp.ensembl.org",
    "ftp.ensemblgenomes.ebi.ac.uk": "ftp.ensemblgenomes.ebi.ac.uk",
    "ftp.ncbi.nih.gov": "ftp.ncbi.nlm.nih.gov",
    "ftp.ncbi.nlm.nih.gov": "ftp.ncbi.nlm.nih.gov",
    "ftp.pride.ebi.ac.uk": "ftp.pride.ebi.ac.uk",
    "ftp.sra.ebi.ac.uk": "ftp.sra.ebi.ac.uk",
    "ftp.uniprot.org": "ftp.uniprot.org",
    "hgdownload.cse.ucsc.edu": "hgdownload.soe.ucsc.edu",
    "hgdownload.soe.ucsc.edu": "hgdownload.soe.ucsc.edu",
}
# ftp:/host/… is a slip of some lists of the 1000 Genomes
_FTP_URL = re.compile(
    r"ftp:/{1,2}(?:anonymous(?::[^@/]*)?@)?([A-Za-z0-9.-]+)(?::21)?(/.*?)(?:;type=[aid])?",
    re.DOTALL | re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Stored:
    """An object of a store, or with a key that is empty or ends in "/" what lies below that.

    Attributes:
        store: ``s3`` or ``gs``.
        bucket: its name.
        key: as it is, not encoded.
        version: the id of one version of it, or None for the newest.
    """

    store: str
    bucket: str
    key: str
    version: str | None = None

    @property
    def is_object(self) -> bool:
        """Whether it is one object, not a folder, nor a pattern as ``s3://bucket/a/*.nii``."""
        return bool(self.key) and not self.key.endswith("/") and "*" not in self.key

    @property
    def address(self) -> str:
        """``s3://…`` or ``gs://…``; `stored` is the way back."""
        mark = "" if self.version is None else f"?{_VERSIONS[self.store]}={self.version}"
        return f"{self.store}://{self.bucket}/{self.key}{mark}"

    @property
    def url(self) -> str:
        """By https; `stored_at` is the way back.

        Raises:
            ValueError: a part of the key is . or .., which no URL can have.
        """
        if not {".", ".."}.isdisjoint(self.key.split("/")):
            raise ValueError("a part of the object's key is . or .., which a URL cannot have")
        try:
            url = bucket_url(self.store, self.bucket) + quote(self.key, safe=_SAFE)
        except UnicodeEncodeError:
            raise ValueError("the object's key is not valid Unicode") from None
        if self.version is None:
            return url
        return f"{url}?{_VERSIONS[self.store]}={quote(self.version, safe='')}"


@lru_cache(maxsize=100)
def bucket_url(store: str, bucket: str) -> str:
    """The https URL of a bucket's root, with a slash at its end.

    A bucket of S3 is part of the host's name where the host's certificate allows that.
    """
    host = _HOSTS[store]
    if store == _S3 and _HOST_NAME.fullmatch(bucket):
        return f"https://{bucket}.{host}/"
    return f"https://{host}/{bucket}/"


def stored(address: str) -> Stored | None:
    """What ``s3://BUCKET/KEY`` or ``gs://BUCKET/KEY`` names; None for anything else."""
    match = _ADDRESS.fullmatch(address.strip())
    if match is None:
        return None
    store, bucket, key = match[1].lower(), match[2], match[3]
    if said := _VERSION.fullmatch(key):
        version = unquote(said[2]) if said[2] else said[3] or said[4]
        if (said[2] is not None) == (store == _S3):
            return Stored(store, bucket, said[1], version)
    return Stored(store, bucket, key)


def stored_at(url: str) -> Stored | None:
    """What an http(s) URL of S3 or Google's store names; None for anything else.

    A signed URL is of an object, too; its signature is not kept.
    """
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return None
    if parts.scheme not in ("http", "https"):
        return None
    for store, hosts in ((_S3, _S3_HOST), (_GS, _GS_HOST)):
        if match := hosts.fullmatch(host):
            bucket, key = match["bucket"], parts.path[1:]
            if bucket is None:
                bucket, _, key = key.partition("/")
            versions = re.findall(rf"(?:^|&){_VERSIONS[store]}=([^&]+)", parts.query)
            version = unquote(versions[0]) if versions else None
            return Stored(store, bucket, unquote(key), version) if bucket else None
    return None


# an object whose key is the same in a URL: no part of it is . or ..
_is_plain_object = re.compile(
    r"(s3|gs)://([a-z0-9][a-z0-9-]{1,60}[a-z0-9])(?<!-protected)/"
    r"((?:[A-Za-z0-9_-][A-Za-z0-9._-]*/)*[A-Za-z0-9_-][A-Za-z0-9._-]*)"
).fullmatch


_is_plain_ftp = re.compile(
    "ftp://?([a-z0-9.-]+)((?:/[A-Za-z0-9_-][A-Za-z0-9._-]*)*/[A-Za-z0-9_-][A-Za-z0-9._-]*)"
).fullmatch


def plain_web_form(url: str) -> str | None:
    """As `web_form`, of an address that is the same but for its beginning; None for all else."""
    if plain := _is_plain_object(url):
        return bucket_url(plain[1], plain[2]) + plain[3]
    if (plain := _is_plain_ftp(url)) and (host := _FTP.get(plain[1])):
        return f"https://{host}{plain[2]}"
    return None


@lru_cache(maxsize=100)  # the name, the kind and the URL of a file are asked for, one by one
def web_form(url: str) -> str | None:
    """The https URL of the same bytes; None if there is none, or none that is known.

    None for folders and patterns of a bucket, for the buckets of NASA that are closed to https
    (their names end in ``-protected``), and for what is http or https already.
    """
    if plain := plain_web_form(url):  # in a tenth of the time
        return plain
    if match := _FTP_URL.fullmatch(url.strip()):
        host = _FTP.get(match[1].lower())
        return host and f"https://{host}{quote(match[2], safe=_SAFE + ';%+')}"
    found = stored(url)
    if found is None or not found.is_object or found.bucket.endswith("-protected"):
        return None
    try:
        return found.url
    except ValueError:
        return None
