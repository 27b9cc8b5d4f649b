"""--credential and --cookies: for this call, and remembered for the next."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from datalad_jsdl.fetch.bulk import Job, fetch_file
from datalad_jsdl.fetch.credentials.rules import parse_rule
from datalad_jsdl.fetch.phrases import told
from datalad_jsdl.model.content import Expected
from tests.fetch.credentials.test_cookies import cookie_line
from tests.fetch.waits import Waits, new_engine
from tests.portal import content_of, described, git, write_manifest

if TYPE_CHECKING:
    from tests.lab import Lab
    from tests.vault import Vault


@pytest.fixture
def token(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> str:
    token = vault.secret("token")
    monkeypatch.setenv("PORTAL_TOKEN", token)
    return token


def protect(lab: Lab, token: str, *paths: str) -> str:
    """A portal whose files and manifest want the token; the manifest's URL."""
    wants = ("Authorization", f"Bearer {token}")
    members = {p: described(p, lab.put(p, content_of(p), wants=wants)) for p in paths}
    manifest = write_manifest("m.json", members)
    url = lab.put("study.json", manifest.read_bytes(), wants=wants)
    manifest.unlink()
    return url


def remembered(dataset: Path) -> list[str]:
    return git(dataset, "config", "--local", "--get-all", "remote.jsdl.credential").splitlines()


@pytest.mark.slow
def test_a_manifest_behind_a_login(
    tmp_path: Path, vault: Vault, token: str, lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, dataset = protect(lab, token, "a", "b"), tmp_path / "ds"
    said = vault.run("datalad", "download-manifest", url, "ds", code=1)
    assert f"{lab.url} requires a login" in said
    assert not dataset.exists()
    line = f"{lab.url} env:PORTAL_TOKEN kind=bearer"
    option = ("--credential", line)
    said = vault.run("datalad", "download-manifest", "--dry-run", *option, url, "ds")
    assert not dataset.exists()
    vault.run("datalad", "download-manifest", "--check", *option, url, "ds")
    vault.run("datalad", "download-manifest", *option, url, "ds")
    assert remembered(dataset) == [line]
    # what was remembered is used by git-annex, and by the next call, from wherever that is
    vault.run("git", "annex", "get", "a", cwd=dataset)
    vault.run("datalad", "download-content", cwd=dataset)
    assert (dataset / "b").read_bytes() == content_of("b")
    url = protect(lab, token, "a", "b", "c")
    vault.run("datalad", "download-manifest", "--get", url, "ds")
    assert (dataset / "c").read_bytes() == content_of("c")
    vault.run("datalad", "download-manifest", *option, url, "ds")
    assert remembered(dataset) == [line]
    assert "credential" not in git(dataset, "log", "--format=%B")
    # a rerun of the recorded command finds it, too
    commit = git(dataset, "rev-list", "--reverse", "HEAD").split()[-2]
    vault.run("datalad", "rerun", commit, cwd=dataset)
    # … and without it leaves the dataset as it was
    monkeypatch.delenv("PORTAL_TOKEN")
    vault.run("datalad", "rerun", commit, cwd=dataset, code=1)
    assert git(dataset, "status", "--porcelain") == ""
    assert (dataset / "a").is_symlink()


@pytest.mark.slow
def test_cookies_of_a_file(tmp_path: Path, vault: Vault, lab: Lab, other_lab: Lab) -> None:
    value = vault.secret("cookie")
    vault.keep("my cookies.txt", cookie_line("127.0.0.1", "session", value=value))
    wants = ("Cookie", f"session={value}")
    url = lab.put("a", content_of("a"), wants=wants)
    mirror = other_lab.put("a", status=503)
    manifest = write_manifest("m.json", {"a": described("a", url)})
    option = ("--cookies", "vault/my cookies.txt")
    vault.run("datalad", "download-manifest", "--get", *option, manifest, "ds")
    dataset = tmp_path / "ds"
    assert (dataset / "a").read_bytes() == content_of("a")
    assert remembered(dataset) == [f"{lab.url} 'cookies:{vault.home}/my cookies.txt'"]
    # it cannot be told which of two origins is meant
    both = write_manifest("both.json", {"a": described("a", mirror, url)})
    said = vault.run("datalad", "download-manifest", "--get", *option, both, "two", code=1)
    assert "several origins" in said
    assert "--credential" in said
    assert not any(value in str(request.headers) for request in other_lab.requests)
    # a manifest that is fetched names it
    there = lab.put("both.json", both.read_bytes(), wants=wants)
    vault.run("datalad", "download-manifest", "--get", *option, there, "three")
    assert (tmp_path / "three/a").read_bytes() == content_of("a")
    assert not any(value in str(request.headers) for request in other_lab.requests)


@pytest.mark.parametrize("command", ["download-manifest", "download-content"])
def test_a_line_that_cannot_be_understood(
    tmp_path: Path, vault: Vault, lab: Lab, command: str
) -> None:
    secret = vault.secret("misplaced")
    manifest = write_manifest("m.json", {"a": described("a", lab.put("a", content_of("a")))})
    arguments = [manifest, "ds"]
    if command == "download-content":
        vault.run("datalad", "download-manifest", *arguments)
        arguments = ["-d", "ds"]
    for line, says in (
        (f"{lab.url} {secret}", "unknown source; choose from datalad, git"),
        (f"{lab.url} cookies:gone.txt", r"the file \S+gone\.txt does not exist"),
    ):
        said = vault.run("datalad", command, "--credential", line, *arguments, code=1)
        assert re.search(f"--credential: {says}", said)
    vault.forgive_command_lines()  # it stood there by the user's own hand


@pytest.mark.slow
def test_what_an_interrupted_download_leaves_has_no_secret(
    tmp_path: Path, vault: Vault, token: str, lab: Lab
) -> None:
    signature = vault.secret("signature")
    wants = ("Authorization", f"Bearer {token}")
    content = content_of("big.bin", 3_000_000)
    url = lab.put("big.bin", content, wants=wants, cut_at=0.5, etag='"v1"')
    signed = f"{url}?X-Amz-Signature={signature}"
    members = {"big.bin": described("big.bin", signed) | {"size": len(content)}}
    manifest = write_manifest(vault.home / "m.json", members)
    line = f"{lab.url} env:PORTAL_TOKEN kind=bearer"
    vault.config("datalad.jsdl.max-wait", "0.1")
    get = ("datalad", "-l", "debug", "download-manifest", "--get", "--credential", line)
    vault.run(*get, manifest, "ds", code=1)
    left = [file.name for file in (tmp_path / "ds/.git/annex/jsdl").rglob("*") if file.is_file()]
    assert any(name.endswith(".part") for name in left)
    assert "origins.json" in left
    # without a checksum it is the journal that tells which version was begun
    with new_engine(Waits(), credential=(parse_rule(line),)) as engine:
        job = Job("x", (signed,), Expected(len(content)), tmp_path / "x.bin")
        outcome = fetch_file(job, engine)
    assert "after 1.5 MB" in told(outcome)
    assert signature not in told(outcome)
    assert (tmp_path / "x.bin.part.journal").stat().st_size > 0
