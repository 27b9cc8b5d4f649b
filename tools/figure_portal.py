"""Pictures of the portal's pages, by headless Chromium: light, dark and on a phone."""

from __future__ import annotations

import io
import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image
from playwright.sync_api import expect, sync_playwright

from tests.pages.conftest import TOKEN, study
from tests.pages.serving import running

if TYPE_CHECKING:
    from typing import Literal

    from playwright.sync_api import Browser, Page

__all__ = ["picture"]

_OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
_COLOURS = 96  # of a picture; so it has some 30 kB
_SETTINGS = """\
[portal]
name = Lakeside Data
organisation = Lakeside Imaging Centre
contact = data@example.org
"""


@dataclass(frozen=True)
class _View:
    """One picture: the name of its file, and the browser."""

    name: str
    scheme: Literal["light", "dark"]
    width: int
    height: int


_CHOOSING = _View("portal_light", "light", 1000, 720)
_READY = _View("portal_dark", "dark", 1000, 720)
_PHONE = _View("portal_phone", "light", 390, 720)


def picture(folder: Path) -> None:
    """Write the pictures into a folder.

    Raises:
        SystemExit: Chromium is not installed.
    """
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        raise SystemExit("chromium is not installed; on Debian: apt-get install chromium")
    with tempfile.TemporaryDirectory() as made, sync_playwright() as playwright:
        place = Path(made)
        settings = place / "portal.ini"
        settings.write_text(_SETTINGS)
        browser = playwright.chromium.launch(executable_path=program, args=_OPTIONS)
        store, dataset = place / "portal.sqlite", study(place / "study")
        with running(store, dataset, token=TOKEN, settings=settings) as address:
            _visit(browser, f"{address}/?token={TOKEN}", folder)
        browser.close()


def _visit(browser: Browser, address: str, folder: Path) -> None:
    page = _open(browser, _CHOOSING, address)
    page.get_by_label("Select sub-03", exact=True).check()
    page.get_by_label("Select sub-07", exact=True).check()
    _take(page, folder / f"{_CHOOSING.name}.png")
    page.get_by_role("button", name=re.compile("^Add (selected|4 files, 800 KB)$")).click()
    _take(_open(browser, _PHONE, address), folder / f"{_PHONE.name}.png")
    dark = _open(browser, _READY, address)
    dark.get_by_role("link", name="Review list").click()
    dark.get_by_label("Name of the zip").fill("two-subjects")
    dark.get_by_role("button", name="Order 4 files, 800 KB").click()
    download = dark.get_by_role("link", name=re.compile("^Download two-subjects.zip"))
    expect(download).to_be_visible(timeout=60_000)
    _take(dark, folder / f"{_READY.name}.png")


def _open(browser: Browser, view: _View, address: str) -> Page:
    context = browser.new_context(
        viewport={"width": view.width, "height": view.height},
        color_scheme=view.scheme,
        reduced_motion="reduce",
    )
    page = context.new_page()
    page.goto(address)
    return page


def _take(page: Page, file: Path) -> None:
    """A picture of the page's beginning, with a palette."""
    page.evaluate("scrollTo(0, 0)")
    shown = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    shown.quantize(_COLOURS, dither=Image.Dither.NONE).save(file, optimize=True)
