"""``datalad jsdl-login``, and what works after it; no secret anywhere but in the keyring."""

from __future__ import annotations

import io
import os
import pty
import re
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

import pytest

from datalad_jsdl.errors import LoginError
from datalad_jsdl.operations.login_places import login_places
from datalad_jsdl.operations.typed_login import Asked, Lines, Terminal
from tests.lab import Lab
from tests.operations.test_log_in import SERVERS, SETTING, lines
from tests.portal import content_of, described, write_manifest
from tests.running import run_datalad, start_datalad

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.vault import Vault

PATHS = ["a", "b", "c", "d"]


def study(lab: Lab, kind: str, vault: Vault, secret: str, *, manifest: bool = True) -> str:
    """A portal whose files, and perhaps its manifest, want a login; the manifest's URL."""
    server = SERVERS[kind]
    value = server.value.format(secret) if server.value else vault.basic("alice", secret)
    wants = (server.header, value)
    members = {}
    for path in PATHS:
        url = lab.put(path, content_of(path), wants=wants, challenge=server.challenge)
        members[path] = described(path, url)
    file = write_manifest("m.json", members)
    more = {"wants": wants, "challenge": server.challenge} if manifest else {}
    url = lab.put("study.json", file.read_bytes(), **more)
    file.unlink()
    return url


def log_in(vault: Vault, *arguments: str, stdin: str = "", code: int = 0) -> str:
    """Run the command; what it says is searched for secrets, too."""
    done = run_datalad("-l", "debug", "jsdl-login", *arguments, stdin=stdin)
    said = done.stdout + done.stderr
    (vault.root / f"login-{len(list(vault.root.iterdir()))}.txt").write_text(said)
    assert done.code == code, said
    return done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["basic", "bearer", "a known header"])
def test_after_it_everything_works(
    tmp_path: Path, vault: Vault, lab: Lab, other_lab: Lab, kind: str
) -> None:
    secret = vault.secret(kind)
    url = study(lab, kind, vault, secret)
    moved = other_lab.put("moved", location=f"{lab.url}/a")
    said = vault.run("datalad", "download-manifest", url, "study", code=1)
    assert re.search(rf"^  datalad jsdl-login {url}$", said, re.MULTILINE)
    user = "alice\n" if kind == "basic" else ""
    said = log_in(vault, url, stdin=f"{user}{secret}\n")
    assert f"logged in to {lab.url}" in said
    dataset = tmp_path / "study"
    vault.run("datalad", "download-manifest", url, "study")
    vault.run("git", "annex", "get", "--from", "jsdl", "--debug", "a", cwd=dataset)
    vault.run("datalad", "get", "b", cwd=dataset)
    vault.run("datalad", "download-content", "c", cwd=dataset)
    vault.run("datalad", "export-archive", "-t", "zip", "study.zip", cwd=dataset)
    assert all((dataset / path).read_bytes() == content_of(path) for path in "abc")
    assert (dataset / "study.zip").stat().st_size > 4000
    # nothing of it in the dataset, and nobody else has seen it
    assert "credential" not in (dataset / ".git/config").read_text()
    vault.run("curl", "-sL", moved)
    header = SERVERS[kind].header
    assert not any(header in request.headers for request in other_lab.requests)
    said = log_in(vault, "--forget", lab.url)
    assert f"deleted datalad-127-0-0-1-{lab.port} from the keyring" in said
    assert lines() == []
    said = vault.run("git", "annex", "get", "--from", "jsdl", "d", cwd=dataset, code=1)
    assert re.search(rf"^  datalad jsdl-login {lab.url}/d$", said, re.MULTILINE)


def test_a_wrong_password(vault: Vault, lab: Lab) -> None:
    url = study(lab, "basic", vault, vault.secret("right"))
    said = log_in(vault, url, stdin=f"alice\n{vault.secret('wrong')}\n", code=1)
    assert f"error: {lab.url} rejects this login: HTTP status 401" in said
    assert said.rstrip().endswith("; nothing was stored")
    assert lines() == []
    said = log_in(vault, url, stdin="alice\n", code=1)
    assert "expected on standard input 2 lines: user name, then password; it has 1" in said


@pytest.mark.parametrize("kind", SERVERS)
def test_a_wrong_secret_of_any_kind(vault: Vault, lab: Lab, kind: str) -> None:
    url = study(lab, kind, vault, vault.secret("right"))
    user = "alice\n" if "basic" in kind else ""
    said = log_in(vault, url, stdin=f"{user}{vault.secret('wrong')}\n", code=1)
    assert f"error: {lab.url} rejects this login: HTTP status 401" in said
    assert said.rstrip().endswith("; nothing was stored")
    assert lines() == []
    assert not list(vault.home.rglob("keyring_pass.cfg"))


def test_a_page_to_log_in_on(vault: Vault, lab: Lab) -> None:
    url = lab.put("f", b"open")
    said = log_in(vault, url, stdin="whatever")
    assert said.strip() == f"{lab.url} requires no login for this URL; nothing was stored"
    said = log_in(vault, lab.put("page", html=True), stdin="whatever")
    assert "log in on, do so in your browser, and use --cookies of download-manifest" in said
    assert lines() == []


def test_without_a_url(vault: Vault, lab: Lab) -> None:
    assert "give the URL of a manifest or file" in log_in(vault, code=1)
    assert "exclude each other" in log_in(vault, "--show", "--forget", lab.url, code=1)
    assert "no login is stored for https://a.example" in log_in(vault, "--forget", "a.example")


def test_what_is_shown(vault: Vault, lab: Lab) -> None:
    secret = vault.secret("token")
    url = study(lab, "bearer", vault, secret)
    log_in(vault, url, stdin=secret)
    vault.config(SETTING, "https://b.example env:GONE")
    name = f"127-0-0-1-{lab.port}"
    shown = f"{lab.url}: DataLad's credential '{name}' (bearer); git config --global"
    assert log_in(vault, "--show", url).strip() == shown
    said = log_in(vault, "--show", code=1)
    assert said.splitlines()[0] == shown
    assert "error: https://b.example: env:GONE; git config --global; not usable: " in said


class Screen:
    """A terminal, and the person before it.

    Attributes:
        shown: what was on it so far.
    """

    def __init__(self, master: int) -> None:
        self.shown = ""
        self._master = master
        self._answered = 0  # characters
        self._more = threading.Condition()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        while True:
            try:
                data = os.read(self._master, 4096)
            except OSError:  # the program has ended
                return
            with self._more:
                self.shown += data.decode(errors="replace")
                self._more.notify_all()

    def enter(self, prompt: str, text: str) -> None:
        """Wait for a prompt, after those before it, and type a line."""
        with self._more:
            there = self._more.wait_for(lambda: prompt in self.shown[self._answered :], 60)
            assert there, self.shown
            self._answered = self.shown.index(prompt, self._answered) + len(prompt)
        os.write(self._master, f"{text}\n".encode())


@contextmanager
def terminal(vault: Vault) -> Iterator[tuple[Screen, IO[bytes]]]:
    """A terminal for a program; what it shows is searched for secrets."""
    master, slave = pty.openpty()
    with os.fdopen(slave, "r+b", buffering=0) as theirs:
        screen = Screen(master)
        yield screen, theirs
    (vault.root / "screen.txt").write_text(screen.shown)
    os.close(master)


def test_on_a_terminal(vault: Vault, lab: Lab) -> None:
    """Names are shown, passwords not; a wrong one can be entered anew."""
    secret = vault.secret("right")
    url = study(lab, "basic unsaid", vault, secret)
    with terminal(vault) as (screen, theirs):
        running = start_datalad("jsdl-login", url, streams=(theirs, theirs, theirs))
        screen.enter("User name (empty for a token): ", "alice")
        screen.enter("Password (not shown): ", vault.secret("wrong"))
        screen.enter("User name (empty for a token): ", "")
        screen.enter("Token (not shown): ", "")
        assert running.wait() == 1
    assert f"{lab.url} rejects this login: HTTP status 401 (Log in)." in screen.shown
    assert "error: no token was entered" in screen.shown
    assert f"{lab.url} requires a login. It is sent unencrypted." in screen.shown
    assert "alice" in screen.shown
    with terminal(vault) as (screen, theirs):
        running = start_datalad("jsdl-login", url, streams=(theirs, theirs, theirs))
        screen.enter("User name (empty for a token): ", "alice")
        screen.enter("Password (not shown): ", secret)
        assert running.wait() == 0
    assert f"logged in to {lab.url} as alice" in screen.shown


def test_standard_error_is_no_terminal(vault: Vault, lab: Lab) -> None:
    """What is typed is not shown for that; and is not asked for where it would be."""
    secret = vault.secret("right")
    url = study(lab, "bearer", vault, secret)
    log = vault.root / "log.txt"
    with terminal(vault) as (screen, theirs), log.open("wb") as errors:
        running = start_datalad("jsdl-login", url, streams=(theirs, theirs, errors))
        while "Token" not in log.read_text():
            time.sleep(0.05)
        screen.enter("", secret)
        assert running.wait() == 0, log.read_text()
    typed = Terminal()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("getpass.os.open", _no_terminal)
        patch.setattr("sys.stdin", io.StringIO(f"{secret}\n"))
        with pytest.raises(LoginError, match="send it to standard input, as --help tells"):
            typed.read(Asked.TOKEN)
    assert Lines(io.StringIO(secret)).read(Asked.TOKEN).secret == secret


def _no_terminal(*_: object) -> int:
    raise OSError("no terminal")


def test_a_terminal_of_its_own(vault: Vault, lab: Lab) -> None:
    """As in a shell: standard input may be anything, the terminal is asked."""
    secret = vault.secret("token")
    url = study(lab, "bearer", vault, secret)
    program = str(Path(sys.executable).parent / "datalad")
    pid, master = pty.fork()
    if pid == 0:
        os.execv(program, ["datalad", "jsdl-login", url])
    screen = Screen(master)
    screen.enter("Token (not shown): ", secret)
    _, status = os.waitpid(pid, 0)
    (vault.root / "own.txt").write_text(screen.shown)
    assert os.waitstatus_to_exitcode(status) == 0, screen.shown


@pytest.mark.slow
def test_a_manifest_is_downloaded_with_a_login_that_is_asked_for(
    tmp_path: Path, vault: Vault, lab: Lab
) -> None:
    secret = vault.secret("token")
    url = study(lab, "bearer", vault, secret)
    with terminal(vault) as (screen, theirs):
        arguments = ("download-manifest", url, "study")
        running = start_datalad(*arguments, streams=(theirs, theirs, theirs))
        screen.enter("Token (not shown): ", secret)
        assert running.wait() == 0, screen.shown
    assert "4 added" in screen.shown
    assert (tmp_path / "study/a").is_symlink()
    (place,) = login_places(url)
    assert place.source.startswith("datalad:127-0-0-1-")


@pytest.mark.slow
def test_it_asks_for_files_too_and_once_only(tmp_path: Path, vault: Vault, lab: Lab) -> None:
    secret = vault.secret("password")
    url = study(lab, "basic", vault, secret, manifest=False)
    get = ("download-manifest", "--get", url, "study")
    with terminal(vault) as (screen, theirs):
        running = start_datalad(*get, streams=(theirs, theirs, theirs))
        screen.enter("User name: ", "")
        screen.enter("Password (not shown): ", "")
        assert running.wait() == 1, screen.shown
    assert "not logged in: no user name was entered" in screen.shown.replace("\r\n", "\n")
    assert f"\n  datalad jsdl-login {lab.url}/" in screen.shown.replace("\r\n", "\n")
    with terminal(vault) as (screen, theirs):
        running = start_datalad(*get, streams=(theirs, theirs, theirs))
        screen.enter("User name: ", "alice")
        screen.enter("Password (not shown): ", secret)
        assert running.wait() == 0, screen.shown
    assert "4 files, " in screen.shown
    assert all((tmp_path / "study" / path).read_bytes() == content_of(path) for path in PATHS)


@pytest.mark.slow
def test_nobody_is_asked_without_a_terminal(vault: Vault, lab: Lab) -> None:
    url = study(lab, "bearer", vault, vault.secret("token"))
    done = run_datalad("download-manifest", url, "study", stdin="never read\n")
    assert done.code == 1
    assert "Token" not in done.stderr
