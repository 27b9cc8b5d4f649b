"""Opening a store by its URL, and bringing its tables to the version of this program."""

from __future__ import annotations

import contextlib
import errno
import os
import sqlite3
import time
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, OperationalError
from sqlalchemy.pool import NullPool

from datalad_jsdl.errors import LockedError, ReadOnlyStoreError, StoreError
from datalad_jsdl.orders.store.file_modes import make, narrow
from datalad_jsdl.orders.store.refusals import LOCKED, is_busy, no_text, refusal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.engine import Connection, Engine

__all__ = ["Store", "file_of", "newest_version", "plain_engine"]

_MIGRATIONS = Path(__file__).parent / "migrations"
_UNREADABLE = (
    "cannot read the URL of the store; expected sqlite:///FILE or postgresql://USER@HOST/DATABASE"
)
_BUSY = 5.0  # seconds that a write waits for another one
_PAUSE = 0.02  # seconds between two attempts
_UPGRADE = 0x6A73646C  # of PostgreSQL's advisory locks: "jsdl"
_REFUSED = (errno.EROFS, errno.EACCES, errno.EPERM)
_DRIVERS = {"sqlite": "sqlite", "postgresql": "postgresql+psycopg"}


class Store:
    """A database that has the tables of this version; a context manager that closes it.

    Safe for threads; a process that is forked needs one of its own. A file that cannot be written
    can be read all the same. A file is made as the user's umask says (see `file_modes`).

    Attributes:
        url: that it was opened by.
        is_read_only: it is a file that cannot be written, or in a folder that cannot.

    Args:
        url: ``sqlite:///FILE`` or ``postgresql://USER@HOST/DATABASE``, as SQLAlchemy has them.
        private: a file is for its owner alone, as for a portal; see `keep_private`.

    Raises:
        StoreError: it cannot be opened, or a newer version of this program made its tables.
    """

    def __init__(self, url: str | URL, *, private: bool = False) -> None:
        self.url = _understood(url)
        self._is_private = False
        self.is_read_only = self.file is not None and _is_read_only(self.file)
        if self.is_read_only and self.file is not None:
            self._engine = _reading_engine(self.file)
        else:
            if self.file is not None:
                make(self.file, private=private)
            self._engine = _engine(self.url)
        try:
            self._upgrade()
        except DBAPIError as error:
            self._engine.dispose()
            said = f"cannot open the store {self.shown}"
            raise refusal(error, self.shown, self.file, said) from None
        except BaseException:
            self._engine.dispose()
            raise
        if private:
            self.keep_private()

    @classmethod
    def of_file(cls, file: Path, *, private: bool = False) -> Store:
        """A store in an SQLite file, which is made if need be, and its folder.

        Raises:
            StoreError: it cannot be made, or not be opened.
        """
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            refused = ReadOnlyStoreError if error.errno in _REFUSED else StoreError
            raise refused(f"cannot make the store {file}: {error.strerror}") from None
        return cls(URL.create("sqlite", database=str(file)), private=private)

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self._engine.dispose()

    @property
    def shown(self) -> str:
        """The URL without its password, and without parameters: one may be a password."""
        if self.is_sqlite:
            return f"sqlite:///{self.url.database}"  # of whatever bytes
        plain = self.url.set(drivername=self.url.get_backend_name(), query={})
        return plain.render_as_string(hide_password=True)

    @property
    def is_sqlite(self) -> bool:
        """Whether it is a file, of which all writes lock the whole."""
        return self.url.get_backend_name() == "sqlite"

    @property
    def file(self) -> Path | None:
        """The file that it is; None for a database on a server."""
        return Path(self.url.database or "").absolute() if self.is_sqlite else None

    def keep_private(self) -> None:
        """Take a file from those who are not to read it: it is to have secrets (see `narrow`)."""
        if self.file is not None and not self.is_read_only and not self._is_private:
            self._is_private = True  # what cannot be changed is told once
            narrow(self.file, "which has the secrets of links")

    def require_writable(self) -> None:
        """For what takes its time before it writes.

        Raises:
            ReadOnlyStoreError: the store is a file that cannot be written.
        """
        if self.is_read_only:
            raise ReadOnlyStoreError(f"the store {self.file} cannot be written")

    @contextlib.contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that writes: all of it, or nothing if an error leaves it.

        With SQLite it has the lock on all writes from its beginning.

        Raises:
            LockedError: another one writes, and does not end within five seconds.
            ReadOnlyStoreError: it can only be read.
            StoreError: it cannot be written.
        """
        self.require_writable()
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
            raise refusal(error, self.shown, self.file, f"the store {self.shown}") from error
        except UnicodeEncodeError as error:
            raise StoreError(f"a store has text in UTF-8 only; {no_text(error)}") from None

    def _upgrade(self) -> None:
        config, script = _migrations()
        head = script.get_current_head()
        with self._engine.connect() as connection:
            found = self.version(connection)
        if found == head:
            return
        self._require_known(found, script)
        with self.write() as connection:
            if not self.is_sqlite:
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _UPGRADE})
            self._require_known(self.version(connection), script)
            config.attributes["connection"] = connection

            def steps(revision: Any, context: Any) -> Any:
                return script._upgrade_revs("head", revision)

            with EnvironmentContext(config, script, fn=steps, destination_rev="head"):
                script.run_env()

    def _require_known(self, found: str | None, script: ScriptDirectory) -> None:
        if found is not None and found not in {r.revision for r in script.walk_revisions()}:
            raise StoreError(
                f"the store {self.shown} was made by a newer version of this program (its version "
                f"is {found}, this program knows {script.get_current_head()}); update datalad-jsdl"
            )

    @staticmethod
    def version(connection: Connection) -> str | None:
        """The version of the tables, or None where there are none."""
        return MigrationContext.configure(connection).get_current_revision()


def newest_version() -> str:
    """Of the tables, as this program makes them."""
    return _migrations()[1].get_current_head() or ""


def plain_engine(url: str) -> tuple[Engine, str]:
    """For who only looks, and the URL for people.

    Raises:
        StoreError: the URL cannot be understood, or the file is not there.
    """
    made = _understood(url)
    if made.get_backend_name() == "sqlite":
        file = Path(made.database or "").absolute()
        if not file.exists():
            raise StoreError(f"there is no store {file}")
        return _reading_engine(file), f"sqlite:///{made.database}"
    plain = made.set(drivername=made.get_backend_name(), query={})
    return _engine(made), plain.render_as_string(hide_password=True)


def file_of(url: str | URL) -> Path | None:
    """The file that a store is, or None for one on a server.

    Raises:
        StoreError: the URL cannot be understood.
    """
    made = _understood(url)
    is_file = made.get_backend_name() == "sqlite"
    return Path(made.database or "").absolute() if is_file else None


def _migrations() -> tuple[Config, ScriptDirectory]:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    return config, _scripts()


@cache  # they are those of this program, however many stores it opens
def _scripts() -> ScriptDirectory:
    return ScriptDirectory(str(_MIGRATIONS))


def _understood(url: str | URL) -> URL:
    try:
        made = make_url(url)
    except (ArgumentError, ValueError):  # the latter for its port
        raise StoreError(_UNREADABLE) from None
    driver = _DRIVERS.get(made.get_backend_name())
    if driver != "sqlite" and not _is_text(str(url)):
        raise StoreError("the URL of the store is not valid UTF-8")
    if driver is None:
        raise StoreError(
            f"a store is kept in SQLite or PostgreSQL, not in {made.get_backend_name()}"
        )
    if driver == "sqlite" and (made.host or made.database in (None, "", ":memory:")):
        raise StoreError(f"{_UNREADABLE}: a store is kept in a file")
    return made.set(drivername=driver)  # the only one that is known to work


def _is_text(given: str) -> bool:
    return given == given.encode(errors="replace").decode()


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
            if not is_busy(error) or time.monotonic() > end:
                raise
            time.sleep(_PAUSE)
        else:
            return


def _begin_immediate(connection: Connection) -> None:
    try:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    except OperationalError as error:
        if not is_busy(error.orig):
            raise
        raise LockedError(LOCKED) from None


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


def _is_read_only(file: Path) -> bool:
    """Whether a file is there, or not even that, and nothing can be written beside it.

    SQLite makes more files beside the one.
    """
    if not file.parent.is_dir():
        return False
    places = [file, file.parent] if file.exists() else [file.parent]
    return not all(_is_writable(place) for place in places)


def _is_writable(place: Path) -> bool:
    return os.access(place, os.W_OK, effective_ids=os.access in os.supports_effective_ids)


def _reading_engine(file: Path) -> Engine:
    """Of a file that this process cannot write; somebody else may.

    Without a ``-wal`` file beside it nobody has it open, as far as can be seen, and SQLite need
    not lock what it reads, which it could not. That is looked at for each transaction.
    """
    if not file.exists():
        raise ReadOnlyStoreError(
            f"cannot make the store {file}: the folder {file.parent} cannot be written"
        )

    def connect() -> sqlite3.Connection:
        is_open = file.with_name(f"{file.name}-wal").exists()
        query = "mode=ro" if is_open else "mode=ro&immutable=1"
        return sqlite3.connect(
            f"{file.as_uri()}?{query}", uri=True, timeout=_BUSY, isolation_level=None,
            check_same_thread=False,
        )  # fmt: skip

    return create_engine("sqlite://", creator=connect, poolclass=NullPool)
