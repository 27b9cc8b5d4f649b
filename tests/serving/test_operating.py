"""What the documentation tells operators to do, done: Apache, systemd, backup and restore."""

from __future__ import annotations

import re
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
import trustme

from datalad_jsdl.commands.serve_downloads import ServeDownloads
from datalad_jsdl.orders.capability import Capabilities, Verdict
from datalad_jsdl.orders.ordering import Orders
from datalad_jsdl.orders.store.opening import Store
from datalad_jsdl.portal.checks import check_portal
from tests.lab import free_port
from tests.serving.site import Portal, dataset_of, served

DOCS = Path(__file__).parents[2] / "docs" / "portal_running.rst"
APACHE = """
ServerRoot {folder}
PidFile {folder}/pid
ErrorLog {folder}/error.log
DefaultRuntimeDir {folder}
Mutex file:{folder}
Listen 127.0.0.1:{port}
{modules}
{host}
"""
MODULES = (
    "mpm_event authn_core authz_core headers proxy proxy_http socache_shmcb ssl deflate"
    " filter reqtimeout unixd"
)


def block(kind: str, having: str) -> str:
    """A piece of the documentation."""
    text = DOCS.read_text()
    blocks = re.findall(rf"\.\. code-block:: {kind}\n\n((?:   .*\n|\n)+)", text)
    (found,) = [piece for piece in blocks if having in piece]
    return re.sub(r"^   ", "", found, flags=re.MULTILINE)


@pytest.fixture
def portal(tmp_path: Path) -> Iterator[Portal]:
    with served(dataset_of({"a": b"a"})) as portal:
        yield portal


@contextmanager
def apache(program: str, folder: Path, host: str, port: int) -> Iterator[None]:
    """Apache with a virtual host."""
    names = (name for name in MODULES.split() if _module(name).exists())
    modules = "\n".join(f"LoadModule {name}_module {_module(name)}" for name in names)
    config = folder / "apache.conf"
    config.write_text(APACHE.format(folder=folder, port=port, modules=modules, host=host))
    command = [program, "-X", "-f", str(config)]
    with subprocess.Popen(command) as process:
        try:
            while True:
                try:
                    requests.get(f"https://127.0.0.1:{port}/health", timeout=60)
                    break
                except requests.ConnectionError as error:
                    if "refused" not in str(error):
                        raise
                    assert process.poll() is None, (folder / "error.log").read_text()
                    time.sleep(0.05)
            yield
        finally:
            process.terminate()


def _module(name: str) -> Path:
    return Path(f"/usr/lib/apache2/modules/mod_{name}.so")


def test_apache_as_the_documentation_has_it(
    portal: Portal, program: Callable[[str], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1", "data.example.org")
    pem, key, trusted = (tmp_path / name for name in ("data.pem", "data.key", "ca.pem"))
    certificate.cert_chain_pems[0].write_to_path(str(pem))
    certificate.private_key_pem.write_to_path(str(key))
    authority.cert_pem.write_to_path(str(trusted))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(trusted))
    port = free_port()
    host = block("apache", "SSLEngine")
    for before, after in (
        ("*:443", f"127.0.0.1:{port}"),
        ("/etc/ssl/data.pem", str(pem)),
        ("/etc/ssl/data.key", str(key)),
        ("127.0.0.1:8000", portal.host),
    ):
        assert before in host
        host = host.replace(before, after)
    url = f"https://127.0.0.1:{port}"
    portal.site.hosts = frozenset({f"127.0.0.1:{port}"})  # as `origin` sets it
    with apache(program("apache2"), tmp_path, host, port):
        findings = list(check_portal(url))
        assert [found for found in findings if not found.is_fine] == []
        # a name with a slash in it comes as it was sent
        odd = requests.get(f"{url}/api/v1/datasets/ds/files?folder=a%2Fb", timeout=60)
        assert odd.headers["content-type"] == "application/problem+json"


def test_the_unit_of_systemd(program: Callable[[str], str], tmp_path: Path) -> None:
    unit = block("ini", "ExecStart")
    assert "/opt/jsdl/bin/datalad" in unit
    datalad = Path(sys.executable).with_name("datalad")
    file = tmp_path / "jsdl-portal.service"
    file.write_text(unit.replace("/opt/jsdl/bin/datalad", str(datalad)))
    command = [program("systemd-analyze"), "verify", "--man=no", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    said = [line for line in done.stderr.splitlines() if file.name in line]
    assert (done.returncode, said) == (0, [])


def test_the_options_of_the_unit() -> None:
    known = {f"--{name.replace('_', '-')}" for name in ServeDownloads._params_}
    assert set(re.findall(r"--[a-z-]+", block("ini", "ExecStart"))) <= known


def test_backup_and_restore(portal: Portal, program: Callable[[str], str], tmp_path: Path) -> None:
    """While the portal runs; what was done since is gone, and links hold."""
    program("sqlite3")
    order = portal.order().summary.id
    signature, _ = portal.site.capabilities.sign(order)
    folder = tmp_path / "restored"
    folder.mkdir()
    file = portal.site.desk.store.file
    assert file is not None
    for suffix in ("", "-wal", "-shm"):
        folder.joinpath(f"portal.sqlite{suffix}").symlink_to(f"{file}{suffix}")
    text = DOCS.read_text()
    backup = re.search(r"^   (.*sqlite3 .*)$", text, re.MULTILINE)
    restore = re.search(r"^   (rm -f .*\n   cp .*)$", text, re.MULTILINE)
    assert backup
    assert restore
    subprocess.run(backup[1], shell=True, cwd=folder, check=True)
    assert stat.S_IMODE((folder / "backup.sqlite").stat().st_mode) == 0o600
    later = portal.order("later").summary.id
    subprocess.run(restore[1], shell=True, cwd=folder, check=True)
    with Store.of_file(folder / "portal.sqlite") as store:
        assert Capabilities(store).verify(order, signature) is Verdict.VALID
        assert [summary.id for summary in Orders(store).history("me")[0]] == [order]
    assert later != order
