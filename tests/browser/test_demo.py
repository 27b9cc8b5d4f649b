"""The page that is an example, and the lines of the documentation that embed the element."""

from __future__ import annotations

import functools
import hashlib
import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from playwright.sync_api import BrowserContext, Page, expect

from tests.archive.plain import Plain, plain_zip
from tests.browser.dropping import allow_folders, drop
from tests.browser.site import BROWSER, Site, other_host

ROOT = Path(__file__).parents[2]
_TIME = 1714564800
_HAND_OVER = "window.showDirectoryPicker = async () => window.folder;"


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args: object) -> None:
        pass


@contextmanager
def plain_server(folder: Path) -> Iterator[str]:
    """What ``python -m http.server`` serves: no ranges, no headers of ours."""
    handler = functools.partial(_Quiet, directory=str(folder))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield f"http://localhost:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def shown() -> dict[str, bytes]:
    """Path → content of what the demo's manifest names."""
    folder = BROWSER / "demo"
    entries = json.loads((folder / "lakes.json").read_text("utf-8"))
    return {
        path: b"Free to use.\n" if url.startswith("data:") else (folder / url).read_bytes()
        for path, url in ((path, entry["urls"][0]) for path, entry in entries.items())
    }


def check_saved(page: Page, folder: Path) -> None:
    """Download the zip as a reader of the page does; it is that of the command line."""
    page.get_by_role("button", name="Download 6 files as zip").click()
    save = page.get_by_role("button", name="Save the zip")
    expect(page.get_by_text("6 files saved and checked").first).to_be_visible()
    with page.expect_download() as download:
        save.click()
    assert download.value.suggested_filename == "lakes.zip"
    download.value.save_as(folder / "lakes.zip")
    members = [
        Plain(path, content, len(content), _TIME, 0o100644)
        for path, content in sorted(shown().items())
    ]
    digest = hashlib.sha256(b"".join(plain_zip(members))).hexdigest()
    assert hashlib.sha256((folder / "lakes.zip").read_bytes()).hexdigest() == digest


def test_the_page_from_a_plain_server(
    chromium: Callable[[], BrowserContext], tmp_path: Path
) -> None:
    with plain_server(BROWSER) as url:
        allow_folders(tmp_path / "profile", url)
        page = chromium().new_page()
        told: list[str] = []
        page.on("console", lambda message: told.append(message.text))
        page.on("pageerror", lambda error: told.append(str(error)))
        page.goto(f"{url}/demo/")
        check_saved(page, tmp_path)
        folder = tmp_path / "Lakes"
        folder.mkdir()
        drop(page, folder)
        page.evaluate(_HAND_OVER)
        page.get_by_role("button", name="Save 6 files to a folder").click()
        element = page.locator("jsdl-download").nth(1)
        expect(element.get_by_text("6 files saved and checked").first).to_be_visible()
        for path, content in shown().items():
            assert (folder / path).read_bytes() == content
        assert told == []


def test_the_lines_that_embed_it_from_another_origin(
    chromium: Callable[[], BrowserContext], portal: Site, tmp_path: Path
) -> None:
    """The documentation's own, on a page of a plain server; all else is of another origin."""
    text = (ROOT / "docs" / "browser.rst").read_text("utf-8")
    [lines] = re.findall(r"five lines::\n\n((?:   .*\n)+)", text)
    away = other_host(portal.url.replace("localhost", "127.0.0.1"), "cdn")
    lines = lines.replace("https://cdn.example", away).replace("study.json", "lakes.json")
    lines = lines.replace("https://data.example", f"{away}/jsdl/demo")
    pages = tmp_path / "pages"
    pages.mkdir()
    (pages / "index.html").write_text(lines)
    with plain_server(pages) as url:
        page = chromium().new_page()
        page.goto(url)
        check_saved(page, tmp_path)
        origins = {worker.url.partition(":")[0] for worker in page.workers}
        assert origins <= {"blob"}
