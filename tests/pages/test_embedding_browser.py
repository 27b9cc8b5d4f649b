"""A page of another origin in Chromium: its button lands on the review, with the files."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from datalad_jsdl.portal.embedding.signing import signed_html
from tests.pages.conftest import study

SECRET = "k" * 40
OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]


@pytest.fixture(scope="module")
def browser(program: Callable[[str], str]) -> Iterator[Browser]:
    chromium = program("chromium")
    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=chromium, args=OPTIONS)
        yield made
        made.close()


@contextmanager
def elsewhere(pages: dict[str, Callable[[], str]]) -> Iterator[int]:
    """A server with pages of somebody else; its port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            make = pages.get(self.path)
            self.send_response(200 if make else 404)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write((make() if make else "").encode())

        def log_message(self, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


@pytest.fixture
def pages(tmp_path: Path) -> Iterator[tuple[str, str, str]]:
    """Address of a portal with its token, of a page that it trusts, and of one that it does not."""
    root = study(tmp_path / "study")
    (tmp_path / "atlas.key").write_text(SECRET)
    portal = ""

    def button() -> str:
        selection = {"dataset": "study", "paths": ["sub-03", "sub-07"]}
        return signed_html(portal, "atlas", SECRET, selection, "Four files")

    with elsewhere({"/": button, "/kept": cache(button)}) as port:
        settings = tmp_path / "portal.ini"
        settings.write_text(
            f"[embed atlas]\nkey-file = atlas.key\norigins = http://atlas.localhost:{port}\n"
        )
        command = ["datalad", "serve-downloads", "--no-open", "--port", "0", "--settings"]
        command += [str(settings), str(root)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            address = process.stdout.readline().strip()
            portal = address.partition("/?")[0]
            try:
                yield address, f"http://atlas.localhost:{port}", f"http://other.localhost:{port}"
            finally:
                process.terminate()


def on_the_review(page: Page) -> None:
    expect(page.get_by_role("heading", name="Review your list")).to_be_visible()
    expect(page.get_by_text("4 files added to your list.")).to_be_visible()
    expect(page.get_by_role("button", name="Order 4 files, 800 KB")).to_be_visible()


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_a_button_lands_on_the_review(
    pages: tuple[str, str, str], browser: Browser, scripts: bool
) -> None:
    address, trusted, other = pages
    with browser.new_context(java_script_enabled=scripts) as context:
        page = context.new_page()
        page.goto(address)
        page.goto(f"{trusted}/kept")
        page.get_by_role("button", name="Four files").click()
        on_the_review(page)
        page.get_by_role("button", name="Undo").click()
        expect(page.get_by_role("heading", name="Your list is empty")).to_be_visible()
        # the same form again, from a page that was kept
        page.goto(f"{trusted}/kept")
        page.get_by_role("button", name="Four files").click()
        expect(page.get_by_text("This was used before")).to_be_visible()
        # another site: the visitor is asked
        page.goto(f"{other}/")
        page.get_by_role("button", name="Four files").click()
        expect(page.get_by_role("heading", name="4 files for your list?")).to_be_visible()
        page.get_by_role("button", name="Add 4 files, 800 KB").click()
        on_the_review(page)


def test_signing_in_on_the_way(pages: tuple[str, str, str], browser: Browser) -> None:
    address, trusted, _ = pages
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(trusted)
        page.get_by_role("button", name="Four files").click()
        page.get_by_label("Token", exact=True).fill(address)
        page.get_by_role("button", name="Open the portal").click()
        on_the_review(page)
