"""What is decided about mirrors is in the debug log, and nothing secret with it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.fetch.credentials.test_get import cookies_txt
from tests.lab import Authority, Lab, refused_url, sha256
from tests.portal import content_of, datalad, described, git, write_manifest
from tests.vault import Vault

DEBUG = ["git", "annex", "get", "--debug", "--from", "jsdl"]
GET = ["datalad", "-l", "debug", "get", "-s", "jsdl"]
CONTENT = ["datalad", "-l", "debug", "download-content"]

Import = Callable[..., Path]


def said(command: list[str], dataset: Path, env: dict[str, str] | None = None) -> str:
    """Both streams of a program."""
    done = subprocess.run(command, cwd=dataset, capture_output=True, text=True, env=env)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


@pytest.fixture
def of_one_file(tmp_path: Path) -> Import:
    """Makes a dataset of one file, given its URLs and its size."""

    def make(*urls: str, size: int = 3000) -> Path:
        content = content_of("f", size)
        members = {"f": described("f", *urls, size=size, digests={"sha256": sha256(content)})}
        datalad("download-manifest", write_manifest("m.json", members), "ds")
        return tmp_path / "ds"

    return make


@pytest.mark.parametrize("command", [[*DEBUG, "f"], [*GET, "f"], CONTENT], ids=lambda c: c[0])
def test_which_mirror_is_chosen_and_why(
    of_one_file: Import, lab: Lab, other_lab: Lab, command: list[str]
) -> None:
    dead, good = lab.put("f", status=404), other_lab.put("f", content_of("f"))
    text = said(command, of_one_file(dead, good))
    assert f"mirrors in order: {dead} (as given); {good} (as given)" in text
    assert f"asked: {dead}, from byte 0" in text
    assert f"{dead} has failed for good (gone: HTTP status 404" in text
    assert f"asked: {good}, from byte 0; instead of {dead} (gone: HTTP status 404" in text
    assert f"content verified: 3000 bytes (size, sha256); from {good}" in text


def test_datalad_without_our_part_of_it(of_one_file: Import, lab: Lab, tmp_path: Path) -> None:
    """It loads no extension for its own commands, and hands on nothing but its environment."""
    url = lab.put("f", content_of("f"))
    dataset = of_one_file(url)
    config = tmp_path / "gitconfig"
    home = Path(os.environ["HOME"], ".gitconfig").read_text()
    config.write_text(home.replace('[datalad "extensions"]\n    load = jsdl\n', ""))
    environment = os.environ | {"GIT_CONFIG_GLOBAL": str(config)}
    get = ["datalad", "get", "-s", "jsdl", "f"]
    text = said(get, dataset, environment | {"DATALAD_LOG_LEVEL": "debug"})
    assert f"[INFO] asked: {url}, from byte 0" in text
    git(dataset, "annex", "drop", "-q", "--force", "f")
    assert "asked: " not in said(get, dataset, environment)


def test_preferred_busy_and_resting(of_one_file: Import, lab: Lab, other_lab: Lab) -> None:
    urls = [lab.put("f", content_of("f")), other_lab.put("f", status=429, times=1)]
    other_lab.files["/f"].content = content_of("f")
    other_lab.files["/f"].headers = {"Retry-After": "30"}
    dataset = of_one_file(*urls)
    git(dataset, "config", "remote.jsdl.prefer", f"127.0.0.1:{other_lab.port}")
    text = said([*DEBUG, "f"], dataset)
    assert f"mirrors in order: {urls[1]} (preferred); {urls[0]} (as given)" in text
    pause = r"back-off for 30 s, until \d\d:\d\d:\d\d \(as it asks; busy: "
    assert re.search(f"{other_lab.url}: {pause}", text)
    assert f"asked: {urls[0]}, from byte 0; instead of {urls[1]} (busy: " in text


def test_wrong_content_and_quarantine(of_one_file: Import, lab: Lab, other_lab: Lab) -> None:
    content = content_of("f")
    urls = lab.put("f", content, corrupt_at=0.5), other_lab.put("f", content)
    text = said([*DEBUG, "f"], of_one_file(*urls))
    assert "verification failed (content: wrong content: expected sha256 " in text
    assert f"quarantine of {urls[0]} for the digest {sha256(content)}, for 600 s" in text
    assert f"from {urls[1]}" in text


def test_a_resumed_file(of_one_file: Import, lab: Lab) -> None:
    content = content_of("f", 200_000)
    url = lab.put("f", content)
    dataset = of_one_file(url, size=len(content))
    left = dataset / ".git/annex/tmp" / git(dataset, "annex", "lookupkey", "f")
    left.parent.mkdir(exist_ok=True)
    left.write_bytes(content[:150_000])
    text = said([*DEBUG, "f"], dataset)
    assert "resuming: 150000 of 200000 bytes are there from an earlier run" in text
    assert f"asked: {url}, from byte 150000" in text


def test_a_dead_mirror(lab: Lab, tmp_path: Path) -> None:
    dead = refused_url()
    paths = ["a", "b", "c"]
    members = {p: described(p, dead, lab.put(p, content_of(p))) for p in paths}
    datalad("download-manifest", write_manifest("m.json", members), "ds")
    text = said([*DEBUG, "."], tmp_path / "ds")
    assert f"{dead} has failed for now (unconnected: cannot connect" in text
    origin = dead.removesuffix("/x")
    assert re.search(rf"{origin}: back-off for 60 s, until \S+ \(considered dead; ", text)


def test_all_connections_of_a_file_speak_for_its_job(of_one_file: Import, lab: Lab) -> None:
    size = 20 << 20
    url = lab.put("f", content_of("f", size), rate=4 << 20)
    text = said([*DEBUG, "-J2", "f"], of_one_file(url, size=size))
    sent = re.findall(r"git-annex-remote-jsdl\[1\] --> (.*)", text)
    more = [line for line in sent if f" DEBUG one more connection: {url}, from byte " in line]
    assert more
    assert any(f"are moved from {url} to {url}" in line for line in sent)
    # nothing is said for no job but the greeting
    others = [line for line in sent if not re.match(r"J \d+ [A-Z]", line)]
    assert [line.split()[0] for line in others] == ["VERSION", "EXTENSIONS"]


def test_nothing_secret(
    tmp_path: Path, vault: Vault, lab: Lab, other_lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of signed URLs, a password of ~/.netrc and a cookie, whichever program is asked."""
    password, cookie, signature = map(vault.secret, ("netrc", "cookie", "signature"))
    authority = Authority()
    bundle = tmp_path / "authority.pem"
    bundle.write_bytes(authority.pem)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(bundle))
    vault.keep(".netrc", f"machine 127.0.0.1 login alice password {password}\n")
    named = lab.url.replace("127.0.0.1", "localhost")
    file = vault.keep("cookies.txt", cookies_txt("localhost", "session", cookie))
    vault.config("datalad.jsdl.credential", f"{named} cookies:{file}")
    query = f"?X-Amz-Signature={quote(signature)}"
    # two of them: an origin that refuses a login at once is not shown it again
    with Lab(authority) as safe, Lab(authority) as closed:
        for one in (safe, closed):
            vault.config("datalad.jsdl.credential", f"{one.url} netrc")
        # on a busy machine they may look much slower than the other
        preferred = f"127.0.0.1:{safe.port} 127.0.0.1:{closed.port}"
        vault.config("datalad.jsdl.prefer", preferred)
        basic = ("Authorization", vault.basic("alice", password))
        urls = {
            "netrc": safe.put("netrc", content_of("netrc"), wants=basic),
            "refused": closed.put("refused", content_of("refused"), wants=("X", "nothing")),
            "moved": safe.put("moved", location=f"{other_lab.url}/signed{query}"),
        }
        members = {}
        for path, url in urls.items():
            wants = ("Cookie", f"session={cookie}")
            last = lab.put(path, content_of(path), wants=wants).replace(lab.url, named)
            members[path] = described(path, url, last)
        vault.run("datalad", "download-manifest", write_manifest("m.json", members), "ds")
        dataset = tmp_path / "ds"
        for command in ([*DEBUG, "."], [*GET, "."], CONTENT):
            text = vault.run(*command, cwd=dataset)
            assert f"{safe.url} accepts the login of the source netrc" in text
            assert f"{closed.url} answers 401 to the login of the source netrc" in text
            assert f"{named} accepts the login of the source cookies" in text
            vault.run("git", "annex", "drop", "-q", "--force", ".", cwd=dataset)
        bare = lab.put("bare", status=403)
        signed = described("bare", bare + query, other_lab.put("bare", content_of("bare")))
        manifest = write_manifest(vault.home / "signed.json", {"bare": signed})
        fetch = ["datalad", "-l", "debug", "download-manifest", "--get", manifest, "other"]
        assert f"{bare}?… has failed for good (terms: " in vault.run(*fetch)


def test_git_annex_is_told_only_what_it_shows(
    of_one_file: Import, lab: Lab, tmp_path: Path
) -> None:
    """What it is told is seen by a program that stands between the two."""
    url = lab.put("f", content_of("f"))
    dataset = of_one_file(url)
    heard = tmp_path / "heard"
    real = shutil.which("git-annex-remote-jsdl")
    between = tmp_path / "bin/git-annex-remote-jsdl"
    between.parent.mkdir()
    # exec keeps git-annex the parent of the real one
    between.write_text(f'#!/bin/bash\nexec {real} > >(tee -a "{heard}")\n')
    between.chmod(0o755)
    environment = os.environ | {"PATH": f"{between.parent}:{os.environ['PATH']}"}
    get = ["git", "annex", "get", "--from", "jsdl", "f"]
    for options, shown in ([], False), (["--debug"], True), (["-d"], True), ([], True):
        if heard.exists() and not options:
            git(dataset, "config", "annex.debug", "true")
        heard.write_text("")
        said([*get, *options], dataset, environment)
        assert (f"DEBUG asked: {url}" in heard.read_text()) == shown
        git(dataset, "annex", "drop", "-q", "--force", "f")
