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
