"""Stores in SQLite and in a real PostgreSQL, which runs for as long as the tests do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from datalad_jsdl.orders.jobs.rows import Jobs
from datalad_jsdl.orders.store.opening import Store
from tests.orders.jobs_kit import Clock
from tests.postgresql import PostgreSQL, postgresql_server


@pytest.fixture(scope="session")
def pg(program: Callable[[str], str]) -> Iterator[PostgreSQL]:
    with postgresql_server(program("pg_virtualenv")) as server:
        yield server


@pytest.fixture(scope="session")
def postgresql(pg: PostgreSQL) -> str:
    """The URL of a server, without a database."""
    return pg.url


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Of an empty database of its own."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'orders.sqlite'}"
    server: PostgreSQL = request.getfixturevalue("pg")
    return server.database()


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    with Store(url) as store:
        yield store


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def jobs(store: Store, clock: Clock) -> Jobs:
    return Jobs(store, clock)
