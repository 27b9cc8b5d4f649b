"""Stores in SQLite and in a real PostgreSQL, which runs for as long as the tests do."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from fasteners import InterProcessLock

from datalad_jsdl.orders.store.opening import Store

# prints where the server is, then waits for the end of its input
_SERVE = 'echo "$PGUSER:$PGPASSWORD@$PGHOST:$PGPORT"; cat'


@pytest.fixture(scope="session")
def postgresql(program: Callable[[str], str]) -> Iterator[str]:
    """The URL of a server, without a database."""
    command = [program("pg_virtualenv"), "-t", "sh", "-c", _SERVE]
    environment = {**os.environ, "HOME": "/"}  # the server is another user's, who reads no other
    # of two that start at once, both would take the same free port
    one_at_a_time = InterProcessLock(Path(tempfile.gettempdir(), f"jsdl-pg-{os.getuid()}.lock"))
    with one_at_a_time:
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment,
            stderr=subprocess.DEVNULL, cwd="/",
        )  # fmt: skip
        assert process.stdout is not None
        where = next((line for line in process.stdout if "@" in line), "")
    with process:
        assert where, "PostgreSQL did not start"
        yield f"postgresql://{where.strip()}"
        process.communicate("")


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Of an empty database of its own."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'orders.sqlite'}"
    server: str = request.getfixturevalue("postgresql")
    name = f"t{uuid4().hex}"
    psql = shutil.which("psql")
    assert psql
    subprocess.run([psql, "-q", f"{server}/postgres", "-c", f"CREATE DATABASE {name}"], check=True)
    return f"{server}/{name}"


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    with Store(url) as store:
        yield store
