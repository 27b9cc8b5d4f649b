"""No file ever gets bytes that another URL served, whatever servers do on a shared connection."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from datalad_jsdl.errors import FetchError
from datalad_jsdl.fetch.bulk import Job, fetch_all
from datalad_jsdl.fetch.http.documents import WebApi
from datalad_jsdl.model.content import Expected, Fetched
from tests.fault_table import FAULTS, KNOWLEDGE
from tests.fetch.waits import Waits, new_engine, probed
from tests.lab import Lab, sha256
from tests.wire_row import TARGET
from tests.wire_table import GROUPS, WIRE

# those that answer on their own; silent ones only take time
_SLOW = ("mute", "hang", "drip")
_FAULTS = {n: r.faults for n, r in FAULTS.items() if r.place == "here" and n not in _SLOW}
_ANSWERS = {n: {"answer": row.answer} for n, row in WIRE.items() if row.target == TARGET}
_ROWS = {"none": {}, **_FAULTS, **_ANSWERS}
# what leaves an exchange open is as likely as all the rest
_INTERIM = {name for name in _ANSWERS if WIRE[name].source == "RFC 9110, 15.2"}
_GROUPS = [_FAULTS, _INTERIM, *(set(group) & set(_ANSWERS) for group in GROUPS.values())]

_TAG = re.compile(rb"\[(\d{6}):\d{7}\]")


@dataclass(frozen=True)
class Planned:
    """A file of the test.

    Attributes:
        row: how its URL misbehaves.
        times: for how many requests; None for ever.
        known: what is known of it.
        size: bytes.
        kind: it is a file, a document, or only asked for.
    """

    row: str
    times: int | None
    known: str
    size: int
    kind: str


def _plans(groups: Sequence[Collection[str]]) -> st.SearchStrategy[list[Planned]]:
    planned = st.builds(
        Planned,
        row=st.one_of(st.just("none"), *(st.sampled_from(sorted(group)) for group in groups)),
        times=st.sampled_from([1, 2, None]),
        known=st.sampled_from(KNOWLEDGE),
        size=st.sampled_from([1, 700, 9_000, 100_000]),
        kind=st.sampled_from(["file", "file", "file", "document", "asked"]),
    )
    return st.lists(planned, min_size=8, max_size=12)


def _content(number: int, size: int) -> bytes:
    """Every 16 bytes of it tell whose they are."""
    tags = (b"[%06d:%07d]" % (number, at) for at in range(size // 16 + 1))
    return b"".join(tags)[:size]


def _expected(content: bytes, known: str) -> Expected:
    if known == "nothing":
        return Expected()
    digest = ("sha256", sha256(content)) if known == "digest" else (None, "")
    return Expected(len(content), *digest)


def _strangers(data: bytes, number: int) -> set[bytes]:
    """Whose bytes are in there besides its own; heads of answers are nobody's."""
    found = {tag for tag in _TAG.findall(data) if int(tag) != number}
    return found | {b"a head"} if re.search(rb"HTTP/1\.\d \d\d\d", data) else found


def _mix(plans: list[Planned], connections: int) -> None:
    """Fetch, read and ask for all of them over few connections; look at what came."""
    with (
        Lab() as lab,
        new_engine(Waits(), connections=connections, retries=2) as engine,
        tempfile.TemporaryDirectory() as folder,
    ):
        jobs, numbers = [], {}
        for number, plan in enumerate(plans):
            content = _content(number, plan.size)
            url = lab.put(f"f{number}", content, **{"times": plan.times, **_ROWS[plan.row]})
            if plan.kind == "file":
                expected = _expected(content, plan.known)
                target = Path(folder, f"f{number}")
                jobs.append(Job(number, (url,), expected, target))
                numbers[target] = (number, plan, content)
            elif plan.kind == "document":
                _read(engine, url, number)
            else:
                probed(url, _expected(content, plan.known), engine)
        for job, outcome in fetch_all(jobs, engine, 2):
            number, plan, content = numbers[job.target]
            if not isinstance(outcome, Fetched):
                continue
            data = job.target.read_bytes()
            assert not _strangers(data, number), plan
            if plan.known == "digest":
                assert data == content, plan


def _read(engine: object, url: str, number: int) -> None:
    try:
        answer = WebApi(engine).get(url)  # type: ignore[arg-type]  # named above
    except FetchError:
        return
    assert not _strangers(answer.text.encode("utf-8", "surrogateescape"), number)


def _property(examples: int) -> Callable[[], None]:
    @settings(
        max_examples=examples,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate,),  # to make a failing example smaller takes minutes
        database=None,
    )
    @given(plans=_plans(_GROUPS), connections=st.integers(1, 2))
    def check(plans: list[Planned], connections: int) -> None:
        _mix(plans, connections)

    return check


@pytest.mark.slow
def test_no_stranger_s_content() -> None:
    _property(60)()


@pytest.mark.slow
def test_no_stranger_s_content_in_minutes() -> None:
    _property(300)()
