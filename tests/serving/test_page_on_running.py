"""What the page on running a portal shows works: its nginx in front of a portal."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from datalad_jsdl.portal.checks import check_portal
from tests.lab import free_port
from tests.portal import content_of
from tests.serving.site import Portal, dataset_of, served
from tests.serving.test_checks import behind_nginx

PAGE = (Path(__file__).parents[2] / "docs/portal_running.rst").read_text()


@pytest.fixture
def portal(home: Path, tmp_path: Path) -> Iterator[Portal]:
    before = Path.cwd()
    os.chdir(tmp_path)
    try:
        with served(dataset_of({"a": content_of("a", 30_000_000)})) as portal:
            yield portal
    finally:
        os.chdir(before)


def test_its_nginx(portal: Portal, tmp_path: Path, program: Callable[[str], str]) -> None:
    (block,) = [
        block for block in re.findall(r"code-block:: nginx\n\n((?:   .*\n|\n)+)", PAGE)
        if "server {" in block
    ]  # fmt: skip
    port = free_port()
    # without TLS, whose certificate a test has not, and under a name that the portal knows
    server = re.sub(r"ssl_certificate.*\n", "", block)
    server = server.replace("listen 443 ssl", f"listen 127.0.0.1:{port}")
    server = server.replace("http://127.0.0.1:8000", f"http://{portal.host}")
    server = server.replace("Host $http_host", f"Host {portal.host}")
    with behind_nginx(program("nginx"), tmp_path / "nginx", server, port) as url:
        assert [found for found in check_portal(url) if not found.is_fine] == []
