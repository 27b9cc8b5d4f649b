"""What a server says of a failure, as it is shown: in few words, and without a secret."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from datalad_jsdl.errors import FetchError, StatusError
from datalad_jsdl.faults import Failed, FaultKind
from datalad_jsdl.fetch.bulk import Job, fetch_file
from datalad_jsdl.fetch.credentials.rules import parse_rule
from datalad_jsdl.fetch.http import explanations
from datalad_jsdl.fetch.http.codes import CODES, code_of, has_expired
from datalad_jsdl.fetch.http.documents import WebApi
from datalad_jsdl.fetch.http.explanations import NOTHING, Said, said_of
from datalad_jsdl.fetch.http.secrecy import secrets_of, without_secrets
from datalad_jsdl.fetch.mirrors.presence import is_present
from datalad_jsdl.fetch.mirrors.states import State
from datalad_jsdl.fetch.phrases import phrase, told
from datalad_jsdl.model.content import Expected
from tests.conftest import run
from tests.fetch.waits import Waits, new_engine, probed
from tests.wire import Talk, Wire

if TYPE_CHECKING:
    from tests.vault import Vault

S3 = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{}</Code><Message>{}</Message>{}'
    "<RequestId>4442587FB7D0A2F9</RequestId><HostId>eftixk72aD6Ap51TnqcoF8eFidJG9Z</HostId></Error>"
)
DAV = '<d:error xmlns:d="DAV:" xmlns:s="http://sabredav.org/ns">{}</d:error>'
PROBLEM = (
    '<problem xmlns="urn:ietf:rfc:7807"><title>Out</title><detail>No credit.</detail></problem>'
)

XML: dict[str, tuple[str, str]] = {
    "S3": (
        S3.format("NoSuchKey", "The key does not exist.", ""),
        "NoSuchKey: The key does not exist.",
    ),
    "S3 with a namespace": (
        '<Error xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Code>A</Code><Message>b</Message></Error>',
        "A: b",
    ),
    "nested": (
        "<ErrorResponse xmlns='x'><Error><Type>Sender</Type><Code>A</Code><Message>b</Message>"
        "</Error><RequestId>1</RequestId></ErrorResponse>",
        "A: b",
    ),
    "Azure": (
        "\ufeff<?xml version='1.0'?><Error><Code>BlobNotFound</Code>"
        "<Message>The specified blob does not exist.\n\nTime:2026</Message></Error>",
        "BlobNotFound: The specified blob does not exist. Time:2026",
    ),
    "GCS": (
        "<Error><Code>UserProjectMissing</Code><Message>It is a requester pays bucket.</Message>"
        "<Details>more</Details></Error>",
        "UserProjectMissing: It is a requester pays bucket.",
    ),
    "WebDAV of sabre": (
        DAV.format(
            "<s:exception>Sabre\\DAV\\Exception\\NotFound</s:exception>"
            "<s:message>Node x not found</s:message>"
        ),
        "NotFound: Node x not found",
    ),
    "WebDAV": (DAV.format("<d:lock-token-submitted/>"), "lock-token-submitted"),
    "RFC 9457": (PROBLEM, "Out: No credit."),
    "OGC": (
        '<ExceptionReport xmlns="o"><Exception exceptionCode="NoSuch"><ExceptionText>Not here.'
        "</ExceptionText></Exception></ExceptionReport>",
        "NoSuch: Not here.",
    ),
    "a bomb": (
        '<!DOCTYPE a [<!ENTITY b "c">]><Error><Code>A</Code><Message>&b;</Message></Error>',
        "",
    ),
    "cut off": ("<Error><Code>A</Code><Mess", ""),
}

JSON: dict[str, tuple[Any, str]] = {
    "a sentence outside, a word inside": (
        {"error": {"message": "No access for you.", "errors": [{"reason": "forbidden"}]}},
        "forbidden: No access for you.",
    ),
    "RFC 9457": (
        {"type": "about:blank", "title": "Out of credit", "status": 400, "detail": "You have 30."},
        "Out of credit: You have 30.",
    ),
    "JSON:API": (
        {"errors": [{"status": "400", "code": "E7", "title": "Bad", "detail": "No x."}]},
        "E7: Bad: No x.",
    ),
    "Google": (
        {"error": {"code": 400, "message": "Denied.", "status": "PERMISSION_DENIED"}},
        "PERMISSION_DENIED: Denied.",
    ),
    "OAuth": (
        {"error": "invalid_grant", "error_description": "The token is old."},
        "invalid_grant: The token is old.",
    ),
    "message": ({"message": "closed"}, "closed"),
    "msg": ({"msg": "closed"}, "closed"),
    "Dataverse": ({"status": "ERROR", "message": "not authorized"}, "not authorized"),
    "GraphQL": (
        {"errors": [{"message": "no access", "extensions": {"code": "FORBIDDEN"}}], "data": None},
        "FORBIDDEN: no access",
    ),
    "DRF": ({"detail": "Not found."}, "Not found."),
    "FastAPI": ({"detail": [{"loc": ["q"], "msg": "field required"}]}, "field required"),
    "Spring": (
        {"status": 400, "error": "Forbidden", "message": "Access denied", "path": "/x"},
        "Forbidden: Access denied",
    ),
    "fields": ({"errors": {"name": ["too long"]}}, "name: too long"),
    "fields of Django": ({"name": ["too long"]}, "name: too long"),
    "error": ({"error": "broken"}, "broken"),
    "AWS": ({"__type": "ExpiredToken", "Message": "old"}, "ExpiredToken: old"),
    "a text": ("go away", "go away"),
    "a list": ([{"message": "go away"}], "go away"),
    "nothing": ({"a": 1}, ""),
}

TEXTS: dict[str, tuple[str, str, str]] = {
    "short": ("text/plain", "File has expired\n", "File has expired"),
    "untyped": ("", "no such file", "no such file"),
    "long": ("text/plain", "x" * 5000, ""),
    "the status": ("text/plain", "400 Bad Request", ""),
    "not a text": ("application/octet-stream", "abcdef", ""),
    "no JSON": ("", "[error] closed", "[error] closed"),
    "XML that is called a page": ("text/html", "<Error><Code>A</Code></Error>", "A"),
    "a page": (
        "text/html",
        "<html><head><title>Terms &amp; more</title></head><h1>Sign <b>here</b></h1></html>",
        "Terms & more: Sign",
    ),
    "nginx": ("text/html", "<html><head><title>400 Bad Request</title></head></html>", ""),
    "control": ("text/plain", "a\x1b[31mb", ""),
    "controls of JSON": ("", '{"message": "a\\u001b[31mb\\u202ec\\nd"}', "a [31mb c d"),
}


@pytest.mark.parametrize("name", XML)
def test_xml(name: str) -> None:
    body, shown = XML[name]
    said = said_of(403, {"Content-Type": "application/xml"}, body.encode())
    assert str(said) == shown


@pytest.mark.parametrize("name", JSON)
def test_json(name: str) -> None:
    document, shown = JSON[name]
    said = said_of(400, {}, json.dumps(document).encode())
    assert str(said) == shown


@pytest.mark.parametrize("name", TEXTS)
def test_texts(name: str) -> None:
    kind, body, shown = TEXTS[name]
    assert str(said_of(400, {"Content-Type": kind}, body.encode())) == shown


def test_headers_say_so_where_a_body_does_not() -> None:
    face = {"X-Error-Code": "GatedRepo", "X-Error-Message": "Access is restricted"}
    assert str(said_of(401, face, b"")) == "GatedRepo: Access is restricted"
    bearer = {
        "WWW-Authenticate": 'Bearer realm="x", error="invalid_token", error_description="old"'
    }
    assert str(said_of(401, bearer, b"Unauthorized")) == "invalid_token: old"
    assert str(said_of(401, bearer, b"No more")) == "No more"
    assert str(said_of(404, {"X-Ms-Error-Code": "BlobNotFound"}, b"")) == "BlobNotFound"


def test_it_is_short() -> None:
    said = said_of(400, {}, json.dumps({"message": "word " * 1000}).encode())
    assert len(said.message) == 200
    assert said.message.endswith("…")


def test_a_document_that_is_compressed() -> None:
    body = gzip.compress(b'{"message": "closed"}')
    assert str(said_of(400, {"Content-Encoding": "gzip"}, body)) == "closed"
    assert said_of(400, {"Content-Encoding": "gzip"}, body[:9]) == NOTHING


HOSTILE = [
    b"[" * 60_000,
    b"{" * 60_000,
    b"<a>" * 20_000,
    b"<!DOCTYPE html><!",
    b"<title><title>",
    b'{"errors": {"errors": {"errors": {"errors": {"errors": {"errors": {"errors": []}}}}}}}',
    b'{"message": {"message": 1e999}}',
    b'"\\ud800"',
    b"\xff\xfe\x00",
    b"",
]


@pytest.mark.parametrize("body", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize("kind", ["text/html", "application/xml", "application/json", ""])
def test_whatever_a_server_sends(body: bytes, kind: str) -> None:
    str(said_of(400, {"Content-Type": kind}, body)).encode("utf-8", "surrogateescape")


def test_what_was_sent_is_never_shown() -> None:
    sent = {
        "Authorization": "Basic YWxpY2U6aHVudGVyMg==",
        "Cookie": "sid=s3ss10n; other=b1scuit",
        "X-API-Key": "t0ken t0ken2",
    }
    url = "https://a.example/f?a=1&sig=ab%2Fcd%3D&path=longer-value"
    secrets = secrets_of(sent, url)
    words = ["YWxpY2U6aHVudGVyMg==", "alice", "hunter2", "s3ss10n", "b1scuit", "t0ken t0ken2"]
    words += ["ab/cd=", "ab%2Fcd%3D", "longer-value", "HUNTER2"]
    for word in words:
        assert word not in without_secrets(f"you said '{word}'!", secrets)
    assert without_secrets("abc is not abcd", {"abc", ""}) == "… is not abcd"
    said = said_of(
        400, {}, json.dumps({"message": f"{' '.join(words)} is wrong"}).encode(), secrets
    )
    assert not [word for word in words if word in str(said)]
    assert str(said).endswith("is wrong")


@pytest.mark.parametrize(
    "text",
    [
        "StringToSign AKIAIOSFODNN7EXAMPLE",
        "Authorization: Bearer abcdef123456",
        "token=abcdef",
        "see https://a.example/f?token=abcdef",
        "key 0123456789abcdef0123456789abcdef01",
        "eyJhbGciOi.eyJzdWIiOi.c2ln",
    ],
)
def test_what_looks_like_a_secret_is_not_shown(text: str) -> None:
    shown = without_secrets(text)
    assert "…" in shown
    assert text.split()[-1][-8:] not in shown


def test_what_is_none_is_shown() -> None:
    text = "Invalid token: it is gone; sub-01/anat/sub-01_ses-2_T1w.nii.gz, region eu-central-1"
    assert without_secrets(text) == text
    header = (
        "AWS4-HMAC-SHA256 Credential=AKID123/20261125/eu-west-1/s3/aws4_request, Signature=ab12"
    )
    assert without_secrets("eu-west-1", secrets_of({"Authorization": header})) == "eu-west-1"
    assert "AKID123" not in without_secrets("AKID123", secrets_of({"Authorization": header}))


@pytest.mark.parametrize("code", CODES)
def test_a_code_of_a_store(code: str) -> None:
    """It goes before the status, whatever that is, and before advice on logins."""
    document = S3.format(code, "said so", "")
    with Wire() as wire, new_engine(Waits()) as engine:
        url = wire.put("/b/f", lambda talk: talk.answer(403, document.encode()))
        outcome = fetch_file(Job("f", (url,), Expected(), Path("f")), engine)
        assert isinstance(outcome, Failed)
        (fault,) = outcome.faults
    known = CODES[code]
    said = phrase(fault)
    assert f"; the server says: {code}: said so" in said
    assert known.text in said
    assert ("requires a login" in said or "may require a login" in said) is (
        known.kind is FaultKind.LOGIN
    )
    assert fault.kind is known.kind
    assert fault.lasting is (known.kind not in (FaultKind.DOWN, FaultKind.BUSY))
    assert fault.busy is (known.kind is FaultKind.BUSY)


def test_an_address_that_has_expired_wants_no_login() -> None:
    expired = Said("AccessDenied", "Request has expired", expires=True)
    code = code_of(403, expired, "https://a.example/f")
    assert code is not None
    assert "fresh manifest" in code.text
    assert code.kind is FaultKind.UNFIT
    # told by the URL itself, where the server says nothing of it
    signed = "https://a.example/f?X-Amz-Date=20200101T000000Z&X-Amz-Expires=60&X-Amz-Signature=x"
    assert code_of(403, NOTHING, signed) is code
    assert code_of(404, NOTHING, signed) is None
    keys = code_of(400, Said("ExpiredToken"), "https://a.example/f", signed=True)
    assert keys is not None
    assert "AWS keys have expired" in keys.text


@pytest.mark.parametrize(
    ("query", "expired"),
    [
        ("X-Amz-Date=20200101T000000Z&X-Amz-Expires=60", True),
        ("X-Amz-Date=20990101T000000Z&X-Amz-Expires=60", False),
        ("X-Amz-Date=x&X-Amz-Expires=60", False),
        ("X-Goog-Date=20200101T000000Z&X-Goog-Expires=60", True),
        ("sig=x&se=2020-01-01T00%3A00%3A00Z", True),
        ("sig=x&se=2020-01-01T00%3A00Z", True),
        ("sig=x&se=2099-01-01T00%3A00%3A00Z", False),
        ("Expires=1577836800&Signature=x&Key-Pair-Id=y", True),
        ("Expires=4077836800&Signature=x", False),
        ("Expires=1577836800", False),
        ("", False),
    ],
)
def test_the_end_of_a_presigned_url(query: str, expired: bool) -> None:
    assert has_expired(f"https://a.example/f?{query}") is expired


def test_a_document_that_drips_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(explanations, "_SECONDS", 0.3)
    waited_for = []

    def drip(talk: Talk) -> None:
        talk.send(b"HTTP/1.1 400 X\r\nContent-Length: 1000\r\n\r\n")
        for _ in range(1000):
            talk.pause(0.1)
            talk.send(b"x")  # fails once the client has gone
        waited_for.append("drip")

    def silent(talk: Talk) -> None:
        talk.send(b"HTTP/1.1 400 X\r\nContent-Length: 1000\r\n\r\n")
        talk.pause(60)
        waited_for.append("silent")

    with Wire() as wire, new_engine(read_timeout=30) as engine:
        for name, route in (("/drip", drip), ("/silent", silent)):
            url = wire.put(name, route)
            outcome = fetch_file(Job("f", (url,), Expected(), Path("f")), engine)
            assert not waited_for
            assert isinstance(outcome, Failed)
            assert "HTTP status 400" in told(outcome)


def test_every_way_says_the_same() -> None:
    """A file, the question whether it is there, the check, an API, a manifest."""
    words = "; the server says: E7: closed until May"
    document = json.dumps({"code": "E7", "message": "closed until May"}).encode()
    with Wire() as wire, new_engine(Waits()) as engine:
        url = wire.put("/f", lambda talk: talk.answer(400, document))
        outcome = fetch_file(Job("f", (url,), Expected(), Path("f")), engine)
        assert isinstance(outcome, Failed)
        assert words in phrase(outcome.faults[0])
        with pytest.raises(FetchError, match=words):
            is_present([url], Expected(), engine)
        with pytest.raises(StatusError, match=words):
            WebApi(engine).get(url)
        assert words in probed(url, Expected(), engine).what
        manifest = Path("m.json")
        manifest.write_text(json.dumps({"f": [url]}))
        commands = (
            ["datalad", "download-manifest", url, "ds"],
            ["datalad", "download-manifest", "--check", str(manifest), "ds"],
            ["datalad", "download-manifest", "--get", str(manifest), "ds"],
        )
        for command in commands:
            assert words in run(*command, check=False)
        run("datalad", "download-manifest", str(manifest), "registered")
        said = run("datalad", "download-content", cwd=Path("registered"), check=False)
        assert words in said
        arguments = ("git", "annex", "get", "--json-error-messages", "--json", "f")
        assert words in run(*arguments, cwd=Path("registered"), check=False)


def test_a_login_that_a_server_echoes(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    """The vault looks for it in all that was said and written."""
    token = vault.secret("token")
    monkeypatch.setenv("TOKEN", token)

    def echo(talk: Talk) -> None:
        given = talk.asked.headers.get("authorization", "nothing")
        query = talk.asked.target.partition("?")[2]
        talk.answer(403, json.dumps({"message": f"no: {given} {query}"}).encode())

    with Wire() as wire:
        url = wire.put("/f?ticket=planted-ticket-9", echo)
        vault.plant("planted-ticket-9")
        manifest = vault.home / "m.json"
        manifest.write_text(json.dumps({"f": [url]}))
        line = f"{wire.url} env:TOKEN"
        command = ("datalad", "download-manifest", "--get", "--credential", line, manifest, "ds")
        said = vault.run(*command, code=1)
    assert "the server says: no: " in said


WALLS = {
    "Cloudflare": (403, ("cf-mitigated: challenge",), b"<title>Just a moment...</title>"),
    "Cloudflare, by its page": (503, (), b"<script>window._cf_chl_opt={}</script>"),
    "Anubis": (200, ("Content-Type: text/html",), b'<html><script id="anubis_challenge">'),
    "AWS WAF": (202, ("x-amzn-waf-action: challenge",), b""),
    "Akamai": (403, (), b"<html><h1>Access Denied</h1>Reference https://errors.edgesuite.net/18.1"),
    "DataDome": (403, ("x-datadome: protected",), b"{}"),
    "Cloudflare, that blocks": (403, (), b'<div id="cf-error-details"></div>'),
    "Imperva": (
        200,
        ("Content-Type: text/html",),
        b'<iframe id="main-iframe" src="/_Incapsula_Resource?x">',
    ),
    "a CAPTCHA": (403, (), b'<html><script src="https://www.google.com/recaptcha/api.js">'),
}


@pytest.mark.parametrize("name", WALLS)
def test_a_guard_against_bots(name: str) -> None:
    status, lines, body = WALLS[name]
    with Wire() as wire, new_engine(Waits()) as engine:
        url = wire.put("/f", lambda talk: talk.answer(status, body, *lines))
        outcome = fetch_file(Job("f", (url,), Expected(), Path("f")), engine)
        assert isinstance(outcome, Failed)
        (fault,) = outcome.faults
        answer = probed(url, Expected(), engine)
    for what in (phrase(fault), answer.what):
        assert f"bot protection ({name.partition(',')[0]}) answered" in what
        assert "login" not in what
        assert "terms" not in what
    assert fault.lasting
    assert answer.state is State.UNFIT


@pytest.mark.parametrize("name", ["Anubis", "Imperva"])
def test_a_guard_before_an_api(name: str) -> None:
    status, lines, body = WALLS[name]
    with Wire() as wire, new_engine(Waits()) as engine:
        url = wire.put("/f", lambda talk: talk.answer(status, body, *lines))
        with pytest.raises(FetchError, match=rf"bot protection \({name}\) answered"):
            WebApi(engine).get(url)
        with pytest.raises(FetchError, match=rf"bot protection \({name}\) answered"):
            is_present([url], Expected(), engine)
        assert len(wire.asked) == 3  # HEAD tells too little of a page


def test_a_token_endpoint_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REFRESH", "a-refresh-token")
    answer = {"error": "invalid_grant", "error_description": "a-refresh-token is too old"}
    with Wire() as wire:
        endpoint = wire.put("/t", lambda talk: talk.answer(400, json.dumps(answer).encode()))
        url = wire.put("/f", lambda talk: talk.answer(401))
        rule = parse_rule(f"{wire.url} env:REFRESH kind=oauth token-endpoint={endpoint}")
        with new_engine(Waits(), credential=(rule,)) as engine:
            outcome = fetch_file(Job("f", (url,), Expected(), Path("f")), engine)
    assert "(status 400); the server says: invalid_grant: … is too old" in told(outcome)


@pytest.mark.parametrize(
    ("status", "lines", "body"),
    [
        (522, (), b'<html><title>timed out</title><div id="cf-error-details"></div></html>'),
        (404, (), b"<html><script src='/cdn-cgi/challenge-platform/scripts/jsd/main.js'></script>"),
        (404, ("x-datadome: protected",), b""),
        (503, (), b"<html>Reference https://errors.edgesuite.net/18.1</html>"),
        (401, (), b'<html><div class="g-recaptcha"></div></html>'),
    ],
)
def test_what_a_guarded_server_has_in_other_answers(
    status: int, lines: tuple[str, ...], body: bytes
) -> None:
    with Wire() as wire, new_engine(Waits()) as engine:
        url = wire.put("/f", lambda talk: talk.answer(status, body, *lines))
        outcome = fetch_file(Job("f", (url,), Expected(), Path("f")), engine)
    assert "guard" not in told(outcome)


def test_a_login_page_is_no_guard() -> None:
    """One that has a CAPTCHA beside the password."""
    page = b'<html><form>password <div class="g-recaptcha"></div></form></html>'
    with Wire() as wire, new_engine() as engine:
        url = wire.put("/f", lambda talk: talk.answer(200, page, "Content-Type: text/html"))
        outcome = fetch_file(Job("f", (url,), Expected(), Path("f")), engine)
    assert isinstance(outcome, Failed)
    assert "you may need to log in" in told(outcome)
