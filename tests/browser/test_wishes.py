"""What a page asks of a download: cancelling is final, and takes only its own."""

from __future__ import annotations

import random
import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.browser.site import CORS
from tests.browser.test_chromium import DONE, START, described, page, saved, until, zipped
from tests.lab import Lab

__all__ = ["page"]


@pytest.fixture
def slow(lab: Lab) -> dict[str, object]:
    content = random.Random(1).randbytes(20_000_000)
    return {"big": described(content, lab.put("big", content, headers=CORS, rate=10_000_000))}


def test_a_second_cancel_takes_nothing_from_a_newer_download(
    page: Page, slow: dict[str, object], tmp_path: Path
) -> None:
    page.evaluate(START, [slow, {}])
    until(page, "window.progress?.done > 0")
    page.evaluate("window.older = window.download; window.older.cancel()")
    assert page.evaluate(DONE)["fault"] == "cancelled"
    page.evaluate(START, [slow, {}])
    assert page.evaluate(DONE)["fault"] is None
    page.evaluate("window.older.cancel()")
    page.wait_for_timeout(500)
    assert saved(page, tmp_path) == zipped({"big": random.Random(1).randbytes(20_000_000)})


def test_a_pause_after_a_cancel_changes_nothing(page: Page, lab: Lab) -> None:
    """The worker is busy meanwhile: it asks a slow server for a size."""
    url = lab.put("f", b"content", headers=CORS, delay=2)
    page.evaluate(START, [{"f": [url]}, {}])
    while not lab.requests:
        page.wait_for_timeout(20)
    page.evaluate("window.download.cancel()")
    page.wait_for_timeout(200)
    page.evaluate("window.download.pause()")
    assert page.evaluate(DONE)["fault"] == "cancelled"
    assert page.evaluate("window.jsdl.unfinished()") == []


def test_a_resume_right_after_a_pause_is_what_counts(page: Page, slow: dict[str, object]) -> None:
    page.evaluate(START, [slow, {}])
    until(page, "window.progress?.done > 0")
    page.evaluate("window.download.pause(); window.download.resume()")
    report = page.evaluate(DONE)
    assert (report["fault"], report["verified"]) == (None, 1)


def test_options_of_which_no_copy_can_be_made(page: Page) -> None:
    early = START.replace("...options,", "...options, headers: new Proxy({}, {}),")
    page.evaluate(early, [{"own": ["data:,own"]}, {}])
    report = page.evaluate(DONE)
    assert report["fault"] == "internal"
    assert "clone" in report["detail"]


def test_the_one_file_is_imported_where_there_is_no_page(
    node: str, one_file: bytes, tmp_path: Path
) -> None:
    file = tmp_path / "jsdl.min.mjs"
    file.write_bytes(one_file)
    script = f"const found = await import('{file.as_uri()}'); console.log(typeof found.plan);"
    command = [node, "--input-type=module", "-e", script]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stdout.strip()) == (0, "function"), done.stderr
