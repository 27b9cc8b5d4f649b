"""Opening a store by its URL, and bringing its tables to the version of this program."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, OperationalError

from datalad_jsdl.errors import LockedError, StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.engine import Connection, Engine

__all__ = ["Store"]

_MIGRATIONS = Path(__file__).parent / "migrations"
_UNREADABLE = (
    "cannot read the URL of the store; expected sqlite:///FILE or postgresql://USER@HOST/DATABASE"
)
_BUSY = 5.0  # seconds that a write waits for another one
_PAUSE = 0.02  # seconds between two attempts
_LOCKED = "the list is locked: somebody else is writing to the store; try again"
_LOCK_NOT_AVAILABLE = "55P03"  # PostgreSQL, appendix A
_SQLITE_BUSY = 5
_UPGRADE = 0x6A73646C  # of PostgreSQL's advisory locks: "jsdl"
_DRIVERS = {"sqlite": "sqlite", "postgresql": "postgresql+psycopg"}


class Store:
    """A database that has the tables of this version; a context manager that closes it.

    Safe for threads; a process that is forked needs one of its own.

    Args:
        url: ``sqlite:///FILE`` or ``postgresql://USER@HOST/DATABASE``, as SQLAlchemy has them.

    Raises:
        StoreError: it cannot be opened, or a newer version of this program made its tables.
    """

    def __init__(self, url: str) -> None:
        self.url = _understood(url)
        self._engine = _engine(self.url)
        try:
            self._upgrade()
        except DBAPIError as error:
            self._engine.dispose()
            raise StoreError(f"cannot open the store {self.shown}: {error.orig}") from None
        except BaseException:
            self._engine.dispose()
            raise

    @classmethod
    def of_file(cls, file: Path) -> Store:
        """A store in an SQLite file, which is made if need be, and its folder.

        Raises:
            StoreError: it cannot be made, or not be opened.
        """
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"cannot make the store {file}: {error.strerror}") from None
        return cls(URL.create("sqlite", database=str(file)).render_as_string(hide_password=False))

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self._engine.dispose()

    @property
    def shown(self) -> str:
        """The URL without its password, and without parameters: one may be a password."""
        return self.url.set(query={}).render_as_string(hide_password=True)

    @property
    def is_sqlite(self) -> bool:
        """Whether it is a file, of which all writes lock the whole."""
        return self.url.get_backend_name() == "sqlite"

    @contextlib.contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that writes: all of it, or nothing if an error leaves it.

        With SQLite it has the lock on all writes from its beginning.

        Raises:
            LockedError: another one writes, and does not end within five seconds.
            StoreError: it cannot be written.
        """
        with self._told(), self._engine.connect() as connection, connection.begin():
            if self.is_sqlite:
                _begin_immediate(connection)
            else:
                connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{_BUSY}s'")
            yield connection

    @contextlib.contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that only reads, and sees one state of the store."""
        level = {} if self.is_sqlite else {"isolation_level": "REPEATABLE READ"}
        engine = self._engine.execution_options(**level)
        with self._told(), engine.connect() as connection, connection.begin():
            if self.is_sqlite:
                connection.exec_driver_sql("BEGIN")
            yield connection

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", "") == _LOCK_NOT_AVAILABLE:
                raise LockedError(_LOCKED) from None
            raise StoreError(f"the store {self.shown}: {error.orig}") from error

    def _upgrade(self) -> None:
        config = Config()
        config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
        script = ScriptDirectory.from_config(config)
        head = script.get_current_head()
        with self._engine.connect() as connection:
            if self.version(connection) == head:
                return
        with self.write() as connection:
            if not self.is_sqlite:
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _UPGRADE})
            found = self.version(connection)
            if found is not None and found not in {r.revision for r in script.walk_revisions()}:
                raise StoreError(
                    f"the store {self.shown} was made by a newer version of this program "
                    f"(its version is {found}, this program knows {head}); update datalad-jsdl"
                )
            config.attributes["connection"] = connection

            def steps(revision: Any, context: Any) -> Any:
                return script._upgrade_revs("head", revision)

            with EnvironmentContext(config, script, fn=steps, destination_rev="head"):
                script.run_env()

    @staticmethod
    def version(connection: Connection) -> str | None:
        """The version of the tables, or None where there are none."""
        return MigrationContext.configure(connection).get_current_revision()


def _understood(url: str) -> URL:
    try:
        made = make_url(url)
    except (ArgumentError, ValueError):  # the latter for its port
        raise StoreError(_UNREADABLE) from None
    driver = _DRIVERS.get(made.get_backend_name())
    if driver is None:
        raise StoreError(
            f"a store is kept in SQLite or PostgreSQL, not in {made.get_backend_name()}"
        )
    if driver == "sqlite" and (made.host or made.database in (None, "", ":memory:")):
        raise StoreError(f"{_UNREADABLE}: a store is kept in a file")
    return made.set(drivername=driver)  # the only one that is known to work


def _use_wal(connection: Any) -> None:
    """Have readers and one writer at a time not wait for each other.

    The first one that opens a database changes it for that, and SQLite refuses all others at once
    meanwhile, whatever timeout they have.
    """
    end = time.monotonic() + _BUSY
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if not _is_busy(error) or time.monotonic() > end:
                raise
            time.sleep(_PAUSE)
        else:
            return


def _is_busy(error: object) -> bool:
    # Python 3.10 does not tell the code; there it can hardly be anything else
    return getattr(error, "sqlite_errorcode", _SQLITE_BUSY) & 0xFF == _SQLITE_BUSY


def _begin_immediate(connection: Connection) -> None:
    try:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    except OperationalError as error:
        if not _is_busy(error.orig):
            raise
        raise LockedError(_LOCKED) from None


def _engine(url: URL) -> Engine:
    if url.get_backend_name() != "sqlite":
        try:
            return create_engine(url, pool_pre_ping=True)
        except (ImportError, NoSuchModuleError):
            raise StoreError(
                "PostgreSQL needs psycopg; to install it, run: pip install 'psycopg[binary]'"
            ) from None
    engine = create_engine(url, connect_args={"timeout": _BUSY, "isolation_level": None})

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _: object) -> None:
        _use_wal(connection)
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA foreign_keys=ON")

    return engine
