"""A portal in a process of its own, with one order; and nginx in front of it."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import subprocess
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from measuring import run
from servers import free_port, make_files, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    from measuring import Bench

__all__ = ["Portal", "Watch", "before", "below", "make_portal", "memory_of"]

_PAGE = Path(__file__).parents[1] / "docs/portal_running.rst"
_PSS = re.compile(r"^Pss:\s+(\d+) kB", re.MULTILINE)
#: As Debian's, but for the folder, and a log that tells of every temporary file.
_DEBIAN = """\
user {user};
worker_processes auto;
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
events {{ worker_connections 768; }}
http {{
    sendfile on;
    tcp_nopush on;
    types_hash_max_size 2048;
    default_type application/octet-stream;
    gzip on;
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    {server}
}}
"""


@dataclass(frozen=True)
class Portal:
    """A portal that runs.

    Attributes:
        base: its address, without a slash at its end.
        path: of the order's archive.
        token: file with the secret that opens it.
        header: file with the header that has it; on a command line others would see it.
        pid: its process.
    """

    base: str
    path: str
    token: Path
    header: Path
    pid: int

    def curl(self, base: str, target: Path | str = "/dev/null") -> list[str | Path]:
        """The command line of a client that is fast."""
        return ["curl", "-sSf", "-H", f"@{self.header}", "-o", target, f"{base}{self.path}"]


@contextmanager
def make_portal(bench: Bench, size: int, *, is_here: bool) -> Iterator[Portal]:
    """Serve a dataset of one file of *size* bytes.

    Args:
        bench: where.
        size: in bytes.
        is_here: whether the dataset has the content; else only nginx has it, as a mirror.
    """
    place = bench.place()
    (file,) = make_files(bench.root, "portal", 1, size)
    member = {"urls": [f"{bench.base}/{file.path}"], "size": size}
    manifest = {file.path: {**member, "digests": {"sha256": file.sha256}}}
    (place / "m.json").write_text(json.dumps(manifest))
    get = ["--get"] if is_here else []
    run("datalad", "-f", "disabled", "download-manifest", *get, "m.json", "ds", cwd=place)
    root = place / "ds"
    run("datalad", "-f", "disabled", "download-list", "add", "-r", ".", cwd=root)
    order = run("datalad", "-f", "json", "download-order", "create", "--name", "big", cwd=root)
    run("datalad", "-f", "disabled", "download-order", "prepare", cwd=root)
    found = next(json.loads(line) for line in order.splitlines() if '"order"' in line)
    token = place / "token"
    command = ["datalad", "serve-downloads", "--no-open", "--port", "0", "--token-file", token]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        address = urlsplit(process.stdout.readline())
        try:
            header = place / "header"
            header.write_text(f"Authorization: Bearer {token.read_text().strip()}\n")
            path = f"/api/v1/orders/{found['order']}/archive"
            yield Portal(f"http://{address.netloc}", path, token, header, process.pid)
        finally:
            process.terminate()


@contextmanager
def before(portal: Portal, folder: Path) -> Iterator[tuple[str, Path]]:
    """nginx with Debian's settings and the server that the documentation shows.

    Args:
        portal: that it is in front of.
        folder: for it alone.

    Yields:
        Its address, and its log, which has a line for each temporary file.
    """
    block = re.findall(r"code-block:: nginx\n\n((?:   .*\n|\n)+)", _PAGE.read_text())[0]
    port, host = free_port(), portal.base.removeprefix("http://")
    server = re.sub(r"ssl_certificate.*\n", "", block)
    server = server.replace("listen 443 ssl", f"listen 127.0.0.1:{port}")
    server = server.replace("http://127.0.0.1:8000", portal.base)
    server = server.replace("Host $http_host", f"Host {host}")
    config, log = folder / "nginx.conf", folder / "error.log"
    user = Path.home().owner() if os.geteuid() else "root"
    config.write_text(_DEBIAN.format(folder=folder, server=server, user=user))
    program = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin") or "nginx"
    with subprocess.Popen([program, "-c", config, "-e", log]) as process:
        try:
            wait_for(port, process)
            yield f"http://127.0.0.1:{port}", log
        finally:
            process.terminate()


def memory_of(pid: int) -> int:
    """Bytes that a process and those below it take: its own, and its share of what is shared."""
    found = 0
    for one in (pid, *below(pid)):
        try:
            text = Path(f"/proc/{one}/smaps_rollup").read_text()
        except OSError:
            continue
        found += sum(int(size) for size in _PSS.findall(text)) << 10
    return found


def below(pid: int) -> list[int]:
    """Processes that it has started, and those that these have."""
    found = []
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):  # a thread that has ended meanwhile
            for child in map(int, children.read_text().split()):
                found += [child, *below(child)]
    return found


@dataclass
class Watch:
    """The most memory that a process has had meanwhile, in bytes."""

    pid: int
    most: int = 0
    _stop: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Watch:
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._stop.wait(0.5):
            self.most = max(self.most, memory_of(self.pid))
