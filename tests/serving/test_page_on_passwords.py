"""nginx with passwords, as the documentation has it, in front of a portal of several users."""

from __future__ import annotations

import base64
import os
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests
import trustme

from datalad_jsdl.portal.checks import check_portal
from tests.lab import free_port
from tests.portal import content_of
from tests.serving.site import dataset_of
from tests.serving.test_checks import behind_nginx
from tests.serving.workers import workers

DOCS = Path(__file__).parents[2] / "docs"
SETTINGS = """
[sign-in]
by = proxy
origin = {origin}
trusted = 127.0.0.1
"""
PASSWORDS = {"ada": "correct horse", "eve": "battery staple"}
FILE = {"dataset": "ds", "path": "a"}


@dataclass(frozen=True)
class Running:
    origin: str
    port: int  # behind the proxy
    token: str


@pytest.fixture(scope="module")
def running(
    tmp_path_factory: pytest.TempPathFactory, program: Callable[[str], str]
) -> Iterator[Running]:
    tmp_path = tmp_path_factory.mktemp("portal")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path)
        patch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "ca.pem"))
        with _running(tmp_path, program("nginx")) as found:
            yield found


@pytest.fixture
def portal(running: Running) -> str:
    """Its address, as visitors know it."""
    return running.origin


@contextmanager
def _running(tmp_path: Path, nginx: str) -> Iterator[Running]:
    root = dataset_of({"a": content_of("a", 30_000)})
    origin = f"https://127.0.0.1:{free_port()}"
    (tmp_path / "portal.ini").write_text(SETTINGS.format(origin=origin))
    more = ("--settings", tmp_path / "portal.ini", root)
    with workers(1, f"sqlite:///{tmp_path}/s.sqlite", tmp_path, *more) as (worker,):
        server = configured(tmp_path, origin, worker.port)
        port = int(origin.rpartition(":")[2])
        with behind_nginx(nginx, tmp_path / "nginx", server, port):
            yield Running(origin, worker.port, (tmp_path / "token").read_text().strip())


def configured(folder: Path, origin: str, behind: int) -> str:
    """The server of the page, with a certificate and passwords."""
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1")
    certificate.cert_chain_pems[0].write_to_path(str(folder / "data.pem"))
    certificate.private_key_pem.write_to_path(str(folder / "data.key"))
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    text = (DOCS / "portal_users.rst").read_text()
    (line,) = re.findall(r"^   (printf .*)$", text, re.MULTILINE)
    passwords = folder / "portal.htpasswd"
    for user, password in PASSWORDS.items():
        script = line.replace("ada:", f"{user}:").replace("/etc/nginx/portal.htpasswd", "$FILE")
        script = script.replace("openssl passwd", "openssl passwd -stdin")  # no terminal here
        environment = {**os.environ, "FILE": str(passwords)}
        subprocess.run(
            ["sh", "-euc", script], input=password, text=True, check=True, env=environment
        )
    server = (DOCS / "portal_passwords.conf").read_text()
    for before, after in (
        ("listen 443 ssl", f"listen {origin.removeprefix('https://')} ssl"),
        ("/etc/ssl", str(folder)),
        ("/etc/nginx/portal.htpasswd", str(passwords)),
        ("127.0.0.1:8000", f"127.0.0.1:{behind}"),
    ):
        assert before in server
        server = server.replace(before, after)
    return server


def ask(url: str, user: str = "", *, method: str = "GET", **more: object) -> requests.Response:
    login = (user, PASSWORDS[user]) if user else None
    return requests.request(method, url, auth=login, timeout=60, **more)  # type: ignore[arg-type]


def order_of(portal: str, user: str) -> dict[str, object]:
    """As the page on the API has it for programs behind a proxy."""
    api, origin = f"{portal}/api/v1/download/list/me", {"Origin": portal}
    added = ask(f"{api}/add", user, method="POST", json=FILE, headers=origin)
    assert added.status_code == 200, added.text
    made = ask(f"{api}/order", user, method="PUT", json={"zipFileName": "z"}, headers=origin)
    assert made.status_code == 201, made.text
    return made.json()  # type: ignore[no-any-return]


def test_who_has_a_password_is_known(portal: str) -> None:
    assert ask(portal).status_code == 401
    wrong = requests.get(portal, auth=("ada", "wrong"), timeout=60)
    assert wrong.status_code == 401
    for user in PASSWORDS:
        found = ask(portal, user, headers={"Accept": "text/html"})
        assert (found.status_code, user in found.text) == (200, True)
    order = f"{portal}/api/v1/orders/{order_of(portal, 'ada')['orderId']}"
    assert [ask(order, user).status_code for user in ("ada", "eve")] == [200, 404]


def test_a_program_that_does_not_say_where_it_is_from_is_told(portal: str) -> None:
    refused = ask(f"{portal}/api/v1/download/list/me/add", "ada", method="POST", json=FILE)
    assert refused.status_code == 403
    assert f"Origin: {portal}" in refused.json()["detail"]


@pytest.mark.parametrize(
    "path", ["/api/v1/datasets", "/d/../api/v1/datasets", "/health/%2e%2e/api/v1/datasets"]
)
def test_nobody_gives_a_name_of_their_own(portal: str, path: str) -> None:
    """Neither by the field itself, nor by a name without a password, nor by another path."""
    name = base64.b64encode(b"ada:").decode()
    for login in ({}, {"Authorization": f"Basic {name}"}):
        asked = requests.Request("GET", portal, headers={"X-Remote-User": "ada", **login})
        with requests.Session() as session:
            prepared = session.prepare_request(asked)
            prepared.url = portal + path  # as it is
            more = session.merge_environment_settings(portal, {}, None, None, None)
            assert session.send(prepared, timeout=60, **more).status_code == 401


def test_what_needs_no_password(portal: str) -> None:
    assert [found for found in check_portal(portal) if not found.is_fine] == []
    order = order_of(portal, "ada")
    lines = f"{portal}/api/v1/orders/{order['orderId']}/curl"
    for _ in range(600):
        got = ask(lines, "ada")
        if got.status_code == 200:
            break
        time.sleep(0.1)
    assert got.status_code == 200, got.text
    (link,) = re.findall(r'https://[^"\s]+/d/[^"\s]+', got.text)
    archive = ask(link)
    assert (archive.status_code, archive.content[:2]) == (200, b"PK")


def test_the_numbers_are_not_for_visitors(portal: str) -> None:
    assert ask(f"{portal}/metrics", "ada").status_code == 403


@pytest.mark.parametrize(("is_right", "status"), [(True, 200), (False, 403)])
def test_a_program_elsewhere_reads_them_with_the_token(
    running: Running, is_right: bool, status: int
) -> None:
    token = running.token if is_right else "another"
    fields = {"Authorization": f"Bearer {token}", "X-Forwarded-For": "192.0.2.1"}
    found = requests.get(f"http://127.0.0.1:{running.port}/metrics", headers=fields, timeout=60)
    assert found.status_code == status
