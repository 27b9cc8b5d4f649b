"""Who may read a store: it has the secrets that links are signed with."""

from __future__ import annotations

import logging
import os
import stat
from pathlib import Path

import pytest

from datalad_jsdl.orders.jobs.waking import Waker
from datalad_jsdl.orders.store.opening import Store
from datalad_jsdl.orders.store.tables import file_lists

pytestmark = pytest.mark.skipif(os.name == "nt", reason="modes are of POSIX")


def modes(folder: Path) -> dict[str, int]:
    return {file.name: stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()}


def used(file: Path) -> dict[str, int]:
    """The modes of all files beside one, while it is written."""
    with Store.of_file(file) as store, Waker(store), store.write() as connection:
        connection.execute(file_lists.insert().values(user="a", updated_on=1.5, batch=0))
        return modes(file.parent)


NAMES = {f"portal.sqlite{suffix}" for suffix in ("", "-wal", "-shm")}


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o002])
def test_it_is_made_for_its_owner_alone(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        found = used(tmp_path / "new/portal.sqlite")
    finally:
        os.umask(before)
    assert found.keys() >= NAMES | {"portal-huey.sqlite"}
    assert set(found.values()) == {0o600}


def test_what_a_link_leads_to_is_too(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "portal.sqlite").symlink_to(tmp_path / "there/x.sqlite")
    with Store.of_file(tmp_path / "portal.sqlite"):
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


def test_a_group_that_shares_the_folder_has_it(tmp_path: Path) -> None:
    tmp_path.chmod(0o2775)
    found = used(tmp_path / "portal.sqlite")
    assert {found[name] for name in NAMES} == {0o660}


def test_another_file_is_left_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "README"
    file.write_text("no store, but a text that is long enough to be told from one")
    file.chmod(0o644)
    with pytest.raises(Exception, match="README"):
        Store.of_file(file)
    assert modes(tmp_path) == {"README": 0o644}
