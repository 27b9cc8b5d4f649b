"""What each status means, whether it is asked again, and for how long a server is left alone."""

from __future__ import annotations

import re
import time
from email.utils import formatdate
from pathlib import Path

import pytest

from datalad_jsdl.errors import StatusError
from datalad_jsdl.faults import Failed
from datalad_jsdl.fetch.bulk import Job, fetch_file
from datalad_jsdl.fetch.http.documents import WebApi
from datalad_jsdl.fetch.http.statuses import STATUSES, meaning_of
from datalad_jsdl.fetch.http.waiting import wait_of
from datalad_jsdl.fetch.mirrors.states import State
from datalad_jsdl.fetch.phrases import phrase
from datalad_jsdl.model.content import Expected, Fetched
from tests.fetch.waits import Waits, new_engine, probed
from tests.wire import Talk, Wire

DOCS = Path(__file__).parents[2] / "docs/statuses.rst"


@pytest.mark.parametrize("status", STATUSES)
def test_each_status(status: int) -> None:
    """A file, a portal's API and the check before a download say the same of it."""
    meaning = STATUSES[status]
    with Wire() as wire, new_engine(Waits()) as engine:
        url = wire.put("/f", lambda talk: talk.answer(status))
        outcome = fetch_file(Job("f", (url,), Expected(), Path("f")), engine)
        assert isinstance(outcome, Failed)
        (fault,) = outcome.faults
        assert fault.lasting is not meaning.passes
        assert len(wire.asked) == (3 if meaning.passes else 1)
        login = status == 401
        expected = f"HTTP status {status} (" + ("" if login else meaning.text)
        assert phrase(fault).startswith(expected)
        assert not login or "requires a login" in phrase(fault)
        engine.origins.end_back_offs()
        with pytest.raises(StatusError) as raised:
            WebApi(engine).get(url)
        assert expected in str(raised.value)
        if status != 416:  # of an empty file, there is no first byte
            answer = probed(url, Expected(), engine)
            assert answer.what.startswith(expected)
            assert answer.passing is meaning.passes


def test_the_page_has_the_table_of_the_code() -> None:
    rows = re.findall(r"   \* - (\d+)\n     - (yes|no)\n     - (.*)\n", DOCS.read_text())
    assert rows == [
        (str(status), "yes" if meaning.passes else "no", meaning.text)
        for status, meaning in STATUSES.items()
    ]
    assert [meaning_of(status).passes for status in (299, 499, 555)] == [False, False, True]


def busy_once(status: int, *lines: str) -> list[float]:
    """The waits until a file is there whose server answers so the first time."""
    waits = Waits()

    def answer(talk: Talk) -> None:
        if len(wire.asked) == 1:
            talk.answer(status, b"", *lines)
        else:
            talk.file(b"content")

    with Wire() as wire, new_engine(waits, max_wait=120) as engine:
        job = Job("f", (wire.put("/f", answer),), Expected(), Path("f"))
        outcome = fetch_file(job, engine)
    assert isinstance(outcome, Fetched), outcome
    return waits.seconds


@pytest.mark.parametrize("status", [202, 400, 403, 404, 409, 420, 423, 429, 500, 503, 509, 529])
def test_any_status_may_ask_for_a_wait(status: int) -> None:
    assert busy_once(status, "Retry-After: 77") == [pytest.approx(77, abs=2)]


def test_a_wait_is_no_longer_than_the_limit() -> None:
    assert busy_once(202, "Retry-After: 7200") == [pytest.approx(120, abs=2)]


def test_a_file_that_is_not_ready_keeps_no_other_waiting() -> None:
    waits = Waits()
    with Wire() as wire, new_engine(waits, max_wait=120) as engine:
        slow = wire.put("/slow", lambda talk: talk.answer(202, b"", "Retry-After: 60"))
        other = wire.put("/other", b"content")
        fetch_file(Job("slow", (slow,), Expected(), Path("slow")), engine)
        assert engine.origins.wait(other) == 0
        asked = list(waits.seconds)
        outcome = fetch_file(Job("other", (other,), Expected(), Path("other")), engine)
        assert isinstance(outcome, Fetched)
        assert waits.seconds == asked


def test_a_redirect_is_followed_after_its_wait() -> None:
    waits = Waits()
    with Wire() as wire, new_engine(waits, max_wait=120) as engine:
        target = wire.put("/there", b"content")
        for wait in (9, 7200):
            lines = (f"Retry-After: {wait}", f"Location: {target}")
            url = wire.put(f"/f{wait}", lambda talk, lines=lines: talk.answer(303, b"", *lines))
            job = Job("f", (url,), Expected(), Path("f"))
            assert isinstance(fetch_file(job, engine), Fetched)
    assert waits.seconds == [9, 120]  # no longer than the limit


def test_who_is_not_let_in_is_not_asked_again() -> None:
    waits = Waits()
    with Wire() as wire, new_engine(waits) as engine:
        url = wire.put("/f", lambda talk: talk.answer(401, b"", "Retry-After: 9"))
        outcome = fetch_file(Job("f", (url,), Expected(), Path("f")), engine)
        assert isinstance(outcome, Failed)
        assert len(wire.asked) == 1
    assert waits.seconds == []


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"Retry-After": "120"}, 120),
        ({"Retry-After": " 1.5 "}, 1.5),
        ({"Retry-After": "120, 60"}, 120),
        # the three forms of a date (RFC 9110, 5.6.7), by the server's clock, which is years off
        ({"Retry-After": "Sun, 06 Nov 1994 08:49:37 GMT"}, 37),
        ({"Retry-After": "Sunday, 06-Nov-94 08:49:37 GMT"}, 37),
        ({"Retry-After": "Sun Nov  6 08:49:37 1994"}, 37),
        ({"Retry-After": "Sun, 06 Nov 1994 08:40:00 GMT"}, 0),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "-5"}, None),
        ({"Retry-After": ""}, None),
        ({"Retry-After-Ms": "250", "Retry-After": "1"}, 0.25),
        ({"RateLimit-Remaining": "0", "RateLimit-Reset": "30"}, 30),
        ({"X-RateLimit-Remaining": "5", "X-RateLimit-Reset": "30"}, None),
        ({"X-RateLimit-Reset": "30"}, None),
    ],
)
def test_forms_of_a_wait(headers: dict[str, str], wait: float | None) -> None:
    assert wait_of(429, {"Date": "Sun, 06 Nov 1994 08:49:00 GMT"} | headers) == wait


def test_a_limit_that_is_used_up_begins_anew_at_a_moment() -> None:
    headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(int(time.time()) + 50)}
    assert wait_of(403, headers) == pytest.approx(49, abs=2)
    assert wait_of(404, headers) is None
    own = {"Retry-After": formatdate(time.time() + 50, usegmt=True)}  # without its clock, ours
    assert wait_of(404, own) == pytest.approx(49, abs=2)


def test_a_limit_of_requests_is_no_question_of_logins() -> None:
    """As GitHub says it."""
    lines = ("X-RateLimit-Remaining: 0", f"X-RateLimit-Reset: {int(time.time()) + 50}")
    waits = Waits()
    with Wire() as wire, new_engine(waits, max_wait=120) as engine:
        url = wire.put("/f", lambda talk: talk.answer(403, b"", *lines))
        outcome = fetch_file(Job("f", (url,), Expected(), Path("f")), engine)
    assert isinstance(outcome, Failed)
    assert phrase(outcome.faults[0]).startswith("HTTP status 403 (too many requests); ")
    assert outcome.faults[0].busy
    assert waits.seconds[0] == pytest.approx(49, abs=2)


@pytest.mark.parametrize(
    ("status", "lines", "state"),
    [
        (202, (), State.BUSY),
        (401, (), State.LOGIN),
        (403, ("WWW-Authenticate: Bearer",), State.LOGIN),
        (403, (), State.TERMS),
        (403, ("Retry-After: 5",), State.BUSY),
        (404, (), State.GONE),
        (410, (), State.GONE),
        (429, (), State.BUSY),
        (503, ("Retry-After: 5",), State.BUSY),
        (503, (), State.DEAD),
        (500, (), State.DEAD),
        (408, (), State.DEAD),
        (400, (), State.UNFIT),
        (451, (), State.UNFIT),
        (511, (), State.UNFIT),
        (403, ("cf-mitigated: challenge",), State.UNFIT),
        (202, ("x-amzn-waf-action: challenge",), State.UNFIT),
    ],
)
def test_what_a_status_means_before_a_download(
    status: int, lines: tuple[str, ...], state: State
) -> None:
    with Wire() as wire, new_engine() as engine:
        url = wire.put("/f", lambda talk: talk.answer(status, b"", *lines))
        assert probed(url, Expected(), engine).state is state
