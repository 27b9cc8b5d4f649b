"""A provider of OpenID Connect on this machine: whoever comes is signed in at once."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256

__all__ = ["Provider"]


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _number(value: int) -> str:
    return _text(value.to_bytes((value.bit_length() + 7) // 8, "big"))


class Provider:
    """A context manager; `user` is who is signed in next."""

    def __init__(self, client: str, secret: str) -> None:
        self.client, self.secret = client, secret
        self.user: dict[str, Any] = {}
        self._key = rsa.generate_private_key(65537, 2048)
        self._codes: dict[str, dict[str, str]] = {}

    def __enter__(self) -> Provider:
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                provider.answer(self, "")

            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                provider.answer(self, self.rfile.read(length).decode())

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.issuer = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, request: BaseHTTPRequestHandler, body: str) -> None:
        parts = urlsplit(request.path)
        if parts.path == "/authorize":
            asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
            code = secrets.token_urlsafe()
            self._codes[code] = asked
            answer = urlencode({"code": code, "state": asked["state"]})
            request.send_response(302)
            request.send_header("Location", f"{asked['redirect_uri']}?{answer}")
            request.send_header("Content-Length", "0")
            request.end_headers()
            return
        found = {
            "/.well-known/openid-configuration": self._metadata,
            "/keys": self._keys,
            "/token": lambda: self._token(request.headers["Authorization"], body),
        }[parts.path]()
        text = json.dumps(found).encode()
        request.send_response(200)
        request.send_header("Content-Type", "application/json")
        request.send_header("Content-Length", str(len(text)))
        request.end_headers()
        request.wfile.write(text)

    def _metadata(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "id_token_signing_alg_values_supported": ["RS256"],
        }

    def _keys(self) -> dict[str, Any]:
        public = self._key.public_key().public_numbers()
        key = {"kty": "RSA", "kid": "1", "use": "sig", "alg": "RS256"}
        return {"keys": [{**key, "n": _number(public.n), "e": _number(public.e)}]}

    def _token(self, authorization: str, body: str) -> dict[str, Any]:
        given = {name: values[0] for name, values in parse_qs(body).items()}
        basic = base64.b64encode(f"{self.client}:{self.secret}".encode()).decode()
        assert authorization == f"Basic {basic}"
        asked = self._codes.pop(given["code"])
        proof = hashlib.sha256(given["code_verifier"].encode()).digest()
        assert _text(proof) == asked["code_challenge"]
        claims = {"iss": self.issuer, "aud": self.client, "nonce": asked["nonce"]}
        claims |= {"iat": int(time.time()), "exp": int(time.time()) + 60, **self.user}
        head = _text(json.dumps({"alg": "RS256", "kid": "1"}).encode())
        text = f"{head}.{_text(json.dumps(claims).encode())}"
        signature = self._key.sign(text.encode(), padding.PKCS1v15(), SHA256())
        token = f"{text}.{_text(signature)}"
        return {"access_token": "x", "token_type": "Bearer", "id_token": token}
