"""Who may read a store: a portal has the secrets in it that links are signed with."""

from __future__ import annotations

import logging
import os
import sqlite3
import stat
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest

from datalad_jsdl.errors import LockedError, StoreError
from datalad_jsdl.orders.jobs.waking import Waker
from datalad_jsdl.orders.store.opening import Store
from datalad_jsdl.orders.store.secrets import secret_of
from datalad_jsdl.orders.store.tables import file_lists

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.skipif(os.name == "nt", reason="modes are of POSIX")


def modes(folder: Path) -> dict[str, int]:
    return {file.name: stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()}


def used(file: Path, *, private: bool = True) -> dict[str, int]:
    """The modes of all files beside one, while it is written."""
    with Store.of_file(file, private=private) as store, Waker(store), store.write() as connection:
        connection.execute(file_lists.insert().values(user="a", updated_on=1.5, batch=0))
        return modes(file.parent)


NAMES = {f"portal.sqlite{suffix}" for suffix in ("", "-wal", "-shm")}


@contextmanager
def umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


@contextmanager
def somebody_else() -> Iterator[None]:
    """Root becomes a user whom nothing belongs to; of others, a file without a mode keeps all."""
    if os.geteuid():
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o002])
def test_a_portal_makes_it_for_its_owner_alone(
    tmp_path: Path, mask: int, caplog: pytest.LogCaptureFixture
) -> None:
    with umask(mask):
        found = used(tmp_path / "new/portal.sqlite")
    assert found.keys() >= NAMES | {"portal-huey.sqlite"}
    assert set(found.values()) == {0o600}
    assert "others c" not in caplog.text


@pytest.mark.parametrize("mask", [0o022, 0o027, 0o077])
def test_without_a_portal_others_keep_it(
    tmp_path: Path, mask: int, caplog: pytest.LogCaptureFixture
) -> None:
    with umask(mask):
        for _ in range(2):
            with Store.of_file(tmp_path / "portal.sqlite") as store, store.read():
                found = modes(tmp_path)
            assert set(found.values()) == {0o644 & ~mask}  # of SQLite
    assert caplog.text == ""


def test_it_is_private_before_it_has_a_secret(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "portal.sqlite"
    with umask(0o022), Store.of_file(file) as store:
        assert modes(tmp_path)[file.name] == 0o644
        with sqlite3.connect(file, isolation_level=None) as other:
            other.execute("BEGIN IMMEDIATE")  # no secret can be written
            with pytest.raises(LockedError):
                secret_of(store, "links")
            other.execute("ROLLBACK")
        assert set(modes(tmp_path).values()) == {0o600}
        secret_of(store, "links")
        secret_of(store, "forms")
    assert caplog.text.count(f"could read {file}, which") == 1


def test_who_may_not_read_it_is_told(tmp_path: Path) -> None:
    with TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        file = Path(folder, "portal.sqlite")
        with Store.of_file(file):
            pass
        file.chmod(0)
        advice = f"only its owner may read it. .* run: chmod a\\+r {file}$"
        with somebody_else(), pytest.raises(StoreError, match=advice):
            Store.of_file(file)
        file.chmod(0o444)  # as it says
        with somebody_else(), Store.of_file(file) as store, store.read():
            pass


def test_what_a_link_leads_to_is_too(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "portal.sqlite").symlink_to(tmp_path / "there/x.sqlite")
    with Store.of_file(tmp_path / "portal.sqlite", private=True):
        assert set(modes(tmp_path / "there").values()) == {0o600}


@pytest.mark.parametrize(("mode", "after"), [(0o644, 0o600), (0o664, 0o660), (0o660, 0o660)])
def test_what_others_could_read_is_told(
    tmp_path: Path, mode: int, after: int, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "portal.sqlite"
    with Store.of_file(file):
        for name in NAMES:
            (tmp_path / name).chmod(mode)
    with caplog.at_level(logging.WARNING, "datalad"):
        found = used(file)
    assert {found[name] for name in NAMES} == {after}
    assert (f"{file}, which has the secrets of links" in caplog.text) == (mode != after)


def test_a_disk_without_modes_is_told_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "portal.sqlite"
    with umask(0), Store.of_file(file):
        pass
    monkeypatch.setattr(os, "chmod", lambda *_: None)  # as CIFS and vfat do
    with Store.of_file(file, private=True) as store:
        secret_of(store, "links")
        assert set(modes(tmp_path).values()) == {0o644}
    (told,) = caplog.messages
    assert f"others can read {file}, " in told
    assert "its disk keeps no modes" in told


@pytest.mark.parametrize("private", [True, False])
def test_a_group_that_shares_the_folder_has_it(tmp_path: Path, private: bool) -> None:
    tmp_path.chmod(0o2775)
    with umask(0o022):
        found = used(tmp_path / "portal.sqlite", private=private)
    assert {found[name] for name in NAMES} == {0o660}


def test_another_file_is_left_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "README"
    file.write_text("no store, but a text that is long enough to be told from one")
    file.chmod(0o644)
    with pytest.raises(Exception, match="README"):
        Store.of_file(file, private=True)
    assert modes(tmp_path) == {"README": 0o644}
