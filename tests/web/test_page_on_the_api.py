"""The page on the API: its commands work, and it has every operation."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent
from typing import Any

from datalad_jsdl.portal.api.table import OPERATIONS
from datalad_jsdl.portal.order_actions import Phase
from datalad_jsdl.portal.site import Site
from tests.lab import Lab
from tests.portal import datalad, described, publish, write_manifest
from tests.test_docs import ROOT, indented
from tests.web.conftest import TOKEN, running


def test_every_operation_is_on_the_page() -> None:
    text = (ROOT / "docs/portal_api.rst").read_text()
    listed = re.findall(r"^   ([A-Z]+) +(/\S+)$", text, re.MULTILINE)
    assert listed == [(operation.method, operation.path) for operation in OPERATIONS]


def test_every_phase_is_on_the_page() -> None:
    text = (ROOT / "docs/portal_api.rst").read_text()
    section = text.partition("How far an order is\n")[2].partition("\nQueries\n")[0]
    rows = re.findall(r"^(\w+)  ", section.split("=\n")[1], re.MULTILINE)
    assert rows == [phase.value for phase in Phase]


def test_an_order_in_python(portal: Callable[..., Site], lab: Lab) -> None:
    text = (ROOT / "docs/portal_api.rst").read_text()
    (block,) = re.findall(r"code-block:: python\n\n((?:   .*\n|\n)+)", text)
    published = publish(lab, ["README", "sub-01/a_T1w.nii.gz"])
    members = {path: described(path, url) for path, url in published.items()}
    write_manifest("study.json", members)
    Path("tok").write_text(f"{TOKEN}\n")
    with running(portal("study.json")) as client:
        program = dedent(block).replace("http://127.0.0.1:8000", client.url)
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    with zipfile.ZipFile("all.zip") as archive:
        assert archive.testzip() is None
        assert {name.partition("/")[2] for name in archive.namelist()} == set(members)


def test_an_order_step_by_step(portal: Callable[..., Site], lab: Lab) -> None:
    published = publish(lab, ["README", "sub-01/a_T1w.nii.gz", "sub-01/a_bold.nii.gz"])
    members = {path: described(path, url) for path, url in published.items()}
    datalad("download-manifest", write_manifest("m.json", members), "study")
    Path("headers").write_text(f"Authorization: Bearer {TOKEN}\n")
    known: dict[str, str] = {}
    with running(portal("study")) as client:
        known["PORTAL"] = client.url
        for line in indented("portal_api.rst"):
            if not line.startswith(("curl ", "sha256sum ")):
                continue
            for name, value in known.items():
                line = line.replace(name, value)
            told = shell(line)
            if "/async/get/" in line or re.search(r"/orders/[^/]+$", line):
                while '"jobState": "queued"' in told or '"jobState": "running"' in told:
                    told = shell(line)
            found = json.loads(told) if told.startswith("{") else {}
            assert "title" not in found, told
            known |= {"JOB": found["token"]} if "token" in found else {}
            known |= {"ORDER": found["orderId"]} if "orderId" in found else {}
    (file,) = Path().glob("t1-*.zip")
    assert file.stat().st_size > 6000


def shell(line: str) -> Any:
    done = subprocess.run(["sh", "-c", line], capture_output=True, text=True)
    assert done.returncode == 0, f"{line}\n{done.stderr}"
    return done.stdout
