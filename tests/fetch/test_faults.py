"""Every fault of the table, with a digest, with a size only, and with nothing known."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from datalad_jsdl.faults import Failed, FaultKind
from datalad_jsdl.fetch.bulk import Job, fetch_file
from datalad_jsdl.fetch.engine import Engine
from datalad_jsdl.fetch.phrases import phrase, told
from datalad_jsdl.model.content import Expected, Fetched
from tests.fault_table import FAULTS, KNOWLEDGE, set_up
from tests.fetch.waits import Waits, new_engine
from tests.lab import Authority, Lab, sha256
from tests.portal import content_of

CONTENT = content_of("faults", 1_000_000)
EXPECTED = {
    "digest": Expected(len(CONTENT), "sha256", sha256(CONTENT)),
    "size": Expected(len(CONTENT)),
    "nothing": Expected(),
}
TARGET = Path("file")
SECRET = "?X-Amz-Signature=s3cret"

PASSING = [name for name, row in FAULTS.items() if row.passes is not None]
FATAL = [name for name, row in FAULTS.items() if row.fatal]
# whose bytes pass for the file's where nothing is known
UNNOTICED = [(name, k) for name, row in FAULTS.items() for k in KNOWLEDGE if k not in row.noticed]

# most of what a fault may cost: bytes served by all mirrors, in sizes of the file
ECONOMY = 1.02
ECONOMICAL = ["reset", "reset-late", "cut", "cut-chunked", "hang", "empty"]


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture
def place(request: pytest.FixtureRequest) -> Iterator[Lab]:
    """Where a mirror redirects to, in those rows where it does."""
    row = FAULTS.get(request.node.callspec.params["fault"])
    tls = row is not None and row.place == "unknown authority"
    with Lab(request.getfixturevalue("authority") if tls else None) as server:
        yield server


def quick() -> Engine:
    """An engine that does not wait, and takes what is silent for a moment for hung."""
    return new_engine(Waits(), read_timeout=0.5)


def fetch(urls: list[str], expected: Expected, engine: Engine | None = None) -> Fetched | Failed:
    return fetch_file(Job("file", tuple(urls), expected, TARGET), engine or quick())


def is_right(outcome: Fetched | Failed) -> bool:
    return isinstance(outcome, Fetched) and TARGET.read_bytes() == CONTENT


def earlier_run(fault: str, known: Expected, lab: Lab, place: Lab) -> None:
    """What a run had left that broke off, before the file changed."""
    if FAULTS[fault].before is not None:
        outcome = fetch([set_up(FAULTS[fault], CONTENT, lab, place, earlier=True)], known)
        assert isinstance(outcome, Failed)
        assert not TARGET.exists()


@pytest.mark.parametrize("known", KNOWLEDGE)
@pytest.mark.parametrize("fault", FAULTS)
def test_there_is_a_second_mirror(
    lab: Lab, other_lab: Lab, place: Lab, fault: str, known: str
) -> None:
    expected = EXPECTED[known]
    earlier_run(fault, expected, lab, place)
    before = lab.sent()
    urls = [set_up(FAULTS[fault], CONTENT, lab, place), other_lab.put("f.bin", CONTENT)]
    outcome = fetch(urls, expected)
    if known in FAULTS[fault].noticed:
        assert is_right(outcome), outcome
    else:
        # nothing could tell; on a busy machine the good mirror may have been the one that was asked
        assert isinstance(outcome, Fetched)
        assert TARGET.read_bytes() == CONTENT or not other_lab.requests
    assert not Path("file.part").exists()
    assert not Path("file.part.journal").exists()
    if known == "digest" and fault in ECONOMICAL:
        assert lab.sent() - before + other_lab.sent() <= ECONOMY * len(CONTENT)


@pytest.mark.parametrize("fault", [name for name in FAULTS if name != "nothing"])
def test_a_digest_is_known_but_no_size(lab: Lab, other_lab: Lab, place: Lab, fault: str) -> None:
    expected = replace(EXPECTED["digest"], size=None)
    earlier_run(fault, expected, lab, place)
    urls = [set_up(FAULTS[fault], CONTENT, lab, place), other_lab.put("f.bin", CONTENT)]
    assert is_right(fetch(urls, expected))
    assert not Path("file.part").exists()


def test_an_empty_answer_where_only_a_digest_is_known(lab: Lab, other_lab: Lab) -> None:
    urls = [lab.put("f.bin", b""), other_lab.put("f.bin", CONTENT)]
    engine = quick()
    timer = threading.Timer(1.0, engine.interrupt)
    timer.start()
    try:
        assert is_right(fetch(urls, replace(EXPECTED["digest"], size=None), engine))
    finally:
        timer.cancel()


@pytest.mark.parametrize("wrong", ["shorter", "longer"])
def test_a_mirror_that_lies_about_the_size_and_breaks_off(
    lab: Lab, other_lab: Lab, wrong: str
) -> None:
    bad = lab.put("f.bin", CONTENT, reset_at=0.5, **{wrong: 0.1})
    urls = [bad, other_lab.put("f.bin", CONTENT)]
    assert is_right(fetch(urls, replace(EXPECTED["digest"], size=None)))


@pytest.mark.parametrize("known", ["digest", "size"])
def test_the_only_mirror_answers_every_range_wrongly(lab: Lab, known: str) -> None:
    faults = {"reset_at": 0.5, "times": 1, "content_range": "bytes 5-9/10", "etag": '"1"'}
    assert is_right(fetch([lab.put("f.bin", CONTENT, **faults)], EXPECTED[known]))


@pytest.mark.slow
@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("fault", PASSING)
def test_the_only_mirror_is_out_of_order_for_a_while(
    lab: Lab, place: Lab, fault: str, times: int
) -> None:
    row = replace(FAULTS[fault], passes=times)
    assert is_right(fetch([set_up(row, CONTENT, lab, place, passing=True)], EXPECTED["digest"]))
    if fault in ECONOMICAL:
        assert lab.sent() <= ECONOMY * len(CONTENT)


@pytest.mark.parametrize("known", ["size", "nothing"])
@pytest.mark.parametrize("fault", PASSING)
def test_the_same_without_a_digest(lab: Lab, place: Lab, fault: str, known: str) -> None:
    outcome = fetch([set_up(FAULTS[fault], CONTENT, lab, place, passing=True)], EXPECTED[known])
    assert is_right(outcome) is (known in FAULTS[fault].noticed), outcome
    assert isinstance(outcome, Fetched)


@pytest.mark.parametrize("fault", [name for name in FAULTS if FAULTS[name].before is not None])
@pytest.mark.parametrize("known", KNOWLEDGE)
def test_the_only_mirror_has_changed_its_file(lab: Lab, place: Lab, fault: str, known: str) -> None:
    earlier_run(fault, EXPECTED[known], lab, place)
    assert is_right(fetch([set_up(FAULTS[fault], CONTENT, lab, place)], EXPECTED[known]))


@pytest.mark.parametrize("fault", FATAL)
def test_no_mirror_is_in_order(lab: Lab, other_lab: Lab, place: Lab, fault: str) -> None:
    row, expected = FAULTS[fault], EXPECTED["digest"]
    urls = [set_up(row, CONTENT, server, place) + SECRET for server in (lab, other_lab)]
    outcome = fetch(urls, expected)
    assert isinstance(outcome, Failed)
    assert not TARGET.exists()
    assert [fault.url for fault in outcome.faults] == urls
    message = told(outcome)
    assert "s3cret" not in message
    for url, what in zip(urls, outcome.faults, strict=True):
        sentence = phrase(what).partition("; to log in, run:")[0]
        assert f"{url.partition('?')[0]}?…: {sentence}" in message
        assert what.kind in map(FaultKind, row.kinds)
    # what was left behind is no hindrance once a mirror is in order again
    repaired = other_lab.put("f.bin", CONTENT)
    assert is_right(fetch([repaired], expected))
    assert not Path("file.part").exists()


@pytest.mark.slow
@pytest.mark.parametrize("known", ["size", "nothing"])
@pytest.mark.parametrize("fault", FATAL)
def test_no_mirror_is_in_order_and_no_digest_known(
    lab: Lab, place: Lab, fault: str, known: str
) -> None:
    row, expected = FAULTS[fault], EXPECTED[known]
    outcome = fetch([set_up(row, CONTENT, lab, place)], expected)
    if known not in row.noticed:
        assert isinstance(outcome, Fetched)
        return
    assert isinstance(outcome, Failed)
    assert not TARGET.exists()
    assert is_right(fetch([lab.put("f.bin", CONTENT)], expected))


@pytest.mark.parametrize(("fault", "known"), UNNOTICED)
def test_what_cannot_be_noticed_has_a_digest_afterwards(
    lab: Lab, place: Lab, fault: str, known: str
) -> None:
    outcome = fetch([set_up(FAULTS[fault], CONTENT, lab, place, passing=True)], EXPECTED[known])
    assert outcome == Fetched(TARGET.stat().st_size, sha256(TARGET.read_bytes()))
    assert not is_right(outcome)


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("nobody", "cannot connect: "),
        ("404", "HTTP status 404 (not found)"),
        ("429-after", "HTTP status 429 (too many requests)"),
        ("loop", "redirected in a circle"),
        ("authority", "TLS: "),
        ("mute", "no response within 4.5 seconds (git config datalad.jsdl.read-timeout)"),
        ("reset", "broke off after 0.5 MB"),
        ("cut", "broke off after 0.5 MB"),
        ("hang", "no data within 0.5 seconds (git config datalad.jsdl.read-timeout)"),
        ("drip", "slower than 1024 bytes per second (git config datalad.jsdl.min-speed)"),
        ("corrupt", "wrong content: expected sha256"),
        ("page", "the manifest says 1000000 bytes, but the server sent a web page of"),
        ("shorter", "the manifest says 1000000 bytes, but the server has 900000"),
    ],
)
def test_the_words_say_what_is_wrong(lab: Lab, place: Lab, fault: str, words: str) -> None:
    """Who reads them has to know whom to ask for what."""
    outcome = fetch([set_up(FAULTS[fault], CONTENT, lab, place)], EXPECTED["digest"])
    assert words in told(outcome)


def test_a_private_authority_that_the_environment_names_is_trusted(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Lab(authority) as lab:
        url = lab.put("f.bin", CONTENT, times=1, cut_at=0.5)
        assert "TLS" in told(fetch([url], EXPECTED["digest"]))
        Path("authority.pem").write_bytes(authority.pem)
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(Path("authority.pem").absolute()))
        assert is_right(fetch([url], EXPECTED["digest"]))
        assert lab.sent() <= ECONOMY * len(CONTENT)
