"""Times that the mirrors tell are asked for once, and recorded."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from datalad_jsdl.repository.repository import Repository
from tests.lab import refused_url
from tests.portal import (
    MTIME,
    MTIME_SECONDS,
    all_objects,
    annex_branch,
    content_of,
    datalad,
    described,
    git,
    publish,
    recorded,
    summary,
    write_manifest,
)
from tests.running import run_datalad

if TYPE_CHECKING:
    from tests.lab import Lab

IMPORT = ("download-manifest", "--mtime", "remote")
EXPORT = ("export-archive", "-t", "zip")
EARLIER = {"Last-Modified": "Wed, 01 May 2024 11:00:00 GMT"}
DATED = {"Last-Modified": "Wed, 01 May 2024 12:00:00 GMT"}
LATER = {"Last-Modified": "Wed, 01 May 2024 13:00:00 GMT"}
HOUR = 3600


def times(dataset: Path) -> dict[str, int | None]:
    """What is recorded, by path: seconds since 1970."""
    keys = dict(
        line.split("\t")
        for line in git(
            dataset, "annex", "find", "--anything", "--format=${file}\\t${key}\\n"
        ).splitlines()
    )
    records = dict(Repository(dataset).annex.records(keys.values()))
    found = {path: records[key].state.mtime for path, key in keys.items()}
    return {path: int(time.timestamp()) if time else None for path, time in found.items()}


def test_recorded_once(tmp_path: Path, lab: Lab, other_lab: Lab) -> None:
    """For keys with and without a checksum, by the first URL that answers."""
    members: dict[str, Any] = {
        "first": described(
            "first", lab.put("first", content_of("first"), headers=DATED), other_lab.put("first")
        ),
        "second": described(
            "second",
            refused_url(),
            lab.put("second", status=404, headers=LATER),
            other_lab.put("second", content_of("second"), headers=DATED),
        ),
        "bare": [lab.put("bare", content_of("bare"), headers=DATED)],
        "known": described("known", lab.put("known", headers=LATER), mtime=MTIME),
    }
    manifest = write_manifest("m.json", members)
    assert summary(datalad(*IMPORT, manifest, "ds")) == {"added": 4}
    dataset = tmp_path / "ds"
    assert times(dataset) == dict.fromkeys(members, MTIME_SECONDS)
    assert {request.path for request in lab.requests} == {"/first", "/second", "/bare"}
    assert sum(request.sent for request in lab.requests) == 0
    before, commit = annex_branch(dataset), git(dataset, "rev-parse", "HEAD")
    for server in (lab, other_lab):
        server.requests.clear()
    (again,) = datalad(*IMPORT, manifest, "ds")
    assert again["status"] == "notneeded"
    assert lab.requests == other_lab.requests == []
    assert (annex_branch(dataset), git(dataset, "rev-parse", "HEAD")) == (before, commit)
    # a newer manifest says more than any mirror
    members["first"]["mtime"] = "2020-01-01T00:00:00Z"
    members["new"] = described("new", lab.put("new", content_of("new"), headers=LATER))
    records = datalad(*IMPORT, write_manifest("m.json", members), "ds")
    assert summary(records) == {"added": 1, "mtime": 1, "unchanged": 3}
    assert {request.path for request in lab.requests} == {"/new"}
    newer = {"first": 1577836800, "new": MTIME_SECONDS + HOUR}
    assert times(dataset) == dict.fromkeys(members, MTIME_SECONDS) | newer


def test_none_is_asked_by_default_or_in_a_preview(tmp_path: Path, lab: Lab) -> None:
    urls = publish(lab, ["a", "b"], headers=DATED)
    manifest = write_manifest("m.json", {path: described(path, url) for path, url in urls.items()})
    datalad(*IMPORT, "--dry-run", manifest, "ds")
    datalad("download-manifest", manifest, "ds")
    assert lab.requests == []
    assert times(tmp_path / "ds") == {"a": None, "b": None}
    datalad(*IMPORT, "--dry-run", manifest, "ds")
    assert lab.requests == []
    # what was imported without times gets them, without a commit
    commit = git(tmp_path / "ds", "rev-parse", "HEAD")
    assert summary(datalad(*IMPORT, manifest, "ds")) == {"mtime": 2}
    assert times(tmp_path / "ds") == {"a": MTIME_SECONDS, "b": MTIME_SECONDS}
    assert git(tmp_path / "ds", "rev-parse", "HEAD") == commit


def test_where_no_mirror_tells_a_time(tmp_path: Path, lab: Lab) -> None:
    members = {
        "dead": described("dead", refused_url()),
        "gone": described("gone", lab.put("gone", status=404, headers=DATED)),
        "silent": described("silent", lab.put("silent", content_of("silent"))),
        "told": described("told", lab.put("told", content_of("told"), headers=DATED)),
        "s//silent": described("s", lab.put("s", content_of("s"))),
    }
    done = run_datalad("-f", "json", *IMPORT, write_manifest("m.json", members), "ds")
    assert done.code == 0
    assert "no mirror reports a modification time for 4 files" in done.stderr
    expected = {"dead": None, "gone": None, "silent": None, "told": MTIME_SECONDS}
    assert times(tmp_path / "ds") == expected
    # the next import asks again for those alone
    lab.put("silent", content_of("silent"), headers=DATED)
    lab.put("s", content_of("s"), headers=LATER)
    lab.requests.clear()
    done = run_datalad("-f", "json", *IMPORT, write_manifest("m.json", members), "ds")
    assert "no mirror reports a modification time for 2 files" in done.stderr
    assert {request.path for request in lab.requests} == {"/gone", "/silent", "/s"}
    assert times(tmp_path / "ds") == expected | {"silent": MTIME_SECONDS}
    assert times(tmp_path / "ds/s") == {"silent": MTIME_SECONDS + HOUR}


@pytest.mark.parametrize("get", [False, True])
def test_a_rerun_gives_the_same_commit(tmp_path: Path, lab: Lab, get: bool) -> None:
    urls = publish(lab, ["a.txt", "b/c.nii.gz", "plain"], headers=DATED)
    members: dict[str, Any] = {path: described(path, url) for path, url in urls.items()}
    members["plain"] = [urls["plain"]]
    datalad(*IMPORT, *["--get"] * get, write_manifest("m.json", members), "ds")
    dataset = tmp_path / "ds"
    commit, before = git(dataset, "rev-parse", "HEAD"), recorded(dataset)
    assert "--restore --mtime=remote" in git(dataset, "log", "-1", "--format=%B")
    for path, url in urls.items():  # other times from now on
        lab.put(url.removeprefix(f"{lab.url}/"), content_of(path), headers=LATER)
    lab.requests.clear()
    datalad("rerun", cwd=dataset)
    assert lab.requests == []
    assert git(dataset, "rev-parse", "HEAD") == commit
    assert git(dataset, "status", "--short") == ""
    assert recorded(dataset) == before


@pytest.mark.parametrize("at_once", [False, True])
def test_content_gets_the_recorded_time(tmp_path: Path, lab: Lab, at_once: bool) -> None:
    """Not the one that its mirror tells when it is downloaded."""
    urls = publish(lab, ["a", "bare"], headers=DATED)
    members: dict[str, Any] = {"a": described("a", urls["a"]), "bare": [urls["bare"]]}
    manifest = write_manifest("m.json", members)
    if not at_once:
        datalad(*IMPORT, manifest, "ds")
        publish(lab, ["a"], headers=LATER)
        members.pop("bare")  # --get would make another key of it
        manifest = write_manifest("m.json", members)
    datalad(*IMPORT, "--get", manifest, "ds")
    for path in members:
        assert (tmp_path / "ds" / path).stat().st_mtime == MTIME_SECONDS
        assert times(tmp_path / "ds")[path] == MTIME_SECONDS


def test_one_content_has_the_latest_time(tmp_path: Path, lab: Lab) -> None:
    """As many mirrors as there are entries may tell one; one that the manifest tells is enough."""
    content = content_of("twin")
    told = {"first": EARLIER, "second": LATER, "third": DATED}
    members: dict[str, Any] = {
        path: described("twin", lab.put(path, content, headers=headers))
        for path, headers in told.items()
    }
    members["with.txt"] = described("twin", lab.put("w", content, headers=LATER))
    members["time.txt"] = described("twin", lab.put("t", content, headers=LATER), mtime=MTIME)
    datalad(*IMPORT, write_manifest("m.json", members), "ds")
    later = MTIME_SECONDS + HOUR
    expected = dict.fromkeys(told, later) | {"with.txt": MTIME_SECONDS, "time.txt": MTIME_SECONDS}
    assert times(tmp_path / "ds") == expected
    assert {request.path for request in lab.requests} == {"/first", "/second", "/third"}


def test_the_bytes_are_those_of_an_archive_of_the_manifest(tmp_path: Path, lab: Lab) -> None:
    members: dict[str, Any] = {}
    headers = [EARLIER, DATED, LATER, {}, {"Last-Modified": "today"}]
    for number, told in enumerate(headers):
        path = f"{number}/{number}.nii.gz"
        members[path] = described(path, lab.put(path, content_of(path), headers=told))
        twin = f"twin-{number}.txt"
        members[twin] = described("twin", lab.put(twin, content_of("twin"), headers=told))
        # one key without a checksum, and so one content
        members[f"bare-{number % 2}.{number}"] = [lab.put("bare", content_of("b"), headers=DATED)]
    members["sub//twin.txt"] = members["twin-0.txt"]
    members["known"] = described("known", lab.put("known", content_of("known")), mtime=MTIME)
    manifest = write_manifest("m.json", members)
    datalad(*IMPORT, manifest, "ds")
    Path("imported").mkdir()
    datalad(*EXPORT, "-r", "-d", "ds", "imported/study.zip")
    datalad(*EXPORT, "--manifest", manifest, "--mtime", "remote", "study.zip")
    assert Path("study.zip").read_bytes() == Path("imported/study.zip").read_bytes()
    with zipfile.ZipFile("study.zip") as archive:
        found = {
            info.filename.removeprefix("study/"): int.from_bytes(info.extra[5:9], "little")
            for info in archive.infolist()
            if info.extra
        }
    assert found["twin-0.txt"] == MTIME_SECONDS + HOUR
    assert found["sub/twin.txt"] == MTIME_SECONDS - HOUR
    assert "3/3.nii.gz" not in found


def test_a_login_is_used(tmp_path: Path, lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", "s3cret")
    url = lab.put("a", content_of("a"), wants=("Authorization", "Bearer s3cret"), headers=DATED)
    manifest = write_manifest("m.json", {"a": described("a", url)})
    datalad(*IMPORT, "--credential", f"{lab.url} env:TOKEN", manifest, "ds")
    assert times(tmp_path / "ds") == {"a": MTIME_SECONDS}


def test_signed_urls_are_asked_in_their_turn(tmp_path: Path, lab: Lab) -> None:
    """As an archive of the manifest does; they are not recorded."""
    signed = lab.put("signed", content_of("a"), headers=DATED) + "?X-Amz-Signature=5ec4e7"
    url = lab.put("a", content_of("a"), headers=LATER)
    datalad(*IMPORT, write_manifest("m.json", {"a": described("a", signed, url)}), "ds")
    assert times(tmp_path / "ds") == {"a": MTIME_SECONDS}
    assert b"5ec4e7" not in all_objects(tmp_path / "ds")


def test_a_time_that_cannot_be_recorded(tmp_path: Path, lab: Lab) -> None:
    odd = {"Last-Modified": "Fri, 31 Dec 9999 23:59:59 -1000"}
    manifest = write_manifest("m.json", {"a": described("a", lab.put("a", headers=odd))})
    datalad(*IMPORT, manifest, "ds")
    assert times(tmp_path / "ds") == {"a": None}
    datalad(*EXPORT, "--manifest", manifest, "--mtime", "remote", "--dry-run", "out.zip")
