"""512 MiB over two mirrors that fail in all ways, while tabs and the browser are killed."""

from __future__ import annotations

import json
import random
import threading
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page

from tests.browser.site import CORS, Site, other_host, pieces
from tests.browser.test_chromium import described, kill, saved
from tests.browser.test_firefox import run as firefox  # noqa: F401 - a fixture
from tests.conftest import run
from tests.lab import Lab, sha256
from tests.lab_files import Request

pytestmark = pytest.mark.slow

_MIB = 1 << 20
_SIZE = 512 * _MIB
_RATE = 60_000_000  # bytes per second: slow enough to break off at a place
_WRONG, _CUT, _HANG = 50 * _MIB, 260 * _MIB, 380 * _MIB
_PLACES = {_CUT: "cut", _HANG: "stall"}
_BLOCK = 1 << 16  # bytes
_STALL = 4000  # milliseconds
#: Bytes that are safe when the tab or the browser is killed.
_BREAKS = [(120 * _MIB, "page"), (300 * _MIB, "browser"), (420 * _MIB, "page")]
#: Begins, or continues with what is there; a worker that has just ended may still hold the files.
_RUN = """async ([entries, stall]) => {
    const jsdl = await import("/jsdl/jsdl.js");
    window.retries = [];
    const options = {
        stall,
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


class Mirrors:
    """Two of them: the first has a wrong byte, cuts, and is gone then; the second stalls once.

    Attributes:
        entries: of a manifest.
    """

    def __init__(self, first: Lab, second: Lab) -> None:
        block = random.Random(1).randbytes(_MIB)
        # no two are the same
        self.content = b"".join(b"%08d" % n + block[8:] for n in range(_SIZE // _MIB))
        wrong = bytes([self.content[_WRONG] ^ 1])
        flipped = self.content[:_WRONG] + wrong + self.content[_WRONG + 1 :]
        urls = (
            first.put("big", flipped, headers=CORS, rate=_RATE, cut_at=_CUT),
            second.put("big", self.content, headers=CORS, rate=_RATE, hang_at=_HANG),
        )
        self.labs = first, second
        self.breaks = {what: first.put(what, b"") for what in ("page", "browser")}
        self.order: list[Request] = []
        self.pieces = pieces(self.content, 8 * _MIB)
        hosts = [other_host(url, host) for url, host in zip(urls, ("m1", "m2"), strict=True)]
        self.entries = {"big": described(self.content, *hosts, pieces=self.pieces)}

    def watch(self, ended: threading.Event) -> None:
        """Let each fail once, until the end."""
        first, second = self.labs
        known = dict.fromkeys(self.labs, 0)
        while not ended.wait(0.02):
            for lab in self.labs:
                new = lab.requests[known[lab] :]
                self.order += new
                known[lab] += len(new)
            if _reached(first, _CUT):
                first.files["/big"].status = 404
            if _reached(second, _HANG):
                second.files["/big"].hang_at = None

    def exported(self) -> str:
        """SHA-256 of what the exporter makes of them."""
        good = described(self.content, self.labs[1].put("good", self.content), pieces=self.pieces)
        Path("good.json").write_text(json.dumps({"big": good}))
        export = ["datalad", "export-archive", "-t", "zip", "--leading-dir", "", "--manifest"]
        run(*export, "good.json", "exported.zip")
        return sha256(Path("exported.zip").read_bytes())

    def check(self, report: dict[str, Any], retries: set[str]) -> None:
        assert (report["fault"], report["failed"], report["verified"]) == (None, [], 1)
        assert retries >= {"wrong", "stall", "cut", "gone"}
        more = self.sent_again()
        assert list(more) == ["wrong", "page 1", "cut", "browser 2", "stall", "page 3"]
        assert {key: sent for key, sent in more.items() if sent > max(16 * _MIB, _SIZE // 20)} == {}

    def sent_again(self) -> dict[str, int]:
        """Bytes that were sent before, rounded up, by what had happened before they were again."""
        seen: set[int] = set()  # blocks that were sent
        more: Counter[str] = Counter()
        why, breaks = "", 0
        for request in self.order:
            if request.path != "/big":
                breaks += 1
                why = f"{request.path[1:]} {breaks}"
                more[why] = 0
                continue
            first = int(request.headers["Range"][6:].partition("-")[0])
            blocks = set(range(first // _BLOCK, -(-(first + request.sent) // _BLOCK)))
            if first == _WRONG // (8 * _MIB) * 8 * _MIB and first // _BLOCK in seen:
                why = "wrong"
            more[why] += len(blocks & seen) * _BLOCK
            seen |= blocks
            if first + request.sent in _PLACES:
                why = _PLACES[first + request.sent]
                more[why] += 0
        return {key: sent for key, sent in more.items() if key}


def _reached(lab: Lab, place: int) -> bool:
    """Whether an answer has ended there."""
    ranges = [(request.headers.get("Range"), request.sent) for request in lab.requests]
    return any(int(r[6:].partition("-")[0]) + sent == place for r, sent in ranges if r and sent)


@pytest.fixture
def mirrors(lab: Lab, other_lab: Lab) -> Iterator[Mirrors]:
    found = Mirrors(lab, other_lab)
    ended = threading.Event()
    thread = threading.Thread(target=found.watch, args=[ended])
    thread.start()
    yield found
    ended.set()
    thread.join()


def test_in_chromium(
    chromium: Callable[[], BrowserContext], portal: Site, mirrors: Mirrors, tmp_path: Path
) -> None:
    def opened(context: BrowserContext) -> Page:
        page = context.new_page()
        page.goto(portal.url)
        page.evaluate(_RUN, [mirrors.entries, _STALL])
        return page

    seen: set[str] = set()
    context = chromium()
    page = opened(context)
    for place, what in _BREAKS:
        while page.evaluate("window.progress?.done ?? 0") < place:
            assert page.evaluate("window.download.state") != "failed"
            page.wait_for_timeout(20)
        seen.update(page.evaluate("window.retries"))
        urllib.request.urlopen(mirrors.breaks[what]).close()
        if what == "page":
            page.close()
        else:
            kill(tmp_path / "profile")
            context = chromium()
        page = opened(context)
    report = page.evaluate("window.done")
    seen.update(page.evaluate("window.retries"))
    mirrors.check(report, seen)
    assert saved(page, tmp_path) == mirrors.exported()


def test_in_firefox(firefox: Callable[..., Any], mirrors: Mirrors) -> None:  # noqa: F811
    breaks = [(place, what, mirrors.breaks[what]) for place, what in _BREAKS]
    report = firefox(mirrors.entries, breaks=breaks, options={"stall": _STALL})
    mirrors.check(report, set(report["retries"]))
    assert report["digest"] == mirrors.exported()
