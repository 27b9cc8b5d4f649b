"""Node, and the packages that the tests of the browser module need."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import fasteners
import pytest
from playwright.sync_api import BrowserContext, sync_playwright

from tests.browser.site import Site, site
from tests.node_packages import install_packages

HERE = Path(__file__).parent
MODULES = HERE / "node_modules"
_OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]


@pytest.fixture(scope="session")
def node(program: Callable[[str], str]) -> str:
    return program("node")


@pytest.fixture(scope="session")
def packages(program: Callable[[str], str]) -> Path:
    """The folder of what package-lock.json names, installed once for all runs and workers."""
    npm = program("npm")
    state = hashlib.sha256((HERE / "package-lock.json").read_bytes()).hexdigest()
    stamp = MODULES / "installed"
    with fasteners.InterProcessLock(HERE / "node_modules.lock"):
        if not stamp.exists() or stamp.read_text() != state:
            install_packages(npm, HERE)
            stamp.write_text(state)
    return MODULES


@pytest.fixture(scope="session")
def one_file(packages: Path, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The module as it is packaged."""
    file = tmp_path_factory.mktemp("bundle") / "jsdl.min.js"
    subprocess.run([sys.executable, HERE.parents[1] / "tools" / "bundle.py", file], check=True)
    return file.read_bytes()


@pytest.fixture(scope="session")
def node_tests(node: str) -> Callable[..., None]:
    """Runs a file of tests with Node's own runner; what fails is shown."""

    def run(name: str, **environment: str) -> None:
        command = [node, "--test", "--test-reporter=spec", str(HERE / name)]
        env = {**os.environ, **environment}
        done = subprocess.run(command, capture_output=True, text=True, env=env)
        assert done.returncode == 0, done.stdout + done.stderr

    return run


@pytest.fixture
def portal() -> Iterator[Site]:
    with site() as found:
        yield found


@pytest.fixture
def chromium(
    program: Callable[[str], str], tmp_path: Path
) -> Iterator[Callable[[], BrowserContext]]:
    """Starts Chromium with one profile; what is open is closed at the end."""
    path = program("chromium")
    with sync_playwright() as playwright:
        opened: list[BrowserContext] = []

        def start() -> BrowserContext:
            context = playwright.chromium.launch_persistent_context(
                tmp_path / "profile", executable_path=path, args=_OPTIONS
            )
            opened.append(context)
            return context

        yield start
        for context in opened:
            context.close()
