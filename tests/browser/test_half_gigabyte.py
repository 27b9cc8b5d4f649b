"""512 MiB over two mirrors that fail in all ways, while tabs and the browser are killed."""

from __future__ import annotations

import filecmp
import json
import random
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page

from tests.browser.site import CORS, Site, other_host, pieces
from tests.browser.test_chromium import DONE, described, kill
from tests.conftest import run
from tests.lab import Lab

_MIB = 1 << 20
_SIZE = 512 * _MIB
_RATE = 60_000_000  # bytes per second: slow enough to break off at a place
#: Begins, or goes on with what is there; a worker that has just ended may have its files still.
_RUN = """async (entries) => {
    const jsdl = await import("/jsdl/jsdl.js");
    window.retries = [];
    const options = {
        stall: 4000,
        onprogress: (progress) => { window.progress = progress; },
        onretry: ({ reason }) => window.retries.push(reason),
    };
    const [kept] = await jsdl.unfinished();
    window.done = (async () => {
        for (;;) {
            window.download = kept
                ? jsdl.resume(kept.id, options) : jsdl.download(entries, options);
            const report = await window.download.done;
            if (report.fault !== "lock") return report;
        }
    })();
}"""


@pytest.mark.slow
def test_two_mirrors_and_three_kills(
    chromium: Callable[[], BrowserContext],
    portal: Site,
    lab: Lab,
    other_lab: Lab,
    tmp_path: Path,
) -> None:
    source = random.Random(1)
    content = b"".join(source.randbytes(32 * _MIB) for _ in range(16))
    place = 50 * _MIB
    flipped = content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]
    first = lab.put("big", flipped, headers=CORS, rate=_RATE, cut_at=260 * _MIB)
    second = other_lab.put("big", content, headers=CORS, rate=_RATE, hang_at=380 * _MIB)
    urls = other_host(first, "m1"), other_host(second, "m2")
    digests = pieces(content, 8 * _MIB)
    entries = {"big": described(content, *urls, pieces=digests)}
    seen: set[str] = set()

    def until(page: Page, mebibytes: int) -> None:
        """Go on to a place. The first mirror is gone once it has cut; the second stalls once."""
        while page.evaluate("window.progress?.done ?? 0") < mebibytes * _MIB:
            seen.update(page.evaluate("window.retries"))
            if "cut" in seen:
                lab.files["/big"].status = 404
            if "stall" in seen:
                other_lab.files["/big"].hang_at = None
            assert page.evaluate("window.download.state") != "failed", seen
            page.wait_for_timeout(20)

    def opened(context: BrowserContext) -> Page:
        page = context.new_page()
        page.goto(portal.url)
        page.evaluate(_RUN, entries)
        return page

    context = chromium()
    page = opened(context)
    until(page, 120)
    page.close()
    page = opened(context)
    until(page, 300)
    kill(tmp_path / "profile")
    context = chromium()
    page = opened(context)
    until(page, 420)
    page.close()
    page = opened(context)
    until(page, 512)
    report = page.evaluate(DONE.replace("window.download.done", "window.done"))
    assert (report["fault"], report["failed"], report["verified"]) == (None, [], 1)
    assert seen >= {"wrong", "stall", "cut", "gone"}
    # three kills, and three times that a mirror failed and bytes of it were on their way
    more = lab.sent("big") + other_lab.sent("big") - _SIZE
    assert more <= 6 * max(16 * _MIB, _SIZE // 20)
    with page.expect_download() as download:
        page.evaluate("window.download.save()")
    download.value.save_as("saved.zip")
    good = {"big": described(content, other_lab.put("good", content), pieces=digests)}
    Path("good.json").write_text(json.dumps(good))
    export = ["datalad", "export-archive", "-t", "zip", "--leading-dir", "", "--manifest"]
    run(*export, "good.json", "exported.zip")
    assert filecmp.cmp("saved.zip", "exported.zip", shallow=False)
