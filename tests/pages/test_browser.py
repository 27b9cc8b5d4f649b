"""Chromium on the pages: with scripts and without, light, dark and on a phone."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Download, Page, expect, sync_playwright

from datalad_jsdl.orders.choosing.choice import Choice
from datalad_jsdl.orders.choosing.datasets import choose_from_dataset
from datalad_jsdl.orders.choosing.manifests import choose_from_manifest
from datalad_jsdl.orders.comparing import listed_of
from datalad_jsdl.orders.desk import Desk
from datalad_jsdl.orders.jobs.rows import Jobs
from datalad_jsdl.orders.jobs.worker import drain
from datalad_jsdl.orders.review import check_list
from datalad_jsdl.orders.store.opening import Store
from datalad_jsdl.orders.tasks import PREPARE, tasks
from datalad_jsdl.portal.served import served_of
from tests.lab import Lab, sha256
from tests.node_packages import install_packages
from tests.pages.conftest import HOSTILE, TOKEN, hostile, manifest, study
from tests.pages.serving import running
from tests.portal import datalad

_NODE = Path(__file__).parent / "node"
#: A folder that gets a picture of each page.
_PICTURES = os.environ.get("JSDL_SCREENSHOTS")
_OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]


@dataclass(frozen=True)
class _Mode:
    name: str
    width: int
    height: int
    scheme: str = "light"
    forced: str = "none"  # colours of the system only


TERMS = "Research only.\n\nDo not try to identify anyone, and do not pass the files on."
LIGHT = _Mode("light", 1280, 900)
MODES = [
    *(LIGHT, _Mode("dark", 1280, 900, "dark"), _Mode("forced", 1280, 900, forced="active")),
    *(_Mode("phone", 360, 780), _Mode("320", 320, 640)),
]


#: Of a module, as playwright runs but once in a process.
@pytest.fixture(scope="module")
def browser(program: Callable[[str], str]) -> Iterator[Browser]:
    chromium = program("chromium")
    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=chromium, args=_OPTIONS)
        yield made
        made.close()


@pytest.fixture(scope="session")
def axe(tmp_path_factory: pytest.TempPathFactory, program: Callable[[str], str]) -> str:
    """The source of axe-core."""
    folder = tmp_path_factory.mktemp("axe")
    for file in _NODE.iterdir():
        shutil.copy(file, folder)
    install_packages(program("npm"), folder)
    return (folder / "node_modules" / "axe-core" / "axe.min.js").read_text()


@pytest.fixture
def opened(browser: Browser) -> Iterator[Callable[..., BrowserContext]]:
    """Makes contexts, which are closed at the end."""
    with ExitStack() as stack:

        def make(mode: _Mode = LIGHT, *, scripts: bool = True) -> BrowserContext:
            context = browser.new_context(
                viewport={"width": mode.width, "height": mode.height},
                color_scheme=mode.scheme,  # type: ignore[arg-type]  # one of its words
                forced_colors=mode.forced,  # type: ignore[arg-type]  # as before
                java_script_enabled=scripts,
                reduced_motion="reduce",
            )
            stack.callback(context.close)
            return context

        yield make


def _saved(download: Download, folder: Path) -> bytes:
    file = folder / "downloaded.zip"
    download.save_as(file)
    return file.read_bytes()


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_from_choosing_to_the_download(
    tmp_path: Path, opened: Callable[..., BrowserContext], scripts: bool
) -> None:
    root = study(tmp_path / "study")
    command = ["datalad", "serve-downloads", "--no-open", "--port", "0", str(root)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        try:
            page = opened(scripts=scripts).new_page()
            order, content = _through(page, address, tmp_path)
        finally:
            process.terminate()
    datalad("download-order", "-d", root, "export", order, tmp_path / "exported.zip")
    assert sha256(content) == sha256((tmp_path / "exported.zip").read_bytes())


def _through(page: Page, address: str, folder: Path) -> tuple[str, bytes]:
    page.goto(address)
    expect(page).to_have_url(re.compile("/datasets/study$"))
    page.get_by_label("Select sub-03", exact=True).check()
    page.get_by_label("Select sub-07", exact=True).check()
    page.get_by_role("button", name=re.compile("^Add (selected|4 files, 800 KB)$")).click()
    expect(page.get_by_text("4 files added to your list.")).to_be_visible()
    page.get_by_role("link", name="Review list").click()
    expect(page.get_by_role("heading", name="Review your list")).to_be_visible()
    page.get_by_role("button", name="Remove sub-03/anat").click()
    page.get_by_role("button", name="Undo").click()
    page.get_by_label("Name of the zip").fill("cut")
    page.get_by_role("button", name="Order 4 files, 800 KB").click()
    button = page.get_by_role("link", name=re.compile("^Download cut.zip"))
    # without scripts the page is asked for again by itself, too
    expect(button).to_be_visible(timeout=60_000)
    order = page.url.rpartition("/")[2]
    with page.expect_download() as download:
        button.click()
    content = _saved(download.value, folder)
    expect(page.get_by_text(sha256(content))).to_be_visible()
    return order, content


def test_names_do_nothing(tmp_path: Path, opened: Callable[..., BrowserContext]) -> None:
    page = opened().new_page()
    alarms: list[str] = []
    page.on("dialog", lambda dialog: alarms.append(dialog.message))
    page.on("console", lambda message: alarms.append(message.text))
    page.on("pageerror", lambda error: alarms.append(str(error)))
    with running(tmp_path / "s.sqlite", hostile(tmp_path / "hostile"), token=TOKEN) as address:
        page.goto(f"{address}/?token={TOKEN}")
        page.get_by_role("button", name="Add everything").click()
        page.goto(f"{address}/list")
        page.get_by_label("Name of the zip").fill("<img src=x onerror=alert(1)>")
        page.get_by_role("button", name=f"Order {len(HOSTILE)}").click()
        expect(page.get_by_role("link", name="Download <img")).to_be_visible(timeout=60_000)
        page.goto(f"{address}/orders")
        page.goto(f'{address}/datasets/hostile?q="><script>alert(1)</script>')
    assert alarms == []


@dataclass(frozen=True)
class _Shown:
    """Where each page is."""

    address: str
    paths: dict[str, str]


@pytest.fixture
def all_pages(tmp_path: Path, lab: Lab) -> Iterator[_Shown]:
    """A portal in which every page has something to show."""
    file = tmp_path / "s.sqlite"
    sources = [study(tmp_path / "study"), hostile(tmp_path / "hostile"), manifest(lab, tmp_path)]
    settings = tmp_path / "portal.ini"
    (tmp_path / "terms.txt").write_text("Use the files for research.\n\nCite the dataset.")
    settings.write_text(
        "[portal]\nname = Lakeside Data\norganisation = Lakeside Imaging Centre\n"
        "contact = data@example.org\nterms = terms.txt\nimprint = https://www.example.org/\n"
    )
    with Store.of_file(file) as store:
        desk = Desk(store)
        served = {item.name: item for item in served_of(desk, [str(path) for path in sources])}
        kinds, jobs = tasks(desk), Jobs(store)

        def choose(*paths: str, source: str = "study") -> None:
            choice, found = Choice(paths, recursive=True), served[source]
            if found.root is None:
                listed = listed_of(desk.places(), source)
                desk.add("me", choose_from_manifest(listed, found.source, choice))
            else:
                desk.add("me", choose_from_dataset(found.root, found.source, choice))

        def order(name: str) -> str:
            made = desk.orders.create("me", name).summary.id
            jobs.start(PREPARE, "me", {"order": made})
            return made

        choose("sub-01", "sub-02")
        choose("", source="hostile")
        ready = order("cut-2026-11")
        choose("scans/f0", "scans/gone", source="m")
        failed = order("scans")
        drain(jobs, kinds)
        choose("sub-05")
        preparing = order("sub-05")
        lease = jobs.claim(lease=3600)
        assert lease is not None
        lease.report(330_000, 800_000)
        choose("sub-06")
        queued = order("sub-06")
        choose("", source="m")
        check_list(store, "me", desk.places())
        choose("sub-03", "sub-04")
    changed = sources[0] / "sub-01" / "anat" / "sub-01_T1w.nii.gz"
    changed.write_bytes(b"other")
    subprocess.run(["git", "commit", "-q", "-a", "-m", "x"], cwd=sources[0], check=True)
    paths = {
        "home": "/",
        "folder": "/datasets/study",
        "filter": "/datasets/study?from.age=25&is.sex=F",
        "search": "/datasets/study?q=nothing+like+it",
        "hostile": "/datasets/hostile",
        "list": "/list?removed=2",
        "chosen": "/choose?dataset=study&path=sub-03&path=sub-04",
        "chosen-list": "/list?of=3&added=2&chosen=an-id",
        "history": "/orders",
        "ready": f"/orders/{ready}",
        "failed": f"/orders/{failed}",
        "preparing": f"/orders/{preparing}",
        "queued": f"/orders/{queued}",
        "compare": f"/orders/{ready}/compare",
        "terms": "/about/terms",
        "dataset-terms": "/datasets/m/terms",
        "not-found": "/orders/none",
    }
    with running(
        file, *sources, token=TOKEN, settings=settings, jobs=0, terms={"m": TERMS}
    ) as address:
        yield _Shown(address, paths)


@pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.name)
def test_everybody_can_use_each_page(
    all_pages: _Shown, opened: Callable[..., BrowserContext], axe: str, mode: _Mode
) -> None:
    """No serious fault that axe-core finds, no sideways scrolling, and no word in the console."""
    page = opened(mode).new_page()
    found: list[str] = []
    noted: list[str] = []
    page.on("console", lambda message: noted.append(message.text))
    page.goto(f"{all_pages.address}/sign-in")
    for name, path in {"sign-in": "/sign-in", **all_pages.paths}.items():
        page.goto(f"{all_pages.address}{path}")
        expect(page.locator("html.js")).to_be_attached()
        if _PICTURES:
            Path(_PICTURES).mkdir(parents=True, exist_ok=True)
            page.screenshot(path=Path(_PICTURES) / f"{name}-{mode.name}.png")
        page.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
        found += _faults(page, axe, name)
        if name == "sign-in":
            page.goto(f"{all_pages.address}/?token={TOKEN}")
        elif name != "not-found":
            found += [f"{name}: {text}" for text in noted]
        noted.clear()
    assert found == []


def _faults(page: Page, axe: str, where: str) -> list[str]:
    page.evaluate(axe)
    result: dict[str, Any] = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    found = [
        f"{where}: {rule['id']}: {node['html']}"
        for rule in result["violations"]
        if rule["impact"] in ("serious", "critical", "moderate")
        for node in rule["nodes"]
    ]
    wide = page.evaluate("document.documentElement.scrollWidth > innerWidth")
    return found + ([f"{where}: scrolls sideways"] if wide else [])


@pytest.mark.parametrize("mode", [LIGHT, MODES[-1]], ids=lambda mode: mode.name)
def test_the_focus_is_never_covered(
    all_pages: _Shown, opened: Callable[..., BrowserContext], mode: _Mode
) -> None:
    page = opened(mode).new_page()
    page.goto(f"{all_pages.address}/?token={TOKEN}")
    for name in ("folder", "list", "ready"):
        page.goto(f"{all_pages.address}{all_pages.paths[name]}")
        expect(page.locator("html.js")).to_be_attached()
        seen = 0
        for _ in range(80):
            page.keyboard.press("Tab")
            state = page.evaluate(_COVERED)
            if state is None:
                break
            seen += 1
            assert state == "", f"{name}: {state}"
        assert seen > 10


_COVERED = """() => {
  const at = document.activeElement;
  if (at === document.body) return null;
  const box = at.getBoundingClientRect();
  const [x, y] = [box.x + Math.min(box.width / 2, 20), box.y + Math.min(box.height / 2, 12)];
  const top = document.elementFromPoint(x, y);
  const free = top && (at.contains(top) || top.contains(at) || top.closest("label, a") ||
    getComputedStyle(at).position === "absolute");
  return free ? "" : `${at.outerHTML.slice(0, 120)} is behind ${top?.outerHTML.slice(0, 120)}`;
}"""


@pytest.mark.parametrize("is_told", [True, False])
def test_progress_is_shown_as_it_comes(
    all_pages: _Shown, opened: Callable[..., BrowserContext], tmp_path: Path, is_told: bool
) -> None:
    """Where a proxy keeps back what the server tells of, the page looks itself."""
    page = opened().new_page()
    events: list[str] = []
    page.on("request", lambda asked: events.append(asked.url) if "/events" in asked.url else None)
    if not is_told:
        page.route("**/events", lambda route: route.abort())
    page.goto(f"{all_pages.address}/?token={TOKEN}")
    page.goto(f"{all_pages.address}{all_pages.paths['queued']}")
    expect(page.locator(".head .state")).to_have_text("Queued")
    with Store.of_file(tmp_path / "s.sqlite") as store:
        lease = Jobs(store).claim(lease=3600)
        assert lease is not None
        lease.report(400_000, 800_000)
    expect(page.locator(".head .state")).to_have_text("Preparing")
    expect(page).to_have_title(re.compile("^50 % · sub-06.zip"))
    expect(page.locator("[data-speak]")).to_have_text("Preparing, 50 %")
    assert events
    page.get_by_role("button", name="Cancel preparation").click()
    expect(page).to_have_url(f"{all_pages.address}{all_pages.paths['queued']}")


def test_a_line_is_copied(all_pages: _Shown, opened: Callable[..., BrowserContext]) -> None:
    context = opened()
    with suppress(Exception):
        context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = context.new_page()
    page.goto(f"{all_pages.address}/?token={TOKEN}")
    page.goto(f"{all_pages.address}{all_pages.paths['ready']}")
    page.get_by_role("button", name="Copy the wget line").click()
    expect(page.get_by_text("Copied")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith("wget -c 'http://127.0.0.1")
    assert json.dumps(copied)
