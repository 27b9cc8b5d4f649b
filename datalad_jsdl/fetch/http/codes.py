"""What codes of object stores mean: those of S3 and what is compatible, of Azure and of GCS.

What a store says goes before what the status alone would mean, and before a guess at a login.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from enum import Enum
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

from datalad_jsdl.faults import FaultKind
from datalad_jsdl.model.secrecy import DEFAULT

if TYPE_CHECKING:
    from datalad_jsdl.fetch.http.explanations import Said

__all__ = ["CODES", "S3_DENIALS", "Code", "code_of", "has_expired"]


class Code(Enum):
    """What codes come to: a kind of fault, and a text for it.

    Attributes:
        kind: of the fault.
        text: what to tell of it and what to do; "" if the store's own words do.
    """

    kind: FaultKind
    text: str

    LATER = FaultKind.DOWN, ""
    FEWER = FaultKind.BUSY, ""
    GONE = FaultKind.GONE, "not found"
    LOGIN = FaultKind.LOGIN, "access is forbidden"
    EXPIRED = (
        FaultKind.UNFIT,
        "the URL, or the token that signed it, has expired; get a fresh manifest from the portal",
    )
    KEYS_EXPIRED = (
        FaultKind.UNFIT,
        "your temporary AWS keys have expired; renew them, as with: aws sso login",
    )
    REVOKED = (
        FaultKind.UNFIT,
        "the signature in the URL grants no access; get a fresh manifest from the portal",
    )
    CLOCK = FaultKind.UNFIT, "this computer's clock and the server's differ; set the clock"
    ARCHIVED = (
        FaultKind.UNFIT,
        "the file is in cold storage (such as Glacier) and must be restored first; "
        "ask the bucket's owner",
    )
    CLOSED = FaultKind.UNFIT, "the bucket or its owner's account is disabled"
    ELSEWHERE = FaultKind.UNFIT, "the bucket is in another region"
    SIGNATURE = FaultKind.LOGIN, "the signature does not match; check the secret key"
    PAYER = (
        FaultKind.UNFIT,
        "the requester pays and must name a project (userProject=PROJECT in the URL)",
    )
    NO_VERSION = FaultKind.UNFIT, "this version of the file was deleted"
    TOO_SLOW = FaultKind.DOWN, "the server waited too long for the request"
    IN_USE = FaultKind.DOWN, "the server is busy with this file"
    RESTORING = FaultKind.DOWN, "the file is being restored from cold storage"
    SHORTER = FaultKind.UNFIT, "the file is shorter than the requested range"

    def __init__(self, kind: FaultKind, text: str) -> None:
        self.kind = kind
        self.text = text


#: With which S3 and what is compatible denies access.
S3_DENIALS = ("AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch")

#: Code → meaning.
CODES = {
    **dict.fromkeys(("RequestTimeTooSkewed", "RequestInTheFuture"), Code.CLOCK),
    "RequestNotYetValid": Code.CLOCK,
    **dict.fromkeys(("ExpiredToken", "RequestExpired", "ExpiredTokenException"), Code.EXPIRED),
    **dict.fromkeys(("TokenRefreshRequired", "ExpiredAuthenticationToken"), Code.EXPIRED),
    **dict.fromkeys(("InvalidAccessKeyId", "InvalidToken", "InvalidClientTokenId"), Code.LOGIN),
    **dict.fromkeys(("AccessDenied", "InvalidSecurity", "NotSignedUp"), Code.LOGIN),
    **dict.fromkeys(("AuthorizationFailure", "AuthorizationPermissionMismatch"), Code.LOGIN),
    **dict.fromkeys(("NoAuthenticationInformation", "AuthenticationRequired"), Code.LOGIN),
    **dict.fromkeys(("PublicAccessNotPermitted", "AuthenticationFailed"), Code.LOGIN),
    "SignatureDoesNotMatch": Code.SIGNATURE,
    **dict.fromkeys(("AllAccessDisabled", "AccountProblem", "AccountIsDisabled"), Code.CLOSED),
    "UserProjectAccountProblem": Code.CLOSED,
    **dict.fromkeys(("NoSuchKey", "NoSuchBucket", "NoSuchVersion", "NoSuchUpload"), Code.GONE),
    **dict.fromkeys(("BlobNotFound", "ContainerNotFound", "ResourceNotFound"), Code.GONE),
    "MethodNotAllowed": Code.NO_VERSION,
    **dict.fromkeys(("SlowDown", "Throttling", "ThrottlingException", "ServerBusy"), Code.FEWER),
    **dict.fromkeys(("TooManyRequests", "RequestLimitExceeded"), Code.FEWER),
    **dict.fromkeys(("BandwidthLimitExceeded", "RequestThrottled"), Code.FEWER),
    **dict.fromkeys(("ServiceUnavailable", "InternalError", "OperationTimedOut"), Code.LATER),
    "XMinioServerNotInitialized": Code.LATER,
    "RequestTimeout": Code.TOO_SLOW,
    "OperationAborted": Code.IN_USE,
    "BlobBeingRehydrated": Code.RESTORING,
    **dict.fromkeys(("InvalidObjectState", "ObjectNotInActiveTierError"), Code.ARCHIVED),
    "BlobArchived": Code.ARCHIVED,
    "InvalidRange": Code.SHORTER,
    **dict.fromkeys(("PermanentRedirect", "TemporaryRedirect"), Code.ELSEWHERE),
    **dict.fromkeys(("AuthorizationHeaderMalformed", "IncorrectEndpoint"), Code.ELSEWHERE),
    **dict.fromkeys(("IllegalLocationConstraintException", "InvalidRegion"), Code.ELSEWHERE),
    "UserProjectMissing": Code.PAYER,
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
    denied = code is None or code.kind is FaultKind.LOGIN
    if denied and (said.expires or (status in (400, 401, 403, 410) and has_expired(url))):
        return Code.EXPIRED
    if code is Code.EXPIRED and signed:
        return Code.KEYS_EXPIRED
    return Code.REVOKED if code and denied and not signed and DEFAULT.is_signed(url) else code


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
