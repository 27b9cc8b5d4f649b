"""A portal behind nginx: what is set up wrong is found, and the reason told."""

from __future__ import annotations

import os
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

from datalad_jsdl.errors import StoreError
from datalad_jsdl.orders.store.looking import look_at
from datalad_jsdl.orders.store.opening import Store
from datalad_jsdl.portal.checks import Finding, check_portal
from tests.conftest import run
from tests.lab import free_port
from tests.portal import datalad
from tests.serving.site import Portal, dataset_of, served
from tests.vault import Vault
from tests.wire import Wire

CONFIG = """
{user}
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
worker_processes 1;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    {server}
}}
"""
SERVER = """
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_pass http://{portal};
            proxy_set_header Host {portal};
            proxy_http_version 1.1;
            {more}
        }}
    }}
"""


@contextmanager
def behind_nginx(program: str, folder: Path, server: str, port: int) -> Iterator[str]:
    """nginx with a server; gives its address."""
    folder.mkdir()
    config = folder / "nginx.conf"
    user = "" if os.geteuid() else "user root;"  # who is root has to say that workers are, too
    config.write_text(CONFIG.format(folder=folder, server=server, user=user))
    url = f"http://127.0.0.1:{port}"
    command = [program, "-c", str(config), "-e", str(folder / "error.log")]
    with subprocess.Popen(command) as process:
        try:
            end = time.monotonic() + 60
            while time.monotonic() < end:
                try:
                    requests.get(f"{url}/health", timeout=60)
                    break
                except requests.ConnectionError:
                    time.sleep(0.05)
            yield url
        finally:
            process.terminate()


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    before = Path.cwd()
    os.chdir(tmp_path_factory.mktemp("portal"))
    try:
        with served(dataset_of({"a": b"a"})) as portal:
            yield portal
    finally:
        os.chdir(before)


@pytest.fixture
def nginx(portal: Portal, tmp_path: Path, program: Callable[[str], str]) -> Callable[..., Any]:
    """nginx in front of the portal, with further lines of its configuration."""

    def run(more: str = "") -> Any:
        port = free_port()
        server = SERVER.format(port=port, portal=portal.host, more=more)
        return behind_nginx(program("nginx"), tmp_path / "nginx", server, port)

    return run


def wrong(url: str, store: str | None = None) -> dict[str, Finding]:
    """What is not fine."""
    return {found.name: found for found in check_portal(url, store) if not found.is_fine}


def test_what_is_set_up_well(nginx: Callable[..., Any]) -> None:
    """Debian's settings, with our headers."""
    with nginx() as url:
        assert wrong(url) == {}


def test_a_proxy_that_buffers(nginx: Callable[..., Any]) -> None:
    with nginx("proxy_ignore_headers X-Accel-Buffering;") as url:
        found = wrong(url)
    assert found.keys() == {"buffering"}
    assert "proxy_ignore_headers" in found["buffering"].text


def test_a_proxy_that_drops_ranges(nginx: Callable[..., Any]) -> None:
    # nginx itself answers ranges of what has no validator, unless it is told not to
    with nginx('proxy_set_header Range ""; max_ranges 0;') as url:
        found = wrong(url)
    assert found.keys() == {"ranges"}
    assert "cannot resume" in found["ranges"].text


def test_a_clock_that_is_wrong(nginx: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two clocks one is wrong; here it is ours, which a test can set."""
    now = time.time
    with nginx() as url, monkeypatch.context() as later:
        later.setattr("datalad_jsdl.portal.checks.time.time", lambda: now() + 3600)
        found = wrong(url)
    assert found.keys() == {"clock"}
    assert "behind this machine's" in found["clock"].text


def test_plain_http(portal: Portal) -> None:
    """An address that others can reach, without encryption; nobody has to be there."""
    found = next(iter(check_portal("http://192.0.2.1:1/")))
    assert (found.name, found.is_fine) == ("encryption", False)
    for url in ("https://data.example.org", "http://localhost:1", "http://[::1]:1"):
        assert next(iter(check_portal(url))).is_fine


def test_nobody_answers() -> None:
    found = wrong(f"http://127.0.0.1:{free_port()}")
    assert found.keys() == {"answer"}
    assert "nothing answers at this address" in found["answer"].text


def test_what_is_no_portal(program: Callable[[str], str], tmp_path: Path) -> None:
    port = free_port()
    server = f"server {{ listen 127.0.0.1:{port}; location / {{ return 404; }} }}"
    with behind_nginx(program("nginx"), tmp_path / "nginx", server, port) as url:
        assert "pass all addresses on to the portal" in wrong(url)["answer"].text


def test_no_address_of_a_portal() -> None:
    for url in ("ftp://127.0.0.1", "http://[bad"):
        assert "begins with https://" in wrong(url)["answer"].text


def test_git_names_the_proxy_of_this_machine(vault: Vault) -> None:
    """As it does for downloads; its login goes to it."""
    url = f"http://127.0.0.1:{free_port()}"
    with Wire() as proxy:
        proxy.put(f"{url}/health", b"ok\n")
        login = proxy.url.replace("://", "://me:pw@")
        run("git", "config", "--global", "http.proxy", login)
        assert "answer" not in wrong(url)
        assert proxy.asked[0].headers["proxy-authorization"] == "Basic bWU6cHc="
    # which has ended now
    assert "correct git config http.proxy" in wrong(url)["answer"].text
    run("git", "config", "--global", "http.proxy", "")
    assert "nothing answers at this address" in wrong(url)["answer"].text
    for none in ("http://x:port", "portal.example"):
        assert "this is no address of a portal" in wrong(none)["answer"].text


def test_a_proxy_that_does_not_reach_the_portal(
    program: Callable[[str], str], tmp_path: Path
) -> None:
    port = free_port()
    server = SERVER.format(port=port, portal=f"127.0.0.1:{free_port()}", more="")
    with behind_nginx(program("nginx"), tmp_path / "nginx", server, port) as url:
        assert "does not reach the portal" in wrong(url)["answer"].text


def test_a_store_of_another_version(portal: Portal, tmp_path: Path) -> None:
    file = tmp_path / "s.sqlite"
    with Store.of_file(file) as store:
        newest = look_at(f"sqlite:///{file}")
        assert newest.is_current
        with store.write() as connection:
            connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0001'")
    old = look_at(f"sqlite:///{file}")
    assert (old.version, old.newest, old.is_current) == ("0001", newest.newest, False)
    found = wrong(f"http://{portal.host}", f"sqlite:///{file}")
    assert found.keys() == {"store"}
    assert "make a copy of it" in found["store"].text
    # it was only looked at
    assert look_at(f"sqlite:///{file}") == old


def test_a_store_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="there is no store"):
        look_at(f"sqlite:///{tmp_path}/none.sqlite")
    assert not list(tmp_path.iterdir())


def test_what_is_no_store(portal: Portal, tmp_path: Path) -> None:
    """What was expected, what is there, and what to do; and not only SQLite's words."""
    file = tmp_path / "notes.sqlite"
    file.write_text("no database" * 1000)
    found = wrong(f"http://{portal.host}", f"sqlite:///{file}")
    said = found["store"].text
    assert f"expected a store (a database of SQLite), but {file} is another file; give the" in said
    with pytest.raises(StoreError, match=f"but {tmp_path} is a folder"):
        look_at(f"sqlite:///{tmp_path}")
    with Store.of_file(store := tmp_path / "s.sqlite"):
        pass
    content = bytearray(store.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    store.write_bytes(content)
    with pytest.raises(StoreError, match=f"{store} is damaged; restore it from a backup"):
        look_at(f"sqlite:///{store}")


def test_the_command(portal: Portal) -> None:
    records = datalad("serve-downloads", "--check", f"http://{portal.host}")
    found = {record["check"]: record["status"] for record in records}
    names = ("encryption", "answer", "ranges", "buffering", "clock")
    assert found == dict.fromkeys(names, "ok")


TLS = """
    server {{
        listen 127.0.0.1:{port} ssl;
        ssl_certificate {folder}/data.pem;
        ssl_certificate_key {folder}/data.key;
        location / {{ proxy_pass http://{portal}; proxy_set_header Host {portal}; }}
    }}
"""


@pytest.mark.parametrize("way", ["", "SSL_CERT_FILE", "GIT_SSL_CAINFO", "git", "wrong"])
def test_a_self_signed_certificate(
    portal: Portal,
    way: str,
    tmp_path: Path,
    program: Callable[[str], str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As the documentation has it made, and named; the settings are those of downloads."""
    page = Path(__file__).parents[2] / "docs/portal_running.rst"
    (line,) = re.findall(r"^   (openssl req .*)$", page.read_text(), re.MULTILINE)
    program("openssl")
    line = line.replace("DNS:data.example.org", "IP:127.0.0.1")
    subprocess.run(["sh", "-euc", line], cwd=tmp_path, check=True, capture_output=True)
    port = free_port()
    pem = str(tmp_path / "data.pem")
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "GIT_SSL_CAINFO", "GIT_SSL_CAPATH"):
        monkeypatch.delenv(name, raising=False)
    if way == "git":
        config = f'[http "https://127.0.0.1:{port}/"]\n\tsslCAInfo = {pem}\n'
        (tmp_path / "gitconfig").write_text(config)
        monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    elif way:
        monkeypatch.setenv(*(("GIT_SSL_CAINFO", "x") if way == "wrong" else (way, pem)))
    server = TLS.format(folder=tmp_path, port=port, portal=portal.host)
    with behind_nginx(program("nginx"), tmp_path / "nginx", server, port):
        found = wrong(f"https://127.0.0.1:{port}")
    if way == "":
        assert "self-signed" in found["answer"].text
    elif way == "wrong":
        assert "cannot load trusted certificates from x" in found["answer"].text
    else:
        assert found == {}


@pytest.mark.parametrize(
    ("path", "names"), [("/health/flow", {"buffering"}), ("/health/sample", {"ranges"})]
)
def test_an_address_that_wants_a_password(
    portal: Portal, path: str, names: set[str], tmp_path: Path, program: Callable[[str], str]
) -> None:
    port = free_port()
    server = SERVER.format(port=port, portal=portal.host, more="")
    server = server.replace("location /", f"location {path} {{ return 401; }} location /", 1)
    with behind_nginx(program("nginx"), tmp_path / "nginx", server, port) as url:
        found = wrong(url)
    assert found.keys() == names
    (said,) = found.values()
    assert f"{url}{path}" in said.text
    assert "HTTP status 401" in said.text
