"""Faults of one mirror of a file that is large enough for many connections at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from datalad_jsdl.fetch.bulk import Job, fetch_file
from datalad_jsdl.model.content import Expected, Fetched
from tests.fault_table import FAULTS, set_up
from tests.fetch.waits import Waits, new_engine
from tests.lab import Lab, sha256
from tests.portal import content_of

SIZE = 24 << 20
RATE = 6_000_000  # bytes per second and connection: one alone would take four seconds


@pytest.fixture(scope="module")
def content() -> bytes:
    return content_of("large", SIZE)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fault", "most"),
    [
        # most: of what may be served, in sizes of the file; what is wrong is asked for again
        ("reset", 1.05),
        # on a busy machine a connection that waits for its turn is as silent, and is left as well
        ("hang", 3.0),
        ("drip", 3.0),
        ("cut", 1.05),
        ("cut-chunked", 1.05),
        ("no-ranges", 1.3),
        ("wrong-range", 1.3),
        ("longer", 1.3),
        ("changed", 3.0),
        ("stale", 3.0),
    ],
)
def test_the_first_of_two_mirrors(content: bytes, fault: str, most: float) -> None:
    expected = Expected(SIZE, "sha256", sha256(content))
    with Lab(rate=RATE) as mirror, Lab(rate=RATE) as good:
        urls = (set_up(FAULTS[fault], content, mirror, mirror), good.put("f.bin", content))
        job = Job("file", urls, expected, Path("file"))
        silence = {"read_timeout": 2.0} if fault in ("hang", "drip") else {}
        outcome = fetch_file(job, new_engine(Waits(), **silence))
        assert isinstance(outcome, Fetched), outcome
        assert Path("file").read_bytes() == content
        assert mirror.sent() + good.sent() <= most * SIZE
    assert [path.name for path in Path().iterdir()] == ["file"]


def test_many_connections_are_at_work(content: bytes) -> None:
    """Else the tests above are about nothing."""
    expected = Expected(SIZE, "sha256", sha256(content))
    with Lab(rate=RATE // 2) as mirror, Lab(rate=RATE // 2) as good:
        urls = tuple(server.put("f.bin", content) for server in (mirror, good))
        outcome = fetch_file(Job("file", urls, expected, Path("file")), new_engine())
        assert isinstance(outcome, Fetched), outcome
        assert len({request.port for request in mirror.requests}) > 1
        assert good.sent() > 0.2 * SIZE
        assert mirror.sent() + good.sent() <= 1.05 * SIZE
