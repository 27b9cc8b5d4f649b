"""An order's files in a folder, out of its zip: Chromium on the order's page."""

from __future__ import annotations

import os
import random
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.lab import sha256
from tests.pages.conftest import TOKEN, made
from tests.pages.serving import running
from tests.pages.test_browser import browser, opened  # noqa: F401 - fixtures

#: No picker can be driven: what it gives is a folder of the browser's own file system.
_PICKER = """window.showDirectoryPicker = async () =>
    (await navigator.storage.getDirectory()).getDirectoryHandle("picked", {create: true});"""
_NO_PICKER = "delete window.showDirectoryPicker;"
_TREE = """async () => {
    const { digest } = await import("/static/jsdl/core/hash.js");
    const found = {};
    const walk = async (folder, before) => {
        for await (const [name, handle] of folder.entries()) {
            if (handle.kind === "directory") await walk(handle, `${before}${name}/`);
            else {
                const content = await (await handle.getFile()).arrayBuffer();
                found[before + name] = await digest("sha256", new Uint8Array(content));
            }
        }
    };
    await walk(await window.showDirectoryPicker(), "");
    return found;
}"""


@pytest.fixture
def context(opened: Callable[..., BrowserContext]) -> BrowserContext:  # noqa: F811
    return opened()


def _study(root: Path) -> dict[str, bytes]:
    """A dataset of files small and large, of names that a browser refuses, and of a symlink."""
    files = {f"sub-{n % 7}/f{n}.txt": random.Random(n).randbytes(n * 321) for n in range(60)}
    files["big.bin"] = random.Random(1).randbytes(30_000_001)
    files["con.txt"] = b"a name of Windows"
    files["tool.sh"] = b"#!/bin/sh\n"
    made(root, files)
    (root / "tool.sh").chmod(0o755)
    (root / "latest").symlink_to("big.bin")
    subprocess.run(["git", "add", "-A"], cwd=root, check=True)
    subprocess.run(["git", "commit", "-q", "-m", "link"], cwd=root, check=True)
    return files


def _ordered(page: Page, address: str) -> None:
    page.goto(f"{address}/?token={TOKEN}")
    page.get_by_role("button", name="Add everything").click()
    page.get_by_role("link", name="Review list").click()
    page.get_by_role("button", name=re.compile("^Order ")).click()
    expect(page.get_by_role("link", name=re.compile("^Download "))).to_be_visible(timeout=60_000)


def test_an_order_in_a_folder(tmp_path: Path, context: BrowserContext) -> None:
    files = _study(tmp_path / "study")
    context.add_init_script(_PICKER)
    page = context.new_page()
    told: list[Any] = []
    asked: set[str] = set()
    page.on("console", lambda message: told.append(message.text))
    page.on("pageerror", lambda error: told.append(str(error)))
    context.on("request", lambda request: asked.add(request.url))
    with running(tmp_path / "s.sqlite", tmp_path / "study", token=TOKEN) as address:
        _ordered(page, address)
        page.get_by_role("button", name="Save to a folder instead").click()
        page.get_by_role("button", name="Save 62 files to a folder").click()
        expect(page.get_by_text("62 files saved and checked").first).to_be_visible(timeout=60_000)
        expect(page.get_by_text("Refused entries: 2")).to_be_visible()
        if folder := os.environ.get("JSDL_SCREENSHOTS"):
            page.screenshot(path=Path(folder) / "folder.png", full_page=True)
        found = page.evaluate(_TREE)
        assert found == {
            path: sha256(content) for path, content in files.items() if path != "con.txt"
        }
        assert all(url.startswith((address, f"blob:{address}")) for url in asked)
        # the small ones come many at a time
        archive = [url for url in asked if url.endswith("/archive")]
        assert len(archive) == 1
    assert told == []


def test_without_a_picker_the_page_is_as_it_was(tmp_path: Path, context: BrowserContext) -> None:
    made(tmp_path / "study", {"a": b"a"})
    context.add_init_script(_NO_PICKER)
    page = context.new_page()
    asked: list[str] = []
    context.on("request", lambda request: asked.append(request.url))
    with running(tmp_path / "s.sqlite", tmp_path / "study", token=TOKEN) as address:
        _ordered(page, address)
        page.reload()
        expect(page.locator("html.js")).to_be_attached()
        assert page.get_by_text("to a folder").count() == 0
        assert not any("/jsdl/" in url for url in asked)
