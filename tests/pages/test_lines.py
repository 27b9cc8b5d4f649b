"""The lines that an order's page gives to copy do what they promise."""

from __future__ import annotations

import re
import subprocess
import threading
from collections.abc import Callable
from html import unescape
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.lab import Lab, sha256
from tests.pages.conftest import TOKEN, manifest
from tests.pages.forms import Page
from tests.pages.serving import running

HEADERS = {"accept": "text/html", "sec-fetch-site": "same-origin"}
LINES = re.compile(r'<code class="cmd" data-text>([^<]+)</code>')


@pytest.mark.parametrize("name", ["cut.zip", "it's \u00fcber.zip"])
def test_lines_give_the_zip(
    tmp_path: Path, lab: Lab, program: Callable[[str], str], name: str
) -> None:
    source = manifest(lab, tmp_path)
    with running(tmp_path / "s.sqlite", source, token=TOKEN) as address:
        with httpx2.Client(base_url=address, headers=HEADERS, follow_redirects=True) as client:
            page = _ready(client, name)
        digest, *lines = [unescape(line) for line in LINES.findall(page.html)]
        for number, line in enumerate(lines):
            folder = tmp_path / f"to{number}"
            folder.mkdir()
            program(line.split()[0].replace(".exe", ""))
            if line.startswith("curl.exe"):
                continue
            done = subprocess.run(
                ["sh", "-c", line], cwd=folder, capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
            if line.startswith("datalad"):
                assert {"f0", "f1"} <= {path.name for path in folder.rglob("f*")}
            else:
                (file,) = folder.glob(f"{name.removesuffix('.zip')}-*.zip")  # no other order's
                assert sha256(file.read_bytes()) == digest


def _ready(client: Any, name: str) -> Page:
    """The page of an order, once its zip is ready."""
    Page.at(client, "/", token=TOKEN)
    folder = Page.at(client, "/datasets/m", folder="scans")
    folder.button("Add selected").press(client, "scans/f0", "scans/f1")
    page = Page.at(client, "/list").button("Order 2 files").press(client, name=name)
    waiting = threading.Event()
    while "every one read" not in page.text:
        assert "Interrupted" not in page.text
        waiting.wait(0.2)
        page = Page.at(client, page.url)
    return page
