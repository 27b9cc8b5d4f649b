"""Chromium's own downloads: cut off in the middle, and resumed as a visitor does it."""

from __future__ import annotations

import json
import re
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, sync_playwright

from tests.portal import file_sha256
from tests.serving.test_interrupted import ordered, root
from tests.serving.workers import Switch, workers

__all__ = ["root"]  # a fixture

pytestmark = pytest.mark.slow
_OPTIONS = [
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
    "--no-first-run", "--remote-debugging-port=0",
]  # fmt: skip


@contextmanager
def chromium(program: str, profile: Path, downloads: Path) -> Iterator[BrowserContext]:
    """A browser whose downloads are its own: Playwright would take them into its hands."""
    settings = profile / "Default/Preferences"
    settings.parent.mkdir(parents=True, exist_ok=True)
    where = {"default_directory": str(downloads), "prompt_for_download": False}
    settings.write_text(json.dumps({"download": where}))
    downloads.mkdir(exist_ok=True)
    command = [program, *_OPTIONS, f"--user-data-dir={profile}", "about:blank"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        lines = (re.search(r"listening on (ws://\S+)", line) for line in process.stderr)
        address = next(found[1] for found in lines if found)
        threading.Thread(target=process.stderr.read, daemon=True).start()
        try:
            with sync_playwright() as playwright:
                browser = playwright.chromium.connect_over_cdp(address)
                session = browser.new_browser_cdp_session()
                session.send("Browser.setDownloadBehavior", {"behavior": "default"})
                yield browser.contexts[0]
        finally:
            process.kill()


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_resumed_by_a_visitor(
    root: Path, tmp_path: Path, program: Callable[[str], str], scripts: bool
) -> None:
    order = ordered(f"sqlite:///{tmp_path / 'orders.sqlite'}", root)
    serving = workers(2, order.store, tmp_path, root)
    with serving as (one, other), Switch([one.port, other.port]) as switch:
        switch.events = [
            (order.size // 4, one.kill),
            (order.size // 2, switch.cut),
            (order.size * 3 // 4, other.kill),  # now nobody is there
        ]
        downloads = tmp_path / "downloads"
        with chromium(program("chromium"), tmp_path / "profile", downloads) as context:
            _follow(context, f"http://127.0.0.1:{switch.port}{order.path}", scripts=scripts)
            page = context.new_page()
            page.goto("chrome://downloads")
            _resume(page, lambda: not switch.events)
            one.start()
            one.wait()
            _resume(page, lambda: any(downloads.glob("all-*.zip")))
        assert switch.passed < 1.5 * order.size
    (saved,) = downloads.glob("all-*.zip")
    assert file_sha256(saved) == order.sha256


def _follow(context: BrowserContext, link: str, *, scripts: bool) -> None:
    page = context.new_page()
    session = context.new_cdp_session(page)
    session.send("Emulation.setScriptExecutionDisabled", {"value": not scripts})
    page.set_content(f'<a href="{link}">Download</a>')
    page.get_by_text("Download").click()


def _resume(page: Page, until: Callable[[], bool]) -> None:
    """Choose "Resume" in the menu of the download whenever it is there."""
    choice = page.locator("#pause-or-resume:not([hidden])").first
    while not until():
        if choice.count() and "Resume" in (choice.text_content() or ""):
            page.locator("#more-actions").first.click()
            choice.click()
        time.sleep(0.5)
