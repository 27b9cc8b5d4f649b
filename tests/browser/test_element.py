"""The element: by keyboard, light, dark and narrow, without a fault that axe-core finds."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect, sync_playwright

from tests.browser.site import BROWSER, CORS, POLICY, Site, site
from tests.browser.test_chromium import described, zipped
from tests.lab import Lab, sha256

_OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
_PICTURES = os.environ.get("JSDL_SCREENSHOTS")
_PAGE = """<!doctype html><html lang="{lang}"><meta charset="utf-8"><title>Data</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<script type="module" src="/jsdl/jsdl-element.js"></script>
<main><h1>Data</h1>
<jsdl-download manifest="/m.json" heading="Motor learning" {more}></jsdl-download></main></html>"""


@pytest.fixture(scope="module")
def chromium(program: Callable[[str], str]) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program("chromium"), args=_OPTIONS)
        yield browser
        browser.close()


@pytest.fixture
def portal(lab: Lab) -> Iterator[Site]:
    with site() as found:
        found.policy = POLICY.replace("connect-src *", "connect-src 'self' " + lab.url)
        yield found


def opened(browser: Browser, portal: Site, entries: dict[str, Any], **more: Any) -> Page:
    portal.pages["/m.json"] = json.dumps(entries).encode()
    lang, attributes = more.pop("lang", "en"), more.pop("attributes", "")
    portal.pages["/"] = _PAGE.format(lang=lang, more=attributes).encode()
    page = browser.new_context(**more).new_page()
    page.goto(portal.url)
    return page


def checked(page: Page, packages: Path, name: str) -> None:
    """No violation, nothing wider than the page; a picture for people."""
    axe = (packages / "axe-core" / "axe.min.js").read_text()
    page.evaluate(axe + "; undefined")
    found = page.evaluate("axe.run().then(({violations}) => violations.map(v => v.id))")
    assert found == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    if _PICTURES:
        Path(_PICTURES).mkdir(exist_ok=True)
        page.screenshot(path=Path(_PICTURES) / f"element-{name}.png")


LOOKS: dict[str, dict[str, Any]] = {
    "light": {},
    "dark": {"color_scheme": "dark"},
    "320": {"viewport": {"width": 320, "height": 640}},
    "forced": {"forced_colors": "active"},
}


@pytest.mark.parametrize(("name", "more"), LOOKS.items())
def test_it_is_used_by_keyboard_alone(
    name: str,
    more: dict[str, Any],
    chromium: Browser,
    portal: Site,
    lab: Lab,
    packages: Path,
    tmp_path: Path,
) -> None:
    content = bytes(8_000_000)
    entries = {
        "big": described(content, lab.put("big", content, headers=CORS, rate=4_000_000)),
        "small": described(b"small", lab.put("small", b"small", headers=CORS)),
        "../up": ["https://x.example/"],
    }
    page = opened(chromium, portal, entries, **more)
    button = page.get_by_role("button", name="Download 2 files as zip")
    expect(button).to_be_visible()
    checked(page, packages, f"{name}-idle")
    page.keyboard.press("Tab")
    expect(button).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("progressbar", name="Saved")).to_be_visible()
    pause = page.get_by_role("button", name="Pause")
    expect(pause).to_be_visible()
    checked(page, packages, f"{name}-running")
    pause.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Resume")).to_be_focused()
    expect(page.get_by_text("You may close the page.")).to_be_visible()
    checked(page, packages, f"{name}-paused")
    page.keyboard.press("Enter")
    save = page.get_by_role("button", name="Save the zip")
    expect(save).to_be_visible(timeout=60_000)
    expect(page.get_by_role("status")).to_have_text("2 files saved and checked")
    checked(page, packages, f"{name}-ready")
    save.focus()
    with page.expect_download() as download:
        page.keyboard.press("Enter")
    assert download.value.suggested_filename == "m.zip"
    page.reload()
    page.get_by_role("button", name="Resume").click()
    expect(save).to_be_visible()
    page.get_by_role("button", name="I have it").click()
    expect(button).to_be_visible()


def test_what_failed_is_told_and_tried_again(
    chromium: Browser, portal: Site, lab: Lab, packages: Path
) -> None:
    gone = lab.put("gone", b"gone", headers=CORS, status=404)
    entries = {"gone": described(b"gone", gone), "own": ["data:,own"]}
    page = opened(chromium, portal, entries, lang="de")
    page.get_by_role("button", name="2 Dateien als Zip laden").click()
    expect(page.get_by_role("status")).to_have_text("1 von 2 Dateien gesichert, 1 fehlgeschlagen")
    expect(page.get_by_role("listitem").filter(has_text="gone").first).to_be_visible()
    expect(page.get_by_text("datalad download-manifest --get")).to_be_visible()
    checked(page, packages, "failed")
    page.get_by_text("Fehlgeschlagene Server").click()
    expect(page.get_by_text(f"{lab.url}: hat die Datei nicht").last).to_be_visible()
    lab.put("gone", b"gone", headers=CORS)
    page.get_by_role("button", name="Erneut versuchen").click()
    expect(page.get_by_role("button", name="Zip sichern")).to_be_visible()


@pytest.mark.parametrize("is_there", [True, False])
def test_german_beside_the_one_file(
    is_there: bool, chromium: Browser, portal: Site, one_file: bytes
) -> None:
    """Who copies that file alone has the English words."""
    portal.pages["/one/jsdl.min.js"] = one_file
    if is_there:
        portal.pages["/one/ui/german.js"] = (BROWSER / "ui" / "german.js").read_bytes()
    page = opened(chromium, portal, {"own": ["data:,own"]}, lang="de")
    portal.pages["/"] = portal.pages["/"].replace(b"/jsdl/jsdl-element.js", b"/one/jsdl.min.js")
    page.goto(portal.url)
    page.get_by_role(
        "button", name="1 Datei als Zip laden" if is_there else "Download 1 file"
    ).click()
    said = "1 Datei gesichert und geprüft" if is_there else "1 file saved and checked"
    expect(page.get_by_role("status")).to_have_text(said)


@pytest.mark.parametrize(("name", "more"), LOOKS.items())
def test_before_the_manifest_and_without_one(
    name: str, more: dict[str, Any], chromium: Browser, portal: Site, packages: Path
) -> None:
    page = opened(chromium, portal, {}, **more)
    waiting: list[Route] = []
    page.route("**/m.json", lambda route: waiting.append(route))
    page.reload()
    expect(page.get_by_text("Reading the manifest")).to_be_visible()
    checked(page, packages, f"{name}-loading")
    waiting[0].fulfill(body="<html>")
    expect(page.get_by_text("this is not a manifest")).to_be_visible()
    checked(page, packages, f"{name}-no-manifest")


def test_a_zip_where_the_folder_refuses_names(chromium: Browser, portal: Site, lab: Lab) -> None:
    """It takes them all; a cancel leads back to the folder."""
    contents = {"con.txt": b"c" * 3_000_000, "good": b"good"}
    entries = {
        path: described(content, lab.put(path, content, headers=CORS, rate=1_000_000))
        for path, content in contents.items()
    }
    page = opened(chromium, portal, entries, attributes="as=folder")
    page.add_init_script(_PICKER)
    page.reload()
    folder = page.get_by_role("button", name="Save 1 file to a folder")
    instead = page.get_by_role("button", name="Save as zip instead")
    expect(folder).to_be_visible()
    instead.click()
    page.get_by_role("button", name="Cancel").click()
    expect(folder).to_be_visible()
    assert page.get_by_role("button", name="Save the zip").count() == 0
    lab.put("con.txt", contents["con.txt"], headers=CORS)
    instead.click()
    expect(page.get_by_role("status")).to_have_text("2 files saved and checked")
    with page.expect_download() as download:
        page.get_by_role("button", name="Save the zip").click()
    assert sha256(download.value.path().read_bytes()) == zipped(contents)
    page.get_by_role("button", name="I have it").click()
    expect(folder).to_be_visible()


def test_what_a_zip_does_not_take_either_needs_no_zip(chromium: Browser, portal: Site) -> None:
    entries = {"own": ["data:,own"], "../up": ["https://x.example/"]}
    page = opened(chromium, portal, entries, attributes="as=folder")
    page.add_init_script(_PICKER)
    page.reload()
    expect(page.get_by_role("button", name="Save 1 file to a folder")).to_be_visible()
    assert page.get_by_role("button").count() == 1


#: A name that does harm where it is not text.
_BAD = "<img src=x onerror=document.title='bad'>.nii"
_PICKER = """window.showDirectoryPicker = async () =>
    (await navigator.storage.getDirectory()).getDirectoryHandle("picked", {create: true});"""


@pytest.mark.parametrize(("name", "more"), LOOKS.items())
def test_a_folder_that_refuses_names_by_keyboard_alone(
    name: str, more: dict[str, Any], chromium: Browser, portal: Site, lab: Lab, packages: Path
) -> None:
    gone = lab.put("gone", b"good", headers=CORS, status=404)
    entries = {
        "good": described(b"good", gone, lab.put("good", b"good", headers=CORS)),
        **{path: described(b"no", gone) for path in ("con.txt", f"sub/{_BAD}", "a\u202ebc")},
        "../up": ["https://x.example/"],
    }
    page = opened(chromium, portal, entries, lang="de", attributes="as=folder", **more)
    page.add_init_script(_PICKER)
    page.reload()
    button = page.get_by_role("button", name="1 Datei in einen Ordner sichern")
    expect(button).to_be_visible()
    refusals = page.get_by_text("Abgelehnte Einträge: 4")
    page.keyboard.press("Tab")
    expect(button).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Stattdessen als Zip laden")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("listitem").filter(has_text=_BAD)).to_be_visible()
    expect(page.get_by_text("con.txt: der Browser lehnt diesen Namen im Ordner ab")).to_be_visible()
    checked(page, packages, f"{name}-refused")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_have_text("1 Datei gesichert und geprüft")
    expect(refusals).to_be_visible()
    # after the button has gone, the next thing that can be pressed is a mirror's fault
    page.get_by_text("Fehlgeschlagene Server").press("Enter")
    expect(page.get_by_text(f"{lab.url}: hat die Datei nicht")).to_be_visible()
    checked(page, packages, f"{name}-mirrors")
    assert page.title() == "Data"


@pytest.mark.parametrize(("name", "more"), LOOKS.items())
def test_what_ends_otherwise(
    name: str, more: dict[str, Any], chromium: Browser, portal: Site, lab: Lab, packages: Path
) -> None:
    """Not checked, failed, cancelled."""
    gone = lab.put("gone", b"gone", headers=CORS, status=404)
    plain = {"urls": [lab.put("plain", b"plain", headers=CORS)], "size": 5}
    page = opened(chromium, portal, {"plain": plain}, **more)
    page.get_by_role("button", name="Download 1 file as zip").click()
    expect(page.get_by_role("status")).to_have_text("1 file saved, 1 not checked")
    checked(page, packages, f"{name}-unchecked")
    page = opened(chromium, portal, {_BAD: described(b"gone", gone), "plain": plain}, **more)
    page.get_by_role("button", name="Download 2 files as zip").click()
    expect(page.get_by_role("status")).to_have_text("1 of 2 files saved, 1 failed")
    expect(page.get_by_role("listitem").filter(has_text=_BAD)).to_be_visible()
    checked(page, packages, f"{name}-failed")
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("status")).to_have_text("Cancelled")
    checked(page, packages, f"{name}-cancelled")
    expect(page.get_by_role("button", name="Download 2 files as zip")).to_be_visible()
    assert page.title() == "Data"
