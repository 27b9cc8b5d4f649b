"""Candidates → content, with every fault in the way."""

from __future__ import annotations

import time
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest

from datalad_jsdl.faults import Failed
from datalad_jsdl.fetch.bulk import Job, fetch_all, fetch_file
from datalad_jsdl.fetch.engine import Engine
from datalad_jsdl.fetch.file.download import fetch
from datalad_jsdl.fetch.file.partfile import PartFile
from datalad_jsdl.fetch.phrases import told
from datalad_jsdl.model.content import Expected, Fetched
from tests.fetch.waits import Waits, new_engine
from tests.lab import Lab, refused_url, sha256
from tests.portal import content_of

CONTENT = content_of("content", 3_000_000)
KNOWN = Expected(len(CONTENT), "sha256", sha256(CONTENT))
SIZED = Expected(len(CONTENT))
UNKNOWN = Expected()


@pytest.fixture
def waits() -> Waits:
    return Waits()


@pytest.fixture
def engine(waits: Waits, request: pytest.FixtureRequest) -> Engine:
    # only a test of silence has to wait for it
    more = {"read_timeout": 0.5} if "hang" in request.node.name else {}
    return new_engine(waits, **more)


def get(
    urls: list[str], expected: Expected, engine: Engine, target: str = "file"
) -> Fetched | Failed:
    with PartFile(Path(target)) as part:
        outcome = fetch(engine, urls, expected, part)
        if isinstance(outcome, Fetched):
            part.finish()
    return outcome


FAULTS: dict[str, dict[str, Any]] = {
    "404": {"status": 404},
    "410": {"status": 410},
    "403": {"status": 403},
    "500": {"status": 500},
    "503": {"status": 503, "headers": {"Retry-After": "7"}},
    "page": {"html": True},
    "reset": {"reset_at": 1_500_000},
    "cut": {"cut_at": 1_500_000},
    "hang": {"hang_at": 1_500_000},
    "empty": {"cut_at": 0},
    "loop": {"location": "/loop"},
    "ignores-ranges": {"reset_at": 1_500_000, "ranges": False},
    "wrong-range": {"reset_at": 1_500_000, "content_range": "bytes 5-9/10"},
}


@pytest.mark.parametrize("expected", [KNOWN, SIZED], ids=["digest", "size"])
@pytest.mark.parametrize("fault", FAULTS)
def test_the_second_mirror_is_used(
    lab: Lab, other_lab: Lab, engine: Engine, fault: str, expected: Expected
) -> None:
    bad = other_lab.put("f.bin", CONTENT, **FAULTS[fault])
    good = lab.put("f.bin", CONTENT)
    outcome = get([bad, good], expected, engine)
    assert isinstance(outcome, Fetched), outcome
    assert Path("file").read_bytes() == CONTENT
    assert not Path("file.part").exists()
    # with a digest, bytes of the two are put together
    if expected is KNOWN and fault in ("reset", "cut", "hang"):
        assert lab.sent() + other_lab.sent() <= 1.02 * len(CONTENT)


@pytest.mark.parametrize("fault", [f for f in FAULTS if FAULTS[f].get("status") or f == "page"])
def test_an_error_page_is_never_the_file(lab: Lab, engine: Engine, fault: str) -> None:
    outcome = get([lab.put("f.bin", CONTENT, **FAULTS[fault])], UNKNOWN, engine)
    assert isinstance(outcome, Failed)
    assert not Path("file").exists()
    assert not Path("file.part").exists()


@pytest.mark.parametrize("fault", ["reset", "cut", "hang", "503"])
def test_a_passing_fault_of_the_only_mirror(lab: Lab, engine: Engine, fault: str) -> None:
    url = lab.put("f.bin", CONTENT, times=2, etag='"1"', **FAULTS[fault])
    assert isinstance(get([url], SIZED, engine), Fetched)
    assert Path("file").read_bytes() == CONTENT
    if fault != "503":
        assert lab.sent() <= 1.02 * len(CONTENT)


def test_corrupt_bytes_of_the_right_size(lab: Lab, other_lab: Lab, engine: Engine) -> None:
    corrupt = bytearray(CONTENT)
    corrupt[2_000_000] ^= 1
    urls = [other_lab.put("f", bytes(corrupt)), lab.put("f", CONTENT)]
    assert isinstance(get(urls, KNOWN, engine), Fetched)
    outcome = get(urls[:1], KNOWN, engine, "other")
    assert isinstance(outcome, Failed)
    assert "expected sha256" in told(outcome)
    assert not Path("other").exists()


def test_half_of_a_corrupt_mirror_does_not_spoil_the_good_one(
    lab: Lab, other_lab: Lab, engine: Engine
) -> None:
    corrupt = b"x" + CONTENT[1:]
    urls = [other_lab.put("f", corrupt, cut_at=1_500_000), lab.put("f", CONTENT)]
    assert isinstance(get(urls, KNOWN, engine), Fetched)
    assert Path("file").read_bytes() == CONTENT


def test_a_corrupt_mirror_that_always_breaks_off_ends(lab: Lab, engine: Engine) -> None:
    url = lab.put("f", b"x" + CONTENT[1:], cut_at=1_500_000)
    assert isinstance(get([url], KNOWN, engine), Failed)
    assert len(lab.requests) < 12


def test_content_that_changes_between_attempts(lab: Lab, engine: Engine) -> None:
    url = lab.put("f", bytes(len(CONTENT)), etag='"1"', cut_at=1_500_000)
    assert isinstance(get([url], UNKNOWN, engine), Failed)
    lab.put("f", CONTENT, etag='"2"')
    outcome = get([url], UNKNOWN, engine)
    assert outcome == Fetched(len(CONTENT), sha256(CONTENT))
    assert Path("file").read_bytes() == CONTENT


def test_without_a_digest_mirrors_are_not_mixed(lab: Lab, other_lab: Lab, engine: Engine) -> None:
    other = content_of("another version", len(CONTENT))
    urls = [other_lab.put("f", other, cut_at=1_500_000), lab.put("f", CONTENT)]
    assert isinstance(get(urls, SIZED, engine), Fetched)
    assert Path("file").read_bytes() == CONTENT


def test_more_and_less_than_the_size_is_noticed(lab: Lab, engine: Engine) -> None:
    for content in (CONTENT + b"more", CONTENT[:-1], b""):
        outcome = get([lab.put("f", content)], SIZED, engine)
        assert isinstance(outcome, Failed)
        assert str(len(CONTENT)) in told(outcome)
    outcome = get([lab.put("f", CONTENT + b"more", no_length=True)], SIZED, engine)
    assert isinstance(outcome, Failed)


def test_an_empty_file(lab: Lab, engine: Engine) -> None:
    assert get([lab.put("f", b"")], Expected(0), engine) == Fetched(0, sha256(b""))
    assert Path("file").read_bytes() == b""


def test_a_complete_part_file_is_only_checked(lab: Lab, engine: Engine) -> None:
    Path("file.part").write_bytes(CONTENT)
    assert isinstance(get([lab.put("f", CONTENT)], KNOWN, engine), Fetched)
    assert not lab.requests


def test_a_wrong_part_file_is_thrown_away(lab: Lab, engine: Engine) -> None:
    for number, held in enumerate((b"x" * 1000, b"x" * len(CONTENT), b"x" * 4_000_000)):
        Path(f"{number}.part").write_bytes(held)
        assert isinstance(get([lab.put("f", CONTENT)], KNOWN, engine, str(number)), Fetched)
        assert Path(str(number)).read_bytes() == CONTENT


def test_retry_after_is_waited_for_but_not_for_ever(lab: Lab, engine: Engine, waits: Waits) -> None:
    later = formatdate(time.time() + 10, usegmt=True)
    for after in ("3", "86400", later):
        url = lab.put(after, CONTENT, status=503, times=1, headers={"Retry-After": after})
        assert isinstance(get([url], KNOWN, engine, after), Fetched)
    assert [round(wait) for wait in waits.seconds[:2]] == [3, 30]
    assert 7 < waits.seconds[2] < 11


def test_no_connection(engine: Engine) -> None:
    outcome = get([refused_url(), "http://no-such-host.invalid/f"], KNOWN, engine)
    assert isinstance(outcome, Failed)
    assert told(outcome).count("cannot connect") == 2


def test_a_full_disk_is_no_fault_of_the_mirror(lab: Lab, engine: Engine) -> None:
    job = Job("f", (lab.put("f", CONTENT),), Expected(1 << 60), Path("file"))
    outcome = fetch_file(job, engine)
    assert isinstance(outcome, Failed)
    assert "not enough disk space: 1.2 EB needed" in told(outcome)
    assert not lab.requests


def test_a_write_error_is_reported(lab: Lab, engine: Engine) -> None:
    Path("folder").write_text("no folder")
    job = Job("f", (lab.put("f", CONTENT),), KNOWN, Path("folder/file"))
    assert "cannot write" in told(fetch_file(job, engine))


def test_redirects_keep_what_is_asked_for(lab: Lab, other_lab: Lab, engine: Engine) -> None:
    there = lab.put("there", CONTENT, reset_at=1_500_000, times=1)
    url = other_lab.put("here", location=there)
    assert isinstance(get([url], KNOWN, engine), Fetched)
    assert lab.requests[-1].headers["Range"].startswith("bytes=1")
    assert lab.requests[-1].headers["Accept-Encoding"] == "identity"


def test_connections_are_reused(lab: Lab, engine: Engine) -> None:
    jobs = [
        Job(str(i), (lab.put(str(i), b"x"),), Expected(1), Path("many", str(i))) for i in range(40)
    ]
    outcomes = list(fetch_all(jobs, engine, 4))
    assert all(isinstance(outcome, Fetched) for _, outcome in outcomes)
    assert sorted(job.name for job, _ in outcomes) == sorted(job.name for job in jobs)
    assert len({request.port for request in lab.requests}) <= 4


def test_a_page_by_its_type_or_its_start(lab: Lab, engine: Engine) -> None:
    page = b"<title>Log in</title>"
    typed = {"Content-Type": "text/html; charset=utf-8"}
    for number, (path, body, headers) in enumerate(
        [
            ("download.php", page, typed),
            ("folder/", page, typed),
            ("f.nii.gz", b"<!DOCTYPE html><p>", {"Content-Type": ""}),
        ]
    ):
        bad, good = lab.put(path, body, headers=headers), lab.put(f"{number}", CONTENT)
        assert isinstance(get([bad, good], UNKNOWN, engine, f"{number}"), Fetched)
        assert Path(f"{number}").read_bytes() == CONTENT
    wanted = lab.put("page.html", page, headers=typed)
    assert get([wanted], UNKNOWN, engine) == Fetched(len(page), sha256(page))
    wanted = lab.put("page", page, headers=typed)
    assert get([wanted], Expected(names=("a.html",)), engine) == Fetched(len(page), sha256(page))


def test_a_part_file_has_one_writer(lab: Lab, engine: Engine) -> None:
    url = lab.put("f", CONTENT)
    with PartFile(Path("file")) as part:
        part.put(0, CONTENT[:1000], "")
        outcome = fetch_file(Job("f", (url,), KNOWN, Path("file")), engine)
        assert "another process" in told(outcome)
    assert isinstance(fetch_file(Job("f", (url,), KNOWN, Path("file")), engine), Fetched)
    assert Path("file").read_bytes() == CONTENT
