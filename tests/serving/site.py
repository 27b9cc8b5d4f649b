"""A portal for tests: of a dataset with a large file, small ones, and one that is in git."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from datalad_jsdl.orders.choosing.choice import Choice
from datalad_jsdl.orders.choosing.datasets import choose_from_dataset
from datalad_jsdl.orders.desk import Desk, own_store
from datalad_jsdl.orders.model import Order
from datalad_jsdl.orders.preparing import prepare_order
from datalad_jsdl.orders.store.opening import Store
from datalad_jsdl.portal.identity import TokenIdentity
from datalad_jsdl.portal.listening import listen
from datalad_jsdl.portal.served import served_of
from datalad_jsdl.portal.serving import serve
from datalad_jsdl.portal.site import Site
from datalad_jsdl.repository.repository import Repository
from tests.portal import datalad, git

TOKEN = "a-token-for-tests"


@dataclass
class Answer:
    status: int
    headers: http.client.HTTPMessage
    body: bytes


@dataclass
class Portal:
    """A portal that runs."""

    site: Site
    host: str
    root: Path

    @property
    def address(self) -> tuple[str, int]:
        """For sockets."""
        host, _, port = self.host.partition(":")
        return host, int(port)

    def ask(self, path: str, method: str = "GET", **fields: str | None) -> Answer:
        """One request, with the token unless a field says otherwise; None for no such field."""
        connection = http.client.HTTPConnection(self.host, timeout=60)
        try:
            connection.putrequest(
                method, path, skip_host="host" in fields, skip_accept_encoding=True
            )
            given = {"authorization": f"Bearer {TOKEN}", **fields}
            for name, value in given.items():
                if value is None:
                    continue
                connection.putheader(name.replace("_", "-"), value.encode("latin-1"))
            connection.endheaders()
            answer = connection.getresponse()
            return Answer(answer.status, answer.headers, answer.read())
        finally:
            connection.close()

    def order(self, name: str = "all", *, prepare: bool = True) -> Order:
        """All files, ordered."""
        desk = self.site.desk
        source = self.site.served[0].source
        chosen = choose_from_dataset(self.root, source, Choice(recursive=True))
        desk.add("me", chosen)
        order = desk.orders.create("me", name)
        if prepare:
            prepare_order(desk.store, order, desk.places())
            order = desk.orders.find(order.summary.id)
        return order


def dataset_of(files: dict[str, bytes]) -> Path:
    """A dataset with files, those above 1 kB in the annex."""
    root = Path("ds").absolute()
    datalad("create", "ds")
    git(root, "annex", "config", "--set", "annex.largefiles", "largerthan=1kb")
    for path, content in files.items():
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    datalad("save", "-d", "ds")
    return root


@contextmanager
def served(root: Path, *, jobs: int = 0) -> Iterator[Portal]:
    """Serve a dataset on a free port."""
    with Store.of_file(own_store(Repository(root))) as store:
        desk = Desk(store, root)
        listening = listen("127.0.0.1", 0)
        identity = TokenIdentity(TOKEN, f"jsdl_{listening.port}")
        site = Site(desk, served_of(desk, [str(root)]), identity, listening.hosts)
        ready, stop = threading.Event(), threading.Event()
        thread = threading.Thread(
            target=serve, args=(site, listening, ready.set), kwargs={"jobs": jobs, "stop": stop}
        )
        thread.start()
        try:
            assert ready.wait(60)
            yield Portal(site, f"127.0.0.1:{listening.port}", root)
        finally:
            stop.set()
            thread.join()
