"""How each kind of login is shown to a server."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote, unquote_to_bytes, urlencode, urlsplit, urlunsplit

from datalad_jsdl.fetch.credentials.cookies import cookie_header

if TYPE_CHECKING:
    from datalad_jsdl.fetch.credentials.values import Login

__all__ = ["KINDS", "headers_of", "sign_s3"]

#: Kind → what it means, for the documentation.
KINDS = {
    "basic": "name and password (RFC 7617); without a ``kind``, what has a name",
    "bearer": "a token as ``Authorization: Bearer`` (RFC 6750); without a ``kind``, what has none",
    "header": "a token in a header of its own, ``X-API-Key`` unless ``header`` names another",
    "cookie": "cookies; a secret of this kind is ``NAME=VALUE``",
    "s3": "requests signed for S3 and what is compatible (AWS Signature Version 4); presigned URLs "
    "of the origin are signed anew, so that none expires",
    "oauth": "a refresh token, for which ``token-endpoint`` gives access tokens (RFC 6749, 6); one "
    "that it replaces is kept if the source is ``datalad``",
}

_PRESIGNED = "x-amz-"
_REGION = re.compile(r"s3[.-](?:dualstack\.)?([a-z]{2}(?:-[a-z]+)+-\d)\.amazonaws\.com")


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


def sign_s3(login: Login, method: str, url: str) -> tuple[str, dict[str, str]]:
    """A URL without the signature it may have, and headers that sign the request for it."""
    # botocore comes with DataLad, and takes its time to import
    from botocore.auth import S3SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    parts = urlsplit(url)
    pairs = [
        (name, value)
        for name, value in parse_qsl(parts.query, keep_blank_values=True)
        if not name.lower().startswith(_PRESIGNED)
    ]
    if {"AWSAccessKeyId", "Signature"} <= {name for name, _ in pairs}:  # version 2
        pairs = [(n, v) for n, v in pairs if n not in ("AWSAccessKeyId", "Signature", "Expires")]
    # the signature is that of the one strict spelling (S3 API reference, SigV4 canonical request)
    path = quote(unquote_to_bytes(parts.path or "/"), safe="/~")
    query = urlencode(pairs, quote_via=quote, safe="~")
    url = urlunsplit((parts.scheme, parts.netloc, path, query, ""))
    found = _REGION.search(parts.hostname or "")
    region = login.option("region", found[1] if found else "us-east-1")
    keys = login.keys or Credentials(login.user, login.secret, login.session or None)
    request = AWSRequest(method, url)
    S3SigV4Auth(keys, "s3", region).add_auth(request)
    return url, {str(name): str(value) for name, value in request.headers.items()}
