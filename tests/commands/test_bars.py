"""What a person sees of work that is under way: on terminals of any width, and in logs."""

from __future__ import annotations

import fcntl
import logging
import os
import pty
import re
import struct
import subprocess
import termios
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datalad_jsdl.commands import _bars
from datalad_jsdl.commands._bars import Bars
from datalad_jsdl.commands._progress_line import Part, fitted, told
from datalad_jsdl.operations.progress import Standing
from tests.lab import Lab
from tests.portal import content_of, datalad, described, write_manifest
from tests.running import run_datalad

MB = 1_000_000


def part_of(*standings: Standing, unit: str = "bytes", label: str = "downloading") -> Part:
    """A part that was looked at once a second."""
    waiting = iter(standings)
    part = Part(label, unit, lambda: next(waiting))
    for second in range(len(standings)):
        part.sample(second)
    return part


def steady(seconds: int = 20, total: int | None = 100 * MB) -> list[Standing]:
    return [
        Standing(
            20 * MB + n * 2 * MB,
            total,
            n,
            31,
            n * 2 * MB,
            {"a.example": n * MB, "b.example": n * MB},
        )
        for n in range(seconds)
    ]


def test_a_log_has_all_of_it() -> None:
    assert told(part_of(*steady())) == (
        "downloading: 58 %, 58.0 of 100.0 MB, 19 of 31 files, 2.0 MB/s, 21 s left, "
        "b.example 1.0 MB/s, a.example 1.0 MB/s"
    )


@pytest.mark.parametrize("columns", [40, 60, 100])
def test_what_is_left_out(columns: int) -> None:
    found = fitted(part_of(*steady()), columns, blocks=False)
    assert len(found) < columns
    assert found.startswith("downloading   58 %")
    assert "58.0 of 100.0 MB" in found
    assert ("21 s left" in found) is (columns >= 60)
    rest = ("19 of 31 files", "2.0 MB/s", "[##", "..]")
    assert all(word in found for word in rest) is (columns >= 100)


standings = st.lists(
    st.builds(
        Standing,
        done=st.integers(0, 10**15),
        total=st.none() | st.integers(0, 10**15),
        files=st.none() | st.integers(0, 10**7),
        of_files=st.none() | st.integers(1, 10**7),
        moved=st.none() | st.integers(0, 10**15),
        mirrors=st.dictionaries(st.text("ab.", min_size=1, max_size=40), st.integers(0, 10**12)),
    ),
    min_size=1,
    max_size=30,
)


@given(standings, st.integers(1, 300), st.sampled_from(["bytes", "files"]), st.booleans())
def test_it_fits_whatever_there_is(
    given_standings: list[Standing], columns: int, unit: str, blocks: bool
) -> None:
    line = fitted(part_of(*given_standings, unit=unit), columns, blocks=blocks)
    assert len(line) <= max(columns - 1, 1)
    assert "\n" not in line
    assert "\r" not in line


@given(st.lists(st.integers(0, 1000), min_size=2, max_size=30))
def test_it_never_goes_back(amounts: list[int]) -> None:
    """As when a mirror's content was wrong, and is fetched from another one."""
    waiting = iter([Standing(amount, 1000) for amount in amounts])
    part = Part("downloading", "bytes", lambda: next(waiting))
    percents = []
    for second in range(len(amounts)):
        part.sample(second)
        percents.append(part.facts().percent or 0)
    assert percents == sorted(percents)


def test_who_stands_still_tells_no_time() -> None:
    still = [Standing(60 * MB, 100 * MB, moved=40 * MB)] * 10
    facts = part_of(*steady(), *still).facts()
    assert (facts.rate, facts.left) == ("", "")


def test_an_estimate_is_soon_right() -> None:
    """Slow for ten seconds, then fast: after ten more the estimate is less than twice too long."""
    slow = [Standing(n * 1000, 100 * MB) for n in range(10)]
    fast = [Standing(10_000 + n * MB, 100 * MB) for n in range(11)]
    part = part_of(*slow, *fast)
    seconds = int(re.sub(r"\D", "", part.facts().left.replace("min", "")))
    assert part.facts().left.endswith("min left") is (seconds < 10)
    assert seconds in (2, 3)


def test_all_of_nothing() -> None:
    facts = part_of(Standing(0, 0, 2, 2)).facts()
    assert (facts.percent, facts.left) == (100, "")


def test_files_of_unknown_size() -> None:
    facts = part_of(*[Standing(0, None, n, 30) for n in range(10)]).facts()
    assert (facts.percent, facts.amount, facts.files) == (30, "", "9 of 30 files")
    assert facts.left == "21 s left"


def test_without_a_terminal_a_line_now_and_then(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_bars, "_LOGGED", 0.01)
    monkeypatch.setattr(_bars, "_DRAWN", 0.01)
    logger = logging.getLogger("datalad.jsdl.test")
    with caplog.at_level(logging.INFO), Bars(logger).bar("work", "bytes") as bar:
        bar.update("downloading", 5 * MB, 10 * MB)
        while not caplog.messages:
            pass
    assert caplog.messages[0] == "downloading: 50 %, 5.0 of 10.0 MB"


def test_a_part_within_another(monkeypatch: pytest.MonkeyPatch) -> None:
    """The one that began last is shown, then the other one again."""
    drawn: list[str] = []

    class Line:
        def draw(self, part: Part) -> None:
            drawn.append(f"{part.label} {part.facts().percent}")

        def finish(self, *, stays: bool) -> None:
            drawn.append("finished, and stays" if stays else "finished")

    monkeypatch.setattr(_bars, "_DRAWN", 0.01)
    monkeypatch.setattr(_bars._Line, "of_terminal", Line)
    bars = Bars(logging.getLogger("datalad.jsdl.test"))
    with bars.bar("parts", "datasets") as outer:
        outer.update("importing", 1, 4)
        with bars.bar("one", "bytes") as inner:
            inner.update("downloading", 1, 2)
            while "downloading 50" not in drawn:
                pass
            inner.update("downloading", 2, 2)
        assert drawn[-1] == "downloading 100"
        count = len(drawn)
        while "importing 25" not in drawn[count:]:
            pass
        outer.update("importing", 4, 4)
    assert drawn[-2:] == ["importing 100", "finished, and stays"]


@contextmanager
def terminal(columns: int) -> Iterator[tuple[int, int]]:
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    try:
        yield ours, theirs
    finally:
        os.close(ours)


def seen_on(columns: int, command: list[str], **environment: str) -> str:
    """What a command prints on a terminal."""
    with terminal(columns) as (ours, theirs):
        process = subprocess.Popen(
            # a real one: when it is loaded, DataLad looks whether there is a terminal
            command,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env={**os.environ, "TERM": "xterm", **environment},
        )
        os.close(theirs)
        said = b""
        while True:
            try:
                chunk = os.read(ours, 1 << 16)
            except OSError:  # the other side is closed
                break
            if not chunk:
                break
            said += chunk
        assert process.wait() == 0
    return said.decode()


@pytest.fixture
def slow(lab: Lab) -> Callable[[], None]:
    """A dataset ``ds`` with a file that takes two seconds."""

    def make() -> None:
        content = content_of("large", 3000)
        members = {"f": described("large", lab.put("f", content, rate=1500))}
        datalad("download-manifest", write_manifest("m.json", members), "ds")

    return make


@pytest.mark.slow
@pytest.mark.parametrize("columns", [40, 100, 300])
def test_a_terminal_shows_it(tmp_path: Path, slow: Callable[[], None], columns: int) -> None:
    slow()
    said = seen_on(columns, ["datalad", "download-content", "-d", "ds"])
    frames = [frame for frame in re.split(r"[\r\n]+", said) if frame.startswith("downloading")]
    assert len(frames) > 3
    assert max(map(len, frames)) < columns
    percents = [int(found[1]) for frame in frames if (found := re.search(r"(\d+) %", frame))]
    assert percents == sorted(percents)
    assert percents[-1] == 100
    assert "█" in said or columns < 80
    assert "\033" not in "".join(frames)


@pytest.mark.slow
@pytest.mark.parametrize("term", [{"TERM": "dumb"}, {"LC_ALL": "C", "PYTHONUTF8": "0"}])
def test_a_plain_terminal(tmp_path: Path, slow: Callable[[], None], term: dict[str, str]) -> None:
    slow()
    said = seen_on(100, ["datalad", "download-content", "-d", "ds"], **term)
    assert "█" not in said
    assert ("downloading" in said) is ("LC_ALL" in term)


@pytest.mark.slow
def test_a_file_shows_nothing_of_what_takes_no_time(
    tmp_path: Path, slow: Callable[[], None]
) -> None:
    slow()
    done = run_datalad("download-content", "-d", "ds")
    assert done.code == 0
    assert "downloading" not in done.stdout + done.stderr
