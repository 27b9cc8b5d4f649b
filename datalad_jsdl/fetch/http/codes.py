"""What codes of object stores mean: those of S3 and what is compatible, of Azure and of GCS.

What a store says goes before what the status alone would mean, and before a guess at a login.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from enum import Enum
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

from datalad_jsdl.model.secrecy import DEFAULT

if TYPE_CHECKING:
    from datalad_jsdl.fetch.http.explanations import Said

__all__ = ["CODES", "S3_DENIALS", "Code", "Sort", "code_of", "has_expired"]


class Sort(Enum):
    """What a failure is about."""

    LOGIN = "who asks"
    GONE = "a file that is not there"
    PASSING = "a moment"
    BUSY = "too many requests"
    LASTING = "none of these"


@dataclass(frozen=True, slots=True)
class Code:
    """What a code means.

    Attributes:
        sort: what it is about.
        text: what to tell of it and what to do; "" if the store's own words do.
    """

    sort: Sort
    text: str = ""


_LATER = Code(Sort.PASSING)
_FEWER = Code(Sort.BUSY)
_GONE = Code(Sort.GONE, "not found")
_LOGIN = Code(Sort.LOGIN, "access is forbidden")
_EXPIRED = Code(
    Sort.LASTING,
    "the URL, or the token that made it, has expired; get a fresh manifest from the portal",
)
_KEYS_EXPIRED = Code(
    Sort.LASTING, "your temporary AWS keys have expired; renew them, as with: aws sso login"
)
_REVOKED = Code(
    Sort.LASTING, "the URL's own signature gives no access; get a fresh manifest from the portal"
)
_CLOCK = Code(Sort.LASTING, "this computer's clock and the server's differ; set the clock")
_ARCHIVED = Code(
    Sort.LASTING,
    "it is in an archive (Glacier, Deep Archive or the like) and has to be restored first; ask "
    "the bucket's owner",
)
_CLOSED = Code(Sort.LASTING, "the bucket or its owner's account is closed to everybody")
_ELSEWHERE = Code(Sort.LASTING, "the bucket is in another region")
_SIGNATURE = Code(Sort.LOGIN, "the signature does not fit; check the secret key")
_PAYER = Code(
    Sort.LASTING, "who asks has to pay, and to name a project (userProject=PROJECT in the URL)"
)

#: With which S3 and what is compatible denies access.
S3_DENIALS = ("AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch")

#: Code → meaning.
CODES = {
    **dict.fromkeys(("RequestTimeTooSkewed", "RequestInTheFuture", "RequestNotYetValid"), _CLOCK),
    **dict.fromkeys(("ExpiredToken", "RequestExpired", "ExpiredTokenException"), _EXPIRED),
    **dict.fromkeys(("TokenRefreshRequired", "ExpiredAuthenticationToken"), _EXPIRED),
    **dict.fromkeys(("InvalidAccessKeyId", "InvalidToken", "InvalidClientTokenId"), _LOGIN),
    **dict.fromkeys(("AccessDenied", "InvalidSecurity", "NotSignedUp"), _LOGIN),
    **dict.fromkeys(("AuthorizationFailure", "AuthorizationPermissionMismatch"), _LOGIN),
    **dict.fromkeys(("NoAuthenticationInformation", "AuthenticationRequired"), _LOGIN),
    **dict.fromkeys(("PublicAccessNotPermitted", "AuthenticationFailed"), _LOGIN),
    "SignatureDoesNotMatch": _SIGNATURE,
    **dict.fromkeys(("AllAccessDisabled", "AccountProblem", "AccountIsDisabled"), _CLOSED),
    "UserProjectAccountProblem": _CLOSED,
    **dict.fromkeys(("NoSuchKey", "NoSuchBucket", "NoSuchVersion", "NoSuchUpload"), _GONE),
    **dict.fromkeys(("BlobNotFound", "ContainerNotFound", "ResourceNotFound"), _GONE),
    "MethodNotAllowed": Code(Sort.LASTING, "this version of the file was deleted, or is no file"),
    **dict.fromkeys(("SlowDown", "Throttling", "ThrottlingException", "ServerBusy"), _FEWER),
    **dict.fromkeys(("TooManyRequests", "RequestLimitExceeded", "BandwidthLimitExceeded"), _FEWER),
    "RequestThrottled": _FEWER,
    **dict.fromkeys(("ServiceUnavailable", "InternalError", "OperationTimedOut"), _LATER),
    "XMinioServerNotInitialized": _LATER,
    "RequestTimeout": Code(Sort.PASSING, "the server waited too long for the request"),
    "OperationAborted": Code(Sort.PASSING, "the server is busy with this file"),
    "BlobBeingRehydrated": Code(Sort.PASSING, "it is just being restored from an archive"),
    **dict.fromkeys(("InvalidObjectState", "ObjectNotInActiveTierError"), _ARCHIVED),
    "BlobArchived": _ARCHIVED,
    "InvalidRange": Code(Sort.LASTING, "the file has fewer bytes than were asked for"),
    **dict.fromkeys(("PermanentRedirect", "TemporaryRedirect"), _ELSEWHERE),
    **dict.fromkeys(("AuthorizationHeaderMalformed", "IncorrectEndpoint"), _ELSEWHERE),
    **dict.fromkeys(("IllegalLocationConstraintException", "InvalidRegion"), _ELSEWHERE),
    "UserProjectMissing": _PAYER,
}


def code_of(status: int, said: Said, url: str, *, signed: bool = False) -> Code | None:
    """What is known of a failure beyond its status; None if that is nothing.

    Args:
        status: of HTTP.
        said: by the server.
        url: as it was asked for, with the signature that it may have.
        signed: the request was, with keys of the user.
    """
    code = CODES.get(said.code)
    denied = code is None or code.sort is Sort.LOGIN
    if denied and (said.expires or (status in (400, 401, 403, 410) and has_expired(url))):
        return _EXPIRED
    if code is _EXPIRED and signed:
        return _KEYS_EXPIRED
    return _REVOKED if code and denied and not signed and DEFAULT.is_signed(url) else code


def has_expired(url: str) -> bool:
    """Whether a presigned URL says of itself that its time is over (S3, GCS, Azure, CloudFront)."""
    query = {name.lower(): value for name, value in parse_qsl(urlsplit(url).query)}
    now = datetime.now(timezone.utc)
    for prefix in ("x-amz-", "x-goog-"):
        signed, seconds = query.get(f"{prefix}date", ""), query.get(f"{prefix}expires", "")
        if signed and seconds.isascii() and seconds[:9].isdigit():
            moment = _moment(signed, "%Y%m%dT%H%M%SZ")
            return moment is not None and moment + timedelta(seconds=int(seconds[:9])) < now
    if "sig" in query and "se" in query:
        end = _moment(query["se"], "%Y-%m-%dT%H:%M:%SZ") or _moment(query["se"], "%Y-%m-%dT%H:%MZ")
        return end is not None and end < now
    end_of = query.get("expires", "")
    signed_with = {"signature", "sig", "token", "md5", "hash", "key-pair-id"} & set(query)
    return (
        bool(signed_with)
        and end_of.isascii()
        and end_of.isdigit()
        and (int(end_of[:11]) < now.timestamp())
    )


def _moment(text: str, form: str) -> datetime | None:
    try:
        return datetime.strptime(text, form).replace(tzinfo=timezone.utc)
    except ValueError:
        return None
