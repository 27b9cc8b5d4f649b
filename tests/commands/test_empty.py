"""Files that a manifest says to be empty, from the manifest to the archive."""

from __future__ import annotations

import hashlib
import subprocess
import zipfile
from pathlib import Path

import pytest

from tests.portal import datalad, write_manifest
from tests.wire import Talk, Wire


def no_content(talk: Talk) -> None:
    talk.send(b"HTTP/1.1 204 No Content\r\n\r\n")


def import_files(wire: Wire) -> Path:
    digests = {  # of one algorithm they would be one key with two URLs
        "a": {"sha256": hashlib.sha256().hexdigest()},
        "b": {"md5": hashlib.md5(usedforsecurity=False).hexdigest()},
    }
    members = {
        name: {"urls": [f"{wire.url}/{name}"], "size": 0, "digests": digests.get(name, {})}
        for name in ("a", "b", "c", "d")
    }
    return write_manifest("m.json", members)


@pytest.fixture
def wire() -> Wire:
    # b and d are not empty, and are gone
    return Wire({"/a": b"", "/b": b"abc", "/c": no_content})


def test_an_import_with_get(tmp_path: Path, wire: Wire) -> None:
    with wire:
        manifest = import_files(wire)
        records = datalad("download-manifest", "--check", manifest, "ds", code=1)
        checked = {r["entry"]: r["message"] for r in records if r["type"] == "file"}
        assert checked.keys() == {"b", "d"}
        assert "the manifest says 0 bytes, but the server has 3" in checked["b"]
        records = datalad("download-manifest", "--get", manifest, "ds", code=1)
        failed = {r["entry"]: r["message"] for r in records if r["status"] == "error"}
        assert "the manifest says 0 bytes, but the server has 3" in failed["b"]
        assert "HTTP status 404" in failed["d"]
        assert Path("ds/a").read_bytes() == Path("ds/c").read_bytes() == b""
        assert not Path("ds/b").exists()


def test_the_other_ways_to_content(tmp_path: Path, wire: Wire) -> None:
    with wire:
        datalad("download-manifest", import_files(wire), "ds")
        archive = ("export-archive", "-d", "ds", "-t", "zip", "--missing-content")
        datalad(*archive, "continue", "x.zip")
        assert [Path(name).name for name in zipfile.ZipFile("x.zip").namelist()] == ["a", "c"]
        (record,) = datalad(*archive, "error", "y.zip", code=1)
        assert "b is unavailable" in record["message"]
        assert "the manifest says 0 bytes, but the server has 3" in record["message"]
        records = datalad("download-content", "-d", "ds", "ds/a", "ds/b", code=1)
        assert {r["entry"]: r["status"] for r in records if r["type"] == "file"} == {
            "a": "ok", "b": "error",
        }  # fmt: skip
        for name, code in (("c", 0), ("d", 1)):
            assert subprocess.run(["git", "annex", "get", "-q", name], cwd="ds").returncode == code
        wire.put("/d", b"")
        datalad("get", "-d", "ds", "ds/d")
        assert Path("ds/d").read_bytes() == b""
