"""Portals of manifests and datasets, whose files are on a real server."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from datalad_jsdl.orders.desk import Desk
from datalad_jsdl.orders.jobs.rows import Jobs
from datalad_jsdl.orders.jobs.worker import drain
from datalad_jsdl.orders.store.opening import Store
from datalad_jsdl.orders.tasks import tasks
from datalad_jsdl.portal.identity import TokenIdentity
from datalad_jsdl.portal.served import served_of
from datalad_jsdl.portal.site import Site
from tests.lab import Lab
from tests.portal import content_of, described

TOKEN = "s3cret"


@pytest.fixture
def members(lab: Lab) -> dict[str, Any]:
    """Six files: one without size and digest, one that wants terms to be accepted."""
    paths = ["a/f1", "a/f2", "a/b/f3", "c/f4", "top.txt"]
    found = {path: described(path, lab.put(path, content_of(path))) for path in paths}
    found["c/unknown"] = {"urls": [lab.put("unknown", b"x" * 700)]}
    found["c/f4"]["access"] = {"kind": "terms", "url": "https://terms.example/"}
    return found


@pytest.fixture
def portal(home: Path, tmp_path: Path) -> Iterator[Callable[..., Site]]:
    """Makes a portal of what is given, by default of the manifest ``m.json``."""
    with ExitStack() as stack:

        def make(*given: str | Path, **more: Any) -> Site:
            store = stack.enter_context(Store.of_file(tmp_path / "portal.sqlite"))
            desk = Desk(store)
            served = served_of(desk, [str(item) for item in given or ("m.json",)])
            site = Site(desk, served, TokenIdentity(TOKEN, "jsdl_1"), **more)
            stack.callback(site.close)
            return site

        yield make


@pytest.fixture
def site(portal: Callable[..., Site], members: dict[str, Any]) -> Site:
    """A portal of one manifest, named m."""
    Path("m.json").write_text(json.dumps(members))
    return portal()


def work(site: Site) -> int:
    """Do all jobs that there are; how many."""
    return drain(Jobs(site.desk.store), tasks(site.desk, kept=site.kept))
