"""Downloads in Chromium: a strict policy, mirrors of other sites, kills."""

from __future__ import annotations

import hashlib
import json
import os
import random
import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, sync_playwright

from tests.archive.plain import Plain, plain_zip
from tests.browser.conftest import HERE
from tests.browser.site import CORS, Site, other_host, pieces, site
from tests.lab import Lab

OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]

#: Runs in the page: begins a download, and keeps what it tells in `window`.
START = """async ([manifest, options]) => {
    const jsdl = await import("/jsdl/jsdl.js");
    window.jsdl = jsdl;
    window.retries = [];
    window.states = [];
    window.download = jsdl.download(manifest, {
        ...options,
        onretry: (failure) => window.retries.push(failure.reason),
        onstate: (state) => window.states.push(state),
        onprogress: (progress) => { window.progress = progress; },
    });
    window.download.done.then((report) => { window.report = report; });
}"""
_FILE = """async () => {
    const { digest } = await import("/jsdl/core/hash.js");
    return digest("sha256", new Uint8Array(await (await window.file.getFile()).arrayBuffer()));
}"""
DONE = "async () => { window.report = await window.download.done; return window.report; }"


@pytest.fixture
def page(chromium: Callable[[], BrowserContext], portal: Site) -> Page:
    found = chromium().new_page()
    found.goto(portal.url)
    return found


def described(content: bytes, *urls: str, **more: Any) -> dict[str, Any]:
    digests = {"sha256": hashlib.sha256(content).hexdigest()}
    return {"urls": list(urls), "size": len(content), "digests": digests, **more}


def zipped(contents: dict[str, bytes]) -> str:
    """SHA-256 of the canonical zip, by a writer of its own."""
    members = [
        Plain(path, content or b"0", len(content), None, 0o100644)
        for path, content in sorted(contents.items())
    ]
    digest = hashlib.sha256()
    for chunk in plain_zip(members):
        digest.update(chunk)
    return digest.hexdigest()


def until(page: Page, expression: str) -> None:
    """Wait; Playwright's own way needs `eval`, which the policy forbids."""
    while not page.evaluate(expression):
        page.wait_for_timeout(20)


def saved(page: Page, folder: Path) -> str:
    """SHA-256 of what the browser has downloaded."""
    with page.expect_download() as download:
        page.evaluate("window.download.save()")
    file = folder / "saved.zip"
    download.value.save_as(file)
    return hashlib.sha256(file.read_bytes()).hexdigest()


def test_a_zip_from_mirrors_that_fail(page: Page, lab: Lab, other_lab: Lab, tmp_path: Path) -> None:
    first, second = lab, other_lab
    big = random.Random(1).randbytes(20_000_003)
    small = {f"d/s{n}": random.Random(n).randbytes(n * 999) for n in range(30)}
    cut = other_host(first.put("big", big, headers=CORS, cut_at=9_000_000), "m1")
    flipped = other_host(second.put("flip", big, headers=CORS, corrupt_at=12_000_000), "m2")
    good = other_host(second.put("good", big, headers=CORS), "m3")
    # says nothing of cross-origin requests
    silent = other_host(first.put("silent", big), "m4")
    entries: dict[str, Any] = {
        "big": described(big, cut, silent, flipped, good, pieces=pieces(big)),
        "own": ["data:,own"],
    }
    for path, content in small.items():
        entries[path] = described(content, other_host(first.put(path, content, headers=CORS), "m1"))
    page.evaluate(START, [entries, {"name": "cut.zip"}])
    report = page.evaluate(DONE)
    assert (report["fault"], report["failed"], report["verified"]) == (None, [], 32)
    assert {"cut", "wrong"} <= set(page.evaluate("window.retries"))
    assert saved(page, tmp_path) == zipped({"big": big, "own": b"own", **small})
    assert page.evaluate("window.states") == ["running", "ready"]
    kept = page.evaluate("window.jsdl.unfinished()")
    assert [(item["isReady"], item["name"]) for item in kept] == [(True, "cut.zip")]
    page.evaluate("window.jsdl.forget(window.download.id)")
    assert page.evaluate("window.jsdl.unfinished()") == []


def test_a_zip_into_a_file_that_the_page_has(page: Page, lab: Lab) -> None:
    """Nothing is kept of it in the browser's own file system, unless it cannot be written to."""
    content = random.Random(1).randbytes(9_000_000)
    entries = {"f": described(content, lab.put("f", content, headers=CORS))}
    into = START.replace("...options,", "...options, file: await (window.place()),")
    page.evaluate("""() => {
        window.place = async () => {
            const root = await navigator.storage.getDirectory();
            const folder = await root.getDirectoryHandle("own", {create: true});
            window.file = await folder.getFileHandle("study.zip", {create: true});
            return window.file;
        };
    }""")
    page.evaluate(into, [entries, {}])
    assert page.evaluate(DONE)["fault"] is None
    assert page.evaluate(_FILE) == zipped({"f": content})
    assert page.evaluate("window.jsdl.unfinished()") == []
    page.evaluate("""async () => {
        const root = await navigator.storage.getDirectory();
        await root.removeEntry("own", {recursive: true});
    }""")
    page.evaluate("() => { window.place = () => window.file; }")
    page.evaluate(into, [entries, {}])
    assert page.evaluate(DONE)["fault"] == "permission"
    [kept] = page.evaluate("window.jsdl.unfinished()")
    assert kept["isReady"]


def kill(profile: Path) -> None:
    """Kill the browser of a profile, all of its processes, as `kill -9` does."""
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if str(profile).encode() in (folder / "cmdline").read_bytes():
                os.kill(int(folder.name), signal.SIGKILL)


@pytest.mark.parametrize("way", ["reload", "kill"])
def test_a_break_costs_little(
    way: str, chromium: Callable[[], BrowserContext], portal: Site, lab: Lab, tmp_path: Path
) -> None:
    content = random.Random(1).randbytes(50_000_000)
    url = lab.put("big", content, headers=CORS, rate=10_000_000)
    entries = {"big": described(content, url, pieces=pieces(content, 4 << 20))}
    page = chromium().new_page()
    page.goto(portal.url)
    page.evaluate(START, [entries, {}])
    until(page, "window.progress?.done > 20_000_000")
    if way == "kill":
        kill(tmp_path / "profile")
        page = chromium().new_page()
        page.goto(portal.url)
    else:
        page.reload()
    page.evaluate("""async () => {
        const jsdl = window.jsdl = await import("/jsdl/jsdl.js");
        const [kept] = await jsdl.unfinished();
        for (;;) {
            window.download = jsdl.resume(kept.id);
            // a worker that was just ended may have its files for a moment still
            if ((await window.download.done).fault !== "lock") break;
        }
    }""")
    report = page.evaluate(DONE)
    assert (report["fault"], report["failed"], report["verified"]) == (None, [], 1)
    assert report["bytesFetched"] <= len(content) - 20_000_000 + (16 << 20)
    assert saved(page, tmp_path) == zipped({"big": content})


def test_pause_resume_and_cancel(page: Page, lab: Lab, tmp_path: Path) -> None:
    content = random.Random(1).randbytes(20_000_000)
    url = lab.put("big", content, headers=CORS, rate=10_000_000)
    page.evaluate(START, [{"big": described(content, url)}, {}])
    until(page, "window.progress?.done > 0")
    page.evaluate("window.download.pause()")
    until(page, "window.download.state === 'paused'")
    page.evaluate("window.download.resume()")
    assert page.evaluate(DONE)["failed"] == []
    assert saved(page, tmp_path) == zipped({"big": content})
    page.evaluate(START, [{"other": described(content, url)}, {}])
    until(page, "window.progress?.done > 0")
    page.evaluate("window.download.cancel()")
    assert page.evaluate(DONE)["fault"] == "cancelled"
    assert len(page.evaluate("window.jsdl.unfinished()")) == 1


def test_a_pause_before_there_is_a_worker(page: Page, lab: Lab, tmp_path: Path) -> None:
    entries = {"f": described(b"content", lab.put("f", b"content", headers=CORS))}
    early = START.replace("window.download.done", "window.download.pause(); window.download.done")
    page.evaluate(early, [entries, {}])
    assert page.evaluate("window.states") == ["paused"]
    page.wait_for_timeout(1_000)
    # by now the worker has begun; that it does nothing shows in what the server gave
    assert len(page.workers) == 1
    assert lab.served["/f"] == 0
    assert page.evaluate("window.states") == ["paused"]
    page.evaluate("window.download.resume()")
    assert page.evaluate(DONE)["verified"] == 1
    assert saved(page, tmp_path) == zipped({"f": b"content"})


def test_two_tabs_do_not_write_the_same(page: Page, lab: Lab) -> None:
    content = random.Random(1).randbytes(30_000_000)
    entries = {"big": described(content, lab.put("big", content, headers=CORS, rate=3_000_000))}
    page.evaluate(START, [entries, {}])
    until(page, "window.progress")
    other = page.context.new_page()
    other.goto(page.url)
    other.evaluate(START, [entries, {}])
    assert other.evaluate(DONE)["fault"] == "lock"
    # nor does one take from the other what it has
    other.evaluate("window.download.cancel()")
    forgotten = "window.jsdl.forget(window.download.id).then(() => '', (error) => error.kind)"
    assert other.evaluate(forgotten) == "lock"
    assert len(other.evaluate("window.jsdl.unfinished()")) == 1
    assert page.evaluate(DONE)["fault"] is None


def test_names_of_objects_are_names_of_files(page: Page, lab: Lab, tmp_path: Path) -> None:
    """Also where a size is asked for, and in the manifest of what failed."""
    names = ["__proto__", "constructor", "toString", "a/__proto__"]
    contents = {name: name.encode() for name in names}
    entries = {}
    for name, content in contents.items():
        entry = described(content, lab.put(name, content, headers=CORS))
        del entry["size"]
        # what a key of an entry is called makes no difference either
        entries[name] = {**entry, "__proto__": {"urls": []}}
    entries["hasOwnProperty"] = described(b"", lab.put("gone", status=404, headers=CORS), size=3)
    page.evaluate(START, [json.dumps(entries), {}])
    report = page.evaluate(DONE)
    assert [item["path"] for item in report["failed"]] == ["hasOwnProperty"]
    assert list(report["manifest"]) == ["hasOwnProperty"]
    del entries["hasOwnProperty"]
    page.evaluate(START, [json.dumps(entries), {}])
    assert page.evaluate(DONE)["verified"] == 4
    assert saved(page, tmp_path) == zipped(contents)
    assert page.evaluate("({}).urls") is None


def test_sizes_that_servers_make_up(page: Page, lab: Lab) -> None:
    told = {**CORS, "Access-Control-Expose-Headers": "Content-Range"}
    url = lab.put("f", b"content", headers=told, content_range="bytes 0-0/99999999999999999999")
    page.evaluate(START, [{"f": [url]}, {}])
    assert page.evaluate(DONE)["fault"] == "no-size"


def test_a_disk_that_is_full(page: Page, lab: Lab, tmp_path: Path) -> None:
    content = random.Random(1).randbytes(12_000_000)
    entries = {"big": described(content, lab.put("big", content, headers=CORS))}
    session = page.context.new_cdp_session(page)
    session.send(
        "Storage.overrideQuotaForOrigin", {"origin": page.url[:-1], "quotaSize": 9_000_000}
    )
    page.evaluate(START, [entries, {}])
    assert page.evaluate(DONE)["fault"] == "space"
    session.send("Storage.overrideQuotaForOrigin", {"origin": page.url[:-1]})
    page.evaluate("window.download.resume()")
    assert page.evaluate(DONE)["fault"] is None
    assert saved(page, tmp_path) == zipped({"big": content})


def test_what_failed_is_a_manifest_and_comes_with_another_try(page: Page, lab: Lab) -> None:
    good = lab.put("good", b"good", headers=CORS)
    gone = lab.put("gone", b"gone", headers=CORS, status=404)
    entries = {"good": described(b"good", good), "gone": described(b"gone", gone)}
    page.evaluate(START, [entries, {}])
    report = page.evaluate(DONE)
    assert (report["saved"], page.evaluate("window.download.state")) == (1, "failed")
    [failure] = report["failed"]
    assert (failure["path"], failure["reason"], failure["origin"]) == ("gone", "gone", lab.url)
    assert report["manifest"] == {"gone": {**entries["gone"], "reason": "gone"}}
    lab.put("gone", b"gone", headers=CORS)
    page.evaluate("window.download.resume()")
    assert page.evaluate(DONE)["saved"] == 2


def test_without_encryption_it_is_kept_as_a_blob(
    program: Callable[[str], str], portal: Site, lab: Lab, tmp_path: Path
) -> None:
    """Such a page has neither a file system nor `crypto.subtle`."""
    big = random.Random(1).randbytes(12_000_000)
    small = {f"s{n:02}": random.Random(n).randbytes(n * 999) for n in range(40)}
    contents = {"a-big": big, **small, "z-big": big[1:]}
    entries = {
        path: described(content, lab.put(path, content, headers=CORS))
        for path, content in contents.items()
    }
    entries["a-big"]["pieces"] = pieces(big)
    rules = "--host-resolver-rules=MAP portal.test 127.0.0.1"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program("chromium"), args=[*OPTIONS, rules]
        )
        page = browser.new_page()
        page.goto(f"http://portal.test:{portal.port}")
        page.evaluate(START, [entries, {}])
        report = page.evaluate(DONE)
        assert (report["fault"], report["failed"], report["verified"]) == (None, [], 42)
        assert page.evaluate("window.download.plan.kept") == "blob"
        assert saved(page, tmp_path) == zipped(contents)
        # a file that fails keeps none of the others waiting
        lab.put("a-big", big, headers=CORS, status=404)
        page.evaluate(START, [entries, {}])
        report = page.evaluate(DONE)
        assert [failure["path"] for failure in report["failed"]] == ["a-big"]
        browser.close()


def test_it_may_be_of_another_origin(
    chromium: Callable[[], BrowserContext], portal: Site, lab: Lab
) -> None:
    with site() as home:
        away = other_host(home.url.replace("localhost", "127.0.0.1"), "cdn")
        portal.policy = (
            f"default-src 'none'; script-src 'self' {away}; worker-src blob:; connect-src *"
        )
        page = chromium().new_page()
        page.goto(portal.url)
        url = lab.put("f", b"content", headers=CORS)
        page.evaluate(
            START.replace("/jsdl/jsdl.js", f"{away}/jsdl/jsdl.js"),
            [{"f": described(b"content", url)}, {}],
        )
        report = page.evaluate(DONE)
        assert (report["fault"], report["saved"]) == (None, 1), report


@pytest.mark.parametrize("times", [2, 3])
@pytest.mark.parametrize("is_elsewhere", [False, True])
def test_a_file_of_the_worker_that_a_busy_server_does_not_send(
    times: int, is_elsewhere: bool, page: Page, portal: Site, tmp_path: Path
) -> None:
    """The worker is started again, twice; then the download has failed."""
    with site() as other:
        place, start = portal, START
        if is_elsewhere:
            place, start = other, START.replace('"/jsdl', f'"{other.url}/jsdl')
            portal.policy = portal.policy.replace("worker-src 'self'", "worker-src blob:").replace(
                "script-src 'self'", f"script-src 'self' {other.url}"
            )
            page.reload()
        place.failing["/jsdl/sinks/folder.js"] = times
        page.evaluate(start, [{"own": ["data:,own"]}, {}])
        report = page.evaluate(DONE)
        assert place.failing["/jsdl/sinks/folder.js"] == 0
        assert report["fault"] == (None if times < 3 else "internal")
        if times == 3:
            page.evaluate("window.download.resume()")
            report = page.evaluate(DONE)
        assert (report["fault"], report["verified"]) == (None, 1)
        assert saved(page, tmp_path) == zipped({"own": b"own"})


def test_it_may_be_one_file(page: Page, portal: Site, lab: Lab, one_file: bytes) -> None:
    portal.pages["/one/jsdl.min.js"] = one_file
    content = random.Random(1).randbytes(20_000_003)
    url = lab.put("f", content, headers=CORS)
    entries = {"f": described(content, url, pieces=pieces(content))}
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.evaluate(START.replace("/jsdl/jsdl.js", "/one/jsdl.min.js"), [entries, {}])
    report = page.evaluate(DONE)
    assert (report["fault"], report["verified"]) == (None, 1), report
    assert page.evaluate("!!customElements.get('jsdl-download')")
    assert {found for found in asked if found.startswith(portal.url)} == {
        f"{portal.url}/one/jsdl.min.js"
    }


VECTORS = "/tests/browser/vectors.mjs"


def quick_vectors(way: str) -> list[dict[str, Any]]:
    """The cases of tests/vectors up to 4 GiB; to be saved, those of few members."""
    file = HERE.parent / "vectors" / "vectors.json"
    cases = [case for case in json.loads(file.read_text("utf-8")) if not case.get("slow")]
    return [case for case in cases if way == "made" or not _is_large(case)]


def _is_large(case: dict[str, Any]) -> bool:
    return any("series" in member for member in case["members"])


#: Cases that have names, times or symlinks which a manifest may not have; where these are.
NO_MANIFEST = {
    "times": ["far away"],
    "times of empty files": ["far away"],
    "names": ["\x7f\x01"],
    "executable and symlink": ["nowhere"],
    "long names": ["d" * 20, "\xe9" * 20],
}


def check_vectors(page: Page, portal: Site, way: str, cases: list[dict[str, Any]]) -> None:
    portal.pages[VECTORS] = (HERE / "vectors.mjs").read_bytes()
    for case in cases:
        found = page.evaluate(f"async (c) => (await import('{VECTORS}')).{way}(c)", case)
        assert found == expected(case, way)


@pytest.mark.parametrize("way", ["made", "saved"])
def test_the_zip_is_that_of_all_producers(way: str, page: Page, portal: Site) -> None:
    """As the module's functions make it, and as a download saves it."""
    check_vectors(page, portal, way, quick_vectors(way))


#: Over 4 GiB, where a field turns to 64 bits; each such case takes minutes, and Node has them all.
LARGE = ["a member at offset 4294967295"]


def large_vectors() -> list[dict[str, Any]]:
    file = HERE.parent / "vectors" / "vectors.json"
    return [case for case in json.loads(file.read_text("utf-8")) if case["name"] in LARGE]


@pytest.mark.slow
def test_so_it_is_over_four_gigabytes(page: Page, portal: Site) -> None:
    check_vectors(page, portal, "made", large_vectors())


@pytest.mark.slow
def test_so_it_is_with_as_many_members_as_there_may_be(page: Page, portal: Site) -> None:
    check_vectors(page, portal, "saved", quick_vectors("made")[-2:])


def expected(case: dict[str, Any], way: str) -> list[Any]:
    """What `made` and `saved` of ``vectors.mjs`` give."""
    if way == "saved" and case["name"] in NO_MANIFEST:
        return NO_MANIFEST[case["name"]]
    return [case["length"], case["sha256"]]
