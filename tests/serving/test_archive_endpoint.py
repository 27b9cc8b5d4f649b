"""An order's archive over HTTP, from a server that runs, for clients as they are."""

from __future__ import annotations

import base64
import email.parser
import hashlib
import json
import os
import random
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from email.policy import HTTP
from pathlib import Path

import pytest

from datalad_jsdl.orders.jobs.rows import Jobs
from datalad_jsdl.orders.model import Order
from datalad_jsdl.orders.preparing import prepare_order
from datalad_jsdl.orders.states import states_of_order
from datalad_jsdl.orders.store.tables import archive_links, keys, pieces
from datalad_jsdl.orders.tasks import PREPARE
from tests.portal import content_of, datalad
from tests.serving.site import TOKEN, Portal, dataset_of, served

LARGE = 20_000_000  # bytes: three pieces


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    before = Path.cwd()
    os.chdir(tmp_path_factory.mktemp("portal"))
    files = {"README": b"read me\n", "sub-01/large.nii": content_of("large", LARGE)}
    files |= {f"sub-02/f{n}": content_of(f"f{n}", 2000 + n) for n in range(40)}
    try:
        with served(dataset_of(files)) as portal:
            yield portal
    finally:
        os.chdir(before)


@pytest.fixture(scope="module")
def order(portal: Portal) -> Order:
    return portal.order("all visits ä")


@pytest.fixture(scope="module")
def whole(portal: Portal, order: Order) -> bytes:
    """The archive, as the command makes it."""
    target = portal.root.parent / "exported.zip"
    datalad("download-order", "export", "-d", portal.root, order.summary.id, target)
    content = target.read_bytes()
    assert hashlib.sha256(content).hexdigest() == order.summary.archive_sha256
    return content


@pytest.fixture(scope="module")
def url(order: Order) -> str:
    return f"/api/v1/orders/{order.summary.id}/archive"


def test_the_whole(portal: Portal, order: Order, url: str, whole: bytes) -> None:
    answer = portal.ask(url)
    assert answer.status == 200
    assert answer.body == whole
    headers = answer.headers
    assert headers["Content-Type"] == "application/zip"
    assert headers["Accept-Ranges"] == "bytes"
    assert headers["ETag"].startswith('"')
    assert headers["Cache-Control"] == "private, max-age=31536000, immutable, no-transform"
    assert headers["X-Accel-Buffering"] == "no"
    assert headers["X-Robots-Tag"] == "noindex"
    # as in the file with its SHA-256, and no other order's
    short = order.summary.id[:8]
    assert headers["Content-Disposition"] == (
        f'attachment; filename="all visits _-{short}.zip"; '
        f"filename*=UTF-8''all%20visits%20%C3%A4-{short}.zip"
    )
    digest = base64.b64encode(bytes.fromhex(order.summary.archive_sha256)).decode()
    assert headers["Repr-Digest"] == f"sha-256=:{digest}:"


def test_head_has_what_get_has_but_the_bytes(portal: Portal, url: str, whole: bytes) -> None:
    get, head = portal.ask(url), portal.ask(url, "HEAD", range="bytes=0-9")
    assert (head.status, head.body) == (200, b"")
    assert int(head.headers["Content-Length"]) == len(whole)
    same = set(get.headers.keys()) - {"date"}
    assert {name: head.headers[name] for name in same} == {n: get.headers[n] for n in same}


def test_any_range(portal: Portal, url: str, whole: bytes) -> None:
    chance = random.Random(2)
    for _ in range(30):
        start = chance.randrange(len(whole))
        stop = min(start + chance.choice([1, 5000, 1 << 20, 9 << 20]), len(whole))
        answer = portal.ask(url, range=f"bytes={start}-{stop - 1}")
        assert answer.status == 206
        assert answer.headers["Content-Range"] == f"bytes {start}-{stop - 1}/{len(whole)}"
        assert answer.body == whole[start:stop]


def test_several_ranges(portal: Portal, url: str, whole: bytes) -> None:
    answer = portal.ask(url, range="bytes=100-199, 5000000-5099999,-50")
    assert answer.status == 206
    assert int(answer.headers["Content-Length"]) == len(answer.body)
    head = f"Content-Type: {answer.headers['Content-Type']}\r\n\r\n".encode()
    message = email.parser.BytesParser(policy=HTTP).parsebytes(head + answer.body)
    parts = [(p["Content-Range"], p.get_payload(decode=True)) for p in message.iter_parts()]
    size = len(whole)
    assert [place for place, _ in parts] == [
        f"bytes 100-199/{size}",
        f"bytes 5000000-5099999/{size}",
        f"bytes {size - 50}-{size - 1}/{size}",
    ]
    assert answer.body.count(b"\r\n--") == 3
    for span in (whole[100:200], whole[5_000_000:5_100_000], whole[-50:]):
        assert b"\r\n\r\n" + span + b"\r\n--" in answer.body


def test_what_cannot_be_satisfied(portal: Portal, url: str, whole: bytes) -> None:
    answer = portal.ask(url, range=f"bytes={len(whole)}-")
    assert answer.status == 416
    assert answer.headers["Content-Range"] == f"bytes */{len(whole)}"
    bomb = ",".join(f"{n * 500}-{n * 500}" for n in range(300))
    assert portal.ask(url, range=f"bytes={bomb}").status == 200


def test_conditions(portal: Portal, url: str) -> None:
    etag = portal.ask(url, "HEAD").headers["ETag"]
    assert portal.ask(url, if_none_match=etag).status == 304
    assert portal.ask(url, if_match='"other"').status == 412
    assert portal.ask(url, if_range=etag, range="bytes=0-9").status == 206
    assert portal.ask(url, if_range='"other"', range="bytes=0-9").status == 200


def test_only_its_owner_has_it(portal: Portal, url: str) -> None:
    assert portal.ask(url, authorization="Bearer wrong").status == 401
    assert portal.ask(url, authorization="").status == 401
    desk = portal.site.desk
    with desk.store.write() as connection:
        connection.exec_driver_sql("UPDATE orders SET user = 'other'")
    try:
        answer = portal.ask(url)
    finally:
        with desk.store.write() as connection:
            connection.exec_driver_sql("UPDATE orders SET user = 'me'")
    assert answer.status == 404
    none = portal.ask("/api/v1/orders/AAAAAAAAAAAAAAAAAAAAAAAA/archive")
    assert none.status == 404
    for each in (answer, none):
        assert each.headers["Content-Type"] == "application/problem+json"
        assert json.loads(each.body)["status"] == 404


def test_other_methods(portal: Portal, url: str) -> None:
    answer = portal.ask(url, "POST")
    assert (answer.status, answer.headers["Allow"]) == (405, "GET, HEAD")


def test_a_page_of_another_name_reaches_nothing(portal: Portal, url: str) -> None:
    """A name elsewhere may be made to point to this machine."""
    answer = portal.ask(url, host="evil.example")
    assert answer.status == 421


def test_a_link_needs_no_token(portal: Portal, order: Order, whole: bytes) -> None:
    signature, _ = portal.site.capabilities.sign(order.summary.id)
    link = f"/d/{order.summary.id}.{signature}/x.zip"
    answer = portal.ask(link, authorization="")
    assert answer.body == whole
    changed = link.replace(signature, signature[:-1] + ("A" if signature[-1] != "A" else "B"))
    short = link.replace(signature, signature[:10])
    other = link.replace(order.summary.id, order.summary.id[::-1])
    for forged in (changed, short, other, link.replace(signature, "%C3%A4")):
        assert portal.ask(forged).status == 404


def test_a_link_expires_and_can_be_revoked(
    portal: Portal, order: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    signature, expires = portal.site.capabilities.sign(order.summary.id)
    link = f"/d/{order.summary.id}.{signature}/x.zip"
    now = time.time()
    with monkeypatch.context() as later:
        later.setattr(time, "time", lambda: expires + 1)
        assert portal.ask(link, "HEAD").status == 410
    assert expires > now
    assert portal.ask(link, "HEAD").status == 200
    portal.site.capabilities.revoke(order.summary.id)
    assert portal.ask(link, "HEAD").status == 410
    anew, _ = portal.site.capabilities.sign(order.summary.id)
    assert portal.ask(link.replace(signature, anew), "HEAD").status == 200
    with portal.site.desk.store.write() as connection:
        connection.execute(archive_links.delete())


def test_what_is_not_prepared(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bytes that could turn out to be wrong are not given away; a preparation is begun instead."""
    monkeypatch.setattr("datalad_jsdl.portal.opened._UNPREPARED", 0)
    desk = portal.site.desk
    with desk.store.write() as connection:
        connection.execute(pieces.delete())
        connection.execute(keys.delete())
    new = portal.order("unprepared", prepare=False)
    url = f"/api/v1/orders/{new.summary.id}/archive"
    answer = portal.ask(url)
    assert (answer.status, answer.headers["Retry-After"]) == (409, "10")
    job = Jobs(desk.store).find(json.loads(answer.body)["job"])
    assert (job.kind, job.args) == (PREPARE, {"order": new.summary.id})
    prepare_order(desk.store, new, desk.places())
    right = portal.ask(url)
    assert right.status == 200
    assert right.headers["ETag"].startswith('"')
    assert "Repr-Digest" in right.headers


@pytest.mark.parametrize(
    "client",
    [
        ["curl", "-sS", "-C", "-", "-o", "x.zip"],
        ["wget", "-q", "-c", "-O", "x.zip"],
    ],
    ids=lambda command: command[0],
)
def test_clients_continue(
    portal: Portal,
    order: Order,
    whole: bytes,
    tmp_path: Path,
    program: Callable[[str], str],
    client: list[str],
) -> None:
    (tmp_path / "x.zip").write_bytes(whole[:7_000_001])
    signature, _ = portal.site.capabilities.sign(order.summary.id)
    link = f"http://{portal.host}/d/{order.summary.id}.{signature}/x.zip"
    command = [program(client[0]), *client[1:], link]
    subprocess.run(command, cwd=tmp_path, check=True)
    assert (tmp_path / "x.zip").read_bytes() == whole


def test_wrong_content_never_ends_well(
    portal: Portal, order: Order, url: str, whole: bytes
) -> None:
    """The connection is reset before a wrong byte, and the order tells of it."""
    object_file = (portal.root / "sub-01/large.nii").resolve()
    content = object_file.read_bytes()
    object_file.chmod(0o644)
    try:
        object_file.write_bytes(content[:15_000_000] + b"\0" + content[15_000_001:])
        with socket.create_connection(portal.address, 60) as connection:
            who = f"Host: {portal.host}\r\nAuthorization: Bearer {TOKEN}"
            connection.sendall(f"GET {url} HTTP/1.1\r\n{who}\r\n\r\n".encode())
            got: list[bytes] = []
            with pytest.raises(ConnectionResetError):
                got.extend(iter(lambda: connection.recv(1 << 20), b""))
        received = b"".join(got).partition(b"\r\n\r\n")[2]
        assert whole.startswith(received)
        states = states_of_order(portal.site.desk.store, order.summary.id)
        assert [ref.path for ref in states] == ["sub-01/large.nii"]
    finally:
        object_file.write_bytes(content)
    assert portal.ask(url).status == 200
