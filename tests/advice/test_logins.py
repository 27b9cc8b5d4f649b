"""What is said of logins that are missing, wrong, or not understood."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from datalad_jsdl.errors import FetchError, SettingError
from datalad_jsdl.fetch.credentials.rules import parse_rule
from datalad_jsdl.fetch.http.answers import refusal
from datalad_jsdl.fetch.phrases import phrase
from datalad_jsdl.model.entry import Refusal
from datalad_jsdl.operations.engines import open_engine
from datalad_jsdl.operations.logins import cookies_line, credential_lines, origin_of_all
from tests.advice.test_manifests import entries, read
from tests.conftest import run
from tests.fetch.credentials.test_get import cookies_txt
from tests.fetch.credentials.test_keeper import CONTENT, ask, store
from tests.fetch.credentials.test_sources import find
from tests.running import run_datalad

if TYPE_CHECKING:
    from tests.lab import Lab
    from tests.vault import Vault


def advice(url: str) -> str:
    """What is said of the answer to a URL; "" if it is the file."""
    with open_engine(None) as engine:
        response = ask(engine.web, url)
    assert (response.status == 200) is not bool(response.advice)
    return response.advice


def follow(command: str, stdin: str = "") -> None:
    """Run a command of a message as it stands there."""
    subprocess.run(shlex.split(command), input=stdin, text=True, check=True, capture_output=True)


def command_in(pattern: str, said: str) -> str:
    found = re.search(pattern, said)
    assert found, said
    return found[1]


def log_in(url: str, stdin: str) -> None:
    """Follow what an answer of failure says, as it is said."""
    with open_engine(None) as engine:
        said = phrase(refusal(url, ask(engine.web, url)))
    _, *arguments = shlex.split(command_in(r"; to log in, run:\n  (datalad jsdl-login .*)$", said))
    done = run_datalad(*arguments, stdin=stdin)
    assert done.code == 0, done.stderr


def test_a_login_is_given(vault: Vault, lab: Lab, other_lab: Lab) -> None:
    """To two origins, one after the other: the second's does not take the first's place."""
    secrets = {lab: vault.secret("one"), other_lab: vault.secret("two")}
    for server, secret in secrets.items():
        wants = ("Authorization", f"Bearer {secret}")
        url = server.put("f", CONTENT, wants=wants, challenge="Bearer")
        log_in(url, secret)
        assert advice(url) == ""
    assert advice(f"{lab.url}/f") == ""
    # another one, where the first is refused
    password = vault.secret("password")
    value = vault.basic("alice", password)
    named = lab.put("p/f", CONTENT, wants=("Authorization", value), challenge="Basic")
    log_in(named, f"alice\n{password}\n")
    assert advice(named) == ""


def test_a_helpers_login_is_replaced(vault: Vault, lab: Lab) -> None:
    store(vault, lab.url, "alice", "old")
    url = lab.put(
        "f", CONTENT, wants=("Authorization", vault.basic("alice", "new")), challenge="Basic"
    )
    said = advice(url)
    first, second = re.findall(r"git credential \w+", command_in(r"(replace it with: [^(]*)", said))
    place = f"url={lab.url}\nusername=alice\n"
    follow(first, place)
    follow(second, f"{place}password=new\n")
    assert advice(url) == ""


def test_a_line_of_netrc_is_corrected(vault: Vault) -> None:
    """It is for https on port 443 by itself, where no server of a test is."""
    from datalad_jsdl.fetch.credentials.advice import advice as advice_of
    from datalad_jsdl.fetch.credentials.place import Place
    from datalad_jsdl.fetch.credentials.sources.netrc_file import SOURCE

    def login() -> object:
        return find("https://portal.example ?netrc")

    vault.keep(".netrc", "machine portal.example login alice password old\n")
    old = login()
    place = Place("https://portal.example", (), {}, search=True)
    from dataclasses import replace

    denied = [replace(old, source=SOURCE)]  # type: ignore[type-var]  # a Login
    said = advice_of(place, "https://portal.example/f", 401, "Basic", denied, False).text  # type: ignore[arg-type]
    assert "~/.netrc (sent as user 'alice' with password)" in said
    assert "correct its line in that file" in said
    vault.keep(".netrc", "machine portal.example login alice password new\n")
    assert getattr(login(), "secret", "") == "new"


def test_cookies_are_exported_anew(vault: Vault, lab: Lab) -> None:
    file = vault.keep("c.txt", cookies_txt("127.0.0.1", "session", "old"))
    vault.config("datalad.jsdl.credential", f"{lab.url} cookies:{file}")
    url = lab.put("f", CONTENT, wants=("Cookie", "session=new"))
    assert "log in at the portal again and export the file again" in advice(url)
    vault.keep("c.txt", cookies_txt("127.0.0.1", "session", "new"))
    assert advice(url) == ""


def test_a_variable_is_corrected(vault: Vault, lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", "old")
    vault.config("datalad.jsdl.credential", f"{lab.url} env:TOKEN")
    url = lab.put("f", CONTENT, wants=("Authorization", "Bearer new"))
    assert "correct the variable, or the kind" in advice(url)
    monkeypatch.setenv("TOKEN", "new")
    assert advice(url) == ""


def test_a_stored_secret_is_entered_anew(
    vault: Vault, lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = vault.secret("new")
    vault.keyring("mine", "token", "old")
    vault.config("datalad.jsdl.credential", f"{lab.url} datalad:mine")
    url = lab.put("f", CONTENT, wants=("Authorization", f"Bearer {secret}"))
    said = advice(url)
    follow(command_in(r"(keyring set \S+ secret)", said), secret)
    assert advice(url) == ""
    # the other way: another kind in the line
    other = lab.put("g", CONTENT, wants=("X-Token", secret))
    said = advice(other)
    edit(
        command_in(r"correct the line for \S+: (git config --global --edit)", said),
        "datalad:mine",
        "datalad:mine kind=header header=X-Token",
        monkeypatch,
    )
    assert advice(other) == ""


def edit(command: str, old: str, new: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An editor that puts one text in the place of another."""
    monkeypatch.setenv("GIT_EDITOR", f"sed -i {shlex.quote(f's|{old}|{new}|')}")
    follow(command)


def test_netrc_for_another_port(vault: Vault) -> None:
    origin = "https://portal.example:8443"
    vault.keep(".netrc", "machine portal.example login alice password apple\n")
    with pytest.raises(FetchError) as caught:
        find(f"{origin} ?netrc")
    follow(command_in(r"run: (git config .*)", str(caught.value)))
    line = run("git", "config", "--global", "--get", "datalad.jsdl.credential").strip()
    login = find(line)
    assert login is not None
    assert login.secret == "apple"


def test_your_own_name(vault: Vault) -> None:
    line = "https://portal.example datalad:portal user=YOU"
    with pytest.raises(ValueError, match="replace YOU with your own name"):
        parse_rule(line)
    assert parse_rule(line.replace("YOU", "alice")).options["user"] == "alice"


def test_a_name_beside_a_password(vault: Vault) -> None:
    vault.keyring("portal", "password", "apple")
    line = "https://portal.example datalad:portal kind=basic"
    with pytest.raises(FetchError) as caught:
        find(line)
    option = command_in(r"add (user=NAME) to the line", str(caught.value))
    login = find(f"{line} {option.replace('NAME', 'alice')}")
    assert login is not None
    assert (login.user, login.secret) == ("alice", "apple")


def test_a_credential_that_is_not_there(vault: Vault) -> None:
    secret = vault.secret("entered")
    line = "https://portal.example datalad:mine"
    with pytest.raises(FetchError) as caught:
        find(line)
    follow(command_in(r"run: (keyring set \S+ secret)", str(caught.value)), secret)
    login = find(line)
    assert login is not None
    assert login.secret == secret


@pytest.mark.parametrize("where", ["--global", "--local"])
def test_a_line_is_corrected(vault: Vault, where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    run("git", "init", "-q", "repo")
    monkeypatch.chdir("repo")
    run("git", "config", where, "datalad.jsdl.credential", "https://portal.example gti")
    with pytest.raises(SettingError) as caught:
        open_engine(Path(".git"))
    ways = re.findall(r"git config (?:--global )?--edit", str(caught.value))
    assert len(ways) == 2
    edit(ways[where == "--global"], "gti", "git", monkeypatch)
    with open_engine(Path(".git")) as engine:
        assert engine.settings.credential[0].source.name == "git"


@pytest.mark.parametrize(
    ("line", "what", "right"),
    [
        ("datalod:portal", "source", "datalad:portal"),
        ("datalad:portal kind=bearrer", "kind", "datalad:portal kind=bearer"),
        ("datalad:portal usr=alice", "option", "datalad:portal user=alice"),
    ],
)
def test_one_is_chosen(line: str, what: str, right: str) -> None:
    with pytest.raises(ValueError, match=f"unknown {what}") as caught:
        parse_rule(f"https://portal.example {line}")
    offered = command_in(r"choose from ([\w, -]+)", str(caught.value)).split(", ")
    chosen = {"source": "datalad", "kind": "bearer", "option": "user"}[what]
    assert chosen in offered
    assert parse_rule(f"https://portal.example {right}")


def test_a_misspelt_setting(vault: Vault) -> None:
    run("git", "config", "--global", "datalad.jsdl.job", "3")
    with pytest.raises(SettingError) as caught:
        open_engine(None)
    name = command_in(r"unknown setting; did you mean (\S+)\?", str(caught.value))
    run("git", "config", "--global", "--unset", "datalad.jsdl.job")
    run("git", "config", "--global", f"datalad.jsdl.{name}", "3")
    with open_engine(None) as engine:
        assert engine.settings.jobs == 3


def test_what_cookies_are_for(vault: Vault) -> None:
    with pytest.raises(SettingError) as caught:
        origin_of_all([*entries("a").values(), *entries("b", url="https://b.example/b").values()])
    (line,) = credential_lines(command_in(r"--credential '([^']*)'", str(caught.value)))
    assert parse_rule(line).source.name == "browser"
    # which is what --cookies means where there is one origin
    assert line == cookies_line("firefox", "https://portal.example")


def test_a_login_in_a_url(vault: Vault) -> None:
    url = "https://alice:apple@h.example/a.txt"
    (refusal,) = read(json.dumps({"a.txt": [url]}))
    assert isinstance(refusal, Refusal)
    assert "remove it, and give the login as" in refusal.reason
    assert "apple" not in refusal.reason
    assert len(entries("a.txt")) == 1
    assert os.environ["HOME"] == str(vault.home)


@pytest.mark.parametrize("own", [True, False])
def test_headers_for_one_of_several(
    own: bool, vault: Vault, lab: Lab, other_lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Named, an origin gets them; the other is sent none."""
    secret = vault.secret("key")
    vault.keep("headers", f"X-Portal-Key: {secret}\n")
    url = lab.put("f", CONTENT, wants=("X-Portal-Key", secret))
    follow("git init -q repo")
    monkeypatch.chdir("repo")
    command = f"cat {vault.home}/headers"
    if own:
        follow(f"git config annex.http-headers-command '{command}'")
    else:
        vault.config("annex.http-headers-command", command)

    def said(url: str) -> str:
        with open_engine(Path(".git")) as engine:
            return ask(engine.web, url).advice

    command = command_in(r"for: (git config (?:--global )?--add \S+ '[^']*')", said(url))
    assert ("--global" in command) is not own
    follow(command.replace("https://HOST", lab.url))
    assert said(url) == ""
    with open_engine(Path(".git")) as engine:
        assert ask(engine.web, other_lab.put("f", CONTENT)).status == 200
    assert not [one for one in other_lab.requests if "X-Portal-Key" in one.headers]
