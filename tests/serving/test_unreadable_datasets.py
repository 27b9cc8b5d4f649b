"""Datasets of somebody else: git does not trust them, and orders keep no commits there."""

from __future__ import annotations

import logging
import shutil
from pathlib import Path

import pytest

from datalad_jsdl.orders.desk import Desk
from datalad_jsdl.orders.pinning import pin
from datalad_jsdl.orders.store.opening import Store
from datalad_jsdl.portal.listening import listen
from datalad_jsdl.portal.making import made_site
from tests.pages.conftest import made
from tests.portal import git
from tests.serving.site import dataset_of, served


def test_what_git_does_not_trust_is_told(
    home: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = made(tmp_path / "data" / "study", {"a": b"a"})
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")  # as git's own tests do
    listening = listen("127.0.0.1", 0)
    with Store.of_file(tmp_path / "s.sqlite") as store:
        site, _ = made_site(Desk(store), ["data"], listening, "t", None)
        site.close()
    listening.socket.close()
    assert f"the dataset {root} cannot be read" in caplog.text
    assert f"safe.directory {root}" in caplog.text


def test_a_commit_that_cannot_be_kept_is_told(
    home: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with served(dataset_of({"a": b"a"})) as portal, caplog.at_level(logging.WARNING, "datalad"):
        order, places = portal.order(prepare=False), portal.site.desk.places()
        pin(order, places)
        assert git(portal.root, "for-each-ref", "refs/jsdl/orders")
        assert "is not kept for the order" not in caplog.text
        shutil.rmtree(portal.root / ".git/refs/jsdl")
        (portal.root / ".git/refs/jsdl").write_text("in the way of a folder")
        pin(order, places)
    assert "is not kept for the order" in caplog.text
    assert "let the user who runs this write to the dataset" in caplog.text  # a command may, too
