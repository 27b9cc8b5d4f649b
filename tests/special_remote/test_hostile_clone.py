"""A dataset from somebody hostile: it gets no login, reads no file, writes nowhere else."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.fetch.credentials.test_get import plant, seen
from tests.portal import content_of, described, git, write_manifest

if TYPE_CHECKING:
    from tests.lab import Lab
    from tests.vault import Vault

KINDS = ["basic", "bearer", "header", "cookie"]


def commit_annex(dataset: Path, files: dict[str, bytes]) -> None:
    """Write files into the git-annex branch."""
    stream = b"commit refs/heads/git-annex\ncommitter a <a@b> 1700000000 +0000\ndata 1\nx\n"
    stream += b"from refs/heads/git-annex^0\n"
    for path, content in files.items():
        stream += f"M 100644 inline {path}\ndata {len(content)}\n".encode() + content + b"\n"
    subprocess.run(
        ["git", "fast-import", "--quiet", "--force"], cwd=dataset, input=stream, check=True
    )


def clone(origin: Path, target: Path) -> None:
    subprocess.run(["git", "clone", "-q", str(origin), str(target)], check=True)
    subprocess.run(["git", "annex", "init", "-q"], cwd=target, check=True, capture_output=True)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_what_a_clone_says_of_logins_is_not_heard(
    tmp_path: Path, vault: Vault, kind: str, lab: Lab, other_lab: Lab
) -> None:
    """The user has a login for one origin; the dataset wants it sent to another."""
    _, value = plant(vault, kind, lab.url)
    stolen = other_lab.put("f.bin", content_of("f.bin"))
    manifest = write_manifest("m.json", {"f.bin": described("f.bin", stolen)})
    vault.run("datalad", "download-manifest", manifest, "evil")
    evil = tmp_path / "evil"
    line = f"{other_lab.url} datalad:portal"
    for setting in ("datalad.jsdl.credential", "remote.jsdl.credential"):
        file = ".datalad/config"
        git(evil, "config", "-f", file, "--add", setting, line)
        git(evil, "config", "-f", file, "--add", setting, f"{other_lab.url} cookies:cookies.txt")
    git(evil, "config", "-f", ".datalad/config", "datalad.credential.portal.realm", other_lab.url)
    git(evil, "config", "-f", ".gitconfig", "remote.jsdl.credential", line)
    (evil / ".datalad/providers").mkdir()
    (evil / ".datalad/providers/x.cfg").write_text(
        "[provider:x]\nurl_re = .*\nauthentication_type = http_basic_auth\ncredential = portal\n"
        "[credential:portal]\ntype = user_password\n"
    )
    git(evil, "add", ".")
    git(evil, "commit", "-qm", "x")
    log = git(evil, "show", "git-annex:remote.log")
    hostile = f"credential={other_lab.url},datalad:portal proxy={other_lab.url}"
    commit_annex(evil, {"remote.log": log.replace(" timestamp", f" {hostile} timestamp").encode()})
    clone(evil, tmp_path / "ds")
    dataset = tmp_path / "ds"
    # the origin asks for a login in every way that there is
    for status, challenge in ((401, "Basic"), (401, "Bearer"), (403, "")):
        other_lab.put("f.bin", status=status, headers={"WWW-Authenticate": challenge})
        vault.run("git", "annex", "get", "f.bin", cwd=dataset, code=1)
        vault.run("datalad", "download-content", cwd=dataset, code=1)
    # … or sends the client on to where it has one, and would like to see the answer
    mine = lab.put("private.bin", content_of("private.bin"))
    other_lab.put("f.bin", location=mine)
    vault.run("git", "annex", "get", "f.bin", cwd=dataset, code=1)
    assert other_lab.requests
    assert not seen(other_lab, value)


STRANGE = [
    "file:///etc/passwd", "FILE:///etc/passwd", "file:/etc/passwd", "//etc/passwd", "/etc/passwd",
    "http:/etc/passwd", "http://", "http:///etc/passwd", "http://[", "http://127.0.0.1:99999/x",
    "http://127.0.0.1:1\r\nX: y/", "ftp://127.0.0.1/x", "yt:http://127.0.0.1:1/x",
    "http://me:pass@127.0.0.1:1/x", "http://127.0.0.1\\@evil.example/x", "gopher://127.0.0.1:1/x",
    "data:text/plain,root", "http://evil.example\x00/x", "http://2130706433:1/x",
]  # fmt: skip


@pytest.mark.slow
def test_urls_and_states_that_no_manifest_would_give(
    tmp_path: Path, vault: Vault, lab: Lab
) -> None:
    """They fail, each with a word, and the good file beside them comes."""
    good = lab.put("good.bin", content_of("good.bin"))
    members = {"good.bin": described("good.bin", good)}
    for number in range(len(STRANGE)):
        members[f"{number}"] = described(f"{number}", f"{lab.url}/{number}")
    vault.run("datalad", "download-manifest", write_manifest("m.json", members), "evil")
    evil = tmp_path / "evil"
    uuid = git(evil, "config", "remote.jsdl.annex-config-uuid")
    files = {}
    for number, url in enumerate(STRANGE):
        key = git(evil, "annex", "lookupkey", str(number))
        folder = git(evil, "annex", "examinekey", "--format=${hashdirlower}", key)
        line = f"1700000001.5s 1 {url}\n".encode("utf-8", "replace").replace(b"\r\n", b"\\n")
        files[f"{folder}{key}.log.web"] = line
        state = json.dumps({"urls": [url], "order": [url], "mtime": "../../x", "path": "/etc/x"})
        files[f"{folder}{key}.log.rmt"] = f"1700000001.5s {uuid}:{state}\n".encode()
    commit_annex(evil, files)
    clone(evil, tmp_path / "ds")
    dataset = tmp_path / "ds"
    vault.run("git", "config", "remote.jsdl.retries", "1", cwd=dataset)
    outside = {p for p in tmp_path.rglob("*") if dataset not in p.parents}
    vault.run("git", "annex", "get", "--from", "jsdl", ".", cwd=dataset, code=1)
    assert (dataset / "good.bin").read_bytes() == content_of("good.bin")
    vault.run("git", "annex", "drop", "good.bin", cwd=dataset)
    vault.run("datalad", "download-content", cwd=dataset, code=1)
    assert (dataset / "good.bin").read_bytes() == content_of("good.bin")
    for number in range(len(STRANGE)):
        assert not (dataset / str(number)).exists()
    said = {p for p in tmp_path.rglob("*") if dataset not in p.parents} - outside
    assert {path.parent.name for path in said} <= {"said"}


@pytest.mark.slow
def test_keys_that_lead_out_of_the_repository(tmp_path: Path, vault: Vault, lab: Lab) -> None:
    manifest = write_manifest("m.json", {"f.bin": described("f.bin", lab.put("f.bin", b"x"))})
    vault.run("datalad", "download-manifest", manifest, "evil")
    evil = tmp_path / "evil"
    for number, key in enumerate(
        ("SHA256E-s1--x/../../../../../../out", "URL--..&s..&sout", "SHA256E-s1--..%..%..%out")
    ):
        (evil / f"l{number}").symlink_to(f".git/annex/objects/aa/bb/{key}/{key}")
    git(evil, "add", "-A", ".")
    git(evil, "commit", "-qm", "x")
    clone(evil, tmp_path / "ds")
    vault.run("datalad", "download-content", cwd=tmp_path / "ds", code=None)
    vault.run("git", "annex", "get", "--from", "jsdl", ".", cwd=tmp_path / "ds", code=None)
    assert not list(tmp_path.rglob("out"))
