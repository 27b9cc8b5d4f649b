"""The servers that files are fetched from: nginx, and slow ones of our own."""

from __future__ import annotations

import hashlib
import os
import shutil
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from link import ADDRESS, CLIENT, SERVER, inside

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "TINY",
    "Served",
    "far_nginx",
    "free_port",
    "make_files",
    "nginx",
    "slow_server",
    "tiny_files",
    "wait_for",
]

_BLOCK = 1 << 20  # bytes
_START_SECONDS = 10.0
TINY = b"tiny\n"  # what nginx answers to any name in /tiny/, without a file

_CONFIG = """\
{user}
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/nginx-error.log;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    sendfile on;
    tcp_nopush on;
    keepalive_requests 10000000;
    default_type application/octet-stream;
    add_header Access-Control-Allow-Origin *;
    client_body_temp_path {folder}/nginx-temp;
    proxy_temp_path {folder}/nginx-temp;
    fastcgi_temp_path {folder}/nginx-temp;
    uwsgi_temp_path {folder}/nginx-temp;
    scgi_temp_path {folder}/nginx-temp;
    server {{
        listen {address}:{port};
        {tls}
        root {root};
        location /tiny/ {{ return 200 "tiny\\n"; }}
    }}
}}
"""


@dataclass(frozen=True)
class Served:
    """A file on a server.

    Attributes:
        path: below the server's root.
        size: bytes.
        sha256: hex digest.
    """

    path: str
    size: int
    sha256: str

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path.rpartition("/")[2]


def make_files(root: Path, folder: str, count: int, size: int) -> list[Served]:
    """Files with content of their own; those of an earlier call are taken as they are."""
    (root / folder).mkdir(exist_ok=True)
    random = os.urandom(min(size, _BLOCK))
    made = []
    for number in range(count):
        path = f"{folder}/{size}-{number:06d}.dat"
        digest = hashlib.sha256()
        with open(root / path, "wb") as file:
            for start in range(0, size, _BLOCK):
                mark = f"{number} {start} ".encode()
                block = (mark + random[len(mark) :])[: min(size - start, _BLOCK)]
                digest.update(block)
                file.write(block)
        made.append(Served(path, size, digest.hexdigest()))
    return made


def tiny_files(count: int) -> Iterator[Served]:
    """Names that nginx answers to without a file of its own."""
    digest = hashlib.sha256(TINY).hexdigest()
    for number in range(count):
        yield Served(f"tiny/{number}", len(TINY), digest)


_TLS = """\
listen {address}:{port} ssl http2;
        ssl_certificate {folder}/tls.pem;
        ssl_certificate_key {folder}/tls.key;
"""


@contextmanager
def nginx(folder: Path) -> Iterator[tuple[str, Path]]:
    """A fast server; gives its base URL and the folder that it serves.

    Raises:
        SystemExit: nginx is not installed.
    """
    root = folder / "served"
    root.mkdir()
    port = free_port()
    with _nginx(folder, root, "127.0.0.1", port) as child:
        wait_for(port, child)
        yield f"http://127.0.0.1:{port}", root


@contextmanager
def far_nginx(folder: Path, root: Path) -> Iterator[tuple[str, str]]:
    """A server at the other end of a `link`; gives its base URLs, without TLS and with it.

    With TLS it speaks HTTP/2, too, to clients that ask for it; nobody knows its authority.
    """
    subprocess.run(
        [
            "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={ADDRESS}",
            "-keyout", folder / "tls.key", "-out", folder / "tls.pem",
        ],
        check=True,
        capture_output=True,
    )  # fmt: skip
    tls = _TLS.format(address=ADDRESS, port=443, folder=folder)
    with _nginx(folder, root, ADDRESS, 80, tls, tuple(inside(SERVER))):
        answered = inside(CLIENT, "curl", "-so", "/dev/null", f"http://{ADDRESS}/tiny/0")
        until = time.monotonic() + _START_SECONDS
        while subprocess.run(answered, check=False).returncode and time.monotonic() < until:
            time.sleep(0.1)
        yield f"http://{ADDRESS}", f"https://{ADDRESS}"


@contextmanager
def _nginx(
    folder: Path,
    root: Path,
    address: str,
    port: int,
    tls: str = "",
    through: tuple[str | Path, ...] = (),
) -> Iterator[subprocess.Popen[bytes]]:
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
    if program is None:
        raise SystemExit("nginx is not installed; on Debian: apt-get install nginx-light")
    config = folder / "nginx.conf"
    user = "user root;" if os.geteuid() == 0 else ""  # else it could not read what is ours
    config.write_text(
        _CONFIG.format(user=user, folder=folder, address=address, port=port, root=root, tls=tls)
    )
    command = [*through, program, "-p", folder, "-c", config]
    child = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        yield child
    finally:
        child.terminate()
        child.wait()


@contextmanager
def slow_server(
    root: Path, *, delay: float = 0.0, rate: float = 0.0, log: Path | None = None
) -> Iterator[str]:
    """A server of `slow.py`; gives its base URL.

    Args:
        root: the folder that it serves.
        delay: seconds before each answer.
        rate: bytes per second of each connection; 0 is no limit.
        log: file that gets a line for each write.
    """
    port = free_port()
    program = Path(__file__).with_name("slow.py")
    command = [sys.executable, program, root, str(port), str(delay), str(rate)]
    command += [log] if log else []
    child = subprocess.Popen(command)
    try:
        wait_for(port, child)
        yield f"http://127.0.0.1:{port}"
    finally:
        child.terminate()
        child.wait()


def free_port() -> int:
    """A port that is free now."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


def wait_for(port: int, child: subprocess.Popen[bytes]) -> None:
    """Until a server accepts connections.

    Raises:
        SystemExit: it does not, or has ended.
    """
    until = time.monotonic() + _START_SECONDS
    while time.monotonic() < until and child.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    raise SystemExit(f"a server did not start: {child.args}")
