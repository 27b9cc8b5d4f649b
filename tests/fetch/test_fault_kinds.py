"""Each kind of fault: what follows from it, what it comes to in a check, and its words."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from datalad_jsdl.errors import FetchError
from datalad_jsdl.faults import Attempts, Checksum, Failed, Fault, FaultKind, Reply
from datalad_jsdl.fetch.mirrors.states import Answer, State
from datalad_jsdl.fetch.phrases import failure, in_full, phrase, told

URL = "https://a.example/f?token=s3cret"
SHOWN = "https://a.example/f?…"
PROXY = "the proxy http://p.example:3128 of http_proxy"
NO_DATA = "no data within 10 seconds (git config datalad.jsdl.read-timeout)"


@dataclass(frozen=True)
class Row:
    """One kind.

    Attributes:
        nature: the properties that are true, by their first letters: lasting, mirror, busy,
            answered, refused, unasked, wrong.
        state: in a check.
        words: the phrase, or how it begins.
        data: of the fault.
    """

    nature: str
    state: State
    words: str
    data: dict[str, Any] = field(default_factory=dict)


def reply(status: int, **more: str) -> dict[str, Any]:
    return {"reply": Reply(status, **more)}


ROWS = {
    "gone": Row("la", State.GONE, "HTTP status 404 (not found)", reply(404)),
    "login": Row(
        "la",
        State.LOGIN,
        "HTTP status 401 (https://a.example requires a login)",
        reply(401, advice="https://a.example requires a login"),
    ),
    "terms": Row(
        "la", State.TERMS, "HTTP status 403 (access is forbidden, or you must", reply(403)
    ),
    "guard": Row(
        "la", State.UNFIT, "HTTP status 403 (bot protection (X) answered", reply(403, guard="X")
    ),
    "unfit": Row(
        "la",
        State.UNFIT,
        "HTTP status 400 (the bucket is in another region: x-1; the URL must name the endpoint "
        "of that region); the server says: no",
        reply(400, code="ELSEWHERE", region="x-1", said="no"),
    ),
    "unable": Row("la", State.DEAD, "HTTP status 501 (the server does not support", reply(501)),
    "preparing": Row("a", State.BUSY, "HTTP status 202 (the server is still", reply(202)),
    "busy": Row("mba", State.BUSY, "HTTP status 403 (too many requests)", reply(403)),
    "overloaded": Row("mba", State.DEAD, "HTTP status 503 (the server is overl", reply(503)),
    "down": Row(
        "ma",
        State.DEAD,
        "HTTP status 502 (a server behind this one is faulty), unless this response came from "
        f"{PROXY}",
        reply(502) | {"proxy": PROXY},
    ),
    "web-page": Row(
        "la", State.TERMS, "the server sent a web page instead of the file; you may need"
    ),
    "compressed": Row(
        "la",
        State.UNFIT,
        "the server sends the file compressed (gzip, br) although",
        {"codings": ("gzip", "br")},
    ),
    "size": Row(
        "la",
        State.SIZE,
        "the manifest says 5 bytes, but the server sent a web page of 9 bytes; you may need to log",
        {"expected": 5, "offered": 9, "cause": Fault(FaultKind.WEB_PAGE)},
    ),
    "disputed": Row(
        "a",
        State.UNFIT,
        "another mirror says 5 bytes, but the server has 9",
        {"expected": 5, "offered": 9, "by_mirror": True},
    ),
    "longer": Row(
        "law",
        State.SIZE,
        "the manifest says 5 bytes, but the server has more; the server sends the file compressed",
        {"expected": 5, "codings": ("br",)},
    ),
    "shorter": Row(
        "a", State.UNFIT, "the server's file is shorter than the part already downloaded"
    ),
    "changed": Row("aw", State.UNFIT, "the file on the server has changed in the meantime"),
    "content": Row(
        "law",
        State.UNFIT,
        "wrong content: expected md5 aa, got bb",
        {"checksum": Checksum("md5", "aa", "bb")},
    ),
    "supplanted": Row("law", State.UNFIT, "the mirror sent wrong bytes; other mirrors sent"),
    "no-ranges": Row("", State.UNFIT, "the server ignores ranges and sends the whole file"),
    "range": Row("m", State.UNFIT, "requested bytes from 5, but got no Content-R", {"position": 5}),
    "broke-off": Row(
        "m",
        State.UNFIT,
        f"the transfer broke off after 5 bytes ({NO_DATA}, through {PROXY})",
        {
            "position": 5,
            "cause": Fault(FaultKind.SILENT, seconds=10, position=0, proxy=PROXY),
        },
    ),
    "truncated": Row(
        "m", State.UNFIT, "the transfer ended after 5 of 9 bytes", {"position": 5, "expected": 9}
    ),
    "slow": Row("m", State.UNFIT, "slower than 9 bytes per second (git config", {"expected": 9}),
    "silent": Row("m", State.DEAD, "no response within 10 seconds (git config", {"seconds": 10.0}),
    "silent-get": Row(
        "m",
        State.DEAD,
        "the server answers HEAD requests but not GET: no response within",
        {"seconds": 10.0},
    ),
    "unresponsive": Row("lm", State.DEAD, NO_DATA, {"seconds": 10.0, "position": 0}),
    "no-answer": Row(
        "m",
        State.DEAD,
        f"connection reset by peer, through {PROXY}; gave up after 3 attempts (git config "
        "datalad.jsdl.retries)",
        {"detail": "connection reset by peer", "proxy": PROXY, "attempts": Attempts(3)},
    ),
    "closed": Row("m", State.DEAD, "the server closed the connection"),
    "unconnected": Row("mr", State.DEAD, "cannot connect: refused", {"detail": "refused"}),
    "connect-timeout": Row("m", State.DEAD, "no connection within 1 second (git", {"seconds": 1.0}),
    "tls": Row("l", State.DEAD, "TLS: bad record", {"detail": "bad record"}),
    "untrusted": Row(
        "l",
        State.DEAD,
        "TLS: self signed; if you trust the server, name its certificate authority: git config "
        "--global http.https://a.example/.sslCAInfo FILE",
        {"detail": "self signed", "origin": "https://a.example"},
    ),
    "no-tls": Row("l", State.DEAD, "TLS: x; this port does not use https", {"detail": "x"}),
    "unfetchable": Row("l", State.UNFIT, "redirected in a c", {"detail": "redirected in a circle"}),
    "forbidden": Row("lu", State.REFUSED, "::1 is not public", {"detail": "::1 is not public"}),
    "not-asked": Row(
        "",
        State.UNFIT,
        "not tried: the disk is full",
        {"cause": Fault(FaultKind.DISK_FULL)},
    ),
    "skipped": Row(
        "",
        State.UNFIT,
        "skipped for 30 seconds: the mirror failed 3 times in a row (cannot connect: x)",
        {
            "attempts": Attempts(3),
            "wait": 29.7,
            "cause": Fault(FaultKind.UNCONNECTED, detail="x"),
        },
    ),
    "interrupted": Row("l", State.UNFIT, "interrupted"),
    "disk": Row("", State.UNFIT, "cannot write f: read-only", {"detail": "f: read-only"}),
    "disk-full": Row(
        "", State.UNFIT, "the disk is full; free some space and run the same command again"
    ),
    "bug": Row("l", State.UNFIT, "a bug in", {"detail": "a bug in datalad-jsdl"}),
}

PROPERTIES = ("lasting", "mirror", "busy", "answered", "refused", "unasked", "wrong")


def test_the_table_has_every_kind() -> None:
    assert list(ROWS) == [kind.value for kind in FaultKind]


@pytest.mark.parametrize("kind", ROWS)
def test_a_kind(kind: str) -> None:
    row = ROWS[kind]
    fault = Fault(FaultKind(kind), URL, **row.data)
    assert {name for name in PROPERTIES if getattr(fault, name)} == {
        name for name in PROPERTIES if name[0] in row.nature
    }
    assert Answer(fault).state is row.state
    assert phrase(fault).startswith(row.words)
    assert Answer(fault).what == phrase(fault)
    assert in_full(fault) == f"{SHOWN}: {phrase(fault)}"
    assert "s3cret" not in repr(fault)
    assert (fault.silent > 0) is (kind in ("silent", "silent-get", "unresponsive"))
    assert fault.status == (fault.reply.status if fault.reply else 0)


def test_whoever_says_when_may_be_asked_again() -> None:
    assert not Fault(FaultKind.GONE, URL, 5.0, reply=Reply(404)).lasting


def test_a_longer_wait_than_is_allowed() -> None:
    fault = Fault(FaultKind.BUSY, URL, 700.0, reply=Reply(429), attempts=Attempts(1, 60.0))
    assert phrase(fault) == (
        "HTTP status 429 (too many requests); the server asks for a pause of 700 seconds, more "
        "than the limit of 60 seconds (git config datalad.jsdl.max-wait); gave up after 1 attempt "
        "(git config "
        "datalad.jsdl.retries)"
    )


def test_what_may_have_been_cut_off() -> None:
    wrong = Fault(FaultKind.CONTENT, expected=9, offered=5)
    assert phrase(Fault(FaultKind.TRUNCATED, URL, cause=wrong)) == (
        "expected 9 bytes, got 5; the file may be incomplete"
    )
    assert phrase(Fault(FaultKind.CONTENT, checksum=Checksum("md5"))) == (
        "wrong content: the md5 of a piece does not match"
    )


def test_an_error_carries_what_failed() -> None:
    faults = tuple(Fault(FaultKind.GONE, f"{URL}{i}", reply=Reply(404)) for i in range(10))
    failed = Failed(faults)
    with pytest.raises(FetchError) as caught:
        raise failure(failed, "cannot fetch it: ", "!")
    assert caught.value.failed is failed
    assert str(caught.value) == f"cannot fetch it: {told(failed)}!"
    assert told(failed).count(SHOWN) == 8
    assert told(failed).endswith("; 2 more URLs failed")
    assert told(Failed(())) == "no URL to download from"
    assert not failed.disk_full
    assert Failed((Fault(FaultKind.DISK_FULL),)).disk_full
