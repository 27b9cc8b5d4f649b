#!/usr/bin/env python3
"""What each browser can do: makes docs/browser_table.inc of docs/browsers.json.

::

    python3 tools/browser_table.py

The JSON has what ``capabilities()`` tells; tests/browser/test_capabilities.py compares the two with
what the browsers tell now.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

DOCS = Path(__file__).resolve().parent.parent / "docs"
ROWS = {
    "a zip": ("https", "zip"),
    "… which goes on after a reload or a kill": ("https", "resumable"),
    "a folder": ("https", "folder"),
    "a zip on a page without encryption": ("http", "zip"),
    "… which goes on after a reload or a kill ": ("http", "resumable"),
}


def table(found: dict[str, Any]) -> str:
    """The list table of what was found: browser → page → capabilities."""
    columns = [["", *ROWS]]
    for name, pages in found.items():
        cells = [pages[page][what] for page, what in ROWS.values()]
        columns.append([name, *("yes" if cell else "no" for cell in cells)])
    columns.append(["Safari", *("not run" for _ in ROWS)])
    rows = "".join(
        f"   * - {first.strip()}".rstrip() + "\n" + "".join(f"     - {cell}\n" for cell in others)
        for first, *others in zip(*columns, strict=True)
    )
    return f".. list-table::\n   :header-rows: 1\n\n{rows}"


if __name__ == "__main__":
    text = table(json.loads((DOCS / "browsers.json").read_text("utf-8")))
    (DOCS / "browser_table.inc").write_text(text, "utf-8")
