"""Portals with names that do harm where they are not text, and a client without scripts."""

from __future__ import annotations

import json
import os
import random
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from datalad_jsdl.orders.desk import Desk
from datalad_jsdl.orders.jobs.rows import Jobs
from datalad_jsdl.orders.jobs.worker import drain
from datalad_jsdl.orders.store.opening import Store
from datalad_jsdl.orders.tasks import tasks
from datalad_jsdl.portal.app import make_app
from datalad_jsdl.portal.identity import TokenIdentity
from datalad_jsdl.portal.served import served_of
from datalad_jsdl.portal.site import Site
from tests.lab import Lab
from tests.portal import content_of, described

TOKEN = "s3cret"
HOSTILE = [
    "<script>alert(1)<", "\"quotes' & amp;.txt", "rtl\u202egpj.exe", "new\nline.txt",
    "percent%20 +?#&=;.txt", "folder <b>/in \"side\".txt", "a\ttab", "=formula", "-dash",
    "\u05e2\u05d1\u05e8\u05d9\u05ea.txt", "x" * 200, "back`tick`{{7*7}}",
]  # fmt: skip
_TABLE = "participant_id\tage\tsex\n" + "".join(
    f"sub-{n:02}\t{20 + n}\t{'FM'[n % 2]}\n" for n in range(1, 13)
)


def made(root: Path, files: dict[str, bytes]) -> Path:
    """A dataset, with its files in git."""
    root.mkdir(parents=True)
    for path, content in files.items():
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "files"]):
        subprocess.run(["git", *command], cwd=root, check=True)
    return root


def study(root: Path) -> Path:
    """A dataset with a table of subjects."""
    files = {"participants.tsv": _TABLE.encode(), "README": b"hello"}
    for n in range(1, 13):
        name = f"sub-{n:02}"
        files[f"{name}/anat/{name}_T1w.nii.gz"] = random.Random(n).randbytes(150_000 + n)
        files[f"{name}/func/{name}_bold.nii.gz"] = random.Random(-n).randbytes(250_000 + n)
    return made(root, files)


def hostile(root: Path) -> Path:
    """A dataset whose names try everything."""
    root = made(root, {name: name.encode() for name in HOSTILE})
    (Path(os.fsdecode(os.fsencode(root) + b"/caf\xe9"))).write_bytes(b"x")
    subprocess.run(["git", "add", "-A"], cwd=root, check=True)
    subprocess.run(["git", "commit", "-q", "-m", "no UTF-8"], cwd=root, check=True)
    return root


def manifest(lab: Lab, folder: Path) -> Path:
    """A manifest: files that are there, one behind terms, one that is gone."""
    paths = [*(f"scans/f{n}" for n in range(4)), "scans/private", "scans/gone"]
    members: dict[str, Any] = {
        path: described(path, lab.put(path, content_of(path))) for path in paths
    }
    members["scans/private"]["access"] = {"kind": "terms", "url": "https://terms.example/read"}
    lab.put("scans/gone", b"", status=404)
    file = folder / "m.json"
    file.write_text(json.dumps(members))
    return file


@pytest.fixture
def portal(home: Path, tmp_path: Path) -> Iterator[Callable[..., Site]]:
    """Makes a portal of what is given."""
    with ExitStack() as stack:

        def make(*given: Path, **more: Any) -> Site:
            store = stack.enter_context(Store.of_file(tmp_path / "portal.sqlite"))
            desk = Desk(store)
            served = served_of(desk, [str(item) for item in given])
            site = Site(desk, served, TokenIdentity(TOKEN, "jsdl_1"), **more)
            stack.callback(site.close)
            return site

        yield make


def signed_in(site: Site) -> TestClient:
    """A browser that has the cookie, and follows."""
    client = TestClient(
        make_app(site), headers={"accept": "text/html", "sec-fetch-site": "same-origin"}
    )
    assert client.get("/", params={"token": TOKEN}).status_code == 200
    return client


def work(site: Site) -> int:
    """Do all jobs that there are; how many."""
    return drain(Jobs(site.desk.store), tasks(site.desk))
