"""A folder on disk, in Chromium: what is in it in the end, and which names it does not take."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import BrowserContext, Page

from tests.browser.dropping import allow_folders, drop
from tests.browser.site import CORS, Site, pieces
from tests.browser.test_chromium import DONE, START, described, kill, until
from tests.lab import Lab

_WITH_FOLDER = START.replace("...options,", "...options, as: 'folder', directory: window.folder,")
#: Names of all kinds, and whether they are refused, by the table and by the browser itself.
_NAMES = """async (names) => {
    const { isInFolder } = await import("/jsdl/core/names.js");
    return Promise.all(names.map(async (name) => {
        let taken = true;
        try {
            const file = await window.folder.getFileHandle(name, { create: true });
            await (await file.createWritable()).close();
        } catch { taken = false; }
        return [name, isInFolder(name), taken];
    }));
}"""
_CHARACTERS = """async ([from, to]) => {
    const { isInFolder } = await import("/jsdl/core/names.js");
    const wrong = [];
    const check = async (name) => {
        const error = await window.folder.getFileHandle(name).then(() => "", (error) => error.name);
        if ((error === "TypeError") !== !isInFolder(name)) wrong.push([name, error]);
    };
    for (let start = from; start < to; start += 256) {
        const codes = Array.from({ length: 256 }, (_, n) => start + n)
            .filter((code) => code && code !== 47 && (code < 0xd800 || code > 0xdfff));
        await Promise.all(codes.map((code) => String.fromCodePoint(code))
            .flatMap((char) => [`a${char}b`, `${char}b`, `a${char}`].map(check)));
    }
    return wrong;
}"""
_ANYWHERE = '~:?*"<>|\\\x01\t\n\x1f\x7f\x80\xa0\xad\u200b\u200d\u202e\u2028\ufeff\ufdd0\U000e0041'
_AT_ENDS = "~ .\xa0\u3000"
NAMES = [
    *(f"a{char}b" for char in _ANYWHERE), *(f"{char}a" for char in _AT_ENDS),
    *(f"a{char}" for char in _AT_ENDS), "~", "con", "CON", "con.txt", "nul", "Aux.tar.gz", "prn",
    "com1", "com1.x", "com0", "com\xb9", "lpt9", "lpt0", "com10", "conx", "x.con", "clock$",
    "CLOCK$.x", "conin$", "conout$", "conin$.x", "a.lnk", "a.LNK", ".lnk", "lnk", "a.scf", "a.url",
    "a.url.txt", "a.{00021401-0000}", "a.{}", "a.{b.c}", "{b}", "desktop.ini", "Desktop.INI",
    "thumbs.db", "a.thumbs.db", ".git", ".GIT", ".gitx", ".hg", ".ssh", ".a.b", "a.local", "a.exe",
    "a.dll", "a.part", "a%20b", "a#b", "a&b", "a'b", "a$b", "e\u0301", "\xe9", "\U0001f642",
    "x" * 255, "x" * 249, "x" * 248, "\xe9" * 124, "\xe9" * 127,
]  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    found = tmp_path / "Study"
    found.mkdir()
    return found


@pytest.fixture
def page(
    chromium: Callable[[], BrowserContext], portal: Site, folder: Path, tmp_path: Path
) -> Page:
    """A page that has the folder."""
    allow_folders(tmp_path / "profile", portal.url)
    found = chromium().new_page()
    found.goto(portal.url)
    drop(found, folder)
    return found


def test_names_that_it_takes(page: Page) -> None:
    found = page.evaluate(_NAMES, NAMES)
    wrong = [item for item in found if item[1] != item[2]]
    assert wrong == []


@pytest.mark.slow
def test_characters_that_it_takes(page: Page) -> None:
    """All of Unicode's first plane, and those of others that have no look of their own."""
    blocks = [(0, 0x10000), (0x1BC00, 0x1BD00), (0x1D100, 0x1D200), (0xE0000, 0xE0200)]
    assert [page.evaluate(_CHARACTERS, block) for block in blocks] == [[]] * len(blocks)


def content_of(number: int) -> bytes:
    return random.Random(number).randbytes(number * 321)


@pytest.mark.slow
def test_a_tree_of_200_files(page: Page, lab: Lab, folder: Path) -> None:
    """A reload on the way costs at most the small files that were being written, and 16 MiB."""
    big = random.Random(1).randbytes(150 << 20) + random.Random(2).randbytes(150 << 20)
    contents = {f"d{n % 7}/e{n % 3}/f\xfc{n}": content_of(n) for n in range(198)}
    contents |= {"empty": b"", "d0/big.nii": big}
    entries: dict[str, Any] = {}
    # the large one first: it is on its way while the others come
    for path, content in sorted(contents.items(), key=lambda item: -len(item[1])):
        entries[path] = described(content, lab.put(path, content, headers=CORS))
    lab.put("d0/big.nii", big, headers=CORS, rate=12_000_000)
    entries["d0/big.nii"]["pieces"] = pieces(big, 8 << 20)
    refused = ["con.txt", "d1/a:b", "d1/x./y", "z/Thumbs.db", "a\xad"]
    for name in refused:
        entries[name] = described(b"no", lab.put(name, b"no", headers=CORS))
    page.evaluate(_WITH_FOLDER, [entries, {}])
    until(page, "window.progress?.done > 150_000_000 && window.progress.files > 60")
    there = {path: (folder / path).stat() for path in contents if (folder / path).exists()}
    complete = {path for path, found in there.items() if found.st_size == len(contents[path])}
    page.reload()
    drop(page, folder)
    lab.put("d0/big.nii", big, headers=CORS)
    before = {path: lab.served[f"/{quote(path)}"] for path in contents}
    report = again(page, entries)
    assert (report["fault"], report["failed"], report["saved"]) == (None, [], len(contents))
    assert report["verified"] == len(contents)
    assert [item["path"] for item in report["refused"]] == refused
    assert {item["reason"] for item in report["refused"]} == {"folder-name"}
    assert tree(folder) == contents
    # what was complete was not asked for again
    asked = {path for path in contents if lab.served[f"/{quote(path)}"] > before[path]}
    assert not asked & (complete - {"d0/big.nii"})
    assert len(complete) > 60
    assert report["bytesFetched"] <= sum(map(len, contents.values())) - 150_000_000 + (16 << 20)


def tree(folder: Path) -> dict[str, bytes]:
    return {
        str(file.relative_to(folder)): file.read_bytes()
        for file in folder.rglob("*")
        if file.is_file()
    }


def again(page: Page, entries: dict[str, Any]) -> dict[str, Any]:
    """The report of another try; a worker that was just ended may have its files for a moment."""
    for _ in range(50):
        page.evaluate(_WITH_FOLDER, [entries, {}])
        report: dict[str, Any] = page.evaluate(DONE)
        if report["fault"] != "lock":
            return report
        page.wait_for_timeout(200)
    raise AssertionError(report)


def test_a_kill_leaves_nothing_else(
    page: Page,
    chromium: Callable[[], BrowserContext],
    lab: Lab,
    portal: Site,
    folder: Path,
    tmp_path: Path,
) -> None:
    contents = {f"f{n}": content_of(n) for n in range(60)}
    entries = {
        path: described(content, lab.put(path, content, headers=CORS))
        for path, content in contents.items()
    }
    page.evaluate(_WITH_FOLDER, [entries, {}])
    until(page, "window.progress?.files > 10")
    kill(tmp_path / "profile")
    page = chromium().new_page()
    page.goto(portal.url)
    drop(page, folder)
    report = again(page, entries)
    assert (report["fault"], report["failed"], report["saved"]) == (None, [], len(contents))
    assert tree(folder) == contents


def test_what_a_closed_page_wrote_meanwhile_is_not_in_the_way(
    page: Page, lab: Lab, folder: Path
) -> None:
    """A browser moves a file to its place although the page is gone, and does so when it can."""
    small, large = content_of(3000), random.Random(1).randbytes(9_000_000)
    contents = {"small": small, "large": large, "unknown": small}
    entries = {
        path: described(content, lab.put(path, content, headers=CORS, rate=len(content) // 3))
        for path, content in contents.items()
    }
    del entries["unknown"]["digests"]
    page.evaluate(_WITH_FOLDER, [entries, {}])
    until(page, "window.progress")
    for path, content in contents.items():
        (folder / path).write_bytes(content)
    report = page.evaluate(DONE)
    # of what has no digest nobody knows whose it is
    assert [(item["path"], item["reason"]) for item in report["failed"]] == [("unknown", "exists")]
    assert (report["fault"], report["saved"], report["verified"]) == (None, 2, 2)
    assert tree(folder) == contents


def test_what_another_program_wrote_meanwhile_stays(page: Page, lab: Lab, folder: Path) -> None:
    """So do files whose names are one to this disk."""
    content = content_of(3000)
    entries = {"f": described(content, lab.put("f", content, headers=CORS, rate=400_000))}
    page.evaluate(_WITH_FOLDER, [entries, {}])
    until(page, "window.progress")
    (folder / "f").write_bytes(b"mine")
    report = page.evaluate(DONE)
    assert [(item["path"], item["reason"]) for item in report["failed"]] == [("f", "exists")]
    assert (folder / "f").read_bytes() == b"mine"
