"""annex.diskreserve: its units, and what is checked when."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from datalad_jsdl.faults import Failed
from datalad_jsdl.fetch.bulk import Job, fetch_file
from datalad_jsdl.fetch.data_units import parse_size
from datalad_jsdl.fetch.disk import NoRoomError, Room, require_room, reserve_of
from datalad_jsdl.fetch.phrases import told
from datalad_jsdl.model.content import Expected, Fetched
from tests.conftest import run
from tests.fetch.waits import new_engine
from tests.lab import Lab
from tests.portal import content_of, datalad, described, git, write_manifest

SIZES = {
    "0": 0,
    "500": 500,
    "500M": 500_000_000,
    "500MB": 500_000_000,
    "1 gb": 1_000_000_000,
    " 0.5 Gigabytes ": 500_000_000,
    "100 KiloBytes": 100_000,
    "1.5GiB": 1_610_612_736,
    "2 mebibyte": 2_097_152,
    "3k": 3000,
    "3Ki": 3072,
    "8 Mbit": 1_000_000,
    "100000TB": 100_000_000_000_000_000,
    "1e3 B": 1000,
    "1 petabit": 125_000_000_000_000,
}


@pytest.mark.parametrize("text", SIZES)
def test_units(text: str) -> None:
    assert parse_size(text) == SIZES[text]


def test_more_than_there_is() -> None:
    assert (parse_size("1e999") or 0) > 1 << 80


@pytest.mark.parametrize("text", ["", "much", "5 apples", "GB", ".5GB"])
def test_what_is_no_amount(text: str) -> None:
    assert parse_size(text) is None
    assert reserve_of({"annex.diskreserve": text}) == 100_000_000


# each unit at a size that no disk has, and the same number with what is no unit
LARGE = ("900000000 gb", "900000 Tebibytes", "9000 PiB", "900000000000M", "9e9 gbit", "1 zettabyte")
NONE = ("900000000 gbx", "many PB", ".9ZB")


def test_the_units_are_those_of_git_annex(tmp_path: Path, lab: Lab) -> None:
    members = {"a": described("a", lab.put("a", content_of("a")))}
    datalad("download-manifest", write_manifest("m.json", members), "ds")
    for text in (*LARGE, *NONE):
        option = ("-c", f"annex.diskreserve={text}", "annex")
        done = subprocess.run(["git", *option, "get", "a"], cwd="ds", capture_output=True)
        refused = (parse_size(text) or 0) > shutil.disk_usage(".").free
        assert done.returncode == refused, text
        assert refused == (text in LARGE)
        git(tmp_path / "ds", "annex", "drop", "-q", "--force", "a")


def test_the_message_says_what_is_needed_free_and_kept(tmp_path: Path) -> None:
    with pytest.raises(NoRoomError) as caught:
        require_room(tmp_path, 5_000_000, 10**18)
    text = str(caught.value)
    assert text.startswith("not enough disk space: 5.0 MB needed, ")
    assert text.endswith(" free (annex.diskreserve keeps 1.0 EB)")
    with pytest.raises(NoRoomError, match="more is needed"):
        require_room(tmp_path, None, 1 << 80)
    require_room(tmp_path, 0, 1 << 80)  # nothing is to be written
    Room(tmp_path, 0).take(1 << 80)  # nobody has asked for it


@pytest.mark.parametrize("size", [3000, None])
def test_not_a_byte_is_asked_for(tmp_path: Path, lab: Lab, size: int | None) -> None:
    engine = new_engine()
    engine.reserve = 1 << 80
    job = Job("f", (lab.put("f", content_of("f")),), Expected(size), tmp_path / "f")
    outcome = fetch_file(job, engine)
    assert isinstance(outcome, Failed)
    assert outcome.disk_full
    assert "annex.diskreserve" in told(outcome)
    assert not lab.requests
    assert os.listdir(tmp_path) == []


def test_a_file_of_unknown_size_stops_at_the_reserve(tmp_path: Path, lab: Lab) -> None:
    """What came until then is kept, to go on with."""
    if not os.path.isdir("/dev/shm") or os.geteuid() != 0:
        pytest.skip("needs a small file system")
    content = os.urandom(12 << 20)
    url = lab.put("f", content, no_length=True)
    engine = new_engine()
    engine.reserve = 10 << 20
    small = tmp_path / "small"
    small.mkdir()
    run("mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", small)
    try:
        job = Job("f", (url,), Expected(), small / "f")
        outcome = fetch_file(job, engine)
        assert isinstance(outcome, Failed)
        assert "more is needed" in told(outcome)
        free = shutil.disk_usage(small).free
        assert 8 << 20 < free < 13 << 20
        engine.reserve = 0
        assert isinstance(fetch_file(job, engine), Fetched)
        assert (small / "f").read_bytes() == content
    finally:
        run("umount", small)
