"""Downloads that are cut off anywhere, by whatever happens, and are resumed: the same bytes.

Workers are killed, the network is cut, the database is restarted; the clients are real ones.
"""

from __future__ import annotations

import itertools
import os
import random
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from datalad_jsdl.orders.capability import Capabilities
from datalad_jsdl.orders.choosing.choice import Choice
from datalad_jsdl.orders.choosing.datasets import choose_from_dataset
from datalad_jsdl.orders.desk import Desk
from datalad_jsdl.orders.preparing import prepare_order
from datalad_jsdl.orders.store.opening import Store
from datalad_jsdl.portal.served import served_of
from tests.portal import content_of, file_sha256
from tests.postgresql import PostgreSQL, postgresql_server
from tests.serving.site import dataset_of
from tests.serving.workers import Switch, Worker, workers

LARGE = 24_000_000  # bytes: three pieces
TRIES = 60  # of a client; those that find nobody end at once
pytestmark = pytest.mark.slow

CLIENTS = {
    "curl": ["curl", "-sS", "-f", "-C", "-", "-o", "x.zip", "-y", "60", "-Y", "1"],
    "wget": ["wget", "-q", "-c", "-O", "x.zip", "--tries=3", "--timeout=20"],
    "aria2c": [
        "aria2c", "-q", "-x4", "-s4", "-k1M", "-c", "-o", "x.zip", "--max-tries=3",
        "--retry-wait=1", "--timeout=20", "--file-allocation=none",
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def pg(program: Callable[[str], str]) -> Iterator[PostgreSQL]:
    with postgresql_server(program("pg_virtualenv")) as server:
        yield server


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory, home: Path) -> Iterator[Path]:
    before = Path.cwd()
    os.chdir(tmp_path_factory.mktemp("root"))
    files = {"README": b"read me\n", "sub-01/large.nii": content_of("large", LARGE)}
    files |= {f"sub-02/f{n}": content_of(f"f{n}", 20_000 + n) for n in range(100)}
    try:
        yield dataset_of(files)
    finally:
        os.chdir(before)


@dataclass(frozen=True)
class Ordered:
    """An order that is prepared: its store, the link to its archive, and what that has to be."""

    store: str
    path: str
    size: int
    sha256: str


def ordered(store_url: str, root: Path) -> Ordered:
    with Store(store_url) as store:
        desk = Desk(store)
        (served,) = served_of(desk, [str(root)])
        desk.add("me", choose_from_dataset(root, served.source, Choice(recursive=True)))
        order = desk.orders.create("me", "all")
        prepare_order(desk.store, order, desk.places())
        summary = desk.orders.find(order.summary.id).summary
        signature, _ = Capabilities(store).sign(summary.id)
    path = f"/d/{summary.id}.{signature}/x.zip"
    return Ordered(store_url, path, summary.archive_size or 0, summary.archive_sha256 or "")


@pytest.fixture(params=["sqlite", "postgresql"])
def order(request: pytest.FixtureRequest, root: Path, tmp_path: Path) -> Ordered:
    if request.param == "sqlite":
        return ordered(f"sqlite:///{tmp_path / 'orders.sqlite'}", root)
    server: PostgreSQL = request.getfixturevalue("pg")
    return ordered(server.database(), root)


def downloaded(command: list[str], folder: Path) -> int:
    """Run the same line again until it has ended well; how often it had to be."""
    folder.mkdir(exist_ok=True)
    for number in range(TRIES):
        if subprocess.run(command, cwd=folder, stderr=subprocess.DEVNULL).returncode == 0:
            return number
        time.sleep(0.5)
    pytest.fail(f"{command[0]} did not get to an end")


def accidents(
    seed: int, order: Ordered, switch: Switch, pair: list[Worker], restart: Callable[[], object]
) -> list[tuple[int, Callable[[], object]]]:
    """What happens, at places that are drawn by lot."""

    def kill_one() -> None:
        pair[0].kill()  # the other one answers the rest

    def kill_other() -> None:
        pair[0].start()
        pair[1].kill()
        pair[0].wait()

    def kill_both() -> None:
        for worker in pair:
            worker.kill()
            worker.start()

    happen = [kill_one, switch.cut, kill_other, restart, kill_both, switch.cut]
    places = sorted(random.Random(seed).sample(range(1000, order.size - 1000), len(happen)))
    return list(zip(places, happen, strict=True))


@pytest.mark.parametrize("client", list(CLIENTS))
def test_cut_anywhere_and_resumed(
    order: Ordered,
    root: Path,
    tmp_path: Path,
    program: Callable[[str], str],
    request: pytest.FixtureRequest,
    client: str,
) -> None:
    program(client)
    is_sqlite = order.store.startswith("sqlite")
    restart = int if is_sqlite else request.getfixturevalue("pg").restart
    with workers(2, order.store, tmp_path, root) as pair, Switch([w.port for w in pair]) as switch:
        switch.events = accidents(len(client), order, switch, pair, restart)
        link = f"http://127.0.0.1:{switch.port}{order.path}"
        assert downloaded([*CLIENTS[client], link], tmp_path / "to") >= 1
        assert switch.events == []
        # each cut cost no more than was on its way
        assert switch.passed < 2 * order.size
    assert file_sha256(tmp_path / "to/x.zip") == order.sha256


@dataclass(frozen=True)
class Network:
    """A network of its own, whose only cable leads to this machine.

    Attributes:
        address: of this machine in it.
        inside: begins a command that is run there.
        cable: its end here.
    """

    address: str
    inside: list[str]
    cable: str

    def set(self, state: str) -> None:
        """Pull the cable ("down"), or put it in again ("up")."""
        subprocess.run(["ip", "link", "set", self.cable, state], check=True)


_NUMBERS = itertools.count()


@pytest.fixture
def network() -> Iterator[Network]:
    # one of its own for each test: the kernel takes a while to remove the last one's
    number = (os.getpid() * 100 + next(_NUMBERS)) % 60_000  # and for each process of the tests
    name, here, there = f"jsdl{number}", f"jsda{number}", f"jsdb{number}"
    subnet = f"10.{10 + number // 250}.{number % 250}"
    made = shutil.which("ip") and subprocess.run(
        ["ip", "netns", "add", name], stderr=subprocess.DEVNULL
    )
    if not made or made.returncode:
        pytest.skip("network namespaces need root, and iproute2")
    inside = ["ip", "netns", "exec", name]
    try:
        for command in (
            ["ip", "link", "add", here, "type", "veth", "peer", "name", there, "netns", name],
            ["ip", "addr", "add", f"{subnet}.1/24", "dev", here],
            ["ip", "link", "set", here, "up"],
            [*inside, "ip", "addr", "add", f"{subnet}.2/24", "dev", there],
            [*inside, "ip", "link", "set", there, "up"],
        ):
            subprocess.run(command, check=True)
        yield Network(f"{subnet}.1", inside, here)
    finally:
        subprocess.run(["ip", "netns", "del", name], check=True)


SLOWLY = {
    "curl": [*CLIENTS["curl"], "--limit-rate", "8M", "-y", "2", "-Y", "3000000"],
    "wget": [*CLIENTS["wget"], "--limit-rate=8m", "--timeout=2", "--tries=1"],
    "aria2c": [
        *CLIENTS["aria2c"], "--max-overall-download-limit=8M", "--timeout=2", "--max-tries=1",
    ],
}  # fmt: skip


def written(file: Path) -> int:
    """Bytes of a file that may have holes."""
    return file.stat().st_blocks * 512 if file.exists() else 0


@pytest.mark.parametrize("client", list(SLOWLY))
def test_the_network_is_cut(
    network: Network, root: Path, tmp_path: Path, program: Callable[[str], str], client: str
) -> None:
    """A cable that is pulled tells nobody: the client has to find out, and so has the server."""
    program(client)
    order = ordered(f"sqlite:///{tmp_path / 'orders.sqlite'}", root)
    ended = threading.Event()

    def pull() -> None:
        for place in (0.2, 0.6):
            file = tmp_path / "to/x.zip"
            while not ended.is_set() and written(file) < place * order.size:
                time.sleep(0.02)
            network.set("down")
            ended.wait(7)
            network.set("up")

    with workers(1, order.store, tmp_path, root, host=network.address) as (worker,):
        pulling = threading.Thread(target=pull)
        pulling.start()
        link = f"http://{network.address}:{worker.port}{order.path}"
        try:
            times = downloaded([*network.inside, *SLOWLY[client], link], tmp_path / "to")
        finally:
            ended.set()
            pulling.join()
    assert times >= 1
    assert file_sha256(tmp_path / "to/x.zip") == order.sha256
