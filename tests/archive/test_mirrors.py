"""Archives straight from mirrors that misbehave."""

from __future__ import annotations

import os
import random
import threading
from collections import deque
from email.utils import formatdate
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from datalad_jsdl.archive import budget
from datalad_jsdl.archive.archive import Archive
from datalad_jsdl.archive.budget import LookAhead
from datalad_jsdl.archive.content import Content, MirrorsOnly
from datalad_jsdl.archive.export import Exported, export
from datalad_jsdl.archive.output import FileOutput, PipeOutput
from datalad_jsdl.archive.pieces import Verified
from datalad_jsdl.archive.versions import Versions
from datalad_jsdl.archive.zip.members import Kind
from datalad_jsdl.archive.zip.writer import CanonicalWriter
from datalad_jsdl.errors import ArchiveError, FetchError
from datalad_jsdl.faults import FaultKind
from datalad_jsdl.fetch.engine import Engine
from datalad_jsdl.model.content import Expected, Version
from tests.archive.making import by_the_book
from tests.archive.plain import Plain
from tests.fetch.waits import Waits, new_engine
from tests.lab import Lab, sha256

if TYPE_CHECKING:
    from collections.abc import Iterator

PIECE = 300_000  # bytes; so that small contents come in many pieces
LARGE, SMALL = 2_000_000, 5_000


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budget, "PIECE", PIECE)


@pytest.fixture
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    # only a test of silence has to wait for it
    more = {"read_timeout": 0.5} if "hang" in request.node.name else {}
    with new_engine(Waits(), **more) as engine:
        yield engine


def bytes_of(name: str, size: int) -> bytes:
    return random.Random(name).randbytes(size)


class Shelf:
    """Contents that two labs serve, and the archive that they make."""

    def __init__(self, engine: Engine, first: Lab, second: Lab) -> None:
        self.contents: list[Content] = []
        self._plain: list[Plain] = []
        self.engine = engine
        self.sources = MirrorsOnly(engine)
        self._labs = (first, second)

    def put(
        self,
        name: str,
        size: int,
        first: dict[str, Any] | None,
        second: dict[str, Any] | None = None,
        *,
        sized: bool = True,
        digest: bool = True,
    ) -> None:
        """A content; *first* and *second*: the faults of each mirror, None for no such URL."""
        content = bytes_of(name, size)
        urls = [
            lab.put(name, content, **faults)
            for lab, faults in zip(self._labs, (first, second), strict=True)
            if faults is not None
        ]
        known = size if sized else None
        expected = Expected(known, "sha256", sha256(content)) if digest else Expected(known)
        item = Content(name, name.encode(), Kind.REGULAR, known, 1, expected, urls=tuple(urls))
        self.contents.append(item)
        self._plain.append(Plain(name, content or b"0", size, 1))

    @property
    def expected(self) -> bytes:
        return by_the_book(self._plain)

    def to_file(self, jobs: int = 4, **options: Any) -> tuple[bytes, Exported]:
        with FileOutput(Path("out.zip")) as output:
            done = export(
                self.contents, self.sources, CanonicalWriter(output), output, jobs=jobs, **options
            )
            output.finish()
        assert os.listdir() == ["out.zip"]
        return Path("out.zip").read_bytes(), done

    def to_pipe(self, jobs: int = 4, **options: Any) -> bytes:
        read, write = os.pipe()
        got: list[bytes] = []

        def take() -> None:
            with open(read, "rb") as pipe:
                got.append(pipe.read())

        thread = threading.Thread(target=take)
        thread.start()
        try:
            output = PipeOutput(write)
            export(
                self.contents, self.sources, CanonicalWriter(output), output, jobs=jobs, **options
            )
            output.flush()
        finally:
            os.close(write)
            thread.join()
            assert os.listdir() == []
        return got[0]


@pytest.fixture
def shelf(engine: Engine, lab: Lab, other_lab: Lab) -> Shelf:
    return Shelf(engine, lab, other_lab)


FAULTS: dict[str, dict[str, Any]] = {
    "none": {},
    "404": {"status": 404},
    "503 for a while": {"status": 503, "times": 2},
    "reset": {"reset_at": 0.6},
    "cut": {"cut_at": 1000},
    "hang": {"hang_at": 0.5, "hang_seconds": 5},
    "no ranges": {"ranges": False},
    "wrong ranges": {"content_range": "bytes 0-9/10"},
    "chunked": {"chunked": True},
    "page": {"html": True},
    "shorter": {"shorter": 0.1},
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("way", ["file", "pipe"])
def test_a_faulty_mirror_and_a_good_one(shelf: Shelf, fault: str, way: str) -> None:
    shelf.put("a", SMALL, FAULTS[fault], {})
    shelf.put("b", LARGE, FAULTS[fault], {})
    shelf.put("c", 0, FAULTS[fault], {})
    if way == "file" or fault not in ("reset", "cut", "hang"):
        shelf.put("d", LARGE, FAULTS[fault], {}, digest=False)
    shelf.put("e", SMALL, FAULTS[fault], {}, sized=False)
    made = shelf.to_pipe() if way == "pipe" else shelf.to_file()[0]
    assert made == shelf.expected


@pytest.mark.parametrize("way", ["file", "pipe"])
@pytest.mark.parametrize("jobs", [1, 7])
def test_many_contents_in_order(shelf: Shelf, way: str, jobs: int, lab: Lab) -> None:
    sizes = [0, 1, 65535, 65536, PIECE, PIECE + 1, 1_500_000, 7 * PIECE]
    for number in range(40):
        late = {"delay": 0.05} if number % 7 == 0 else {}
        shelf.put(f"{number:03d}", sizes[number % len(sizes)], late)
    made = shelf.to_pipe(jobs) if way == "pipe" else shelf.to_file(jobs)[0]
    assert made == shelf.expected
    assert lab.sent() == sum(content.size or 0 for content in shelf.contents)


@pytest.mark.parametrize("size", [SMALL, LARGE])
def test_a_server_that_ignores_ranges_is_asked_once(shelf: Shelf, size: int, lab: Lab) -> None:
    for name in ("a", "b", "c"):
        shelf.put(name, size, {"ranges": False})
    assert shelf.to_pipe() == shelf.expected
    # the first may be asked again once it shows that it gives no pieces
    assert lab.sent() <= 4.5 * size


def test_a_small_wrong_content_is_never_written(shelf: Shelf) -> None:
    shelf.put("a", SMALL, {"corrupt_at": 0.5}, {})
    shelf.put("b", SMALL, {"corrupt_at": 0.5}, {}, sized=False)
    assert shelf.to_pipe() == shelf.expected


@pytest.mark.parametrize("ranges", [True, False])
def test_a_large_wrong_content_in_a_file_is_taken_from_another_mirror(
    shelf: Shelf, ranges: bool
) -> None:
    shelf.put("a", SMALL, {})
    shelf.put("b", LARGE, {"corrupt_at": 0.5, "ranges": ranges}, {"ranges": ranges})
    shelf.put("c", LARGE, {})
    assert shelf.to_file()[0] == shelf.expected


@pytest.mark.parametrize("ranges", [True, False])
def test_a_large_wrong_content_in_a_pipe_ends_the_archive(shelf: Shelf, ranges: bool) -> None:
    shelf.put("a", SMALL, {})
    shelf.put("b", LARGE, {"corrupt_at": 0.5, "ranges": ranges}, {"corrupt_at": 0.6})
    with pytest.raises(ArchiveError, match=r"b: .*cannot be undone.*to a file instead of a pipe"):
        shelf.to_pipe()


def test_a_break_without_a_checksum_ends_the_archive_in_a_pipe(shelf: Shelf) -> None:
    shelf.put("a", LARGE, {"reset_at": 0.5}, {}, digest=False)
    with pytest.raises(ArchiveError, match=r"a: .*without a checksum.*to a file instead of a pipe"):
        shelf.to_pipe()
    assert shelf.to_file()[0] == shelf.expected


def test_a_large_content_of_unknown_size(shelf: Shelf) -> None:
    shelf.put("a", LARGE, {"reset_at": 0.7}, {}, sized=False)
    shelf.put("b", LARGE, {}, sized=False, digest=False)
    shelf.put("c", LARGE, {"no_length": True, "head": False, "ranges": False}, sized=False)
    made, _ = shelf.to_file()
    assert made == shelf.expected


def test_the_right_mirror_is_not_blamed_for_anothers_bytes(shelf: Shelf) -> None:
    shelf.engine.origins.host_room = 1  # so that both mirrors are asked at a time
    shelf.put("a", 4 * LARGE, {"rate": 30_000_000}, {"corrupt_at": -1, "rate": 30_000_000})
    assert shelf.to_file(jobs=4)[0] == shelf.expected


def test_an_empty_content_has_to_have_its_digest(shelf: Shelf) -> None:
    expected = Expected(0, "sha256", "ab" * 32)
    urls = (shelf._labs[0].put("empty", b""),)
    item = Content("a", b"a", Kind.REGULAR, 0, None, expected, urls=urls)
    shelf.contents.append(item)
    with pytest.raises(FetchError, match=r"a is unavailable: .*wrong content"):
        shelf.to_file()


def test_what_no_mirror_has(shelf: Shelf) -> None:
    shelf.put("a", SMALL, {})
    shelf.put("b", LARGE, {"status": 404}, {"status": 410})
    shelf.put("c", SMALL, {"status": 403})
    shelf.put("d", SMALL, None)
    shelf.put("e", LARGE, {})
    with pytest.raises(FetchError, match=r"b is unavailable: .*404.*410"):
        shelf.to_pipe()
    made, done = shelf.to_file(skip_missing=True)
    assert set(done.missing) == {"b", "c", "d"}
    assert "no URL" in done.missing["d"]
    wanted = [plain for plain in shelf._plain if plain.path in "ae"]
    assert made == by_the_book(wanted)


def test_what_breaks_off_for_good_in_mid_member(shelf: Shelf) -> None:
    shelf.put("a", LARGE, {"cut_at": 0.6, "range_times": None})
    shelf.put("b", SMALL, {})
    shelf.engine.settings = new_engine(retries=2).settings
    made, done = shelf.to_file(skip_missing=True)
    assert set(done.missing) <= {"a"}
    assert made == by_the_book([p for p in shelf._plain if p.path not in done.missing])


class Dying(PipeOutput):
    """Ends the servers once so many bytes were written."""

    def __init__(self, descriptor: int, after: int, *labs: Lab) -> None:
        super().__init__(descriptor)
        self._after = after
        self._labs = labs

    def write(self, chunk: bytes | memoryview) -> int:
        if self.position > self._after:
            for lab in self._labs:
                lab.__exit__(None, None, None)
            self._labs = ()
        return super().write(chunk)


@pytest.mark.parametrize("jobs", [1, 8])
def test_mirrors_that_die_in_the_middle_are_not_waited_for_for_ever(
    engine: Engine, jobs: int
) -> None:
    with Lab() as lab, Lab() as other_lab, Path("out").open("wb") as file:
        shelf = Shelf(engine, lab, other_lab)
        shelf.put("a", 20 * PIECE, {"rate": 1_000_000}, {"rate": 1_000_000})
        shelf.put("b", SMALL, {}, {})
        output = Dying(file.fileno(), 100, lab, other_lab)
        with pytest.raises(FetchError, match=r"a is unavailable: .*(refused|closed|reset)"):
            export(shelf.contents, shelf.sources, CanonicalWriter(output), output, jobs=jobs)
        output.flush()
        waits = engine.sleep.__self__
        assert sum(waits.seconds) < 60 * jobs  # their pauses may overlap, and are added up here
        assert shelf.expected.startswith(Path("out").read_bytes())


def test_a_slow_taker_is_not_the_mirrors_fault(shelf: Shelf, lab: Lab) -> None:
    shelf.put("a", 9_000_000, {"ranges": False})
    chunks = deque(maxlen=1)
    archive = Archive(shelf.contents, shelf.sources)
    whole = b""
    pause = threading.Event()
    for chunk in archive.range():
        whole += bytes(chunk)
        if len(chunks) == 0:
            pause.wait(1.5)  # three times as long as a mirror may take
            chunks.append(1)
    assert whole == shelf.expected
    assert lab.sent() == 9_000_000
    assert len(lab.requests) == 1


def test_random_ranges_of_remote_contents(shelf: Shelf) -> None:
    shelf.put("a", SMALL, {})
    shelf.put("b", LARGE, {"reset_at": 0.5, "times": 3}, {})
    shelf.put("c", SMALL, {"ranges": False})
    shelf.put("d", LARGE, {"ranges": False}, digest=False)
    whole = shelf.expected
    archive = Archive(shelf.contents, shelf.sources)
    assert b"".join(archive.range()) == whole
    chance = random.Random(3)
    for _ in range(60):
        start, stop = sorted(chance.randrange(len(whole) + 1) for _ in range(2))
        assert b"".join(archive.range(start, stop)) == whole[start:stop]


TAGS = {"etag": '"1"'}, {"etag": '"2"'}
DATES = (
    {"headers": {"Last-Modified": "Mon, 06 Jan 2025 10:00:00 GMT"}},
    {"headers": {"Last-Modified": "Tue, 07 Jan 2025 10:00:00 GMT"}},
)


@pytest.mark.parametrize("size", [SMALL, LARGE])
@pytest.mark.parametrize("tags", [TAGS, DATES], ids=["etag", "date"])
@pytest.mark.parametrize("jobs", [0, 3])
def test_a_content_that_changes_between_two_ranges(
    shelf: Shelf, lab: Lab, size: int, tags: tuple[dict[str, Any], ...], jobs: int
) -> None:
    shelf.put("a", size, tags[0], digest=False)
    whole = shelf.expected
    archive = Archive(shelf.contents, shelf.sources, look_ahead=LookAhead(jobs))
    start, middle, stop = 100, size // 3, size // 2
    assert archive.verified(start, middle) is Verified.SIZE_ONLY
    assert b"".join(archive.range(start, middle)) == whole[start:middle]
    assert archive.verified(middle, stop) is Verified.SIZE_AND_VERSION
    assert archive.verified() is Verified.SIZE_AND_VERSION
    assert b"".join(archive.range(middle, stop)) == whole[middle:stop]
    lab.put("a", bytes_of("another", size), **tags[1])
    with pytest.raises(FetchError, match=r"^a: ") as caught:
        b"".join(archive.range(middle, stop))
    assert caught.value.failed
    assert [fault.kind for fault in caught.value.failed.faults] == [FaultKind.CHANGED]
    lab.put("a", bytes_of("a", size), **tags[0])
    assert b"".join(archive.range(middle, stop)) == whole[middle:stop]


@pytest.mark.parametrize("size", [SMALL, LARGE])
def test_no_other_mirror_gives_the_rest_of_a_content_without_a_digest(
    shelf: Shelf, lab: Lab, other_lab: Lab, size: int
) -> None:
    shelf.put("a", size, TAGS[0], TAGS[0], digest=False)
    archive = Archive(shelf.contents, shelf.sources)
    assert b"".join(archive.range(100, 1000)) == shelf.expected[100:1000]
    lab.put("a", status=404)
    before = len(other_lab.requests)
    with pytest.raises(FetchError, match="404"):
        b"".join(archive.range(1000, 2000))
    assert len(other_lab.requests) == before


def test_where_no_mirror_names_versions_size_is_all_that_is_certain(shelf: Shelf) -> None:
    made_anew = {"headers": {"Last-Modified": formatdate(usegmt=True), "ETag": 'W/"1"'}}
    shelf.put("a", LARGE, made_anew, {}, digest=False)
    shelf.put("b", LARGE, TAGS[0])
    archive, whole = Archive(shelf.contents, shelf.sources), shelf.expected
    for start in (100, 50_000, LARGE + 1000):
        assert b"".join(archive.range(start, start + 5000)) == whole[start : start + 5000]
        assert archive.verified(start, start + 5000) is Verified.SIZE_ONLY


def test_the_first_of_two_versions_holds() -> None:
    url, other = "https://a.example/f", "https://b.example/f"
    versions = Versions()
    first = Version(url, '"1"', "Mon, 06 Jan 2025 10:00:00 GMT")
    assert versions.settle(0, first)
    assert versions.settle(0, Version(url, '"1"'))
    assert not any(
        versions.settle(0, found)
        for found in (None, Version(url, '"2"', first.modified), Version(other, '"1"'))
    )
    assert versions.of(0) == first
    assert versions.settle(1, None)
    assert versions.settle(1, first)
    assert versions.of(1) is None
