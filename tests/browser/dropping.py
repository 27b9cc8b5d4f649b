"""A folder on disk for a page in Chromium: no picker can be driven, but a folder can be dropped."""

from __future__ import annotations

import json
from pathlib import Path

from playwright.sync_api import Page

_LISTEN = """() => {
    window.dropped = new Promise((resolve) => {
        document.addEventListener("dragover", (event) => event.preventDefault());
        document.addEventListener("drop", (event) => {
            event.preventDefault();
            resolve(event.dataTransfer.items[0].getAsFileSystemHandle());
        }, { once: true });
    });
    document.documentElement.style.height = "100vh";
}"""
_TAKE = """async () => {
    window.folder = await window.dropped;
    return window.folder.requestPermission({ mode: "readwrite" });
}"""


def allow_folders(profile: Path, url: str) -> None:
    """Pages of *url* may write to folders without being asked; before the browser starts."""
    file = profile / "Default" / "Preferences"
    file.parent.mkdir(parents=True, exist_ok=True)
    allowed = {"file_system_write_guard": {f"{url},*": {"setting": 1}}}
    settings = {"profile": {"content_settings": {"exceptions": allowed}}}
    file.write_text(json.dumps(settings), "utf-8")


def drop(page: Page, folder: Path) -> None:
    """The page has the folder in ``window.folder``, as if it had been picked."""
    page.evaluate(_LISTEN)
    session = page.context.new_cdp_session(page)
    data = {"items": [], "files": [str(folder)], "dragOperationsMask": 1}
    for event in ("dragEnter", "dragOver", "drop"):
        place = {"type": event, "x": 50, "y": 50, "data": data}
        session.send("Input.dispatchDragEvent", place)
    assert page.evaluate(_TAKE) == "granted"
