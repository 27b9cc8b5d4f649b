"""Mirrors that die in the middle of a file cost half a minute, whatever it is fetched in."""

from __future__ import annotations

import threading
from contextlib import ExitStack

import pytest

from datalad_jsdl.archive.remote import Memory
from datalad_jsdl.faults import Failed
from datalad_jsdl.fetch.file.download import fetch
from datalad_jsdl.model.content import Expected
from tests.fetch.waits import Waits, new_engine
from tests.lab import Lab, sha256
from tests.portal import content_of
from tests.wire import Talk, Wire

PIECE = 200_000
HALF_A_MINUTE = 32.0  # seconds of the virtual clock, the pauses between requests included


class Dying:
    """Gives half of the first piece that it is asked for, and then nothing but faults."""

    def __init__(self, content: bytes, fault: str) -> None:
        self._content = content
        self._fault = fault
        self._dead = threading.Event()

    def __call__(self, talk: Talk) -> None:
        size = len(self._content)
        first, _, last = talk.asked.headers.get("range", "bytes=0-")[6:].partition("-")
        start, end = int(first), int(last or size - 1) + 1
        place = f"Content-Range: bytes {start}-{end - 1}/{size}\r\n"
        head = (
            f"HTTP/1.1 206 X\r\n{place}" if "range" in talk.asked.headers else "HTTP/1.1 200 X\r\n"
        )
        head += f"Content-Length: {end - start}\r\n\r\n"
        if not self._dead.is_set():
            talk.send(head.encode() + self._content[start : (start + end) // 2])
            self._dead.set()
        elif self._fault == "status":
            talk.answer(500)
            return
        elif self._fault == "head":
            talk.send(head.encode())
        talk.close()


@pytest.mark.parametrize("fault", ["reset", "status", "head"])
@pytest.mark.parametrize("mirrors", [1, 2])
@pytest.mark.parametrize("pieces", [1, 4, 16])
def test_one_patience_for_all_pieces(pieces: int, mirrors: int, fault: str) -> None:
    content = content_of("f", pieces * PIECE)
    expected = Expected(len(content), "sha256", sha256(content))
    waits = Waits()
    with ExitStack() as stack:
        wires = [stack.enter_context(Wire({"/f": Dying(content, fault)})) for _ in range(mirrors)]
        engine = stack.enter_context(new_engine(waits, segments=1))
        operation = stack.enter_context(engine.operation())
        for number in range(pieces):
            place = number * PIECE
            outcome = fetch(
                engine,
                [f"{wire.url}/f" for wire in wires],
                expected,
                Memory(PIECE),
                window=(place, place + PIECE) if pieces > 1 else None,
                operation=operation,
            )
            assert isinstance(outcome, Failed)
    assert 29 < sum(waits.seconds) < HALF_A_MINUTE
    assert sum(len(wire.asked) for wire in wires) < 8 * mirrors + 2 * pieces * mirrors


def test_nothing_of_a_window_has_come(lab: Lab) -> None:
    """What lies outside it is nothing that is there: nobody waits for minutes to go on with it."""
    waits = Waits()
    content = content_of("f", 20_000)
    urls = [lab.put(path, content, status=503) for path in ("a", "b")]
    expected = Expected(20_000_000, "sha256", "0" * 64)
    outcome = fetch(new_engine(waits), urls, expected, Memory(1000), window=(1000, 2000))
    assert isinstance(outcome, Failed)
    assert {fault.reply.status for fault in outcome.faults if fault.reply} == {503}
    assert sum(waits.seconds) < 60
