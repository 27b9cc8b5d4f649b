"""A zip straight from a manifest is that of a dataset into which it was imported."""

from __future__ import annotations

import hashlib
import json
import os
import random
import signal
import subprocess
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.kill_at import KillAt
from tests.portal import MTIME, MTIME_SECONDS, content_of, datalad, described, write_manifest
from tests.running import run_datalad

if TYPE_CHECKING:
    from tests.lab import Lab

EXPORT = ["export-archive", "-t", "zip"]


def listing(lab: Lab) -> dict[str, Any]:
    """Entries of all kinds: with and without sizes, digests and times, with the same content."""
    listed: dict[str, Any] = {}
    for number, path in enumerate(["b.txt", "a/1.nii.gz", "a/2.nii.gz", "é", "a-b"]):
        listed[path] = described(path, lab.put(path, content_of(path)))
        if number % 2:
            listed[path]["mtime"] = MTIME
    listed["run.sh"] = described("run.sh", lab.put("run.sh", content_of("run.sh")))
    listed["run.sh"]["executable"] = True
    listed["bare"] = [lab.put("bare", content_of("bare"))]
    listed["sub//large"] = described("large", lab.put("large", content_of("large")))
    del listed["sub//large"]["size"]
    # one key, and so one time in a dataset: the later one
    for path, mtime in (("twin-1.txt", "2020-01-01T00:00:00Z"), ("twin-2.txt", MTIME)):
        url = lab.put(path, content_of("twin"))
        listed[path] = described("twin", url, mtime=mtime)
    listed["twin-3.csv"] = described("twin", lab.put("twin-3", content_of("twin")))
    return listed


def test_the_bytes_are_those_of_an_import_and_an_export(tmp_path: Path, lab: Lab) -> None:
    manifest = write_manifest("m.json", listing(lab))
    datalad("download-manifest", manifest, "ds")
    Path("imported").mkdir()
    for name, options in (("study", []), ("bare", ["--leading-dir", ""])):
        datalad(*EXPORT, "-r", "-d", "ds", *options, f"imported/{name}.zip")
        records = datalad(*EXPORT, "--manifest", manifest, *options, f"{name}.zip")
        assert Path(f"{name}.zip").read_bytes() == Path(f"imported/{name}.zip").read_bytes()
        assert [(r["status"], r["members"]) for r in records] == [("ok", 11)]
    assert sorted(os.listdir()) == ["bare.zip", "ds", "imported", "m.json", "study.zip"]


def test_a_checksum_of_the_same_archive_is_not_of_an_older_one(tmp_path: Path, lab: Lab) -> None:
    manifest = write_manifest("m.json", {"a": described("a", lab.put("a", content_of("a")))})
    first = run_datalad(*EXPORT, "--manifest", manifest, "--checksum-file", "study.zip")
    again = run_datalad(*EXPORT, "--manifest", manifest, "study.zip")
    assert (first.code, again.code) == (0, 0)
    assert "older archive" not in again.stdout + again.stderr
    write_manifest("m.json", {"b": described("a", lab.url + "/a")})
    other = run_datalad(*EXPORT, "--manifest", manifest, "study.zip")
    assert "study.zip.sha256 belongs to an older archive" in other.stdout + other.stderr


def test_a_url_a_selection_and_standard_output(tmp_path: Path, lab: Lab) -> None:
    members = {f"{name}.txt": {"urls": [f"files/{name}"], "size": 3000} for name in ("a", "b", "c")}
    for name in ("a", "b", "c"):
        lab.put(f"data/files/{name}", content_of(name))
    url = lab.put("data/m.json", json.dumps(members).encode())
    command = ["datalad", *EXPORT, "--manifest", url, "--exclude", "b.txt", "-"]
    done = subprocess.run(command, capture_output=True, check=True)
    Path("out.zip").write_bytes(done.stdout)
    with zipfile.ZipFile("out.zip") as archive:
        assert archive.namelist() == ["a.txt", "c.txt"]
        assert archive.read("c.txt") == content_of("c")
    table = f"name,where\na.txt,{lab.url}/data/files/a\n"
    options = ["--format", "csv", "--column", "path=name", "--column", "url=where"]
    datalad(*EXPORT, "--manifest", "-", *options, "table.zip", stdin=table)
    with zipfile.ZipFile("table.zip") as archive:
        assert archive.read("table/a.txt") == content_of("a")


def test_entries_that_are_refused_are_told_of(tmp_path: Path, lab: Lab) -> None:
    listed = {path: described(path, lab.put(path, content_of(path))) for path in ("a", "b")}
    for outside in ("../c", "/c", "x/../../c"):
        listed[outside] = listed["a"]
    refused = {
        **dict.fromkeys(["../c", "/c", "x/../../c"], tmp_path),
        ".git/config": tmp_path / ".git/config",
        "out.zip": tmp_path,  # which is there
        "s//e": tmp_path / "s/e",
    }
    listed |= {path: {"urls": ["ftp://a.example/x"]} for path in (".git/config", "out.zip", "s//e")}
    manifest = write_manifest("m.json", listed)
    *told, archived = datalad(*EXPORT, "--manifest", manifest, "out.zip", code=1)
    assert {record["entry"]: Path(record["path"]) for record in told} == refused
    assert {(record["status"], record["type"]) for record in told} == {("error", "file")}
    assert (archived["status"], Path(archived["path"])) == ("ok", tmp_path / "out.zip")
    with zipfile.ZipFile("out.zip") as archive:
        assert archive.namelist() == ["out/a", "out/b"]


def test_what_no_mirror_has(tmp_path: Path, lab: Lab) -> None:
    listed = {path: described(path, lab.put(path, content_of(path))) for path in ("a", "b")}
    lab.put("b", status=404)
    manifest = write_manifest("m.json", listed)
    (failed,) = datalad(*EXPORT, "--manifest", manifest, "out.zip", code=1)
    assert "b is unavailable" in failed["message"]
    assert not Path("out.zip").exists()
    options = ["--missing-content", "continue"]
    (record,) = datalad(*EXPORT, "--manifest", manifest, *options, "out.zip")
    assert record["missing"] == ["b"]


def test_a_preview_fetches_no_content(tmp_path: Path, lab: Lab) -> None:
    manifest = write_manifest("m.json", listing(lab))
    (record,) = datalad(*EXPORT, "--manifest", manifest, "--dry-run", "out.zip")
    assert record["members"] == 11
    assert lab.requests == []
    assert os.listdir() == ["m.json"]


@pytest.mark.parametrize(
    "options",
    [
        ["--manifest", "m.json"],
        ["--manifest", "m.json", "-d", "ds", "out.zip"],
        ["--manifest", "m.json", "--mtime", "commit", "out.zip"],
        ["--manifest", "m.json", "--ref", "HEAD", "out.zip"],
    ],
)
def test_options_that_make_no_sense(options: list[str]) -> None:
    Path("m.json").write_text("{}")
    done = subprocess.run(["datalad", *EXPORT, *options], capture_output=True, text=True)
    assert done.returncode == 1
    assert "without a dataset" in done.stderr
    assert os.listdir() == ["m.json"]


def test_a_manifest_that_is_none(tmp_path: Path) -> None:
    (record,) = datalad(*EXPORT, "--manifest", "m.json", "out.zip", code=1)
    assert "cannot read the manifest" in record["message"]
    write_manifest("m.json", {})
    (record,) = datalad(*EXPORT, "--manifest", "m.json", "out.zip", code=1)
    assert "no entries" in record["message"]


def test_times_of_the_mirrors_where_the_manifest_tells_none(
    tmp_path: Path, lab: Lab, other_lab: Lab
) -> None:
    old = {"Last-Modified": "Wed, 01 May 2024 12:00:00 GMT"}
    new = {"Last-Modified": "Thu, 02 May 2024 12:00:00 GMT"}
    listed = {
        "dead-first": described(
            "x",
            lab.put("dead", status=404),
            other_lab.put("x", content_of("x"), headers=old),
        ),
        "first": described(
            "x", lab.put("x", content_of("x"), headers=old), other_lab.put("y", headers=new)
        ),
        "known": described("x", lab.put("z", content_of("x"), headers=new), mtime=MTIME),
        "silent": described("x", lab.put("w", content_of("x"))),
        "odd": described("x", lab.put("v", content_of("x"), headers={"Last-Modified": "today"})),
    }
    # each with an extension of its own, and so with a key of its own
    named = {f"{path}.{number}x": entry for number, (path, entry) in enumerate(listed.items())}
    manifest = write_manifest("m.json", named)
    datalad(*EXPORT, "--manifest", manifest, "--mtime", "remote", "out.zip")
    times = {}
    with zipfile.ZipFile("out.zip") as archive:
        for info in archive.infolist():
            extra = int.from_bytes(info.extra[5:9], "little") if info.extra else None
            times[info.filename.split("/")[1].split(".")[0]] = extra
    assert times == {
        "dead-first": MTIME_SECONDS,
        "first": MTIME_SECONDS,
        "known": MTIME_SECONDS,
        "silent": None,
        "odd": None,
    }


LARGE = 12_000_000  # bytes


@pytest.mark.slow
def test_killed_and_resumed(tmp_path: Path, lab: Lab) -> None:
    names = [f"{number}" for number in range(5)]
    listed: dict[str, Any] = {}
    for name in names:
        data = random.Random(name).randbytes(LARGE)
        listed[name] = described("x", lab.put(name, data, rate=8_000_000))
        listed[name] |= {"size": LARGE, "digests": {"md5": hashlib.md5(data).hexdigest()}}
    manifest = write_manifest("m.json", listed)
    datalad(*EXPORT, "--manifest", manifest, "--leading-dir", "x", "whole.zip")
    sent = lab.sent()
    lab.requests.clear()
    in_the_second = KillAt("datalad_jsdl.archive.output:FileOutput.write", call=40)
    command = (*EXPORT, "--manifest", manifest, "--leading-dir", "x", "out.zip")
    assert run_datalad(*command, kill=in_the_second).code == -signal.SIGKILL
    part, enough = Path("out.zip.jsdl-part"), LARGE + 2_000_000
    kept = part.stat().st_size
    assert kept >= enough
    lab.requests.clear()
    datalad(*EXPORT, "--manifest", manifest, "--leading-dir", "x", "out.zip")
    assert Path("out.zip").read_bytes() == Path("whole.zip").read_bytes()
    assert lab.sent() <= sent - kept + 100_000
