"""``datalad serve-downloads``, from its first line to Ctrl-C."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.portal import datalad

SERVE = ("serve-downloads", "--no-open")


def _empty_dataset(root: Path) -> Path:
    root.mkdir(parents=True)
    for command in (["init", "-q"], ["commit", "-q", "--allow-empty", "-m", "x"]):
        subprocess.run(["git", *command], cwd=root, check=True)
    return root


@contextlib.contextmanager
def _served(*args: str | Path, **environment: str) -> Iterator[str]:
    """The address that a portal prints; it is ended as a person ends it."""
    command = ["datalad", *SERVE, "--port", "0", *map(str, args)]
    environ = {**os.environ, **environment}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        try:
            yield line.strip()
        finally:
            process.send_signal(signal.SIGINT)
            assert process.wait(60) == 0


def _refused(*args: str | Path) -> Any:
    return datalad(*SERVE, *args, code=1)[-1]["message"]


def test_the_address_signs_in(tmp_path: Path) -> None:
    root = _empty_dataset(tmp_path / "ds")
    settings = tmp_path / "portal.ini"
    settings.write_text("[portal]\nname = Lakeside Data\n")
    with _served(root, "--settings", settings) as address:
        page = httpx2.get(address, follow_redirects=False)
        assert page.status_code == 303
        with httpx2.Client(follow_redirects=True) as client:
            shown = client.get(address)
        assert str(shown.url).endswith("/datasets/ds")
        assert "Lakeside Data" in shown.text
        assert "This folder is empty." in shown.text


def test_a_token_of_a_file_or_a_variable(tmp_path: Path) -> None:
    root, file = _empty_dataset(tmp_path / "ds"), tmp_path / "token"
    with _served(root, "--token-file", file) as first:
        assert file.stat().st_mode & 0o777 == 0o600
    with _served(root, "--token-file", file) as second:
        token = file.read_text().strip()
        assert first.partition("?")[2] == second.partition("?")[2] == f"token={token}"
    with _served(root, JSDL_TOKEN="secret") as address:
        assert address.endswith("/?token=secret")
    file.write_text("")
    assert "remove it to have a secret made" in _refused(root, "--token-file", file)
    file.unlink()
    with _served(root, "--token-file", file) as address:
        assert address.partition("=")[2] == file.read_text().strip()


def test_a_port_that_is_taken(tmp_path: Path) -> None:
    root = _empty_dataset(tmp_path / "ds")
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        assert "--port 0 takes one that is free" in _refused(root, "--port", port)
    with _served(root) as address:
        assert address.startswith("http://127.0.0.1:")


def test_a_folder_without_datasets(tmp_path: Path) -> None:
    (tmp_path / "plain").mkdir()
    said = _refused(tmp_path / "plain")
    assert "to make one of a manifest, run: datalad download-manifest" in said
    (tmp_path / "m.json").write_text(json.dumps({"a": {"urls": ["http://127.0.0.1:1/a"]}}))
    datalad("download-manifest", tmp_path / "m.json", tmp_path / "plain" / "study")
    with _served(tmp_path / "plain") as address, httpx2.Client(follow_redirects=True) as client:
        assert str(client.get(address).url).endswith("/datasets/study")


@pytest.mark.parametrize(
    ("text", "says"),
    [("[portal]\naccent = #ffffff", "has a contrast of"), ("[portal", "no INI file")],
)
def test_settings_that_are_wrong(tmp_path: Path, text: str, says: str) -> None:
    root, settings = _empty_dataset(tmp_path / "ds"), tmp_path / "portal.ini"
    settings.write_text(text)
    assert says in _refused(root, "--settings", settings)
