"""How each kind of login is shown to a server."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING
from urllib.parse import (
    parse_qsl,
    quote,
    unquote_plus,
    unquote_to_bytes,
    urlencode,
    urlsplit,
    urlunsplit,
)

from datalad_jsdl.fetch.credentials.sources.cookies import cookie_header
from datalad_jsdl.model.regions import region_of_host, regional

if TYPE_CHECKING:
    from datalad_jsdl.fetch.credentials.login import Login

__all__ = ["EXCHANGED", "KINDS", "headers_of", "sign_s3"]

#: Kind → what it means, for the documentation.
KINDS = {
    "basic": "user name and password (RFC 7617); the default if there is a user name",
    "bearer": "a token as ``Authorization: Bearer`` (RFC 6750); the default without a user name",
    "header": "a token in a header of its own, ``X-API-Key`` unless ``header`` names another",
    "cookie": "cookies; a secret of this kind is ``NAME=VALUE``",
    "s3": "requests signed for S3 and compatible stores (AWS Signature Version 4); presigned URLs "
    "of the origin are signed again, so that none expires",
    "oauth": "a refresh token, exchanged for access tokens at ``token-endpoint`` (RFC 6749, 6); "
    "with the source ``datalad``, a new refresh token that the server sends is stored",
    "login": "user name and password, posted as JSON to ``token-endpoint``, which answers with a "
    "token (``token``, ``access_token`` or ``access``); the token is sent as ``Authorization: "
    "Bearer``, and replaced when it is stale",
}

#: Those whose secret is exchanged for a token; see `tokens`.
EXCHANGED = frozenset({"oauth", "login"})

_PRESIGNED = "x-amz-"


def headers_of(login: Login, url: str) -> dict[str, str]:
    """The headers for a login of every kind that needs no more than a header; may be none."""
    if login.kind == "cookie":
        value = cookie_header(login.cookies, url) if login.cookies else login.secret
        return {"Cookie": value} if value else {}
    if login.kind == "basic":
        pair = f"{login.user}:{login.secret}".encode("utf-8", "surrogateescape")
        return {"Authorization": "Basic " + base64.b64encode(pair).decode("ascii")}
    secret = login.secret
    if login.kind == "header":
        name, _, word = login.option("header", "X-API-Key").partition(":")
        return {name: f"{word} {secret}".strip()}
    if login.kind == "authorization":
        return {"Authorization": secret}
    return {"Authorization": f"Bearer {secret.removeprefix('Bearer ')}"}


def sign_s3(login: Login, method: str, url: str, region: str = "") -> tuple[str, dict[str, str]]:
    """A URL without the signature it may have, and headers that sign the request for it.

    What goes on the wire is spelt as it was given. What is signed is the one strict spelling
    (S3 API reference, SigV4 canonical request), which the server makes of it, too.

    Args:
        login: of the kind ``s3``.
        method: of HTTP.
        url: to be asked for.
        region: that the server has named for the bucket; "" if it has not.
    """
    # botocore comes with DataLad, and takes its time to import
    from botocore.auth import S3SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    if region:
        url = regional(url, region)
    parts = urlsplit(url)
    query = _unsigned(parts.query)
    wire = urlunsplit((parts.scheme, parts.netloc, parts.path or "/", query, ""))
    path = quote(unquote_to_bytes(parts.path or "/"), safe="/~")
    pairs = parse_qsl(query, keep_blank_values=True, encoding="latin-1")
    strict = urlencode(pairs, quote_via=quote, safe="~", encoding="latin-1")
    signed = urlunsplit((parts.scheme, parts.netloc, path, strict, ""))
    own = region_of_host(parts.hostname or "") or "us-east-1"
    keys = login.keys or Credentials(login.user, login.secret, login.session or None)
    request = AWSRequest(method, signed)
    if payer := login.option("request-payer"):
        request.headers["x-amz-request-payer"] = payer
    S3SigV4Auth(keys, "s3", region or login.option("region", own)).add_auth(request)
    return wire, {str(name): str(value) for name, value in request.headers.items()}


def _unsigned(query: str) -> str:
    """A query without the parameters of a signature; the others as they are spelt."""
    pairs = [pair for pair in query.split("&") if pair]
    names = [unquote_plus(pair.partition("=")[0]) for pair in pairs]
    second = {"AWSAccessKeyId", "Signature"} <= set(names)  # version 2
    barred = {"AWSAccessKeyId", "Signature", "Expires"} if second else set()
    return "&".join(
        pair
        for pair, name in zip(pairs, names, strict=True)
        if not name.lower().startswith(_PRESIGNED) and name not in barred
    )
