"""A folder in Chromium: of the browser's own file system, as no picker can be driven.

That takes any name, so which names a picked folder refuses is only in ``core.test.mjs``.
"""

from __future__ import annotations

import base64
import random
from collections.abc import Callable
from typing import Any

from playwright.sync_api import BrowserContext, Page

from tests.browser.site import CORS, Site, pieces
from tests.browser.test_chromium import DONE, START, described, until
from tests.lab import Lab, sha256

_OPEN = """async () => {
    const root = await navigator.storage.getDirectory();
    window.folder = await root.getDirectoryHandle("picked", {create: true});
}"""
_WRITE = """async ([path, base64]) => {
    let folder = window.folder;
    const parts = path.split("/");
    const name = parts.pop();
    for (const part of parts) folder = await folder.getDirectoryHandle(part, {create: true});
    const stream = await (await folder.getFileHandle(name, {create: true})).createWritable();
    await stream.write(Uint8Array.from(atob(base64), (c) => c.charCodeAt(0)));
    await stream.close();
}"""
_TREE = """async () => {
    const { digest } = await import("/jsdl/core/hash.js");
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
    await walk(window.folder, "");
    return found;
}"""
_WITH_FOLDER = START.replace("...options,", "...options, as: 'folder', directory: window.folder,")


def opened(context: BrowserContext, portal: Site) -> Page:
    """A page that has the folder."""
    page = context.new_page()
    page.goto(portal.url)
    page.evaluate(_OPEN)
    return page


def test_a_tree(chromium: Callable[[], BrowserContext], portal: Site, lab: Lab) -> None:
    context = chromium()
    big = random.Random(1).randbytes(24_000_000)
    contents = {f"d{n % 5}/e/f{n}": random.Random(n).randbytes(n * 99) for n in range(40)}
    contents["big"] = big
    entries: dict[str, Any] = {
        path: described(content, lab.put(path, content, headers=CORS))
        for path, content in contents.items()
    }
    lab.put("big", big, headers=CORS, rate=6_000_000)
    entries["big"]["pieces"] = pieces(big)
    for name in ("con.txt", "a:b", "x/y.", "link.lnk"):
        entries[name] = described(b"no", lab.put(name, b"no", headers=CORS))
    entries["latest"] = {"urls": ["data:,big"], "symlink": True}
    # somebody's own file of that name, and one that is right already
    entries["mine"] = described(b"theirs", lab.put("mine", b"theirs", headers=CORS))
    page = opened(context, portal)
    for path, content in {"mine": b"mine!!", "d0/e/f5": contents["d0/e/f5"]}.items():
        page.evaluate(_WRITE, [path, base64.b64encode(content).decode()])

    page.evaluate(_WITH_FOLDER, [entries, {}])
    # a break in the middle
    until(page, "window.progress?.done > 10_000_000")
    page.close()
    page = opened(context, portal)
    for _ in range(50):
        page.evaluate(_WITH_FOLDER, [entries, {}])
        report = page.evaluate(DONE)
        # a worker that was just ended may have its files for a moment still
        if report["fault"] != "lock":
            break
        page.wait_for_timeout(200)
    refused = {item["path"]: item["reason"] for item in report["refused"]}
    assert refused == {
        "con.txt": "folder-name", "a:b": "folder-name", "x/y.": "folder-name",
        "link.lnk": "folder-name", "latest": "symlink-folder",
    }  # fmt: skip
    assert [(item["path"], item["reason"]) for item in report["failed"]] == [("mine", "exists")]
    assert (report["fault"], report["saved"], report["verified"]) == (None, 41, 41)
    assert report["bytesFetched"] <= len(big) - 10_000_000 + (16 << 20)
    assert lab.sent("d0/e/f5") == 0
    expected = {**contents, "mine": b"mine!!"}
    assert page.evaluate(_TREE) == {path: sha256(expected[path]) for path in expected}
