"""Chromium on the pages of an Orthanc's studies: what starts by itself, and who can use them."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, expect

from datalad_jsdl.portal.orthanc import plugin
from tests.lab import free_port
from tests.pages.test_browser import (  # noqa: F401 - fixtures
    MODES,
    _faults,
    _Mode,
    _saved,
    axe,
    browser,
    opened,
)
from tests.serving.pacs import PASSWORD, TOKEN, USER, Orthanc, Portal, members, orthanc_portal
from tests.serving.test_orthanc_plugin import LIBRARY, Running

UID = "1.2.3.1"
STUDY = {"PatientID": "PAT-0417", "StudyDescription": "Head MRI, follow-up with a long name"}
_PICTURES = os.environ.get("JSDL_SCREENSHOTS")


@pytest.fixture(scope="module")
def orthanc(
    tmp_path_factory: pytest.TempPathFactory, program: Callable[[str], str]
) -> Iterator[Orthanc]:
    found = Orthanc(program("Orthanc"), tmp_path_factory.mktemp("orthanc") / "orthanc")
    found.start()
    try:
        for number in range(8):
            day = {"StudyDate": "20260303", "SeriesDescription": f"T{number % 2}", "Modality": "MR"}
            found.send(number, UID, 1 + number % 2, **STUDY, **day)
        for number in range(30):
            found.send(100 + number, f"1.2.4.{number}", StudyDescription=f"Knee {number}")
        yield found
    finally:
        found.stop()


@pytest.fixture
def portal(
    home: Path, orthanc: Orthanc, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Portal]:
    monkeypatch.setenv("PASSWORD", PASSWORD)
    with orthanc_portal(orthanc.url, tmp_path) as portal:
        yield portal


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_the_download_starts_by_itself(
    portal: Portal,
    orthanc: Orthanc,
    tmp_path: Path,
    opened: Callable[..., BrowserContext],  # noqa: F811
    scripts: bool,
) -> None:
    study = f"/studies/{orthanc.find('Study', StudyInstanceUID=UID)}"
    context = opened(scripts=scripts)
    page = context.new_page()
    page.goto(f"{portal.url}/?token={TOKEN}")
    expect(page).to_have_url(f"{portal.url}/studies")
    page.get_by_label(re.compile("s ID$")).fill("0417")
    page.get_by_role("button", name="Search").click()
    with context.expect_page() as tab:
        page.get_by_role("link", name=re.compile("^Download Head MRI")).click()
    zip_page = tab.value
    with zip_page.expect_download(timeout=60_000) as download:
        if not scripts:
            zip_page.get_by_role("button", name=re.compile("^Prepare and download")).click()
    assert download.value.suggested_filename.startswith("PAT-0417_Head-MRI")
    assert members(_saved(download.value, tmp_path)) == orthanc.archive(study)
    expect(zip_page.get_by_text("The download starts by itself. Not?")).to_be_visible()
    if scripts:
        # one that is loaded again begins no second download
        begun: list[object] = []
        zip_page.on("download", lambda download: begun.append(download))
        zip_page.reload()
        expect(zip_page.get_by_text("The download starts by itself. Not?")).to_be_visible()
        assert begun == []


@pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.name)
def test_everybody_can_use_each_page(
    portal: Portal,
    orthanc: Orthanc,
    opened: Callable[..., BrowserContext],  # noqa: F811
    axe: str,  # noqa: F811
    mode: _Mode,
) -> None:
    study = f"/studies/{orthanc.find('Study', StudyInstanceUID=UID)}"
    patient = f"/patients/{orthanc.find('Patient', PatientID='PAT-0417')}"
    series = f"/series/{orthanc.find('Series', SeriesInstanceUID=f'{UID}.1')}"
    paths = {
        "studies": "/studies",
        "studies-none": "/studies?patient=nobody",
        "study": study,
        "patient": patient,
        "series": series,
    }
    assert portal.ready(study)["status"] == "ready"
    page = opened(mode).new_page()
    noted: list[str] = []
    page.on("console", lambda message: noted.append(message.text))
    page.goto(f"{portal.url}/?token={TOKEN}")
    found: list[str] = []
    for name, path in {**paths, "study-zip": f"{study}/archive"}.items():
        page.goto(f"{portal.url}{path}")
        expect(page.locator("html.js")).to_be_attached()
        if _PICTURES:
            Path(_PICTURES).mkdir(parents=True, exist_ok=True)
            page.screenshot(path=Path(_PICTURES) / f"orthanc-{name}-{mode.name}.png")
        page.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
        found += _faults(page, axe, name)
    assert found == []
    assert noted == []


def test_from_the_button_of_orthanc_explorer(
    home: Path,
    program: Callable[[str], str],
    tmp_path: Path,
    browser: object,  # noqa: F811
) -> None:
    """Orthanc with the plugin and nothing else; its own page stays open."""
    if not LIBRARY.exists():
        (pytest.fail if os.environ.get("CI") else pytest.skip)("orthanc-python is not installed")
    port = free_port()
    datalad = str(Path(sys.executable).with_name("datalad"))
    orthanc = Orthanc(
        program("Orthanc"), tmp_path / "orthanc", Plugins=[str(LIBRARY)],
        PythonScript=plugin.__file__, Downloads={"Command": datalad, "Port": port},
    )  # fmt: skip
    orthanc.start()
    try:
        for number in range(3):
            orthanc.send(number, UID, **STUDY)
        running = Running(orthanc, port)
        running.wait()
        login = {"username": USER, "password": PASSWORD}
        context = browser.new_context(http_credentials=login)  # type: ignore[attr-defined]
        page = context.new_page()
        page.goto(f"{orthanc.url}/app/explorer.html#study?uuid={running.study[9:]}")
        button = page.locator("#study-archive")
        expect(button).to_be_visible()
        with context.expect_page() as tab:
            button.click()
        with tab.value.expect_download(timeout=60_000) as download:
            pass
        assert members(_saved(download.value, tmp_path)) == orthanc.archive(running.study)
        assert tab.value.url == f"{running.url}{running.study}/archive"
        assert "explorer.html" in page.url
        context.close()
    finally:
        orthanc.stop()
