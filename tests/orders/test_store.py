"""Opening stores: empty, of this version, of a newer one, and of none at all."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from datalad_jsdl.errors import LockedError, ReadOnlyStoreError, StoreError
from datalad_jsdl.orders.store.opening import Store
from datalad_jsdl.orders.store.operator_settings import (
    keep_sources_with_logins,
    sources_with_logins,
)
from datalad_jsdl.orders.store.tables import file_lists, metadata
from tests.read_only import read_only, small_disk


def test_the_migrations_make_the_tables(store: Store) -> None:
    with store.read() as connection:
        assert store.version(connection) == "0004"
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, metadata) == []


def test_it_is_opened_again(store: Store, url: str) -> None:
    with store.write() as connection:
        connection.execute(file_lists.insert().values(user="a", updated_on=1.5, batch=0))
    with Store(url) as again, again.read() as connection:
        assert connection.execute(file_lists.select()).all() == [("a", 1.5, 0)]


def test_a_newer_one_is_refused(store: Store, url: str) -> None:
    with store.write() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StoreError, match=r"a newer version .*9999.*0004.*update datalad-jsdl"):
        Store(url)


def opened(url: str) -> str | None:
    with Store(url) as store, store.read() as connection:
        return store.version(connection)


@pytest.mark.parametrize("version", ["0001", "0002", "0003"])
def test_an_older_one_is_brought_up_to_date(
    url: str, version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    upgrade = ScriptDirectory._upgrade_revs
    with monkeypatch.context() as older:
        # as a program did that knew this version and none after it
        older.setattr(ScriptDirectory, "get_current_head", lambda *_: version)
        older.setattr(
            ScriptDirectory, "_upgrade_revs", lambda self, _, now: upgrade(self, version, now)
        )
        with Store(url) as store, store.write() as connection:
            assert store.version(connection) == version
            connection.execute(file_lists.insert().values(user="a", updated_on=1.5, batch=0))
    with Store(url) as store, store.read() as connection:
        assert store.version(connection) == "0004"
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
        assert connection.execute(file_lists.select()).all() == [("a", 1.5, 0)]


def test_many_open_an_empty_one_at_once(url: str) -> None:
    with ProcessPoolExecutor(4, multiprocessing.get_context("spawn")) as pool:
        assert set(pool.map(opened, [url] * 8)) == {"0004"}


def test_what_leaves_by_an_error_has_changed_nothing(store: Store) -> None:
    row = {"user": "a", "updated_on": 1.5, "batch": 0}

    def add_twice() -> None:
        with store.write() as connection:
            connection.execute(file_lists.insert().values(row))
            connection.execute(file_lists.insert().values(row))

    with pytest.raises(StoreError, match=r"(?i)unique"):
        add_twice()
    with store.read() as connection:
        assert connection.execute(file_lists.select()).all() == []


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("orders.sqlite", "expected sqlite:///FILE or"),
        ("mysql://a:SECRET@b/c", "SQLite or PostgreSQL, not in mysql"),
        ("nothing://x", "SQLite or PostgreSQL, not in nothing"),
        ("sqlite:////nowhere/at/all/x.sqlite", "cannot open the store"),
        ("postgresql://me:SECRET@127.0.0.1:1/x", r"cannot open the store .*me:\*\*\*@"),
    ],
)
def test_what_is_no_store(url: str, says: str) -> None:
    with pytest.raises(StoreError, match=says) as caught:
        Store(url)
    assert "SECRET" not in str(caught.value)


def test_what_is_no_database_is_left_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "x.sqlite"
    file.write_bytes(b"something else" * 100)
    with pytest.raises(StoreError, match="cannot open the store"):
        Store(f"sqlite:///{file}")
    assert file.read_bytes() == b"something else" * 100


def test_one_that_is_locked_is_written_once_it_is_not(store: Store) -> None:
    renamed = file_lists.update().values(user="b")
    with store.write() as connection:
        connection.execute(file_lists.insert().values(user="a", updated_on=1.5, batch=0))
    with store.write() as first:
        first.execute(file_lists.update().values(batch=1))
        with pytest.raises(LockedError, match="try again"), store.write() as second:
            second.execute(renamed)
    with store.write() as second:
        second.execute(renamed)
    with store.read() as connection:
        assert connection.execute(file_lists.select()).all() == [("b", 1.5, 1)]


@pytest.mark.parametrize(
    "url",
    [
        "sqlite://",
        "sqlite:///",
        "sqlite:///:memory:",
        "sqlite://tmp/orders.sqlite",
        "postgresql://lab:secret@db.example.org:port/orders",
        "orders.sqlite",
        "",
    ],
)
def test_a_url_that_is_no_store(url: str) -> None:
    with pytest.raises(StoreError, match="expected sqlite:///FILE or postgresql") as caught:
        Store(url)
    assert "secret" not in str(caught.value)


def test_another_driver_is_not_asked_for(tmp_path: Path) -> None:
    with Store(f"sqlite+other:///{tmp_path / 's.sqlite'}") as store:
        assert store.is_sqlite


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://lab:secret@127.0.0.1:1/x",
        "postgresql://127.0.0.1:1/x?user=lab&password=secret",
    ],
)
def test_a_password_is_not_told(url: str) -> None:
    with pytest.raises(StoreError, match=r"cannot open the store .*127\.0\.0\.1") as caught:
        Store(url)
    assert "secret" not in str(caught.value)


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(
        StoreError, match=r"cannot make the store .*: (Not a directory|File exists)"
    ):
        Store.of_file(tmp_path / "file/jsdl/orders.sqlite")


@pytest.mark.parametrize("is_killed", [False, True])
def test_one_that_cannot_be_written_is_read(tmp_path: Path, is_killed: bool) -> None:
    """What a killed process has left in the write-ahead log, too."""
    folder = tmp_path / "a folder #1"
    folder.mkdir()
    url = f"sqlite:///{folder}/s.sqlite"
    row = {"user": "a", "updated_on": 1.5, "batch": 0}
    process = os.fork()
    if not process:
        with Store(url) as store:
            with store.write() as connection:
                connection.execute(file_lists.insert().values(row))
            if is_killed:
                os.kill(os.getpid(), signal.SIGKILL)
        os._exit(0)
    os.waitpid(process, 0)
    assert (folder / "s.sqlite-wal").exists() is is_killed
    with read_only(folder), Store(url) as store:
        with store.read() as connection:
            assert connection.execute(file_lists.select()).all() == [("a", 1.5, 0)]
        with pytest.raises(ReadOnlyStoreError, match="cannot be written"), store.write():
            pass


def test_one_that_is_old_and_cannot_be_written(tmp_path: Path) -> None:
    folder = tmp_path / "old"
    folder.mkdir()
    (folder / "s.sqlite").touch()
    with read_only(folder), pytest.raises(ReadOnlyStoreError, match="cannot be written"):
        Store(f"sqlite:///{folder}/s.sqlite")


def test_a_server_that_only_reads(store: Store, url: str) -> None:
    if store.is_sqlite:
        pytest.skip("a file has no such setting")
    with Store(f"{url}?options=-cdefault_transaction_read_only%3Don") as other:
        with other.read() as connection:
            assert connection.execute(file_lists.select()).all() == []
        row = {"user": "a", "updated_on": 1.5, "batch": 0}
        with pytest.raises(ReadOnlyStoreError), other.write() as connection:
            connection.execute(file_lists.insert().values(row))


def test_a_full_disk(tmp_path: Path) -> None:
    """Nothing has changed, and with some room it goes on."""
    small = tmp_path / "small"
    with small_disk(small, "1m"), Store(f"sqlite:///{small}/s.sqlite") as store:
        filling = small / "filling"
        with filling.open("wb", buffering=0) as stream, contextlib.suppress(OSError):
            while True:
                stream.write(bytes(1 << 12))

        def add() -> None:
            with store.write() as connection:
                for number in range(2000):
                    row = {"user": f"{number}" * 20, "updated_on": 1.5, "batch": 0}
                    connection.execute(file_lists.insert().values(row))

        said = rf"the disk is full: {small}/s.sqlite cannot be written, .* are free; nothing was ch"
        with pytest.raises(StoreError, match=said):
            add()
        filling.unlink()
        with store.read() as connection:
            assert connection.execute(file_lists.select()).all() == []
        add()


def test_a_full_disk_when_a_store_is_made(tmp_path: Path) -> None:
    small = tmp_path / "small"
    with small_disk(small, "64k"), pytest.raises(StoreError, match="the disk is full"):
        Store(f"sqlite:///{small}/s.sqlite")


def test_a_disk_that_refuses(tmp_path: Path) -> None:
    """RLIMIT_FSIZE stands for a quota: SQLite knows no more than that something is wrong."""
    url = f"sqlite:///{tmp_path}/s.sqlite"
    script = (
        "import resource, signal, sys; from datalad_jsdl.orders.store.opening import Store;"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 15, 1 << 15));"
        "Store(sys.argv[1])"
    )
    done = subprocess.run([sys.executable, "-c", script, url], capture_output=True, text=True)
    said = done.stderr.splitlines()[-1]
    assert "StoreError" in said
    assert f"{tmp_path}/s.sqlite cannot be read or written: disk I/O error, with " in said
    assert said.endswith("free on its disk; nothing was changed")


def test_whose_mirrors_may_be_shown_logins(store: Store) -> None:
    """What was said last holds."""
    with store.read() as connection:
        assert sources_with_logins(connection) is None
    for names in (["b", "a"], []):
        keep_sources_with_logins(store, names)
        with store.read() as connection:
            assert sources_with_logins(connection) == frozenset(names)
