"""Which URLs carry a secret: by the names of parameters, and by what their values look like.

A name such as ``key`` or ``session`` says little: it may be an object's name or an MRI session.
So there are four kinds of names. Those of signatures are secret whatever their value
(`_SIGNATURES`); those of credentials unless they have none (`_CREDENTIALS`); words such as
``token`` if the value is random (`_TOKENS`); and words that may as well be of an identifier
(`_IDENTIFIERS`) if it is random, and no other URL of the manifest has another value. Any other
name is secret if its value says of itself that it is a token, or stands beside the time when it
expires, or if all URLs of a manifest share it (see `sharing`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote_plus, urlsplit

from datalad_jsdl.model.randomness import is_known_token, is_random, is_time
from datalad_jsdl.model.urls import is_url_of_version

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["DEFAULT", "Finding", "Secrecy", "may_be_secret", "parameters"]

# Names are compared in lower case, with _ for -.

# AWS, Google, Alibaba, Huawei, Tencent; OAuth 1; Akamai; SharePoint; Swift
_SIGNATURE_PREFIXES = ("x_amz_", "x_goog_", "x_oss_", "x_obs_", "x_cos_", "oauth_", "temp_url_")
_SIGNATURE_PARTS = re.compile(
    r"signature(_\w+)?|credential|security_token|algorithm|token(_\w+)?|sig|nonce|consumer_key"
)
_SIGNATURES = frozenset(
    {"hdnea", "hdnts", "hdntl", "__gda__", "__token__", "tempauth", "q_signature", "q_ak"}
    | {"awsaccesskeyid", "googleaccessid", "ossaccesskeyid", "accesskeyid", "key_pair_id"}
)
# Only together: CloudFront and S3 before 2014; Azure; nginx's secure_link and its like
_SIGNING = frozenset({"signature", "sig", "sign", "md5", "hash", "st", "secure", "token", "hmac"})
_EXPIRING = frozenset({"expires", "expire", "expiry", "expiration", "deadline", "ttl"})
_SAS = frozenset({"se", "sv", "sp", "sr", "key_pair_id", "policy"})

_CREDENTIALS = frozenset(
    {"password", "passwd", "pwd", "access_token", "accesstoken", "id_token", "refresh_token"}
    | {"auth_token", "authtoken", "api_token", "apitoken", "private_token", "wstoken", "bearer"}
    | {"api_key", "apikey", "x_api_key", "client_secret", "secret_key", "secretkey", "jwt"}
    | {"access_key", "accesskey", "auth_key", "authkey", "subscription_key", "authorization"}
    | {"personal_access_token", "security_token", "jsessionid", "phpsessid", "session_token"}
    # in short for a signature; as a word of its own it is rare
    | {"sig"}
)
# without ; and # (which begin parameters, too), brackets in front (of a host), and white space
_is_plain_query = re.compile(r'[!"$-:<->@-Z^-~]*\?([!"$-:<-~]*)').fullmatch
_is_name = re.compile("[A-Za-z0-9_.-]+").fullmatch
_NUMBERED = re.compile(r"sig=\d{1,4}")  # of signals, say
_SAYS_NOTHING = frozenset({"", "0", "1", "true", "false", "yes", "no", "none", "null"})

_TOKEN_ENDINGS = ("token", "signature", "secret", "password", "apikey", "api_key", "ticket")
_TOKENS = frozenset(
    {"sign", "hmac", "auth", "credential", "credentials", "policy", "verify", "pass"}
    # Figshare's and OSF's links for reviewers
    | {"private_link", "view_only"}
)
_IDENTIFIERS = frozenset(
    {"key", "session", "session_id", "sessionid", "session_key", "sid", "code"}
)

# Random, and known to be none: versions, digests, and what belongs to a link that was shared
_HARMLESS = frozenset(
    {"versionid", "version_id", "etag", "checksum", "md5", "sha1", "sha256", "sha512", "hash"}
    | {"id", "ids", "uuid", "guid", "fileid", "file_id", "resourcekey", "rlkey", "persistentid"}
    | {"commit", "ref", "revision", "rev", "at", "digest", "oid"}
)

# The version of an object of a store is no secret
_VERSIONS = frozenset({"versionid", "generation"})


@dataclass(frozen=True, slots=True)
class Finding:
    """Why a URL is taken for one with a secret.

    Attributes:
        name: of the parameter; "" for a URL that cannot be looked into.
        signature: it is a signature's, and would expire.
        unsure: it may be an identifier: other URLs tell.
    """

    name: str
    signature: bool = False
    unsure: bool = False


@dataclass(frozen=True)
class Secrecy:
    """The rules, and what the user says of parameters.

    Attributes:
        harmless: names that are no secret, unless they are a signature's.
        secret: names that are one.
    """

    harmless: frozenset[str] = frozenset()
    secret: frozenset[str] = frozenset()

    @classmethod
    def of(cls, harmless: Iterator[str], secret: Iterator[str]) -> Secrecy:
        """With names as a user writes them."""
        return cls(frozenset(map(plain_name, harmless)), frozenset(map(plain_name, secret)))

    def is_signed(self, url: str) -> bool:
        """Whether the URL carries a signature, token or the like, as far as it alone tells."""
        # as `finding` says, in a tenth of the time
        return not self.is_mere_version(url) and self.finding(url) is not None

    def is_mere_version(self, url: str) -> bool:
        """Whether the URL is normal, and has but the version of an object, which is no secret."""
        if "versionId=" not in url and "generation=" not in url:
            return False
        version = is_url_of_version(url)
        if version is None or not _VERSIONS.isdisjoint(self.secret):
            return False
        return not is_known_token(version[1] or "")

    def finding(self, url: str, depth: int = 3) -> Finding | None:
        """What in the URL is secret, or None.

        URLs in parameters are looked into, *depth* deep; one that cannot be looked into may
        carry anything.
        """
        if "?" not in url and ";" not in url and "#" not in url:
            return None
        if self._says_little(url):
            return None
        try:
            found = list(parameters(url))
        except ValueError:
            return Finding("")
        names = {plain_name(name) for name, _ in found}
        ends = any(_is_end(plain_name(n), v) for n, v in found)
        unsure = None
        for name, value in found:
            finding = self._of_one(name, value, names, ends, depth)
            if finding is not None and not finding.unsure:
                return finding
            unsure = unsure or finding
        return unsure

    def _says_little(self, url: str) -> bool:
        """Whether no parameter's name is one that the rules know, and no value alone tells.

        The full look finds nothing, either; it takes ten times as long.
        """
        plain = _is_plain_query(url)
        if plain is None:
            return False
        for pair in plain[1].split("&"):
            name, _, value = pair.partition("=")
            if not _is_unknown(name) or (self.secret and plain_name(name) in self.secret):
                return False
            value = value.replace("%3A", ":")  # of a time
            if "%" in value or "+" in value:
                value = unquote_plus(value)
            if "://" in value or is_known_token(value):
                return False
        return True

    def _of_one(
        self, name: str, value: str, names: set[str], ends: bool, depth: int
    ) -> Finding | None:
        plain = plain_name(name)
        if _is_signature(plain, names, ends):
            return Finding(name, signature=True)
        if plain in self.harmless:
            return None
        if plain in self.secret:
            return Finding(name)
        says = value.lower() not in _SAYS_NOTHING
        if plain in _CREDENTIALS and says and not _NUMBERED.fullmatch(f"{plain}={value}"):
            return Finding(name)
        if is_known_token(value):
            return Finding(name)
        if "://" in value and (depth == 0 or self.finding(value, depth - 1)):
            return Finding(name)
        if plain in _HARMLESS or not is_random(value.replace(" ", "+")):
            return None
        if ends or plain in _TOKENS or plain.endswith(_TOKEN_ENDINGS):
            return Finding(name)
        return Finding(name, unsure=True) if plain in _IDENTIFIERS else None


#: The rules alone.
DEFAULT = Secrecy()


def plain_name(name: str) -> str:
    """A parameter's name as names are compared."""
    return name.strip().lower().replace("-", "_")


def may_be_secret(name: str) -> bool:
    """Whether a parameter's value is not to be shown, whatever it looks like."""
    plain = plain_name(name)
    words = _SIGNATURES | _SIGNING | _CREDENTIALS | _TOKENS | _IDENTIFIERS
    return plain in words or plain.startswith(_SIGNATURE_PREFIXES) or plain.endswith(_TOKEN_ENDINGS)


def is_harmless_name(name: str) -> bool:
    """Whether random values are usual under this name."""
    return plain_name(name) in _HARMLESS


def parameters(url: str) -> Iterator[tuple[str, str]]:
    """Name and value of each in the query, the fragment and the path (``;name=value``).

    Raises:
        ValueError: the URL is none that can be.
    """
    parts = urlsplit(url)
    in_path = parts.path.partition(";")[2].split("/")[0]
    for text in (parts.query, parts.fragment, in_path):
        yield from parse_qsl(text.replace(";", "&"), keep_blank_values=True)


@lru_cache(maxsize=1000)
def _is_unknown(name: str) -> bool:
    """Whether a parameter of this name is neither one of a signature's nor might be secret."""
    plain = plain_name(name)
    return (
        _is_name(name) is not None
        and not may_be_secret(name)
        and plain not in _EXPIRING
        and plain not in ("exp", "e")
    )


def _is_signature(plain: str, names: set[str], ends: bool) -> bool:
    if plain in _SIGNATURES:
        return True
    prefix = next((p for p in _SIGNATURE_PREFIXES if plain.startswith(p)), None)
    if prefix and _SIGNATURE_PARTS.fullmatch(plain, len(prefix)):
        return True
    if plain not in _SIGNING:
        return False
    if plain in ("signature", "sig") and not _SAS.isdisjoint(names):
        return True
    return ends


def _is_end(plain: str, value: str) -> bool:
    """Whether the parameter says until when the URL is good: a time, or for how many seconds."""
    if plain in ("exp", "e"):  # which may be an experiment or an echo
        return is_time(value)
    return plain in _EXPIRING and re.fullmatch(r"\d{1,13}|\d{4}-?\d\d-?\d\d.*", value) is not None
