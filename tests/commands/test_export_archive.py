"""export-archive: one selection, the same bytes everywhere."""

from __future__ import annotations

import os
import subprocess
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import run
from tests.lab import HTML, Lab, sha256
from tests.portal import (
    MTIME,
    all_objects,
    content_of,
    datalad,
    described,
    file_sha256,
    git,
    publish,
    write_manifest,
)
from tests.running import run_datalad

if TYPE_CHECKING:
    from collections.abc import Callable

PATHS = ["a.txt", "sub/b.nii.gz", "sub/é.json", "tool", "plain.bin", "unsized.bin"]


def members(lab: Lab) -> dict[str, Any]:
    urls = publish(lab, PATHS)
    made: dict[str, Any] = {path: described(path, url) for path, url in urls.items()}
    made["a.txt"]["mtime"] = MTIME
    made["tool"]["executable"] = True
    made["plain.bin"] = {"urls": [urls["plain.bin"]], "size": 3000}
    made["unsized.bin"] = [urls["unsized.bin"]]
    return made


@pytest.fixture
def dataset(tmp_path: Path, lab: Lab, ready: Callable[..., Path]) -> Path:
    return ready(members(lab), tmp_path / "ds")


def export(dataset: Path, name: str, *options: str, code: int = 0) -> Path:
    target = dataset.parent / name / "study.zip"
    target.parent.mkdir(exist_ok=True)
    datalad("export-archive", "-d", dataset, "-t", "zip", *options, target, code=code)
    return target


@pytest.mark.slow
def test_the_same_bytes_everywhere(
    tmp_path: Path, lab: Lab, dataset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archives = {"from URLs": export(dataset, "urls")}
    git(dataset, "annex", "get", ".")
    archives["present"] = export(dataset, "present")
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "Asia/Kathmandu")
        old = os.umask(0o077)
        try:
            archives["elsewhere"] = export(dataset, "elsewhere")
        finally:
            os.umask(old)
    git(dataset, "annex", "unlock", "a.txt", "sub")
    git(dataset, "commit", "-q", "-m", "unlocked")
    archives["unlocked"] = export(dataset, "unlocked")
    run("git", "clone", "-q", dataset, "clone")
    archives["clone"] = export(tmp_path / "clone", "clone-out")
    git(tmp_path / "clone", "annex", "init", "-q")
    git(tmp_path / "clone", "annex", "adjust", "--unlock")
    archives["adjusted"] = export(tmp_path / "clone", "adjusted")
    with monkeypatch.context() as patch:
        for name in ("GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"):
            patch.setenv(name, "2001-02-03T04:05:06+0900")
        datalad("download-manifest", write_manifest("m.json", members(lab)), "again")
    archives["second import"] = export(tmp_path / "again", "second")
    sums = {name: file_sha256(archive) for name, archive in archives.items()}
    assert len(set(sums.values())) == 1, sums
    assert {p.name for p in archives["from URLs"].parent.iterdir()} == {"study.zip"}


def test_what_is_in_it(dataset: Path, program: Callable[[str], str]) -> None:
    (dataset / "link").symlink_to("a.txt")
    (dataset / "notes.md").write_text("notes\n")
    git(dataset, "add", "link")
    git(dataset, "-c", "annex.largefiles=nothing", "add", "notes.md")
    git(dataset, "commit", "-q", "-m", "more")
    (dataset / "notes.md").write_text("not committed")
    archive = export(dataset, "out")
    with zipfile.ZipFile(archive) as opened:
        assert opened.testzip() is None
        names = opened.namelist()
        assert set(names) == {f"study/{path}" for path in [*PATHS, "link", "notes.md"]}
        assert names == sorted(names, key=str.encode)
        for path in PATHS:
            assert opened.read(f"study/{path}") == content_of(path)
        assert opened.read("study/notes.md") == b"notes\n"
        assert opened.getinfo("study/a.txt").date_time == (2024, 5, 1, 12, 0, 0)
        assert opened.getinfo("study/notes.md").date_time == (1980, 2, 1, 0, 0, 0)
    run(program("unzip"), "-tq", archive)
    with archive.open("rb") as pipe:
        subprocess.run([program("bsdtar"), "-xf", "-"], stdin=pipe, check=True)
    assert os.access("study/tool", os.X_OK)
    assert not os.access("study/a.txt", os.X_OK)
    assert os.readlink("study/link") == "a.txt"
    assert Path("study/sub/é.json").read_bytes() == content_of("sub/é.json")


def test_options(dataset: Path) -> None:
    with zipfile.ZipFile(export(dataset, "1", "--leading-dir", "")) as opened:
        assert set(opened.namelist()) == set(PATHS)
    with zipfile.ZipFile(export(dataset, "2", "--dataset-files", "--leading-dir", "x")) as opened:
        assert {"x/.datalad/config", "x/.gitattributes"} < set(opened.namelist())
    with zipfile.ZipFile(export(dataset, "3", "--mtime", "commit")) as opened:
        assert {info.date_time[0] for info in opened.infolist()} != {1980, 2024}
        assert len({info.date_time for info in opened.infolist()}) == 1


def test_names_of_the_archive(tmp_path: Path, dataset: Path) -> None:
    (record,) = datalad("export-archive", "-t", "zip", "../data-1.0", cwd=dataset)
    assert record["path"] == str(tmp_path / "data-1.0.zip")
    identity = git(dataset, "config", "-f", ".datalad/config", "datalad.dataset.id")
    (record,) = datalad("export-archive-jsdl", "-d", "ds", "-t", "zip")
    assert record["path"] == str(tmp_path / f"datalad_{identity}.zip")
    with zipfile.ZipFile(record["path"]) as opened:
        assert opened.namelist()[0].startswith(f"datalad_{identity}/")
    (tmp_path / "folder").mkdir()
    (record,) = datalad("export-archive", "-d", "ds", "-t", "zip", "folder")
    assert record["path"] == str(tmp_path / f"folder/datalad_{identity}.zip")


def test_missing_content(dataset: Path, lab: Lab) -> None:
    lab.put("sub/b.nii.gz", status=404)
    target = dataset.parent / "out/study.zip"
    target.parent.mkdir()
    target.write_bytes(b"what was good before")
    (record,) = datalad("export-archive", "-d", dataset, "-t", "zip", target, code=1)
    assert record["status"] == "error"
    assert "sub/b.nii.gz" in record["message"]
    assert "404" in record["message"]
    assert target.read_bytes() == b"what was good before"
    assert "the same command continues" in record["message"]
    assert {p.name for p in target.parent.iterdir()} == {"study.zip", "study.zip.jsdl-part"}
    for choice in ("continue", "ignore"):
        export(dataset, "out", "--missing-content", choice)
        with zipfile.ZipFile(target) as opened:
            assert opened.testzip() is None
            assert set(opened.namelist()) == {
                f"study/{path}" for path in PATHS if path != "sub/b.nii.gz"
            }


def test_a_mirror_that_breaks_off_is_replaced_in_mid_member(
    tmp_path: Path, lab: Lab, other_lab: Lab
) -> None:
    content = content_of("big", 2_000_000)
    urls = [other_lab.put("big", content, reset_at=1_234_567), lab.put("big", content)]
    wrong = [other_lab.put("wrong", content[::-1]), lab.put("wrong", content)]
    page = [other_lab.put("page.bin", html=True), lab.put("page.bin", content)]
    digests = {"sha256": sha256(content)}
    listed = {
        "big": {"urls": urls, "size": len(content), "digests": digests},
        "wrong": {"urls": wrong, "size": len(content), "digests": digests},
        "page.bin": {"urls": page, "digests": digests},
    }
    datalad("download-manifest", write_manifest("m.json", listed), "ds")
    with zipfile.ZipFile(export(tmp_path / "ds", "out")) as opened:
        assert opened.testzip() is None
        for path in listed:
            assert opened.read(f"study/{path}") == content
    assert not git(tmp_path / "ds", "annex", "find")


def test_content_that_is_not_what_its_key_says_never_gets_in(dataset: Path, lab: Lab) -> None:
    lab.put("a.txt", content_of("other"))
    (record,) = datalad("export-archive", "-d", dataset, "-t", "zip", "x.zip", code=1)
    assert "wrong content" in record["message"]
    assert not Path("x.zip").exists()
    lab.put("a.txt", content_of("a.txt"))
    git(dataset, "annex", "get", "a.txt")
    damaged = (dataset / "a.txt").resolve()
    damaged.chmod(0o644)
    damaged.write_bytes(content_of("other"))
    done = run_datalad("export-archive", "-d", dataset, "-t", "zip", "x.zip")
    assert done.code == 0
    assert " annex fsck --key " in done.stderr
    with zipfile.ZipFile("x.zip") as opened:
        assert opened.read("x/a.txt") == content_of("a.txt")


def test_no_git_annex_needed(tmp_path: Path) -> None:
    datalad("create", "--no-annex", "ds")
    (tmp_path / "ds/f").write_text("f")
    datalad("save", "-d", "ds")
    with zipfile.ZipFile(export(tmp_path / "ds", "out")) as opened:
        assert opened.namelist() == ["study/.noannex", "study/f"]


def test_tar_is_cores_own(tmp_path: Path, dataset: Path) -> None:
    git(dataset, "annex", "get", ".")
    (record,) = datalad("export-archive", "-d", dataset, "out")
    assert record["path"] == str(tmp_path / "out.tar.gz")
    assert "out/sub/b.nii.gz" in run("tar", "-tzf", "out.tar.gz")
    run("datalad", "export-archive", "-d", dataset, "--leading-dir", "x", "out", check=False)


def test_nothing_secret_in_messages(dataset: Path, lab: Lab) -> None:
    url = lab.put("f", status=403)
    listed = {"f": described("f", f"{url}?user=hunter2")}
    datalad("download-manifest", write_manifest("m.json", listed), "other")
    done = run_datalad("export-archive", "-d", "other", "-t", "zip", "x.zip")
    assert done.code
    assert "403" in done.stdout
    assert "hunter2" not in done.stdout + done.stderr
    assert HTML not in all_objects(dataset)


def test_a_link_of_the_archives_name_is_replaced_not_followed(dataset: Path) -> None:
    datalad("export-archive", "-t", "zip", "out.zip", cwd=dataset)
    git(dataset, "annex", "add", "out.zip")
    first = (dataset / "out.zip").resolve()
    content = first.read_bytes()
    datalad("export-archive", "-t", "zip", "--leading-dir", "other", "out.zip", cwd=dataset)
    assert first.read_bytes() == content
    assert not (dataset / "out.zip").is_symlink()
