"""Where logins are kept: each source finds what is there, and says what is wrong with it."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from datalad_jsdl.errors import FetchError
from datalad_jsdl.fetch.credentials.login import Login, LoginWanted, is_sendable
from datalad_jsdl.fetch.credentials.rules import parse_rule
from datalad_jsdl.fetch.credentials.schemes import headers_of
from datalad_jsdl.fetch.credentials.sources import SOURCES, git_helper
from datalad_jsdl.model.urls import origin_of
from tests.vault import Vault

ORIGIN = "https://portal.example"


def find(line: str, config: dict[str, str] | None = None) -> Login | None:
    """What the source of a rule finds; ``?NAME`` is a source that no rule names."""
    scope, source = line.split(" ", 1)
    rule = None if source[0] == "?" else parse_rule(line)
    origin = origin_of(scope)
    parts = urlsplit(origin)
    row = rule.source if rule else next(s for s in SOURCES if s.name == source[1:])
    argument = rule.argument if rule else ""
    host = parts.hostname or ""
    return row.find(
        LoginWanted(parts.scheme, host, parts.port, origin, argument, rule, config or {})
    )


def header(login: Login | None, url: str = ORIGIN + "/f") -> dict[str, str]:
    assert login is not None
    return headers_of(login, url)


def test_datalads_core_keeps_fields_in_the_keyring(vault: Vault) -> None:
    secret = vault.secret("core")
    vault.keyring("portal", "user", "alice")
    vault.keyring("portal", "password", secret)
    assert header(find(f"{ORIGIN} datalad:portal")) == {
        "Authorization": vault.basic("alice", secret)
    }
    vault.keyring("api", "token", secret)
    assert header(find(f"{ORIGIN} datalad:api"))["Authorization"] == f"Bearer {secret}"
    shown = header(find(f"{ORIGIN} datalad:api kind=header header=Authorization:token"))
    assert shown == {"Authorization": f"token {secret}"}
    with pytest.raises(FetchError, match="keyring set datalad-other secret"):
        find(f"{ORIGIN} datalad:other")


def test_what_datalads_core_itself_stores(vault: Vault) -> None:
    secret = vault.secret("core itself")
    code = (
        "import sys; from datalad.downloaders.credentials import UserPassword as C;"
        "C('mine').set(user='alice', password=sys.stdin.read())"
    )
    subprocess.run(["python", "-c", code], input=secret, text=True, check=True)
    assert header(find(f"{ORIGIN} datalad:mine"))["Authorization"] == vault.basic("alice", secret)


def test_datalad_next_knows_realms(vault: Vault) -> None:
    secret = vault.secret("next")
    vault.keyring("Some.Portal", "secret", secret)
    config = {
        "datalad.credential.Some.Portal.realm": f"{ORIGIN}/Members only",
        "datalad.credential.Some.Portal.type": "token",
    }
    assert header(find(f"{ORIGIN} ?datalad", config))["Authorization"] == f"Bearer {secret}"
    for other in ("https://portal.example:8443", "http://portal.example", "https://a.example"):
        assert find(f"{other} ?datalad", config) is None


def test_the_environment_goes_before_the_keyring(
    vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = vault.secret("variable")
    monkeypatch.setenv("DATALAD_CREDENTIAL_MY__PORTAL_SECRET", secret)
    assert header(find(f"{ORIGIN} datalad:my-portal"))["Authorization"] == f"Bearer {secret}"


def test_a_keyring_that_does_not_work(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    code = (
        "from datalad_jsdl.fetch.credentials.sources import datalad;"
        "from datalad_jsdl.fetch.credentials.login import LoginWanted;"
        "datalad.SOURCE.find(LoginWanted('https', 'a', None, 'https://a', 'x', None, {}))"
    )
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    done = subprocess.run(["python", "-c", code], capture_output=True, text=True)
    assert "FetchError: cannot read the keyring (NoKeyringError)" in done.stderr


def test_gits_helper(vault: Vault) -> None:
    secret = vault.secret("git")
    store = vault.home / "store"
    vault.config("credential.helper", f"store --file {store}")
    said = f"protocol=https\nhost=portal.example:8443\nusername=alice\npassword={secret}\n"
    subprocess.run(["git", "credential", "approve"], input=said, text=True, check=True)
    for line in (f"{ORIGIN}:8443 ?git", f"{ORIGIN}:8443 git"):
        assert header(find(line))["Authorization"] == vault.basic("alice", secret)
    assert header(find(f"{ORIGIN}:8443 git kind=bearer"))["Authorization"] == f"Bearer {secret}"
    assert find(f"{ORIGIN}:8443 git user=bob") is None
    for other in (ORIGIN, "http://portal.example:8443", "https://portal.example:84"):
        assert find(f"{other} ?git") is None


def test_a_helper_that_knows_what_stands_in_the_header(vault: Vault) -> None:
    secret = vault.secret("authtype")
    helper = vault.keep("helper", f"#!/bin/sh\ncat {vault.home}/answer\n")
    helper.chmod(0o700)
    answer = f"capability[]=authtype\nauthtype=Bearer\ncredential={secret}\n"
    vault.keep("answer", answer)
    vault.config("credential.helper", str(helper))
    version = subprocess.run(["git", "version"], capture_output=True, text=True).stdout
    if tuple(map(int, version.split()[2].split(".")[:2])) >= (2, 46):
        assert header(find(f"{ORIGIN} git"))["Authorization"] == f"Bearer {secret}"
    else:  # git without it does not pass it on
        assert find(f"{ORIGIN} git") is None


def test_git_never_asks(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = vault.home / "asked"
    helper = vault.keep("ask", f"#!/bin/sh\necho x >> {asked}; echo hunter2\n")
    helper.chmod(0o700)
    for name in ("GIT_ASKPASS", "SSH_ASKPASS"):
        monkeypatch.setenv(name, str(helper))
    vault.config("core.askPass", str(helper))
    assert find(f"{ORIGIN} git") is None
    assert not asked.exists()


def test_netrc(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = vault.secret("netrc")
    vault.keep(".netrc", f"machine portal.example login alice password {secret}\n"
               f"default login anybody password {secret}\n")  # fmt: skip
    wanted = {"Authorization": vault.basic("alice", secret)}
    assert header(find(f"{ORIGIN} ?netrc")) == wanted
    with pytest.raises(FetchError, match="by default it is used for port 443 only"):
        find(f"{ORIGIN}:8443 ?netrc")
    assert header(find(f"{ORIGIN}:8443 netrc")) == wanted
    for other in ("http://other.example", "https://other.example", "https://default"):
        assert find(f"{other} ?netrc") is None
    for line in ("http://portal.example netrc", "http://portal.example ?netrc"):
        with pytest.raises(FetchError, match="https only"):
            find(line)
    moved = vault.keep("elsewhere", f"machine portal.example login bob password {secret}\n")
    monkeypatch.setenv("NETRC", str(moved))
    assert header(find(f"{ORIGIN} ?netrc"))["Authorization"] == vault.basic("bob", secret)


def test_a_netrc_that_cannot_be_read(vault: Vault) -> None:
    secret = vault.secret("broken netrc")
    vault.keep(".netrc", f"machine portal.example login alice {secret}\n")
    with pytest.raises(FetchError, match=r"cannot read ~/.netrc: error in line") as caught:
        find(f"{ORIGIN} ?netrc")
    assert secret not in str(caught.value)


def test_a_variable(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGIN", "alice:pass:word")
    assert header(find(f"{ORIGIN} env:LOGIN"))["Authorization"] == vault.basic("alice", "pass:word")
    assert header(find(f"{ORIGIN} env:LOGIN kind=header"))["X-API-Key"] == "alice:pass:word"
    monkeypatch.setenv("LOGIN", "tok-en")
    assert header(find(f"{ORIGIN} env:LOGIN"))["Authorization"] == "Bearer tok-en"
    assert header(find(f"{ORIGIN} env:LOGIN kind=cookie"))["Cookie"] == "tok-en"
    with pytest.raises(FetchError, match="the environment variable GONE is not set"):
        find(f"{ORIGIN} env:GONE")


def test_the_keys_of_the_aws_tools(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = vault.secret("aws")
    lines = f"[work]\naws_access_key_id = AKID\naws_secret_access_key = {secret}\n"
    vault.keep(".aws/credentials", lines)
    login = find(f"{ORIGIN} aws:work")
    assert login is not None
    keys = login.keys.get_frozen_credentials()
    assert (login.kind, keys.access_key, keys.secret_key) == ("s3", "AKID", secret)
    assert secret not in repr(login)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for line in (f"{ORIGIN} aws", f"{ORIGIN} aws:gone"):
        with pytest.raises(FetchError):
            find(line)


@pytest.mark.parametrize("secret", ["", "a\nX-Evil: 1", "a\r", "a\0", "ключ"])
def test_a_secret_that_would_add_a_line_to_the_request(secret: str) -> None:
    assert not is_sendable(secret)


def test_what_bearer_tokens_are_pasted_with() -> None:
    login = Login("the place", "bearer", "Bearer abc")
    assert headers_of(login, ORIGIN) == {"Authorization": "Bearer abc"}


def test_a_password_without_a_name(vault: Vault) -> None:
    vault.keyring("portal", "secret", vault.secret("nameless"))
    with pytest.raises(FetchError, match="add user=NAME"):
        find(f"{ORIGIN} datalad:portal kind=basic")


def test_a_helper_that_hangs_is_ended_with_all_that_it_started(
    vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    helper = vault.keep("helper", f"#!/bin/sh\necho $$ > {vault.home}/pid; sleep 987\n")
    helper.chmod(0o700)
    vault.config("credential.helper", str(helper))
    monkeypatch.setattr(git_helper, "_SECONDS", 1)
    with pytest.raises(FetchError, match="did not respond within 1 s"):
        find(f"{ORIGIN} git")
    process = Path("/proc", (vault.home / "pid").read_text().strip(), "stat")
    while process.exists() and process.read_text().split()[2] != "Z":
        time.sleep(0.05)


def test_a_helper_that_talks_nonsense(vault: Vault) -> None:
    helper = vault.keep("helper", "#!/bin/sh\nprintf 'password=\\374\\n'\n")
    helper.chmod(0o700)
    vault.config("credential.helper", str(helper))
    login = find(f"{ORIGIN} git user=alice")
    assert login is not None
    assert login.user == "alice"
    assert header(login)["Authorization"] == "Basic YWxpY2U6/A=="
