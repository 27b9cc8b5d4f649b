"""Signed requests of S3: the region that the server names, its spelling, and who pays."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote, unquote_plus

import pytest

from datalad_jsdl.faults import Failed
from datalad_jsdl.fetch.bulk import Job, fetch_file
from datalad_jsdl.fetch.credentials.login import Login
from datalad_jsdl.fetch.credentials.rules import parse_rule
from datalad_jsdl.fetch.credentials.schemes import sign_s3
from datalad_jsdl.fetch.phrases import told
from datalad_jsdl.model.content import Expected, Fetched
from datalad_jsdl.model.regions import bucket_of, region_named, region_of_host, regional
from tests.fetch.waits import Waits, new_engine
from tests.wire import Talk, Wire

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalad_jsdl.fetch.engine import Engine

KEY, SECRET = "AKIDEXAMPLE", "not-a-real-secret"
CONTENT = b"content"
OTHER = "eu-central-1"
ERROR = "<Error><Code>{}</Code><Message>said so</Message>{}</Error>"


def signature(talk: Talk, url: str) -> str:
    """What the signature has to be, by the server's own reading of what is on the wire."""
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    given = talk.asked.headers
    match = re.search(r"/(\d{8})/([^/]+)/s3/aws4_request, SignedHeaders=([^,]+)", auth(talk))
    assert match
    path, _, query = talk.asked.target.partition("?")
    pairs = sorted(tuple(pair.partition("=")[::2]) for pair in query.split("&") if pair)
    strict = "&".join(
        f"{quote(unquote_plus(n), safe='~')}={quote(unquote_plus(v), safe='~')}" for n, v in pairs
    )
    signer = SigV4Auth(Credentials(KEY, SECRET), "s3", match[2])
    request = AWSRequest(talk.asked.method, url)
    request.context["timestamp"] = given["x-amz-date"]
    canonical = "\n".join(
        [
            talk.asked.method,
            quote(unquote(path), safe="/~"),
            strict,
            *(f"{name}:{given[name]}" for name in match[3].split(";")),
            "",
            match[3],
            given["x-amz-content-sha256"],
        ]
    )
    return str(signer.signature(signer.string_to_sign(request, canonical), request))


def auth(talk: Talk) -> str:
    return talk.asked.headers.get("authorization", "")


class Store:
    """Buckets that are each in a region, and take requests that are signed for it."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self.regions: dict[str, str] = {}
        self.header = True
        self.status = 400

    def __call__(self, talk: Talk) -> None:
        bucket = talk.asked.target.split("/")[1]
        region = self.regions.get(bucket, "us-east-1")
        if f"/{region}/s3/" not in auth(talk):
            body = ERROR.format("AuthorizationHeaderMalformed", f"<Region>{region}</Region>")
            lines = (f"x-amz-bucket-region: {region}",) if self.header else ()
            talk.answer(self.status, body.encode(), *lines)
        elif signature(talk, self.wire.url + talk.asked.target) not in auth(talk):
            talk.answer(403, ERROR.format("SignatureDoesNotMatch", "").encode())
        else:
            talk.file(CONTENT)


@pytest.fixture
def store() -> Iterator[Store]:
    with Wire() as wire:
        yield Store(wire)


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)


def engine_for(wire: Wire, options: str = "") -> Engine:
    return new_engine(Waits(), credential=(parse_rule(f"{wire.url} aws {options}"),))


def get(store: Store, engine: Engine, target: str) -> Fetched | Failed:
    url = store.wire.put(target, store)
    return fetch_file(Job("f", (url,), Expected(), Path("f")), engine)


@pytest.mark.usefixtures("keys")
@pytest.mark.parametrize("header", [True, False])
@pytest.mark.parametrize("status", [400, 301, 307])
def test_signed_again_for_the_region_that_is_named(store: Store, header: bool, status: int) -> None:
    store.regions = {"there": OTHER}
    store.header, store.status = header, status
    with engine_for(store.wire) as engine:
        for name in ("a", "b"):
            assert isinstance(get(store, engine, f"/there/{name}"), Fetched)
        assert isinstance(get(store, engine, "/here/c"), Fetched)
    # asked twice once, and known from then on, for that bucket
    assert [asked.target for asked in store.wire.asked] == ["/there/a"] * 2 + [
        "/there/b",
        "/here/c",
    ]


@pytest.mark.usefixtures("keys")
def test_a_server_that_names_ever_other_regions() -> None:
    def answer(talk: Talk) -> None:
        line = f"x-amz-bucket-region: nowhere-{len(wire.asked)}"
        talk.answer(400, ERROR.format("AuthorizationHeaderMalformed", "").encode(), line)

    with Wire() as wire, engine_for(wire) as engine:
        outcome = fetch_file(Job("f", (wire.put("/b/f", answer),), Expected(), Path("f")), engine)
    assert isinstance(outcome, Failed)
    assert "the bucket is in another region: nowhere-" in told(outcome)
    assert "AuthorizationHeaderMalformed: said so" in told(outcome)
    assert len(wire.asked) <= 5


@pytest.mark.parametrize(
    "target",
    [
        *(
            "/b/a%2cb",
            "/b/a%2Cb",
            "/b/a,b(c)!*'d",
            "/b/a+b",
            "/b/%7ea~",
            "/b/a%20b?versionId=x%2fy",
        ),
        *("/b/c?x=a+b&A=%c3%bc&flag", "/b/d?response-content-type=a/b&b=1&a=2"),
    ],
)
@pytest.mark.usefixtures("keys")
def test_what_is_signed_is_the_strict_spelling(store: Store, target: str) -> None:
    """Whatever is on the wire, and that is what was given."""
    login = Login("keys", "s3", SECRET, KEY)
    assert sign_s3(login, "GET", store.wire.url + target)[0] == store.wire.url + target
    store.wire.routes[re.sub("%..", lambda match: match[0].upper(), target)] = store
    with engine_for(store.wire) as engine:
        outcome = get(store, engine, target)
    assert isinstance(outcome, Fetched), outcome
    assert len(store.wire.asked) == 1


def test_the_signature_of_a_presigned_url_is_left_out() -> None:
    login = Login("keys", "s3", SECRET, KEY)
    tail = "versionId=%2f&X-Amz-Date=1&x=1&X-Amz-Signature=2"
    url, headers = sign_s3(login, "GET", f"https://s3.example/b/%2c?{tail}")
    assert url == "https://s3.example/b/%2c?versionId=%2f&x=1"
    assert "/us-east-1/s3/" in headers["Authorization"]
    old = "AWSAccessKeyId=A&Expires=1&Signature=b&z=%20"
    assert sign_s3(login, "GET", f"https://s3.example/b/f?{old}")[0].endswith("/b/f?z=%20")
    assert sign_s3(login, "GET", "https://s3.example/f?Expires=1")[0].endswith("/f?Expires=1")


@pytest.mark.usefixtures("keys")
def test_who_asks_pays_only_if_told_to(store: Store) -> None:
    def answer(talk: Talk) -> None:
        if talk.asked.headers.get("x-amz-request-payer") != "requester":
            talk.answer(403, ERROR.format("AccessDenied", "").encode())
        else:
            assert "x-amz-request-payer" in auth(talk)  # among the headers that are signed
            store(talk)

    url = store.wire.put("/b/f", answer)
    job = Job("f", (url,), Expected(), Path("f"))
    with engine_for(store.wire) as engine:
        outcome = fetch_file(job, engine)
        assert isinstance(outcome, Failed)
        assert "add request-payer=requester to the line" in told(outcome)
        assert "the server says: AccessDenied: said so" in told(outcome)
    with new_engine(Waits()) as engine:  # who has no login for it is told of both
        said = told(fetch_file(job, engine))
        assert f"'{store.wire.url} aws'" in said
        assert f"'{store.wire.url} aws request-payer=requester'" in said
    with engine_for(store.wire, "request-payer=requester") as engine:
        assert isinstance(fetch_file(job, engine), Fetched)
    with pytest.raises(ValueError, match="request-payer=requester"):
        parse_rule("https://s3.example aws request-payer=me")


@pytest.mark.usefixtures("keys")
def test_a_redirect_to_another_origin_is_sent_no_signature(store: Store) -> None:
    """Whatever region and endpoint it names."""
    with Wire() as evil:
        stolen = evil.put("/b/f", CONTENT)
        lines = (f"Location: {stolen}", "x-amz-bucket-region: eu-west-1")
        host = evil.url.partition("://")[2]
        body = ERROR.format("TemporaryRedirect", f"<Endpoint>{host}</Endpoint>").encode()
        url = store.wire.put("/b/f", lambda talk: talk.answer(307, body, *lines))
        with engine_for(store.wire) as engine:
            outcome = fetch_file(Job("f", (url,), Expected(), Path("f")), engine)
        assert isinstance(outcome, Fetched)
        assert all("authorization" not in asked.headers for asked in evil.asked)
    assert len(store.wire.asked) == 2


@pytest.mark.parametrize(
    ("url", "moved"),
    [
        ("https://s3.amazonaws.com/b/k", "https://s3.eu-west-1.amazonaws.com/b/k"),
        ("https://s3-us-west-2.amazonaws.com/b/k", "https://s3.eu-west-1.amazonaws.com/b/k"),
        (
            "https://bkt.s3.amazonaws.com/%2c?a=%2f",
            "https://bkt.s3.eu-west-1.amazonaws.com/%2c?a=%2f",
        ),
        ("https://b.kt.s3.us-west-2.amazonaws.com/k", "https://b.kt.s3.eu-west-1.amazonaws.com/k"),
        (
            "https://s3.dualstack.us-west-2.amazonaws.com/b/k",
            "https://s3.dualstack.eu-west-1.amazonaws.com/b/k",
        ),
        ("https://s3.cn-north-1.amazonaws.com.cn/b/k", "https://s3.eu-west-1.amazonaws.com.cn/b/k"),
        # already there, or not AWS's, or not safe
        ("https://bkt.s3.eu-west-1.amazonaws.com/k", None),
        ("https://s3.amazonaws.com.evil.example/b/k", None),
        ("https://evil.example/s3.amazonaws.com/k", None),
        ("https://evils3.amazonaws.com/k", None),
        ("http://s3.amazonaws.com/b/k", None),
        ("https://s3.amazonaws.com:8443/b/k", None),
        ("https://minio.example/b/k", None),
    ],
)
def test_the_address_of_a_bucket_in_its_region(url: str, moved: str | None) -> None:
    assert regional(url, "eu-west-1") == (moved or url)


def test_a_region_that_is_no_part_of_a_host() -> None:
    for region in ("evil.example/", "eu-west-1.evil.example", "../x", "lab", ""):
        assert regional("https://s3.amazonaws.com/b/k", region) == "https://s3.amazonaws.com/b/k"


def test_the_region_that_an_answer_names() -> None:
    assert region_named({"x-amz-bucket-region": "eu-west-1"}, {"region": "x-y"}) == "eu-west-1"
    assert region_named({}, {"region": "lab"}) == "lab"
    assert region_named({}, {"endpoint": "bkt.s3-us-west-2.amazonaws.com"}) == "us-west-2"
    where = {"Location": "https://bkt.s3.us-west-2.amazonaws.com/k"}
    assert region_named(where, {}) == "us-west-2"
    assert region_named({"x-amz-bucket-region": "a b/../c"}, {}) == ""
    assert region_named({"Location": "http://[x"}, {}) == ""
    assert region_of_host("s3.eu-west-1.amazonaws.com") == "eu-west-1"
    assert region_of_host("s3.eu-west-1.amazonaws.com.evil.example") == ""


def test_urls_of_one_bucket() -> None:
    a, b = "https://s3.amazonaws.com/a/x", "https://s3.amazonaws.com/b/x"
    assert bucket_of(a) == bucket_of(a + "y") != bucket_of(b)
    host = "https://bkt.s3.amazonaws.com/"
    assert bucket_of(host + "x/y") == bucket_of(host + "z")
