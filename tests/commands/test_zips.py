"""Small files out of zips that the manifest names: imports, later downloads, and what is kept."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.archive.transport.zips import canonical
from tests.lab import Lab
from tests.portal import all_objects, content_of, datalad, described, git, publish, write_manifest
from tests.running import run_datalad

PATHS = [f"sub/{n:02}.dat" for n in range(40)] + [f"top{n}.txt" for n in range(5)]
KEPT = ".datalad/jsdl/archives.json"
SECRET = "Zk3v9QpX7LmN2rT8"


def members(lab: Lab, paths: list[str], *archives: str, leading_dir: str = "s") -> dict[str, Any]:
    """Of a manifest of files, and of zips of it at URLs."""
    urls = publish(lab, paths)
    named = {"/": {"archives": [{"urls": list(archives), "leading_dir": leading_dir}]}}
    files = {path: described(path, url) for path, url in urls.items()}
    return (named if archives else {}) | files


def publish_zip(lab: Lab, paths: list[str], name: str = "s.zip", **faults: Any) -> str:
    contents = {path.replace("//", "/"): content_of(path) for path in paths}
    return lab.put(name, canonical(contents, "s"), **faults)


def requests(lab: Lab) -> Counter[str]:
    """By what was asked for."""
    found = Counter(r.path.removeprefix("/").partition("?")[0] for r in lab.requests)
    zips = {name: count for name, count in found.items() if name.endswith(".zip")}
    return Counter(zips) + Counter(single=found.total() - sum(zips.values()))


def kept(dataset: Path, revision: str = "HEAD") -> list[dict[str, Any]]:
    archives: list[dict[str, Any]] = json.loads(git(dataset, "show", f"{revision}:{KEPT}"))[
        "archives"
    ]
    return archives


def test_an_import_and_a_clone_of_it(lab: Lab, tmp_path: Path) -> None:
    url = publish_zip(lab, PATHS)
    write_manifest(tmp_path / "m.json", members(lab, PATHS, url))
    lab.requests.clear()
    datalad("download-manifest", "--get", "m.json", "ds", cwd=tmp_path)
    assert requests(lab) == {"s.zip": 2}
    dataset = tmp_path / "ds"
    for path in PATHS:
        assert (dataset / path).read_bytes() == content_of(path)
    git(dataset, "annex", "fsck", "-q")
    assert git(dataset, "status", "--short") == ""
    assert kept(dataset) == [{"urls": [url], "leading_dir": "s"}]
    # who has only the dataset has it, too
    git(tmp_path, "clone", "-q", str(dataset), "clone")
    clone = tmp_path / "clone"
    git(clone, "annex", "init", "-q")
    git(clone, "remote", "remove", "origin")
    lab.requests.clear()
    datalad("download-content", "-d", clone, clone / "sub")
    assert requests(lab) == {"s.zip": 2}
    assert (clone / PATHS[3]).read_bytes() == content_of(PATHS[3])
    assert not (clone / PATHS[-1]).exists()
    assert not (clone / ".git/annex/jsdl/staging").exists()


def test_a_subset_of_files_asks_for_a_subset_of_the_zip(lab: Lab, tmp_path: Path) -> None:
    large = [f"large/{n}" for n in range(20)]
    contents = {path: content_of(path, 100_000) for path in large}
    few = [f"sub/{n}" for n in range(10)]
    url = lab.put("s.zip", canonical({**contents, **{p: content_of(p) for p in few}}, "s"))
    write_manifest(tmp_path / "m.json", members(lab, [*few, *large], url))
    datalad("download-manifest", "m.json", "ds", cwd=tmp_path)
    lab.requests.clear()
    datalad("download-content", "-d", tmp_path / "ds", tmp_path / "ds/sub")
    assert requests(lab) == {"s.zip": 2}
    assert lab.sent("s.zip") < 130_000  # of two million


def test_an_export_of_a_dataset_and_of_a_manifest(lab: Lab, tmp_path: Path) -> None:
    url = publish_zip(lab, PATHS)
    write_manifest(tmp_path / "m.json", members(lab, PATHS, url))
    datalad("download-manifest", "m.json", "ds", cwd=tmp_path)
    for source in (["-d", tmp_path / "ds"], ["--manifest", tmp_path / "m.json"]):
        lab.requests.clear()
        (tmp_path / "s.zip").unlink(missing_ok=True)
        datalad("export-archive", "-t", "zip", *source, tmp_path / "s.zip")
        assert requests(lab) == {"s.zip": 2}
        assert (tmp_path / "s.zip").read_bytes() == lab.files["/s.zip"].content
    # a bad zip does no harm
    good = (tmp_path / "s.zip").read_bytes()
    lab.put("s.zip", good[: len(good) // 2] + bytes(len(good) // 2))
    (tmp_path / "s.zip").unlink()
    lab.requests.clear()
    datalad("export-archive", "-t", "zip", "-d", tmp_path / "ds", tmp_path / "s.zip")
    assert (tmp_path / "s.zip").read_bytes() == good
    assert requests(lab) == {"s.zip": 1, "single": len(PATHS)}


def test_an_export_of_subdatasets(lab: Lab, tmp_path: Path) -> None:
    paths = [*PATHS[-5:], *(path.replace("/", "//") for path in PATHS[:40])]
    url = publish_zip(lab, paths)
    write_manifest(tmp_path / "m.json", members(lab, paths, url))
    datalad("download-manifest", "m.json", "ds", cwd=tmp_path)
    lab.requests.clear()
    datalad("export-archive", "-t", "zip", "-r", "-d", tmp_path / "ds", tmp_path / "s.zip")
    assert requests(lab) == {"s.zip": 4}  # one by one, as each dataset has logins of its own
    assert (tmp_path / "s.zip").read_bytes() == lab.files["/s.zip"].content


def test_updates_replace_what_is_kept(lab: Lab, tmp_path: Path) -> None:
    first, second = publish_zip(lab, PATHS), publish_zip(lab, PATHS, "t.zip")
    write_manifest(tmp_path / "m.json", members(lab, PATHS, first))
    datalad("download-manifest", "m.json", "ds", cwd=tmp_path)
    dataset = tmp_path / "ds"
    head = git(dataset, "rev-parse", "HEAD")
    datalad("download-manifest", "../m.json", cwd=dataset)
    assert git(dataset, "rev-parse", "HEAD") == head
    write_manifest(tmp_path / "m.json", members(lab, PATHS, second))
    datalad("download-manifest", "-n", "../m.json", cwd=dataset)
    assert git(dataset, "rev-parse", "HEAD") == head
    datalad("download-manifest", "../m.json", cwd=dataset)
    assert kept(dataset) == [{"urls": [second], "leading_dir": "s"}]
    assert git(dataset, "rev-parse", "HEAD^") == head
    assert git(dataset, "diff", "--name-only", "HEAD^").split()[0] == KEPT
    # one in a folder is not the dataset's
    write_manifest(tmp_path / "n.json", members(lab, PATHS, first))
    datalad("download-manifest", "--prefix", "in/side", "../n.json", cwd=dataset)
    assert kept(dataset) == [
        {"urls": [second], "leading_dir": "s"},
        {"urls": [first], "leading_dir": "s", "folder": "in/side"},
    ]
    lab.requests.clear()
    datalad("download-content", "in", cwd=dataset)
    assert requests(lab) == {"s.zip": 2}
    write_manifest(tmp_path / "m.json", members(lab, PATHS))
    datalad("download-manifest", "../m.json", cwd=dataset)
    assert [one["folder"] for one in kept(dataset)] == ["in/side"]
    assert git(dataset, "status", "--short") == ""


def test_the_run_record_keeps_them(lab: Lab, tmp_path: Path) -> None:
    url = publish_zip(lab, PATHS)
    write_manifest(tmp_path / "m.json", members(lab, PATHS, url))
    datalad("download-manifest", "m.json", "ds", cwd=tmp_path)
    dataset = tmp_path / "ds"
    (copy,) = (dataset / ".datalad/jsdl").glob("manifest-*.json")
    assert json.loads(copy.read_text())["/"] == {"archives": [{"urls": [url], "leading_dir": "s"}]}
    head = git(dataset, "rev-parse", "HEAD")
    datalad("rerun", cwd=dataset)
    assert git(dataset, "rev-parse", "HEAD") == head


def test_subdatasets_have_their_own(lab: Lab, tmp_path: Path) -> None:
    paths = [*PATHS[-5:], *(path.replace("/", "//") for path in PATHS[:40])]
    url = publish_zip(lab, paths)
    write_manifest(tmp_path / "m.json", members(lab, paths, url))
    datalad("download-manifest", "m.json", "ds", cwd=tmp_path)
    assert kept(tmp_path / "ds") == [{"urls": [url], "leading_dir": "s"}]
    assert kept(tmp_path / "ds/sub") == [{"urls": [url], "leading_dir": "s/sub"}]
    lab.requests.clear()
    datalad("download-content", "-d", tmp_path / "ds/sub")
    assert requests(lab) == {"s.zip": 2}
    assert (tmp_path / "ds/sub/07.dat").read_bytes() == content_of("sub//07.dat")


def test_a_secret_url_is_used_and_not_kept(lab: Lab, tmp_path: Path) -> None:
    url = f"{publish_zip(lab, PATHS)}?token={SECRET}"
    write_manifest(tmp_path / "m.json", members(lab, PATHS, url))
    lab.requests.clear()
    datalad("download-manifest", "--get", "m.json", "ds", cwd=tmp_path)
    assert requests(lab) == {"s.zip": 2}
    assert SECRET.encode() not in all_objects(tmp_path / "ds")
    assert not (tmp_path / "ds" / KEPT).exists()


def test_a_bad_one_is_refused_and_named(lab: Lab, tmp_path: Path) -> None:
    write_manifest(tmp_path / "m.json", members(lab, PATHS, "file:///etc/s.zip"))
    records = datalad("download-manifest", "m.json", "ds", cwd=tmp_path, code=1)
    (refused,) = (record for record in records if record["status"] == "error")
    assert "zips of the manifest" in refused["message"]
    assert "scheme" in refused["message"]
    assert (tmp_path / "ds" / PATHS[0]).is_symlink()
    assert not (tmp_path / "ds" / KEPT).exists()


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[",
        "[]",
        '{"archives": 7}',
        '{"archives": [7, {"urls": 7}, {"urls": ["file:///etc/passwd"]}]}',
        '{"archives": [{"urls": ["URL"], "leading_dir": "../s"}]}',
        '{"archives": [{"urls": ["URL"], "leading_dir": "s", "folder": "../x"}]}',
        '{"archives": [{"urls": ["URL"], "leading_dir": "s", "folder": 7}]}',
        "[" * 100_000,
    ],
    ids=lambda content: content[:60],
)
def test_what_is_wrong_in_a_dataset_is_ignored(lab: Lab, tmp_path: Path, content: str) -> None:
    url = publish_zip(lab, PATHS)
    write_manifest(tmp_path / "m.json", members(lab, PATHS, url))
    datalad("download-manifest", "m.json", "ds", cwd=tmp_path)
    (tmp_path / "ds" / KEPT).write_text(content.replace("URL", url))
    lab.requests.clear()
    datalad("download-content", "-d", tmp_path / "ds")
    assert requests(lab) == {"single": len(PATHS)}


def test_a_link_in_its_place_is_not_followed(lab: Lab, tmp_path: Path) -> None:
    url = publish_zip(lab, PATHS)
    write_manifest(tmp_path / "m.json", members(lab, PATHS, url))
    datalad("download-manifest", "m.json", "ds", cwd=tmp_path)
    file = tmp_path / "ds" / KEPT
    file.rename(tmp_path / "elsewhere.json")
    file.symlink_to(tmp_path / "elsewhere.json")
    lab.requests.clear()
    datalad("download-content", "-d", tmp_path / "ds")
    assert requests(lab) == {"single": len(PATHS)}


def test_a_login_goes_to_its_own_origin_alone(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOGIN", "s3cret")
    with Lab() as own:
        wants = ("Authorization", "Bearer s3cret")
        mine = publish_zip(own, PATHS, "mine.zip", wants=wants, challenge="Bearer")
        other = publish_zip(lab, PATHS, "other.zip", wants=wants, challenge="Bearer")
        write_manifest(tmp_path / "m.json", members(lab, PATHS, other, mine))
        lab.requests.clear()
        line = f"{own.url} env:LOGIN"
        datalad("download-manifest", "--get", "--credential", line, "m.json", "ds", cwd=tmp_path)
        assert not any("Authorization" in request.headers for request in lab.requests)
        assert requests(lab)["single"] == 0
        assert (tmp_path / "ds" / PATHS[0]).read_bytes() == content_of(PATHS[0])
        assert any("Authorization" in request.headers for request in own.requests)


def test_a_manifest_is_made_that_names_its_zip(lab: Lab, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    for path in PATHS:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content_of(path))
        lab.put(f"data/{path}", content_of(path))
    made = ["make-manifest", folder, "--base-url", f"{lab.url}/data"]
    url = f"{lab.url}/My%20study.zip"
    datalad(*made, "--archive", url, "--archive", f"{lab.url}/o.zip", "-o", tmp_path / "m.jsonl")
    first = json.loads((tmp_path / "m.jsonl").read_text().splitlines()[0])
    named = {"urls": [url, f"{lab.url}/o.zip"], "leading_dir": "My study"}
    assert first == {"path": "/", "archives": [named]}
    datalad("export-archive", "-t", "zip", "--manifest", "m.jsonl", "My study.zip", cwd=tmp_path)
    lab.put("My study.zip", (tmp_path / "My study.zip").read_bytes())
    lab.requests.clear()
    datalad("download-manifest", "--get", "m.jsonl", "ds", cwd=tmp_path)
    assert requests(lab) == {"My%20study.zip": 2}
    # and so does one of the dataset
    datalad("export-manifest", "-d", tmp_path / "ds", tmp_path / "again.json")
    assert json.loads((tmp_path / "again.json").read_text())["/"] == {"archives": [named]}


def test_an_update_keeps_the_zip_and_does_not_list_it(tmp_path: Path) -> None:
    """The zip lies among the files, where one of its mirrors has it under another name."""
    folder, manifest = tmp_path / "data", tmp_path / "m.json"
    (folder / "z").mkdir(parents=True)
    (folder / "a").write_bytes(b"a")
    base = ("--base-url", "https://h.example/s", "--base-url", "https://o.example/")
    urls = ["https://h.example/s/z/My%20study.zip", "https://o.example/second.zip"]
    make = ("make-manifest", folder, *base, "-o", manifest)
    datalad(*make, *(text for url in urls for text in ("--archive", url)))
    before = json.loads(manifest.read_text())
    for name in ("z/My study.zip", "z/My study.zip.sha256", "second.zip"):
        (folder / name).write_bytes(b"a zip")
    for change in (False, True):
        if change:
            (folder / "b").write_bytes(b"b")
        done = run_datalad(*map(str, make), "--update", str(manifest))
        found = json.loads(manifest.read_text())
        assert (
            found["/"] == before["/"] == {"archives": [{"urls": urls, "leading_dir": "My study"}]}
        )
        assert found.keys() == {"/", "a", *(["b"] if change else [])}
        assert ("run: datalad export-archive --manifest" in done.stderr) == change
    # another one is given
    datalad(*make, "--update", manifest, "--archive", "https://h.example/o.zip")
    assert json.loads(manifest.read_text())["/"]["archives"][0]["leading_dir"] == "o"


@pytest.mark.parametrize(
    "url",
    [
        "https://h.example/s/z.zip?v=2",
        "http://h.example/s/z.zip",
        "https://old.example:8443/s/z.zip",
        "https://h.example/s/%7A.zip",
    ],
)
def test_a_zip_whose_url_is_written_otherwise_is_not_listed(tmp_path: Path, url: str) -> None:
    folder, manifest = tmp_path / "data", tmp_path / "m.json"
    (folder / "s").mkdir(parents=True)
    for name in ("a", "z.zip", "z.zip.sha256", "other.zip", "s/z.zip"):
        (folder / name).write_bytes(b"x")
    old = {"/": {"archives": [{"urls": [url], "leading_dir": "z"}]}, "a": ["https://h.example/s/a"]}
    manifest.write_text(json.dumps(old))
    base = ("--base-url", "https://h.example/s")
    datalad("make-manifest", folder, *base, "-o", manifest, "--update", manifest)
    found = json.loads(manifest.read_text())
    assert found.keys() == {"/", "a", "other.zip", "s/z.zip"}
    assert found["/"]["archives"][0]["leading_dir"] == "z"


def test_a_zip_with_a_secret_in_its_url_is_told_as_dropped(tmp_path: Path) -> None:
    """One that has another URL is kept with that one."""
    folder, manifest = tmp_path / "data", tmp_path / "m.json"
    folder.mkdir()
    (folder / "a").write_bytes(b"a")
    secret, public = f"https://h.example/z.zip?token={SECRET}", "https://h.example/y.zip"
    old = [{"urls": [secret]}, {"urls": [f"{public}?token={SECRET}", public]}]
    manifest.write_text(json.dumps({"/": {"archives": old}, "b": ["https://h.example/b"]}))
    base = ("--base-url", "https://h.example/s")
    make = ("make-manifest", folder, *base, "-o", manifest, "--update", manifest)
    done = run_datalad(*map(str, make))
    said = " ".join(done.stderr.split())
    assert re.search(r"does not name the zip https://h\.example/z\.zip\S*, whose URL seems", said)
    assert re.search(r"still names https://h\.example/y\.zip, which is older", said)
    assert SECRET not in done.stderr + manifest.read_text()
    assert json.loads(manifest.read_text())["/"] == {"archives": [{"urls": [public]}]}
    assert "to name one, add --archive URL" in said
    datalad(*make, "--archive", "https://h.example/z.zip")
    named = json.loads(manifest.read_text())["/"]["archives"]
    assert [archive["urls"] for archive in named] == [["https://h.example/z.zip"]]


def test_a_format_without_a_place_for_the_zip(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data/a").write_bytes(b"a")
    make = ("make-manifest", tmp_path / "data", "--base-url", "https://h.example/s")
    datalad(*make, "-o", tmp_path / "m.json", "--archive", "https://h.example/z.zip")
    update = ("-o", tmp_path / "m.meta4", "--update", tmp_path / "m.json")
    done = run_datalad(*map(str, (*make, *update)))
    assert "is without https://h.example/z.zip; json and jsonl can" in done.stderr


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--leading-dir", "s"], "add --archive URL"),
        (["--archive", "s.zip"], "must begin with http"),
        (["--archive", "ftp://h.example/s.zip"], "must begin with http"),
        (["--archive", "https://h.example/s.zip?token=" + SECRET], "seems to contain a secret"),
        (["--archive", "https://me:pw@h.example/s.zip"], "zips of the manifest: "),
        (["--archive", "https://h.example/s.zip", "--leading-dir", "a/../b"], "leading_dir: "),
        (["--archive", "https://h.example/s.zip", "--format", "metalink4"], "cannot name a zip"),
    ],
)
def test_zips_that_cannot_be_named(tmp_path: Path, options: list[str], reason: str) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data/a").write_text("a")
    made = ["make-manifest", tmp_path / "data", "--base-url", "https://h.example/"]
    (record,) = datalad(*made, *options, "-o", tmp_path / "m", code=1)
    assert reason in record["message"]
    assert SECRET not in record["message"]
    assert not (tmp_path / "m").exists()
