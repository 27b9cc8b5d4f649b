"""One server for all tests of the package, and datasets that are made once and copied."""

from __future__ import annotations

import gc
import warnings
from typing import TYPE_CHECKING

import pytest

from datalad_jsdl.notes import say_once
from tests.advice.calls import copied, imported, is_good
from tests.lab import Lab
from tests.portal import described, publish, write_manifest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture(scope="session", autouse=True)
def tidy() -> Iterator[None]:
    """DataLad leaves pipes to git-annex open, of which Python warns when the objects go."""
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


@pytest.fixture(scope="session")
def server() -> Iterator[Lab]:
    with Lab() as lab:
        yield lab


@pytest.fixture
def lab(server: Lab) -> Lab:
    """The one server, with nothing on it yet."""
    server.files.clear()
    server.requests.clear()
    return server


@pytest.fixture(autouse=True)
def unsaid() -> None:
    """What is said once in a process is said once in each test."""
    say_once.cache_clear()


@pytest.fixture(scope="session")
def made(server: Lab, home: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """A folder with a dataset ``ds`` of some files, and its manifest."""
    ready: dict[str, Path] = {}

    def make(*paths: str) -> Path:
        name = " ".join(paths)
        if name not in ready:
            folder = tmp_path_factory.mktemp("ready")
            urls = publish(server, list(paths))
            members = {path: described(path, url) for path, url in urls.items()}
            manifest = write_manifest(folder / "m.json", members)
            assert is_good(imported(manifest, folder / "ds"))
            ready[name] = folder
        return ready[name]

    return make


@pytest.fixture
def dataset(made: Callable[..., Path], lab: Lab, tmp_path: Path) -> Path:
    """A dataset with two files."""
    return copied(made("a.txt", "b.txt"), lab, tmp_path / "ds")


@pytest.fixture
def nested(made: Callable[..., Path], lab: Lab, tmp_path: Path) -> Path:
    """A dataset with a subdataset in it."""
    return copied(made("a b.txt", "sub//c.txt"), lab, tmp_path / "ds")
