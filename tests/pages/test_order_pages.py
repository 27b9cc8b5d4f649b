"""Pages of orders: what becomes of one, and of the next."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from datalad_jsdl.orders.jobs.rows import Jobs
from datalad_jsdl.orders.ordering import Limits
from tests.lab import Lab
from tests.pages.conftest import manifest, signed_in, study, work
from tests.pages.forms import Page
from tests.pages.steps import Make, listed, ordered
from tests.portal import content_of


def test_an_order_with_a_file_that_fails(portal: Make, tmp_path: Path, lab: Lab) -> None:
    site = portal(manifest(lab, tmp_path))
    client = signed_in(site)
    page = Page.at(client, "/datasets/m", folder="scans")
    page.button("Add selected").press(client, "scans/f0", "scans/f1", "scans/gone")
    order = ordered(client, name="three")
    work(site)
    failed = Page.at(client, order.url)
    assert "Interrupted" in failed.text
    assert "1 file of 3 could not be read" in failed.text
    assert "scans/gone" in failed.text.replace(" ", "")
    rest = failed.button("Order the other 2 files").press(client)
    work(site)
    assert "2 files, every one read" in Page.at(client, rest.url).text
    assert "three-others.zip" in rest.text
    lab.put("scans/gone", content_of("scans/gone"))
    again = failed.button("Try this file again").press(client)
    assert again.url == order.url
    work(site)
    assert "3 files, every one read" in Page.at(client, order.url).text


def test_a_preparation_that_failed_as_a_whole(portal: Make, tmp_path: Path, lab: Lab) -> None:
    """Files that failed in the attempt before do not hide why this one did."""
    site = portal(manifest(lab, tmp_path))
    client = signed_in(site)
    page = Page.at(client, "/datasets/m", folder="scans")
    page.button("Add selected").press(client, "scans/f0", "scans/gone")
    order = ordered(client)
    work(site)
    Page.at(client, order.url).button("Try this file again").press(client)
    lease = Jobs(site.desk.store).claim()
    assert lease is not None
    lease.failed("the disk is full")
    shown = Page.at(client, order.url).text
    assert "The preparation ended early." in shown
    assert "The disk is full" in shown
    assert "1 file could not be read" in shown  # in the table
    assert "Interrupted" not in shown


def test_how_far_a_preparation_is(portal: Make, tmp_path: Path) -> None:
    """Bytes of bytes, the rate of the last seconds, and a time only while it moves."""
    site = portal(study(tmp_path / "study"))
    client = signed_in(site)
    Page.at(client, "/datasets/study").button("Add everything").press(client)
    url = ordered(client).url
    seconds = 0.0
    lease = Jobs(site.desk.store, lambda: seconds).claim()
    assert lease is not None
    for second in range(11):
        seconds = float(second)
        lease.report(500_000 + 20_000 * second, 1_000_000)
    shown = client.get(url).text.replace("\u00a0", " ")
    assert '<progress id="pr" max="100" value="70">70 %</progress>' in shown
    facts = (
        r"<strong>70 %</strong> · 700 KB of 1\.00 MB · (1\d|20)\.\d KB/s · about \d0 s left</span>"
    )
    assert re.search(facts, shown)
    for second in range(11, 18):  # it stands still
        seconds = float(second)
        lease.report(700_000, 1_000_000)
    shown = client.get(url).text.replace("\u00a0", " ")
    assert "<strong>70 %</strong> · 700 KB of 1.00 MB</span>" in shown


def test_cancelling(portal: Make, tmp_path: Path) -> None:
    site = portal(study(tmp_path / "study"))
    client = signed_in(site)
    Page.at(client, "/datasets/study").button("Add everything").press(client)
    order = ordered(client)
    cancelled = order.button("Cancel preparation").press(client)
    assert "You cancelled the preparation." in cancelled.text
    assert work(site) == 0
    cancelled.button("Prepare the zip").press(client)
    work(site)
    assert "Ready" in Page.at(client, order.url).text


def test_what_does_not_fit_stays(portal: Make, tmp_path: Path) -> None:
    site = portal(study(tmp_path / "study"), limits=Limits(files=3, size=200_000))
    client = signed_in(site)
    Page.at(client, "/datasets/study").button("Add everything").press(client)
    review = Page.at(client, "/list")
    assert "12 files are too large for one order" in review.text
    assert "do not fit into one order (at most 3 files and 200 KB)" in review.text
    order = ordered(client)
    assert "Holds3 files" in order.text.replace("Holds ", "Holds")
    assert len(listed(site)) == 23


@pytest.mark.parametrize("name", ["a/b", ".hidden", "x" * 300])
def test_a_name_that_no_zip_can_have(portal: Make, tmp_path: Path, name: str) -> None:
    client = signed_in(portal(study(tmp_path / "study")))
    Page.at(client, "/datasets/study").button("Add everything").press(client)
    found = ordered(client, name=name)
    assert found.status == 409
    assert "The name of" in found.text
    assert ("input", "true") not in found.elements


def test_again_and_compared_with_today(portal: Make, tmp_path: Path) -> None:
    root = study(tmp_path / "study")
    site = portal(root)
    client = signed_in(site)
    Page.at(client, "/datasets/study").button("Add selected").press(client, "sub-01", "README")
    order = ordered(client)
    same = Page.at(client, f"{order.url}/compare")
    assert "All 3 files are the same today." in same.text
    (root / "README").write_text("changed")
    subprocess.run(["git", "rm", "-q", "-r", "sub-01/anat"], cwd=root, check=True)
    subprocess.run(["git", "commit", "-q", "-a", "-m", "x"], cwd=root, check=True)
    changed = Page.at(client, f"{order.url}/compare")
    assert "1 of 3 files is the same" in changed.text
    changed.button("Put today").press(client)
    assert len(listed(site)) == 2
    history = Page.at(client, "/orders")
    history.button("Order again").press(client)
    assert len(listed(site)) == 3
