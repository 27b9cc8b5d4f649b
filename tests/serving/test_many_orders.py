"""Two workers on PostgreSQL: many orders at once, and mirrors that die and come back."""

from __future__ import annotations

import io
import os
import random
import subprocess
import time
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests

from datalad_jsdl.orders.jobs.model import JobState
from datalad_jsdl.orders.jobs.rows import Jobs
from datalad_jsdl.orders.store.opening import Store
from tests.lab import Lab, sha256
from tests.portal import content_of, datalad, described, file_sha256, write_manifest
from tests.postgresql import PostgreSQL, postgresql_server
from tests.serving.site import dataset_of
from tests.serving.test_interrupted import CLIENTS, downloaded, ordered
from tests.serving.workers import Switch, Worker, workers

pytestmark = pytest.mark.slow
#: A thousand take six minutes on two cores.
ORDERS, USERS = int(os.environ.get("JSDL_ORDERS", "100")), 20
FILES = {f"sub-{n % 10:02}/f{n}": content_of(f"f{n}", 3000 + n) for n in range(60)}
SETTINGS = "[sign-in]\nby = proxy\ntrusted = 127.0.0.1\n"


@pytest.fixture(scope="module")
def pg(program: Callable[[str], str]) -> Iterator[PostgreSQL]:
    with postgresql_server(program("pg_virtualenv")) as server:
        yield server


class Client:
    """Programs of several users, who ask whichever worker is next."""

    def __init__(self, pair: list[Worker]) -> None:
        self._pair = pair

    def ask(self, number: int, method: str, path: str, body: Any = None) -> requests.Response:
        worker = self._pair[number % len(self._pair)]
        url = f"http://127.0.0.1:{worker.port}/api/v1{path}"
        user = f"user{number % USERS}"
        headers = {"X-Remote-User": user, "Sec-Fetch-Site": "same-origin"}
        return requests.request(method, url, json=body, headers=headers, timeout=300)

    def order(self, number: int) -> tuple[str, list[str]]:
        """Put some files on the list, and order just these; others of the user do so, too."""
        # a few sets, which have files in common: many orders are of the same ones
        wanted = sorted(random.Random(number % 50).sample(list(FILES), 3))
        files = [{"dataset": "ds", "path": path} for path in wanted]
        while True:
            for file in files:
                added = self.ask(number, "POST", "/download/list/me/add", file)
                assert added.status_code == 200, added.text
            body = {"subSet": files, "zipFileName": f"z{number}"}
            made = self.ask(number, "PUT", "/download/list/me/order", body)
            if made.status_code == 409:  # another order of the user has taken them meanwhile
                continue
            assert made.status_code == 201, made.text
            paths = [f["path"] for f in made.json()["files"]]
            return made.json()["orderId"], paths


def test_many_orders_at_once(pg: PostgreSQL, tmp_path: Path, home: Path) -> None:
    """Every archive has what was ordered, and the same files are the same bytes for everybody."""
    os.chdir(tmp_path)
    root, store_url = dataset_of(FILES), pg.database()
    (tmp_path / "portal.ini").write_text(SETTINGS)
    more = ["--settings", tmp_path / "portal.ini", root]
    with workers(2, store_url, tmp_path, *more) as pair, ThreadPoolExecutor(50) as threads:
        client = Client(pair)
        made = list(threads.map(client.order, range(ORDERS)))
        assert len({order for order, _ in made}) == ORDERS
        with Store(store_url) as store:
            jobs = Jobs(store)
            users = [f"user{n}" for n in range(USERS)]
            while any(not job.state.is_end for user in users for job in jobs.of_user(user)):
                time.sleep(1)
            states = {job.state for user in users for job in jobs.of_user(user)}
        assert states == {JobState.DONE}

        def check(number: int) -> tuple[tuple[str, ...], str]:
            order, paths = made[number]
            # another worker than the one that took the order
            url = f"/orders/{order}/archive"
            if number % 10 == 0:
                answer = client.ask(number + USERS + 1, "GET", url)
                assert answer.status_code == 404  # it is another user's
            answer = client.ask(number, "GET", url)
            assert answer.status_code == 200, answer.text
            with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
                found = {info.filename: archive.read(info) for info in archive.infolist()}
            expected = {path: FILES[path] for path in paths}
            assert {name.partition("/")[2]: content for name, content in found.items()} == expected
            return tuple(sorted(found)), sha256(answer.content)

        digests: dict[tuple[str, ...], set[str]] = {}
        for names, digest in threads.map(check, range(ORDERS)):
            digests.setdefault(names, set()).add(digest)
    assert all(len(found) == 1 for found in digests.values())


LARGE = 20_000_000  # bytes


def test_mirrors_that_die(
    pg: PostgreSQL,
    tmp_path: Path,
    home: Path,
    program: Callable[[str], str],
    lab: Lab,
    other_lab: Lab,
) -> None:
    """One in the middle of a file, then all of them; they come back while clients try again."""
    files = {"large.nii": content_of("large.nii", LARGE), "small": content_of("small")}
    members = {}
    for path, content in files.items():
        members[path] = {
            **described(path, *(where.put(path, content) for where in (lab, other_lab))),
            "size": len(content), "digests": {"sha256": sha256(content)},
        }  # fmt: skip
    root = tmp_path / "remote"
    datalad("download-manifest", write_manifest("m.json", members), root)
    order = ordered(pg.database(), root)
    with workers(2, order.store, tmp_path, root) as pair, Switch([w.port for w in pair]) as switch:
        link = f"http://127.0.0.1:{switch.port}{order.path}"

        def get(number: int, client: str = "curl") -> int:
            return downloaded(
                [program(client), *CLIENTS[client][1:], link], tmp_path / f"to{number}"
            )

        # one dies within a piece: the other mirror goes on, and no client notices
        lab.put("large.nii", files["large.nii"], reset_at=0.6)
        lab.put("small", status=503)
        assert get(0) == 0

        def die() -> None:
            for where in (lab, other_lab):
                where.put("large.nii", status=503)
                where.put("small", status=503)

        def revive() -> None:
            for path, content in files.items():
                other_lab.put(path, content)

        for worker in pair:  # what it has seen of the mirrors, and kept, is gone
            worker.kill()
            worker.start()
        for worker in pair:
            worker.wait()
        die()
        broken = subprocess.run(
            [program("curl"), "-sS", "-f", "-o", tmp_path / "none.zip", link], capture_output=True
        )
        assert broken.returncode != 0  # an honest error, no short file that looks whole
        with ThreadPoolExecutor(8) as threads:
            running = [threads.submit(get, n, ["curl", "wget"][n % 2]) for n in range(1, 7)]
            time.sleep(3)
            revive()
            assert all(future.result() >= 0 for future in running)
    for number in range(7):
        assert file_sha256(tmp_path / f"to{number}/x.zip") == order.sha256
