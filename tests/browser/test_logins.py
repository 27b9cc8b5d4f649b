"""Cookies and tokens go to the origin that is named: to no mirror, and along no redirect."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import BrowserContext

from tests.browser.logins import COOKIE, WAYS, Logger, check, entries, logging_server, options
from tests.browser.site import Site
from tests.browser.test_chromium import DONE, START
from tests.browser.test_firefox import run

__all__ = ["run"]  # a fixture


@pytest.fixture
def named() -> Iterator[Logger]:
    with logging_server() as found:
        yield found


@pytest.fixture
def mirror() -> Iterator[Logger]:
    with logging_server() as found:
        yield found


@pytest.mark.parametrize("way", WAYS)
def test_in_chromium(
    way: str, chromium: Callable[[], BrowserContext], portal: Site, named: Logger, mirror: Logger
) -> None:
    page = chromium().new_page()
    page.goto(portal.url)
    page.evaluate(f"document.cookie = '{COOKIE}'")
    page.evaluate(START, [entries(named, mirror), options(way, named)])
    check(way, page.evaluate(DONE), named, mirror)


@pytest.mark.parametrize("way", WAYS)
def test_in_firefox(way: str, run: Callable[..., Any], named: Logger, mirror: Logger) -> None:
    report = run(entries(named, mirror), options=options(way, named), cookie=COOKIE)
    check(way, report, named, mirror)


@pytest.mark.parametrize("way", WAYS)
def test_the_manifest_of_the_page_itself(
    way: str, chromium: Callable[[], BrowserContext], portal: Site, named: Logger, mirror: Logger
) -> None:
    """That it has moved to another origin gives nothing away either."""
    named.moved["/moved"] = f"{mirror.url}/moved"
    page = chromium().new_page()
    page.goto(f"{named.url}/page")
    page.evaluate(f"document.cookie = '{COOKIE}'")
    start = START.replace("/jsdl/jsdl.js", f"{portal.url}/jsdl/jsdl.js")
    for path in ("/own", "/moved"):
        page.evaluate(start, [f"{named.url}{path}", options(way, named)])
        page.evaluate(DONE)
    sent = {frozenset({*WAYS[way][1], "Cookie"})}
    assert (named.secrets("/own"), named.secrets("/moved")) == (sent, sent)
    assert mirror.secrets("/moved") <= {frozenset()}
