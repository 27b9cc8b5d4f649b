"""Ranges that come straight from a connection: whose bytes they are, and readers that pause."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Any

import pytest

from datalad_jsdl.archive.archive import Archive
from datalad_jsdl.archive.budget import LookAhead
from datalad_jsdl.archive.content import Content
from datalad_jsdl.errors import ArchiveError, FetchError
from datalad_jsdl.faults import FaultKind
from datalad_jsdl.model.content import Expected
from tests.archive.shelf import Shelf, data_of
from tests.fetch.waits import Waits, new_engine
from tests.lab import sha256
from tests.wire import Talk, Wire

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.lab import Lab

LARGE = 2_500_000  # bytes
PIECE = 300_000  # bytes

POLICIES = {
    "none": lambda: LookAhead(0, piece=PIECE),
    "ahead": lambda: LookAhead(3, piece=PIECE),
    "shared": lambda: LookAhead(3, piece=PIECE, memory=4 * PIECE, shared=True),
}


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    with new_engine(Waits()) as engine:
        yield Shelf(tmp_path, engine)


def joined(archive: Archive, start: int = 0) -> bytes:
    return b"".join(archive.range(start))


@contextmanager
def suppressed(errors: list[ArchiveError]) -> Iterator[None]:
    try:
        yield
    except ArchiveError as error:
        errors.append(error)


def apart(work: Callable[[], bytes]) -> bytes:
    """What comes of it; a test that would hang fails."""
    found: list[bytes] = []
    thread = threading.Thread(target=lambda: found.append(work()), daemon=True)
    thread.start()
    thread.join(60)
    assert found, "not a byte has come"
    return found[0]


@pytest.mark.parametrize("ranges", [True, False])
@pytest.mark.parametrize("policy", POLICIES)
def test_a_mirror_that_gave_wrong_content_is_named_and_not_asked_again(
    shelf: Shelf, lab: Lab, other_lab: Lab, policy: str, ranges: bool
) -> None:
    content = shelf.remote("a", LARGE, [lab, other_lab], corrupt_at=0.7, ranges=ranges)
    archive = Archive(shelf.contents, shelf.sources, look_ahead=POLICIES[policy]())
    errors = []
    for _ in range(3):  # a mirror without ranges may be asked in the second turn only
        with suppressed(errors):
            assert joined(archive) == shelf.whole
    assert [content.urls[0] in str(error) for error in errors] in ([], [True])
    quarantine = shelf.sources.engine(content).origins.quarantine
    wrong = quarantine.of(content.urls[0], content.expected.hexdigest)
    assert wrong or not ranges
    assert quarantine.of(content.urls[1], content.expected.hexdigest) is None
    assert quarantine.of("", content.expected.hexdigest) is None


def test_two_mirrors_gave_a_wrong_content(shelf: Shelf, lab: Lab) -> None:
    data, half = data_of("a", LARGE), LARGE // 2

    def wrong(talk: Talk) -> None:
        if "range" in talk.asked.headers:
            talk.answer(404)
            return
        talk.send(b"HTTP/1.1 200 X\r\nContent-Length: %d\r\n\r\n" % LARGE)
        talk.send(b"?" + data[1:half])
        talk.close()

    with Wire() as wire:
        urls = (wire.put("/a", wrong), lab.put("a", data))
        expected = Expected(LARGE, "sha256", sha256(data))
        contents = [Content("a", b"a", size=LARGE, mtime=1, expected=expected, urls=urls)]
        shelf.remote("a", LARGE, [lab])
        archive = Archive(contents, shelf.sources, look_ahead=LookAhead(0, piece=PIECE))
        with pytest.raises(ArchiveError, match="a: wrong content"):
            joined(archive)
        assert joined(archive) == shelf.whole


TAG = {"etag": '"1"', "headers": {"Accept-Ranges": "bytes"}}
CONTENTS: dict[str, dict[str, Any]] = {
    "digest": {"headers": {"Accept-Ranges": "bytes"}},
    "digest, no ranges": {"ranges": False},
    "version": {"digest": False, **TAG},
    "version, no ranges": {"digest": False, "etag": '"1"', "ranges": False},
    "neither": {"digest": False},
}


@pytest.mark.parametrize(
    ("kind", "start"), [("digest", 0), ("version", 0), *((kind, 1000) for kind in CONTENTS)]
)
def test_readers_that_pause_keep_no_connection(
    shelf: Shelf, lab: Lab, kind: str, start: int
) -> None:
    shelf.sources._engine.origins.host_room = 1
    count = 2
    for number in range(count):
        shelf.remote(f"{number}", 4 * LARGE, [lab], **CONTENTS[kind])
    shelf.remote("small", 5_000, [lab])
    archive = Archive(shelf.contents, shelf.sources, look_ahead=LookAhead(0, piece=PIECE))
    whole, begins = shelf.whole, []
    begin = 0
    paused = []
    for number in range(count):
        begin = archive._layout.offset(number) + start
        begins.append(begin)
        paused.append(archive.range(begin, begin + 3 * LARGE))
    heads = 2 if start == 0 else 1  # the first chunk is the member's header
    got = [apart(lambda c=c: b"".join(islice(c, heads))) for c in paused]
    small = archive._layout.offset(count)
    assert apart(lambda: b"".join(archive.range(small, small + 4_000)))
    for begin, first, chunks in zip(begins, got, paused, strict=True):
        rest = apart(lambda chunks=chunks: b"".join(chunks))
        assert first + rest == whole[begin : begin + 3 * LARGE]


def test_a_content_that_changes_while_its_reader_pauses(shelf: Shelf, lab: Lab) -> None:
    shelf.remote("a", 4 * LARGE, [lab], digest=False, **TAG)
    shelf.remote("b", 5_000, [lab])
    shelf.sources._engine.origins.host_room = 1
    archive = Archive(shelf.contents, shelf.sources, look_ahead=LookAhead(0, piece=PIECE))
    chunks = archive.range(1000)
    apart(chunks.__next__)
    after = archive._layout.offset(1)
    assert apart(lambda: b"".join(archive.range(after, after + 4_000)))
    lab.put("a", data_of("another", 4 * LARGE), etag='"2"')
    with pytest.raises(FetchError, match=r"^a: ") as caught:
        b"".join(chunks)
    assert caught.value.failed
    assert [fault.kind for fault in caught.value.failed.faults] == [FaultKind.CHANGED]


@pytest.mark.parametrize("fault", [{"mute": True}, {"hang_at": 5000}, {"drip": 2000}], ids=str)
@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("digest", [True, False])
def test_a_range_that_waits_for_a_mirror_can_be_cancelled(
    tmp_path: Path, lab: Lab, fault: dict[str, Any], policy: str, digest: bool
) -> None:
    with new_engine(Waits(), read_timeout=600.0, min_speed=1) as engine:
        shelf = Shelf(tmp_path, engine)
        shelf.remote("a", LARGE, [lab], digest=digest, **fault)
        archive = Archive(shelf.contents, shelf.sources, look_ahead=POLICIES[policy]())
        cancel, whole = threading.Event(), shelf.whole
        got, errors = bytearray(), list[FetchError]()

        def read() -> None:
            try:
                for chunk in archive.range(10, cancel=cancel):
                    got.extend(chunk)
            except FetchError as error:
                errors.append(error)

        thread = threading.Thread(target=read, daemon=True)
        thread.start()
        while not lab.requests:
            thread.join(0.01)
        cancel.set()
        thread.join(60)
        assert not thread.is_alive()
        assert [str(error) for error in errors] == ["interrupted"]
        assert whole[10:].startswith(got)


def test_a_range_that_is_not_cancelled_is_the_same(shelf: Shelf, lab: Lab) -> None:
    shelf.file("a", LARGE)
    shelf.remote("b", LARGE, [lab])
    shelf.file("c", LARGE, damaged=True)
    archive = Archive(shelf.contents, shelf.sources)
    cancel = threading.Event()
    end = archive._layout.offset(2)
    assert b"".join(archive.range(0, end, cancel=cancel)) == shelf.whole[:end]
    with pytest.raises(ArchiveError, match="c: wrong content"):
        b"".join(archive.range(0, cancel=cancel))
    chunks = archive.range(0, cancel=cancel)
    next(chunks)
    chunks.close()
