"""The documentation as a site: on a phone, in the dark, and what its search finds first."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

pytestmark = pytest.mark.slow

DOCS = Path(__file__).parents[1] / "docs"


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Its address, while it is served."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "-b", "html", str(DOCS), str(folder)]
    subprocess.run(command, check=True)
    handler = partial(_Quiet, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


#: Of the module, as playwright runs but once in a process.
@pytest.fixture(scope="module")
def browser(program: Callable[[str], str]) -> Iterator[Browser]:
    chromium = program("chromium")
    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield made
        made.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """As on a phone, at night."""
    with browser.new_context(
        viewport={"width": 360, "height": 780}, color_scheme="dark"
    ) as context:
        yield context.new_page()


def test_no_page_scrolls_sideways_on_a_phone(page: Page, site: str) -> None:
    names = [file.with_suffix(".html").name for file in DOCS.glob("*.rst")]
    assert "download.html" in names
    wide = []
    for name in names:
        page.goto(f"{site}/{name}")
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            wide.append(name)
    assert wide == []


def test_it_is_dark_where_the_reader_wants_that(page: Page, site: str) -> None:
    page.goto(f"{site}/download.html")
    colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert max(map(int, colour.removeprefix("rgb(").removesuffix(")").split(","))) < 64


def test_a_command_is_copied_by_a_click(page: Page, site: str) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"{site}/download.html")
    button = page.locator("button.copybtn").first
    button.dispatch_event("click")
    expect(button).to_have_class("copybtn o-tooltip--left success")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith("datalad download-manifest https://portal.example/study.json\ncd ")


@pytest.mark.parametrize(
    ("words", "first"),
    [
        ("resume", "download.html"),
        ("login", "logins.html"),
        ("proxy", "logins.html"),
        ("checksum", "download.html"),
    ],
)
def test_the_search_finds_the_right_page_first(
    page: Page, site: str, words: str, first: str
) -> None:
    page.goto(f"{site}/search.html?q={words}")
    found = page.locator("#search-results li a").first
    assert (found.get_attribute("href") or "").partition("#")[0].partition("?")[0] == first
