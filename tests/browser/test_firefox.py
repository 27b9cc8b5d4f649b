"""Downloads in Firefox: a zip from mirrors that fail, and after a kill."""

from __future__ import annotations

import json
import random
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.browser.conftest import HERE
from tests.browser.site import CORS, Site, other_host, pieces
from tests.browser.test_chromium import (
    VECTORS,
    described,
    expected,
    quick_vectors,
    zipped,
)
from tests.lab import Lab


@pytest.fixture
def run(
    node: str, packages: Path, program: Callable[[str], str], portal: Site, tmp_path: Path
) -> Callable[..., Any]:
    firefox = program("firefox-esr")

    def download(entries: dict[str, Any] | None = None, **more: Any) -> Any:
        job = {
            "firefox": firefox, "profile": str(tmp_path / "profile"), "url": portal.url,
            "entries": entries, **more,
        }  # fmt: skip
        done = subprocess.run(
            [node, HERE / "firefox.mjs"], input=json.dumps(job), capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return download


def test_a_zip_from_mirrors_that_fail(run: Callable[..., Any], lab: Lab, other_lab: Lab) -> None:
    big = random.Random(1).randbytes(20_000_003)
    small = {f"d/s{n}": random.Random(n).randbytes(n * 999) for n in range(30)}
    cut = other_host(lab.put("big", big, headers=CORS, cut_at=9_000_000), "m1")
    silent = other_host(lab.put("silent", big), "m4")
    flipped = other_host(other_lab.put("flip", big, headers=CORS, corrupt_at=12_000_000), "m2")
    good = other_host(other_lab.put("good", big, headers=CORS), "m3")
    entries: dict[str, Any] = {
        "big": described(big, cut, silent, flipped, good, pieces=pieces(big)),
        "own": ["data:,own"],
    }
    for path, content in small.items():
        entries[path] = described(content, other_host(lab.put(path, content, headers=CORS), "m1"))
    report = run(entries)
    assert (report["fault"], report["failed"], report["verified"]) == (None, [], 32)
    assert report["digest"] == zipped({"big": big, "own": b"own", **small})
    assert report["states"] == ["running", "ready"]
    found = report["capabilities"]
    assert (found["folder"], found["resumable"], found["why"]) == (False, True, "no-picker")


def test_a_kill_costs_little(run: Callable[..., Any], lab: Lab) -> None:
    content = random.Random(1).randbytes(50_000_000)
    url = lab.put("big", content, headers=CORS, rate=10_000_000)
    entries = {"big": described(content, url, pieces=pieces(content, 4 << 20))}
    report = run(entries, breaks=[[20_000_000, "browser"]])
    assert (report["fault"], report["failed"], report["verified"]) == (None, [], 1)
    assert report["bytesFetched"] <= len(content) - 20_000_000 + (16 << 20)
    assert report["digest"] == zipped({"big": content})


@pytest.mark.parametrize("way", ["made", "saved"])
def test_the_zip_is_that_of_all_producers(way: str, run: Callable[..., Any], portal: Site) -> None:
    portal.pages[VECTORS] = (HERE / "vectors.mjs").read_bytes()
    cases = quick_vectors(way)
    assert run(cases=cases, way=way) == [expected(case, way) for case in cases]


@pytest.mark.slow
@pytest.mark.parametrize("times", [1, 9])
def test_a_file_of_the_worker_that_does_not_come(
    times: int, run: Callable[..., Any], portal: Site
) -> None:
    """Firefox may tell nothing of it; another worker is started, and in the end it is given up."""
    portal.failing["/jsdl/sinks/folder.js"] = times
    report = run({"own": ["data:,own"]}, options={"stall": 1_000})
    assert report["fault"] == (None if times == 1 else "internal")
