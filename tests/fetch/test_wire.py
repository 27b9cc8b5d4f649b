"""Every row of the table of answers, by this package's engine, by wget and by curl."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from datalad_jsdl.faults import Failed
from datalad_jsdl.fetch.bulk import Job, fetch_file
from datalad_jsdl.model.content import Expected, Fetched
from tests.fetch.waits import Waits, new_engine
from tests.lab import sha256
from tests.portal import content_of
from tests.wire import Wire
from tests.wire_peers import PEERS, fetched, serve
from tests.wire_row import KNOWLEDGE
from tests.wire_table import WIRE

CONTENT = content_of("wire", 100_000)
EXPECTED = {
    "digest": Expected(len(CONTENT), "sha256", sha256(CONTENT)),
    "size": Expected(len(CONTENT)),
    "nothing": Expected(),
}
TARGET = Path("file")


@pytest.fixture
def wire() -> Iterator[Wire]:
    with Wire() as server:
        yield server


@pytest.mark.parametrize("known", KNOWLEDGE)
@pytest.mark.parametrize("name", WIRE)
def test_the_only_mirror_answers_so(
    wire: Wire, name: str, known: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    row, other = WIRE[name], content_of("another", 500)
    url = serve(wire, row, CONTENT)
    wire.routes["/other.bin"] = other
    for variable, value in row.env.items():
        monkeypatch.setenv(variable, value)
    with new_engine(Waits(), connections=1) as engine:
        outcome = fetch_file(Job("file", (url,), EXPECTED[known], TARGET), engine)
        # what follows on the same connection is not mixed up with it
        after = Job("other", (f"{wire.url}/other.bin",), Expected(), Path("other"))
        if not row.env or row.right:
            assert isinstance(fetch_file(after, engine), Fetched)
            assert Path("other").read_bytes() == other
    if known in row.right:
        assert isinstance(outcome, Fetched), outcome
        assert TARGET.read_bytes() == CONTENT
    else:
        assert isinstance(outcome, Failed)
        assert not TARGET.exists()


@pytest.mark.parametrize("name", [name for name, row in WIRE.items() if len(row.right) < 3])
def test_what_we_refuse_wget_and_curl_do_not_both_get(
    wire: Wire, name: str, program: Callable[[str], str]
) -> None:
    """Knowing no more than they do; the other rows we get anyway."""
    url = serve(wire, WIRE[name], CONTENT)
    assert all(program(peer) for peer in PEERS)
    assert not all(fetched(peer, url, WIRE[name], Path(), CONTENT) for peer in PEERS)
