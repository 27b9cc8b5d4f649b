"""What is said of the answers of servers: codes of stores, guards, what is compressed."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from datalad_jsdl.errors import FetchError
from datalad_jsdl.fetch.bulk import Job, fetch_file
from datalad_jsdl.fetch.credentials.rules import parse_rule
from datalad_jsdl.fetch.http.encodings import decode
from datalad_jsdl.fetch.phrases import told
from datalad_jsdl.manifest.reading import read_manifest
from datalad_jsdl.model.content import Expected, Fetched
from datalad_jsdl.operations.causes import replaced_text
from datalad_jsdl.operations.engines import open_engine
from tests.advice.calls import follow, found_in
from tests.fetch.credentials.test_regions import KEY, SECRET, Store
from tests.fetch.test_encodings import PACKED
from tests.fetch.test_explanations import S3
from tests.fetch.waits import Waits, new_engine
from tests.lab import Authority, sha256
from tests.wire import Talk, Wire

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.vault import Vault

CONTENT = b"content"


@pytest.fixture
def wire() -> Iterator[Wire]:
    with Wire() as server:
        yield server


def said_of(*urls: str, expected: Expected | None = None, lines: tuple[str, ...] = ()) -> str:
    """What is said of a download; "" if it is the file."""
    credential = tuple(map(parse_rule, lines))
    with new_engine(Waits(), credential=credential) as engine:
        outcome = fetch_file(Job("f", urls, expected or Expected(), Path("f")), engine)
    return "" if isinstance(outcome, Fetched) else told(outcome)


def denied(wire: Wire, target: str, code: str, status: int = 403) -> str:
    """The URL of what a store denies with a code."""
    body = S3.format(code, "said so", "").encode()
    return wire.put(target, lambda talk: talk.answer(status, body))


@pytest.mark.parametrize("code", ["ExpiredToken", "AccessDenied"])
def test_a_fresh_manifest(wire: Wire, code: str) -> None:
    """Its URLs are other ones, and good again."""
    url = denied(wire, "/f?X-Amz-Signature=old", code)
    assert "get a fresh manifest from the portal" in said_of(url)
    assert said_of(wire.put("/f?X-Amz-Signature=new", CONTENT)) == ""


def test_keys_of_aws_are_renewed(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a login at AWS leaves them: no test can go there."""
    body = S3.format("ExpiredToken", "said so", "").encode()

    def answer(talk: Talk) -> None:
        if talk.asked.headers.get("x-amz-security-token") == "new":
            talk.file(CONTENT)
        else:
            talk.answer(400, body)

    url = wire.put("/b/f", answer)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AWS_SESSION_TOKEN", "old")
    lines = (f"{wire.url} aws",)
    assert "have expired; renew them, as with: aws sso login" in said_of(url, lines=lines)
    monkeypatch.setenv("AWS_SESSION_TOKEN", "new")
    assert said_of(url, lines=lines) == ""


@pytest.mark.parametrize("pays", [False, True])
def test_keys_for_a_store(
    vault: Vault, wire: Wire, pays: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first line; where that is not enough, the second, or what is added to the first."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    store = Store(wire)
    body = S3.format("AccessDenied", "said so", "").encode()

    def answer(talk: Talk) -> None:
        headers = talk.asked.headers
        if "authorization" not in headers or (pays and "x-amz-request-payer" not in headers):
            talk.answer(403, body)
        else:
            store(talk)

    url = wire.put("/b/f", answer)

    def said() -> str:
        with open_engine(None) as engine:
            outcome = fetch_file(Job("f", (url,), Expected(), Path("f")), engine)
        return "" if isinstance(outcome, Fetched) else told(outcome)

    first = said()
    follow(found_in(first, r"grant access, run: (git config --global --add \S+ '[^']*')"))
    if pays:
        more = found_in(said(), r"add (request-payer=requester) to")
        config = vault.home / ".gitconfig"
        before = config.read_text()
        config.write_text(before.replace(" aws", f" aws {more}"))
        assert said() == ""
        line = found_in(first, r"and you agree to pay: '([^']*)'")
        config.write_text(before.replace(f"{wire.url} aws", line))
    assert said() == ""


@pytest.mark.parametrize("status", [495, 496])
def test_a_client_certificate(
    tmp_path: Path, vault: Vault, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For a server that says so after the handshake, as nginx does."""
    import trustme

    authority, users = Authority(), trustme.CA()
    client = users.issue_cert("alice@example.com")
    file = tmp_path / "my client.pem"
    chain = b"".join(blob.bytes() for blob in client.cert_chain_pems)
    file.write_bytes(client.private_key_pem.bytes() + chain)
    (tmp_path / "authority.pem").write_bytes(authority.pem)
    vault.config("http.sslCAInfo", str(tmp_path / "authority.pem"))
    context = authority.context()
    context.verify_mode = ssl.CERT_OPTIONAL
    users.configure_trust(context)

    def answer(talk: Talk) -> None:
        shown = talk._connection.getpeercert()  # type: ignore[attr-defined]  # TLS is on it
        talk.file(CONTENT) if shown else talk.answer(status, b"no certificate")

    with Wire(tls=context) as server:
        url = server.put("/f", answer)

        def said() -> str:
            with open_engine(None) as engine:
                outcome = fetch_file(Job("f", (url,), Expected(), Path("f")), engine)
            return "" if isinstance(outcome, Fetched) else told(outcome)

        words = found_in(said(), r"(git config http\.sslCert FILE)").replace("FILE", f"'{file}'")
        follow(words.replace("config", "config --global"))
        assert said() == ""


def test_a_guard_against_bots(wire: Wire) -> None:
    """Another mirror is used of itself; and the URL of the API is one more."""
    page = b"<html><script>window._cf_chl_opt={}</script></html>"
    url = wire.put("/f", lambda talk: talk.answer(403, page, "cf-mitigated: challenge"))
    assert "use another mirror or the URL of the portal's API" in said_of(url)
    with Wire() as other:
        assert said_of(url, other.put("/api/f", CONTENT)) == ""
    assert Path("f").read_bytes() == CONTENT


@pytest.mark.parametrize("way", ["another mirror", "size", "digest"])
def test_a_file_that_comes_compressed(wire: Wire, program: object, way: str) -> None:
    from tests.conftest import run

    url = wire.put("/f", lambda talk: talk.answer(200, PACKED, "Content-Encoding: gzip"))
    said = said_of(url)
    assert "use another mirror, or add the size or digest of the file that curl saves" in said
    run("curl", "-s", "-o", "saved", url)
    saved = Path("saved").read_bytes()
    if way == "another mirror":
        with Wire() as other:
            assert said_of(url, other.put("/f", PACKED)) == ""
    elif way == "size":
        assert said_of(url, expected=Expected(len(saved))) == ""
    else:
        assert said_of(url, expected=Expected(None, "sha256", sha256(saved))) == ""
    assert Path("f").read_bytes() == saved


def test_a_manifest_that_cannot_be_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    """With another program, here brotli's own, it is a file like any other."""
    import io

    import brotli  # type: ignore[import-untyped]  # it has no types

    from datalad_jsdl.fetch.http import encodings

    document = b'{"a.txt": ["https://h.example/a.txt"]}'
    packed = brotli.compress(document)
    # as where it is not installed
    monkeypatch.setattr(encodings.Body, "CONTENT_DECODERS", ["gzip", "deflate"])
    with pytest.raises(FetchError, match="unpack it, and give the file's name"):
        decode(packed, ("br",), 1 << 20)
    Path("m.json").write_bytes(brotli.decompress(packed))
    assert len(list(read_manifest(io.BytesIO(Path("m.json").read_bytes())))) == 1


def test_a_secret_key_is_checked(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    url = wire.put("/b/f", Store(wire))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "mistyped")
    lines = (f"{wire.url} aws",)
    assert "the signature does not match; check the secret key" in said_of(url, lines=lines)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    assert said_of(url, lines=lines) == ""


def test_a_newer_manifest(wire: Wire) -> None:
    """It has the digest of what all mirrors give by now."""
    urls = (wire.put("/a", b"replaced"), wire.put("/b", b"replaced"))
    other = wire.put("/c", b"sth else")

    def hint(content: bytes, *urls: str) -> str:
        expected = Expected(len(content), "sha256", sha256(content))
        with new_engine(Waits()) as engine:
            outcome = fetch_file(Job("f", urls, expected, Path("f")), engine)
        return "" if isinstance(outcome, Fetched) else replaced_text(outcome)

    for old in (b"original", b"of another size"):
        assert "all mirrors have the same" in hint(old, *urls)
        assert "look for a newer manifest" in hint(old, *urls)
    assert hint(b"original", *urls, other) == hint(b"original", urls[0]) == ""
    assert hint(b"replaced", *urls) == ""
    assert Path("f").read_bytes() == b"replaced"
