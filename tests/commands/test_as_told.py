"""What the commands say is what they do, and what there is to do next."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fetch.credentials.test_cookies import cookie_line
from tests.lab import Lab, sha256
from tests.portal import content_of, datalad, described, git, publish, write_manifest
from tests.running import run_datalad


def told(*args: str | Path, code: int = 0) -> str:
    """All that a command says to a person."""
    done = run_datalad(*args)
    assert done.code == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_what_an_earlier_import_registered_stays_registered(tmp_path: Path, lab: Lab) -> None:
    urls = publish(lab, ["a", "b"])
    manifest = write_manifest("m.json", {"a": [urls["a"]]})
    datalad("download-manifest", manifest, "ds")
    for file in lab.files.values():
        file.status = 404
    write_manifest("m.json", {"a": [urls["a"]], "b": [urls["b"]]})
    shown = told("download-manifest", "--get", manifest, "ds", code=1)
    first, second = sorted(line for line in shown.splitlines() if line.startswith("error:"))
    assert "'a'" in first
    assert "registered" not in first
    assert "'b'" in second
    assert second.endswith("; not registered (without --get it would be registered, unverified)")
    assert git(tmp_path / "ds", "annex", "find", "--include=*") == "a"


def test_what_an_import_would_have_changed_stays_as_it_is(lab: Lab) -> None:
    urls = publish(lab, ["a", "b"])
    manifest = write_manifest("m.json", {"a": [urls["a"]]})
    datalad("download-manifest", manifest, "ds")
    for file in lab.files.values():
        file.status = 404
    write_manifest("m.json", {"a": [urls["b"]]})
    shown = told("download-manifest", "--get", manifest, "ds", code=1)
    assert "; it stays as an earlier import has registered it" in shown


@pytest.mark.parametrize("more", [[], ["--get"]])
def test_what_cannot_be_understood_leaves_no_dataset_behind(
    tmp_path: Path, lab: Lab, other_lab: Lab, more: list[str]
) -> None:
    urls = {"a": [lab.put("a", b"a")], "b": [other_lab.put("b", b"b")]}
    manifest = write_manifest("m.json", urls)
    Path("cookies.txt").write_text(cookie_line("127.0.0.1", "session", value="hunter2"))
    shown = told("download-manifest", *more, "--cookies", "cookies.txt", manifest, "ds", code=1)
    assert "hunter2" not in shown
    assert not (tmp_path / "ds").exists()


def test_a_setting_that_cannot_be_understood_leaves_none_either(
    tmp_path: Path, lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest = write_manifest("m.json", {"a": [lab.put("a", b"a")]})
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "datalad.jsdl.jobs")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "many")
    assert "datalad.jsdl.jobs" in told("download-manifest", "--get", manifest, "ds", code=1)
    assert not (tmp_path / "ds").exists()


@pytest.fixture
def in_the_way(tmp_path: Path, lab: Lab) -> Path:
    """A manifest of two files; in the dataset ``ds``, somebody's own file has a name of them."""
    urls = publish(lab, ["a", "b"])
    manifest = write_manifest("m.json", {"a": described("a", urls["a"])})
    datalad("download-manifest", manifest, "ds")
    (tmp_path / "ds/b").write_text("my own")
    return write_manifest("m.json", {path: described(path, urls[path]) for path in urls})


def test_a_check_with_skipped_entries(in_the_way: Path) -> None:
    shown = told("download-manifest", "--check", in_the_way, "ds", code=1)
    (line,) = (line for line in shown.splitlines() if line.startswith("error:"))
    assert line.startswith("error: would skip 'b': ")
    assert "; all are available; would skip 1 file, see above" in shown


def test_a_preview_skips_nothing_yet(in_the_way: Path) -> None:
    shown = told("download-manifest", "--dry-run", in_the_way, "ds", code=1)
    assert "error: would skip 'b': " in shown
    assert "skipped '" not in shown
    assert "error: skipped 'b': " in told("download-manifest", in_the_way, "ds", code=1)


def test_renamed_files_are_counted_once(tmp_path: Path, lab: Lab) -> None:
    urls = publish(lab, ["a", "b", "c", "d"])
    first = {path: described(path, urls[path]) for path in ("a", "b", "c")}
    manifest = write_manifest("m.json", first)
    datalad("download-manifest", manifest, "ds")
    write_manifest("m.json", {"x": first["a"], "b": first["b"], "d": described("d", urls["d"])})
    preview = told("download-manifest", "--dry-run", manifest, "ds")
    assert (
        "would add 1, rename 1, leave 1 unchanged, but the old name stays (--delete deletes it); "
        "1 no longer in the manifest (--delete deletes it)"
    ) in preview
    preview = told("download-manifest", "--dry-run", "--delete", manifest, "ds")
    assert f"{tmp_path / 'ds'}: would add 1, rename 1, leave 1 unchanged, delete 1\n" in preview
    done = told("download-manifest", "--delete", manifest, "ds")
    assert f"{tmp_path / 'ds'}: 1 added, 1 renamed, 1 unchanged, 1 deleted\n" in done


def test_the_size_of_what_is_to_be_downloaded_may_be_unknown(lab: Lab) -> None:
    urls = publish(lab, ["a", "b"])
    manifest = write_manifest("m.json", {"a": [urls["a"]]})
    assert "1 file of unknown size is not downloaded yet" in told(
        "download-manifest", manifest, "one"
    )
    write_manifest("m.json", {"a": [urls["a"]], "b": described("b", urls["b"])})
    shown = told("download-manifest", manifest, "two")
    assert "2 files, 3000 bytes plus 1 of unknown size, are not downloaded yet" in shown


def test_an_export_names_what_skips_missing_content(tmp_path: Path, lab: Lab) -> None:
    url = lab.put("a", content_of("a"))
    manifest = write_manifest("m.json", {"a": described("a", url), "b": described("b", url)})
    datalad("download-manifest", manifest, "ds")
    skip = ("--missing-content", "continue")
    shown = told("export-archive", "-d", "ds", "a.zip", code=1)
    assert f"add {' '.join(skip)}" in shown
    told("export-archive", "-d", "ds", *skip, "a.zip")
    direct = ("export-archive", "--manifest", manifest)
    assert f"add {' '.join(skip)}" in told(*direct, "b.zip", code=1)
    told(*direct, *skip, "b.zip")


def test_a_tar_archive_is_complete_or_not_there(tmp_path: Path, lab: Lab) -> None:
    manifest = write_manifest("m.json", {"a": described("a", lab.put("a", content_of("a")))})
    datalad("download-manifest", manifest, "ds")
    before = sorted(tmp_path.iterdir())
    shown = told("export-archive", "-d", "ds", "foo", code=1)
    assert "to download what is missing, run: datalad download-content" in shown
    assert "--missing-content continue" in shown
    assert sorted(tmp_path.iterdir()) == before
    told("export-archive", "-d", "ds", "--missing-content", "continue", "foo")
    good = (tmp_path / "foo.tar.gz").read_bytes()
    told("export-archive", "-d", "ds", "foo", code=1)
    assert (tmp_path / "foo.tar.gz").read_bytes() == good


@pytest.mark.parametrize("name", [None, "sub"])
def test_a_tar_archive_in_a_folder(tmp_path: Path, lab: Lab, name: str | None) -> None:
    datalad("download-manifest", write_manifest("m.json", {"a": [lab.put("a", b"a")]}), "ds")
    if name:
        Path(name).mkdir()
    skip = ("--missing-content", "ignore")
    (record,) = datalad("export-archive", "-d", "ds", *skip, *filter(None, [name]))
    identity = git(tmp_path / "ds", "config", "-f", ".datalad/config", "datalad.dataset.id")
    made = tmp_path / (name or "") / f"datalad_{identity}.tar.gz"
    assert record["path"] == str(made)
    assert made.is_file()


@pytest.mark.parametrize("path", ["", "/", "/study/"])
def test_a_folder_is_no_manifest(tmp_path: Path, lab: Lab, path: str) -> None:
    page = b"<!DOCTYPE html><html><body><a href='m.json'>m.json</a></body></html>"
    lab.put(path.lstrip("/"), page, headers={"Content-Type": "text/html"})
    shown = told("download-manifest", f"{lab.url}{path}", "ds", code=1)
    assert "log in" not in shown
    assert "is a web page, not a manifest; if this is a page about the files or a folder" in shown
    assert "give the URL of the manifest itself" in shown
    assert not (tmp_path / "ds").exists()


def test_the_commit_tells_no_folder_where_there_is_none(tmp_path: Path, lab: Lab) -> None:
    urls = publish(lab, ["a", "b"])
    manifest = write_manifest("m.json", {"a": [urls["a"]]})
    datalad("download-manifest", manifest, "ds")
    message = git(tmp_path / "ds", "log", "-1", "--format=%B")
    assert 'into ""' not in message
    datalad("download-manifest", "--prefix", "p", manifest, "ds")
    assert 'into "p"' in git(tmp_path / "ds", "log", "-1", "--format=%B")
    # the next import knows its files by it
    write_manifest("m.json", {"b": [urls["b"]]})
    datalad("download-manifest", "--delete", manifest, "ds")
    assert sorted(p.name for p in (tmp_path / "ds").iterdir() if p.name[0] != ".") == ["b", "p"]


def test_imports_of_earlier_versions_are_known_too(tmp_path: Path, lab: Lab) -> None:
    urls = publish(lab, ["a", "b"])
    manifest = write_manifest("m.json", {"a": [urls["a"]]})
    datalad("download-manifest", manifest, "ds")
    dataset = tmp_path / "ds"
    message = git(dataset, "log", "-1", "--format=%B")
    trailer = next(line for line in message.splitlines() if line.startswith("Jsdl-Manifest: "))
    older = message.replace(trailer, f'{trailer} into ""')
    git(dataset, "commit", "-q", "--amend", "-m", older)
    write_manifest("m.json", {"b": [urls["b"]]})
    datalad("download-manifest", "--delete", manifest, "ds")
    assert sorted(p.name for p in dataset.iterdir() if p.name[0] != ".") == ["b"]


def test_the_program_of_the_special_remote_is_not_on_path(tmp_path: Path, lab: Lab) -> None:
    """The line that the warning shows makes git-annex find it."""
    manifest = write_manifest("m.json", {"a": described("a", lab.put("a", content_of("a")))})
    folder = Path(sys.executable).parent
    programs = tmp_path / "programs"
    programs.mkdir()
    annex = shutil.which("git-annex")
    assert annex is not None
    (programs / "git-annex").symlink_to(Path(annex).resolve())
    environment = {**os.environ, "PATH": f"{programs}:/usr/bin:/bin"}
    for command in (["download-manifest", manifest, "ds"], ["enable-jsdl", "-d", "ds"]):
        done = subprocess.run(
            [folder / "datalad", *command], capture_output=True, text=True, env=environment
        )
        assert done.returncode == 0, done.stderr
        assert "git-annex-remote-jsdl is not on PATH: 'git annex get' falls back" in done.stderr
        _, _, line = done.stderr.partition("run: ")
        assert line.split("\n")[0].strip() == f"export PATH={folder}:$PATH"
    script = f"{line.splitlines()[0]}\ngit -C ds annex get -q a\ngit -C ds annex drop -q a"
    done = subprocess.run(["bash", "-ec", script], capture_output=True, text=True, env=environment)
    assert (done.returncode, done.stderr) == (0, "")
    assert "is not on PATH" not in told("enable-jsdl", "-d", "ds")


def test_whom_git_does_not_know(tmp_path: Path, lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """DataLad's line is all that is said of it; the dataset is made."""
    manifest = write_manifest("m.json", {"a": described("a", lab.put("a", content_of("a")))})
    config = '[annex "security"]\n\tallowed-ip-addresses = 127.0.0.1\n'
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty/.gitconfig").write_text(config)
    monkeypatch.setenv("HOME", str(tmp_path / "empty"))
    monkeypatch.delenv("EMAIL", raising=False)
    # of a process that is forked, DataLad has read the configuration before
    command = ["datalad", "download-manifest", manifest, "ds"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    shown = done.stdout + done.stderr
    assert "tell me who you are" not in shown
    assert "user.email" not in shown.replace("Set both 'user.name' and 'user.email'", "")
    assert git(tmp_path / "ds", "log", "-1", "--format=%s").endswith("1 added")


def test_a_pattern_that_matches_nothing_is_named(lab: Lab) -> None:
    """By every command that takes patterns; another one may match."""
    urls = publish(lab, ["a", "b"])
    manifest = write_manifest("m.json", {path: described(path, urls[path]) for path in urls})
    datalad("download-manifest", manifest, "ds")
    Path("ds/.gitignore").touch()
    for option in ("--include", "--exclude"):
        patterns = ("--include", "a", option, "*.nope")
        for command in (
            ("download-manifest", *patterns, manifest, "ds"),
            ("export-archive", "-d", "ds", *patterns, "a.zip"),
            ("export-archive", *patterns, "--manifest", manifest, "b.zip"),
            ("export-manifest", "-d", "ds", *patterns, "a.json"),
        ):
            shown = told(*command)
            assert "the pattern '*.nope' matches no path in the" in shown
            assert "pattern 'a'" not in shown
        Path("folder").mkdir(exist_ok=True)
        Path("folder/a").touch()
        made = ("make-manifest", "folder", "--base-url", "https://a.example/", *patterns)
        assert "the pattern '*.nope' matches nothing in the folder" in told(*made, "-o", "c.json")
    only = ("--include", "*.nope")
    shown = told("make-manifest", "folder", "--base-url", "https://a.example/", *only, code=1)
    assert "the pattern '*.nope' matches nothing" in shown


@pytest.mark.parametrize("kind", ["tar", "zip", None])
def test_a_folder_of_the_dataset_is_no_name_of_an_archive(
    tmp_path: Path, lab: Lab, monkeypatch: pytest.MonkeyPatch, kind: str | None
) -> None:
    datalad("download-manifest", write_manifest("m.json", {"s/a": [lab.put("a", b"a")]}), "ds")
    monkeypatch.chdir(tmp_path / "ds")
    shown = told("export-archive", *(["-t", kind] if kind else []), "s", code=1)
    assert "run: datalad export-archive s.zip s" in shown
    assert [path.name for path in Path("s").iterdir()] == ["a"]


def test_folders_that_a_list_of_urls_does_not_have(tmp_path: Path, lab: Lab) -> None:
    paths = ["s1/a", "s2/b"]
    urls = publish(lab, paths)
    Path("urls.txt").write_text("".join(f"{url}\n" for url in urls.values()))
    Path("SHA256SUMS").write_text("".join(f"{sha256(content_of(p))}  {p}\n" for p in paths))
    shown = told("download-manifest", "--checksums", "SHA256SUMS", "urls.txt", "flat")
    assert "the list of URLs has no folders, but the checksum list has, for 2 files" in shown
    assert "import the checksum list itself, with the URL of its folder as --base-url" in shown
    assert (tmp_path / "flat/a").is_symlink()
    shown = told("download-manifest", "--get", "--base-url", lab.url, "SHA256SUMS", "tree")
    assert "has no folders" not in shown
    for path in paths:
        assert (tmp_path / "tree" / path).read_bytes() == content_of(path)


def test_an_order_is_exported_out_of_the_dataset(
    tmp_path: Path, lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = lab.put("a", content_of("a"))
    datalad("download-manifest", write_manifest("m.json", {"a": described("a", url)}), "ds")
    monkeypatch.chdir(tmp_path / "ds")
    datalad("download-list", "add", "a")
    datalad("download-order", "create", "--name", "one")
    shown = told("download-order", "export")
    assert "the archive is written into the dataset, and would be saved with it; " in shown
    assert "to have it elsewhere, run: datalad download-order export ../one.zip" in shown
    Path("one.zip").unlink()
    assert "into the dataset" not in told("download-order", "export", "../one.zip")
    assert (tmp_path / "one.zip").is_file()
    assert git(Path(), "status", "--porcelain") == ""
