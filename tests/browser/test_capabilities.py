"""What the browsers tell that they can do is what the documentation's table has."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from tests.browser.site import Site
from tests.browser.test_chromium import OPTIONS
from tests.browser.test_firefox import run

__all__ = ["run"]  # a fixture
ROOT = Path(__file__).parents[2]
TABLE: dict[str, Any] = json.loads((ROOT / "docs" / "browsers.json").read_text("utf-8"))
_ASK = "async () => (await import('/jsdl/jsdl.js')).capabilities()"
#: No secure context: a name of no machine of ours.
HOST = "portal.test"


def known(found: dict[str, Any]) -> dict[str, Any]:
    """All but the space, which is of the machine."""
    assert found.pop("maxBytes") > 1 << 30
    return found


def test_chromium(program: Callable[[str], str], portal: Site) -> None:
    rules = f"--host-resolver-rules=MAP {HOST} 127.0.0.1"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program("chromium"), args=[*OPTIONS, rules]
        )
        page = browser.new_page()
        found = {}
        for way, url in (("https", portal.url), ("http", f"http://{HOST}:{portal.port}")):
            page.goto(url)
            found[way] = known(page.evaluate(_ASK))
        browser.close()
    assert found == TABLE["Chromium"]


def test_firefox(run: Callable[..., Any], portal: Site) -> None:
    url = f"http://{HOST}:{portal.port}"
    found = {
        "https": known(run()),
        "http": known(run(url=url, prefs={"network.dns.localDomains": HOST})),
    }
    assert found == TABLE["Firefox ESR"]


def test_the_page_has_the_table() -> None:
    spec = importlib.util.spec_from_file_location("table", ROOT / "tools" / "browser_table.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    text = (ROOT / "docs" / "browser_table.inc").read_text("utf-8")
    assert text == module.table(TABLE), "run tools/browser_table.py"
