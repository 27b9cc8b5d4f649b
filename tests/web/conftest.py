"""Portals of manifests and datasets, whose files are on a real server."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

from datalad_jsdl.orders.desk import Desk
from datalad_jsdl.orders.jobs.rows import Jobs
from datalad_jsdl.orders.jobs.worker import drain
from datalad_jsdl.orders.store.opening import Store
from datalad_jsdl.orders.tasks import tasks
from datalad_jsdl.portal.identity import TokenIdentity
from datalad_jsdl.portal.listening import listen
from datalad_jsdl.portal.served import served_of
from datalad_jsdl.portal.serving import serve
from datalad_jsdl.portal.site import Site
from tests.lab import Lab
from tests.portal import content_of, described

TOKEN = "s3cret"


class Client:
    """Talks to a portal that runs.

    Attributes:
        url: of the portal, without a slash at its end.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._session = requests.Session()
        self._session.headers["authorization"] = f"Bearer {TOKEN}"

    def ask(self, method: str, path: str, code: int | None = 200, **more: Any) -> Any:
        """What is answered, with the status that is expected; None for any."""
        where = path if path.startswith("/d/") else f"/api/v1{path}"
        found = self._session.request(method, self.url + where, **more)
        assert code in (None, found.status_code), (
            f"{method} {path}: {found.status_code} {found.text}"
        )
        return found

    def get(self, path: str, code: int = 200, **more: Any) -> Any:
        """The object that is answered."""
        return self.ask("GET", path, code, **more).json()

    def post(self, path: str, body: Any = None, code: int = 200) -> Any:
        """The object that is answered to a body."""
        return self.ask("POST", path, code, json=body).json()

    def wait(self, path: str) -> Any:
        """The result of a job, once it is there."""
        while (found := self.ask("GET", path, None)).status_code == 202:
            threading.Event().wait(0.1)
        assert found.status_code == 200, found.text
        return found.json()


@contextmanager
def running(site: Site, jobs: int = 1) -> Iterator[Client]:
    """A portal with a socket, in threads."""
    listening = listen("127.0.0.1", 0)
    ready, stop = threading.Event(), threading.Event()
    thread = threading.Thread(
        target=serve, args=(site, listening, ready.set), kwargs={"jobs": jobs, "stop": stop}
    )
    thread.start()
    try:
        assert ready.wait(60)
        yield Client(listening.url.rstrip("/"))
    finally:
        stop.set()
        thread.join()


@pytest.fixture
def client(site: Site) -> Iterator[Client]:
    """Of `site`, which runs."""
    with running(site) as client:
        yield client


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
