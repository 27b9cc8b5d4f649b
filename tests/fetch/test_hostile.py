"""What a hostile reader of the code came up with."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from datalad_jsdl.faults import Failed
from datalad_jsdl.fetch.bulk import Job, fetch_all, fetch_file
from datalad_jsdl.fetch.file.partfile import PartFile
from datalad_jsdl.fetch.phrases import told
from datalad_jsdl.model.content import Expected, Fetched
from tests.fetch.waits import Waits, new_engine
from tests.lab import Lab, Version, sha256
from tests.portal import content_of
from tests.wire import Talk

SIZE = 3_000_000
OLD, NEW = content_of("old", SIZE), content_of("new", SIZE)


def job(name: str, *urls: str, content: bytes | None = None) -> Job:
    known = Expected(len(content), "sha256", sha256(content)) if content is not None else None
    return Job(name, urls, known or Expected(SIZE), Path(name))


class TestVersionsWithoutADigest:
    """Bytes of two versions never make one file."""

    def test_a_version_that_comes_back(self) -> None:
        """Begun with the old one, continued with the new one, killed, and the old one again."""
        with PartFile(Path("f")) as part:
            part.begin("aa", '"1"')
            for at in range(0, 2 << 20, 1 << 18):
                part.put(at, OLD[at : at + (1 << 18)], "aa")
            part.begin("", "")
            part.keep([])
            part.begin("aa", '"2"')
            for at in range(0, 2 << 20, 1 << 18):
                part.put(at, NEW[at : at + (1 << 18)], "aa")
            part._journal = None  # as a kill would: nothing more is written
        with PartFile(Path("f")) as part:
            assert part.etag in ("", '"2"')

    def test_a_journal_left_alone(self, lab: Lab) -> None:
        with PartFile(Path("f")) as part:
            part.begin("aa", '"1"')
            for at in range(0, SIZE, 1 << 18):
                part.put(at, OLD[at : at + (1 << 18)], "aa")
        journal = Path("f.part.journal").read_bytes()
        Path("f.part").unlink()
        with PartFile(Path("f")) as part:
            assert not part.held
            part.put(0, NEW[:1000], "aa")
        assert not Path("f.part.journal").exists()
        Path("f.part").unlink()
        Path("f.part.journal").write_bytes(journal)
        url = lab.put("f", NEW, etag='"2"')
        assert isinstance(fetch_file(job("f", url), new_engine()), Fetched)
        assert Path("f").read_bytes() == NEW

    def test_a_change_in_the_middle(self, lab: Lab) -> None:
        versions = [Version(OLD, '"1"'), Version(NEW, '"2"'), Version(OLD, '"1"')]
        url = lab.put("f", NEW, versions=versions, cut_at=0.7, times=2)
        assert isinstance(fetch_file(job("f", url), new_engine(Waits())), Fetched)
        assert Path("f").read_bytes() in (OLD, NEW)


def test_an_empty_file_with_the_digest_of_another_ends(lab: Lab) -> None:
    wrong = Expected(0, "sha256", sha256(NEW))
    outcome = fetch_file(Job("f", (lab.put("f", b""),), wrong, Path("f")), new_engine())
    assert isinstance(outcome, Failed)
    assert "expected sha256" in told(outcome)
    assert not Path("f").exists()


@pytest.mark.parametrize("workers", [1, 4])
def test_two_broken_files_do_not_take_the_others_along(lab: Lab, workers: int) -> None:
    jobs = []
    for number in range(20):
        content = content_of(str(number))
        url = lab.put(str(number), content, status=500 if number < 2 else 200)
        jobs.append(job(str(number), url, content=content))
    outcomes = dict(fetch_all(jobs, new_engine(Waits()), workers))
    assert sum(isinstance(outcome, Fetched) for outcome in outcomes.values()) == 18


def test_a_mirror_that_restarts(lab: Lab) -> None:
    """Nothing listens for a while; then everything is there."""
    content = content_of("f")
    jobs = [job(f"f{n}", lab.put(f"f{n}", content), content=content) for n in range(60)]
    waits = Waits()
    engine = new_engine(waits)
    open_connection = engine.web.open

    def refuse(*arguments: object, **options: object) -> object:
        if sum(waits.seconds) < 20:
            raise ConnectionRefusedError("down")
        # mypy: passed on as they came
        return open_connection(*arguments, **options)  # type: ignore[arg-type]

    # a mock: no server can be had that comes back when the engine's clock says so
    engine.web.open = refuse  # type: ignore[assignment,method-assign]  # refuses in its place
    outcomes = list(fetch_all(jobs, engine, 4))
    assert all(isinstance(outcome, Fetched) for _, outcome in outcomes)


def test_one_file_is_asked_for_though_its_mirror_has_a_back_off(lab: Lab) -> None:
    engine = new_engine(read_timeout=0.5)
    bad = lab.put("bad", b"", mute=True)
    assert isinstance(fetch_file(job("bad", bad, content=OLD), engine), Failed)
    assert engine.origins.wait(bad) > 0
    url = lab.put("f", NEW)
    assert isinstance(fetch_file(job("f", url, content=NEW), engine), Fetched)


def test_a_slow_file_that_shows_a_mirror_to_be_back_keeps_nobody_waiting(lab: Lab) -> None:
    waits = Waits()
    engine = new_engine(waits)
    bad = lab.put("bad", b"", reset_at=0)
    assert isinstance(fetch_file(job("bad", bad, content=OLD), engine), Failed)
    waits.sleep(40)
    more, half = threading.Event(), SIZE // 2

    def answer(talk: Talk, content: bytes) -> None:
        talk.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % SIZE + content[:half])
        begun.set()
        more.wait(60)
        talk.send(content[half:])

    begun = threading.Event()
    slow = lab.put("slow", NEW, answer=answer)
    with ThreadPoolExecutor(1) as pool:
        outcome = pool.submit(fetch_file, job("slow", slow, content=NEW), engine)
        assert begun.wait(60)
        quick = lab.put("quick", OLD)
        assert isinstance(fetch_file(job("quick", quick, content=OLD), engine), Fetched)
        assert not outcome.done()
        more.set()
        assert isinstance(outcome.result(), Fetched)


@pytest.mark.parametrize("where", ["http://[::1/x", "http://a..b/x", f"http://{'a' * 64}.x/", "//"])
def test_a_redirect_to_nowhere_is_a_fault_like_others(lab: Lab, other_lab: Lab, where: str) -> None:
    urls = (lab.put("f", location=where), other_lab.put("f", NEW))
    assert isinstance(fetch_file(job("f", *urls, content=NEW), new_engine()), Fetched)
    registered = ("http://a..b/f", urls[1])
    assert isinstance(fetch_file(job("g", *registered, content=NEW), new_engine()), Fetched)


def test_a_redirect_in_utf8(lab: Lab) -> None:
    lab.put("ä.bin", NEW)
    url = lab.put("f", location="/ä.bin".encode().decode("latin-1"))
    assert isinstance(fetch_file(job("f", url, content=NEW), new_engine()), Fetched)


def test_the_rest_of_a_dripping_answer_is_not_waited_for(lab: Lab, other_lab: Lab) -> None:
    content = NEW[:100_000]
    urls = (
        lab.put("f", content, drip=300, drip_at=0.5),
        other_lab.put("f", content),
    )
    engine = new_engine(read_timeout=0.5)
    assert isinstance(fetch_file(job("f", *urls, content=content), engine), Fetched)
    assert lab.sent("f") < len(content)


def test_a_line_that_is_down_for_a_while(lab: Lab) -> None:
    class Outage(Waits):
        def sleep(self, seconds: float) -> None:
            super().sleep(seconds)
            if sum(self.seconds) > 20:
                lab.put("f", NEW)

    url = lab.put("f", NEW, reset_at=0.5)
    outcome = fetch_file(job("f", url, content=NEW), new_engine(Outage()))
    assert isinstance(outcome, Fetched)
    assert lab.sent() <= 1.02 * SIZE
