"""A login is asked for as the server wants it, tried, kept, shown without its secret, forgotten."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from datalad_jsdl.errors import FetchError, JsdlError, LoginError
from datalad_jsdl.operations.engines import open_engine
from datalad_jsdl.operations.log_in import LoggedIn, NotWanted, log_in
from datalad_jsdl.operations.login_places import forget_login, login_places
from datalad_jsdl.operations.typed_login import Asked, Lines, TypedLogin
from tests.conftest import run
from tests.fetch.credentials.test_keeper import CONTENT, ask, authorizations, store
from tests.lab import refused_url

if TYPE_CHECKING:
    from tests.lab import Lab
    from tests.vault import Vault
    from tests.wire import Talk

SIGNED = "AWS4-HMAC-SHA256 Credential="
SETTING = "datalad.jsdl.credential"


@dataclass
class Entered:
    """A person who enters these logins, one after the other."""

    logins: list[tuple[str, str]]
    tries: int = 1
    asked: list[Asked] = field(default_factory=list)
    heard: list[str] = field(default_factory=list)

    def read(self, asked: Asked) -> TypedLogin:
        self.asked.append(asked)
        return TypedLogin(*self.logins.pop(0))

    def tell(self, text: str) -> None:
        self.heard.append(text)


def lines() -> list[str]:
    return run("git", "config", "--global", "--get-all", SETTING, check=False).splitlines()


def opened(url: str) -> int:
    """The status that everybody else gets from now on."""
    with open_engine(None) as engine:
        return ask(engine.web, url).status


@dataclass(frozen=True)
class Server:
    """How a server asks for a login, and takes it.

    Attributes:
        challenge: its WWW-Authenticate.
        header: that it wants.
        value: of the header, with ``{}`` for the secret; "" for Basic.
        asked: what somebody has to enter.
        options: of the line that is kept.
    """

    challenge: str
    header: str
    value: str
    asked: Asked
    options: str


SERVERS = {
    "basic": Server('Basic realm="x"', "Authorization", "", Asked.PASSWORD, " user=alice"),
    "basic unsaid": Server("", "Authorization", "", Asked.EITHER, " user=alice"),
    "bearer": Server("Bearer", "Authorization", "Bearer {}", Asked.TOKEN, ""),
    "bearer unsaid": Server("", "Authorization", "Bearer {}", Asked.EITHER, ""),
    "either": Server("Basic, Bearer", "Authorization", "Bearer {}", Asked.EITHER, ""),
    "token": Server(
        "Token", "Authorization", "token {}", Asked.TOKEN, " kind=header header=Authorization:token"
    ),
    "a known header": Server(
        "", "X-Dataverse-key", "{}", Asked.EITHER, " kind=header header=X-Dataverse-key"
    ),
    "a named header": Server(
        'ApiKey header="X-Lab-Token"', "X-Lab-Token", "{}", Asked.TOKEN,
        " kind=header header=X-Lab-Token",
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", SERVERS)
def test_a_login_is_tried_and_kept(kind: str, vault: Vault, lab: Lab, other_lab: Lab) -> None:
    server, secret = SERVERS[kind], vault.secret(kind)
    user = "" if server.value else "alice"
    value = vault.basic(user, secret) if user else server.value.format(secret)
    url = lab.put("f", CONTENT, wants=(server.header, value), challenge=server.challenge)
    entered = Entered([(user, secret)])
    done = log_in(url, entered)
    assert isinstance(done, LoggedIn)
    assert entered.asked == [server.asked]
    assert "requires a login" in entered.heard[0]
    name = f"127-0-0-1-{lab.port}"
    assert lines() == [done.line] == [f"{lab.url} datalad:{name}{server.options}"]
    assert (done.origin, done.user) == (lab.url, user)
    assert "keyring_pass.cfg (unencrypted)" in done.where
    assert f"as datalad-{name}" in done.where
    assert opened(url) == 200
    assert not other_lab.requests


def test_a_wrong_password_is_not_kept(vault: Vault, lab: Lab) -> None:
    wants = ("Authorization", vault.basic("alice", "right"))
    url = lab.put("f", CONTENT, wants=wants, challenge="Basic")
    wrong = vault.secret("wrong")
    with pytest.raises(LoginError, match=r"rejects this login: HTTP status 401.*nothing was stor"):
        log_in(url, Entered([("alice", wrong)]))
    assert (lines(), opened(url)) == ([], 401)
    assert len([one for one in lab.requests if one.headers.get("Authorization")]) == 1
    # a person has another try
    entered = Entered([("alice", wrong), ("alice", "right")], tries=3)
    assert isinstance(log_in(url, entered), LoggedIn)
    assert "rejects this login" in entered.heard[-1]
    assert opened(url) == 200


def test_a_host_that_wants_none(vault: Vault, lab: Lab) -> None:
    entered = Entered([])
    assert log_in(lab.put("f", CONTENT), entered) == NotWanted(lab.url, False)
    assert log_in(lab.put("page", html=True), entered) == NotWanted(lab.url, True)
    with pytest.raises(LoginError, match=r"status 404.*no login is asked for; give the URL of a"):
        log_in(f"{lab.url}/gone", entered)
    with pytest.raises(FetchError, match="cannot connect"):
        log_in(refused_url(), entered)
    with pytest.raises(LoginError, match=r"user:password@"):
        log_in("https://alice:apple@portal.example", entered)
    for address in ("dandi:000027", f"orthanc+{lab.url}/studies/1"):
        with pytest.raises(LoginError, match="portal's address; give the URL that its download na"):
            log_in(address, entered)
    assert (entered.asked, lines()) == ([], [])


def test_what_others_have_is_not_shown_to_it(vault: Vault, lab: Lab) -> None:
    """Whether the login that is entered is right, no other one may decide."""
    store(vault, lab.url, "bob", "good")
    wants = ("Authorization", vault.basic("bob", "good"))
    url = lab.put("f", CONTENT, wants=wants, challenge="Basic")
    with pytest.raises(LoginError, match="rejects"):
        log_in(url, Entered([("alice", "wrong")]))
    assert wants[1] not in authorizations(lab)


def test_it_is_asked_for_where_it_is_sent(vault: Vault, lab: Lab, other_lab: Lab) -> None:
    there = lab.put("f", CONTENT, wants=("Authorization", "Bearer x"), challenge="Bearer")
    url = other_lab.put("f", location=there)
    with pytest.raises(LoginError) as caught:
        log_in(url, Entered([("", "x")]))
    said, command = str(caught.value).split("\n")
    assert said.startswith(f"{other_lab.url} redirects to {lab.url}, which requires a login")
    assert command.strip() == f"datalad jsdl-login {lab.url}"
    assert "Bearer x" not in authorizations(lab)
    # as the advice says; and then the other one leads there, too
    assert isinstance(log_in(f"{command.split()[-1]}/f", Entered([("", "x")])), LoggedIn)
    assert opened(url) == 200


@pytest.mark.parametrize("challenge", ["Negotiate", "Digest realm=x", "NTLM, Negotiate"])
def test_what_is_not_supported(vault: Vault, lab: Lab, challenge: str) -> None:
    url = lab.put("f", CONTENT, wants=("Authorization", "x"), challenge=challenge)
    with pytest.raises(LoginError, match=r"of a kind that is not supported \("):
        log_in(url, Entered([]))


def test_a_server_that_fails_is_no_answer(vault: Vault, lab: Lab) -> None:
    wants = ("Authorization", "Bearer x")
    url = lab.put("f", CONTENT, wants=wants, challenge="Bearer", status=500)
    with pytest.raises(LoginError, match=r"HTTP status 500.*; nothing was stored"):
        log_in(url, Entered([("", "x")]))
    # the login is right, though what is asked for is not there
    gone = lab.put("gone", CONTENT, wants=wants, challenge="Bearer", status=404)
    assert isinstance(log_in(gone, Entered([("", "x")])), LoggedIn)


def test_a_second_login_takes_the_place_of_the_first(vault: Vault, lab: Lab) -> None:
    """And of no other line."""
    vault.keyring("portal", "secret", "old")
    others = ["https://other.example datalad:portal", f"{lab.url}/sub env:TOKEN", f"{lab.url} git"]
    for line in (others[0], f"{lab.url} datalad:portal", *others[1:]):
        vault.config(SETTING, line)
    new, newer = vault.secret("new"), vault.secret("newer")
    url = lab.put("f", CONTENT, wants=("Authorization", f"Bearer {new}"), challenge="Bearer")
    log_in(url, Entered([("", new)]))
    kept = f"{lab.url} datalad:127-0-0-1-{lab.port}"
    assert sorted(lines()) == sorted([kept, *others])
    wants = ("Authorization", vault.basic("o'neil x", newer))
    lab.put("f", CONTENT, wants=wants, challenge="Basic")
    log_in(url, Entered([("o'neil x", newer)]))
    assert sorted(lines()) == sorted([f"""{kept} 'user=o'"'"'neil x'""", *others])
    assert opened(url) == 200


def test_two_origins_have_two_names(vault: Vault, lab: Lab) -> None:
    """Though their hosts differ in nothing that a name may have in it."""
    url = lab.put("f", CONTENT, wants=("Authorization", "Bearer x"), challenge="Bearer")
    base = f"127-0-0-1-{lab.port}"
    vault.config(SETTING, f"{lab.url.replace('http:', 'https:')} datalad:{base}")
    vault.config(f"datalad.credential.{base}-2.type", "token")  # of DataLad's own
    done = log_in(url, Entered([("", "x")]))
    assert isinstance(done, LoggedIn)
    assert done.line == f"{lab.url} datalad:{base}-3"
    log_in(url, Entered([("", "x")]))
    assert lines()[1:] == [done.line]


def test_a_line_that_forbids_it(vault: Vault, lab: Lab) -> None:
    url = lab.put("f", CONTENT, wants=("Authorization", "Bearer x"), challenge="Bearer")
    vault.config(SETTING, f"{lab.url} none")
    with pytest.raises(LoginError, match=r"gets no login .*; remove that line: git config --gl"):
        log_in(url, Entered([]))
    run("git", "config", "--global", "--unset", SETTING)
    assert isinstance(log_in(url, Entered([("", "x")])), LoggedIn)


@pytest.mark.parametrize("backend", ["keyring.backends.fail.Keyring", "keyring.backends.null.Keyr"])
def test_no_keyring(backend: str, vault: Vault, lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is said before anybody has typed a password; both ways out of it are gone."""
    import keyring

    before = keyring.get_keyring()
    url = lab.put("f", CONTENT, wants=("Authorization", "Bearer x"), challenge="Bearer")
    entered = Entered([("", "x")])
    monkeypatch.setattr(keyring, "get_keyring", lambda: _backend(backend))
    with pytest.raises(LoginError, match="no keyring is available") as caught:
        log_in(url, entered)
    assert (entered.asked, lines()) == ([], [])
    said = str(caught.value)
    assert "pip install keyrings.alt" in said
    assert "PYTHON_KEYRING_BACKEND=keyrings.alt.file.PlaintextKeyring" in said
    line = said.partition("datalad.jsdl.credential '")[2].rstrip("'")
    vault.config(SETTING, line.replace("VARIABLE", "TOKEN"))
    monkeypatch.setenv("TOKEN", "x")
    assert opened(url) == 200
    monkeypatch.setattr(keyring, "get_keyring", lambda: before)
    assert isinstance(log_in(url, entered), LoggedIn)


def _backend(name: str) -> object:
    from keyring.backends import fail, null

    return fail.Keyring() if "fail" in name else null.Keyring()


def test_a_keyring_that_refuses(vault: Vault, lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it says may have the secret in it, and is not shown."""
    import keyring

    secret = vault.secret("unkept")
    wants = ("Authorization", f"Bearer {secret}")
    url = lab.put("f", CONTENT, wants=wants, challenge="Bearer")

    def refuse(service: str, field: str, value: str) -> None:
        raise RuntimeError(f"locked: {value}")

    monkeypatch.setattr(keyring, "set_password", refuse)
    with pytest.raises(LoginError, match=r"cannot write to the keyring \(RuntimeError\)") as caught:
        log_in(url, Entered([("", secret)]))
    assert secret not in str(caught.value)
    monkeypatch.setattr(keyring, "set_password", lambda *_: None)
    with pytest.raises(LoginError, match="does not return what it was given"):
        log_in(url, Entered([("", secret)]))
    assert lines() == []


def test_git_config_that_cannot_be_written(vault: Vault, lab: Lab) -> None:
    """Nothing is left in the keyring then."""
    import keyring

    url = lab.put("f", CONTENT, wants=("Authorization", "Bearer x"), challenge="Bearer")
    lock = vault.keep(".gitconfig.lock", "")
    with pytest.raises(JsdlError, match="git config failed"):
        log_in(url, Entered([("", "x")]))
    assert keyring.get_password(f"datalad-127-0-0-1-{lab.port}", "secret") is None
    lock.unlink()


def test_logins_are_shown_and_forgotten(vault: Vault, lab: Lab) -> None:
    import keyring

    secret, own = vault.secret("kept"), vault.secret("own")
    wants = ("Authorization", vault.basic("alice", secret))
    url = lab.put("f", CONTENT, wants=wants, challenge="Basic")
    log_in(url, Entered([("alice", secret)]))
    vault.keyring("mine", "secret", own)
    vault.config(SETTING, "https://b.example datalad:mine")
    vault.config(SETTING, "https://c.example env:GONE")
    vault.config(SETTING, f"https://d.example {vault.secret('misplaced')}")
    vault.config(SETTING, "https://e.example none")
    store(vault, lab.url, "bob", vault.secret("bobs"))
    name = f"127-0-0-1-{lab.port}"
    shown = [(p.scope, p.source, p.login, bool(p.problem)) for p in login_places()]
    mine = (lab.url, f"datalad:{name}", f"DataLad's credential '{name}' (basic, user 'alice')")
    assert shown == [
        (*mine, False),
        ("https://b.example", "datalad:mine", "DataLad's credential 'mine' (bearer)", False),
        ("https://c.example", "env:GONE", "", True),
        ("a line that is not understood", "", "", True),
        ("https://e.example", "none", "no login is sent", False),
    ]
    git = (lab.url, "git", "git's credential helper (basic, user 'bob')")
    assert [(p.scope, p.source, p.login) for p in login_places(url)] == [mine, git]
    vault.keep("shown.txt", "")  # in the vault
    (vault.root / "shown.txt").write_text(f"{list(login_places())} {list(login_places(url))}")
    # forgotten: its own; of others only the line
    done = forget_login(lab.url)
    assert (done.erased, done.kept, len(done.lines), done.others) == ((name,), (), 1, ())
    assert keyring.get_password(f"datalad-{name}", "secret") is None
    done = forget_login("b.example")
    assert (done.erased, done.kept) == ((), ("mine",))
    assert keyring.get_password("datalad-mine", "secret") == own
    done = forget_login("https://c.example/x")
    assert (done.lines, [other.source for other in done.others]) == ((), ["env:GONE"])
    assert [line.split()[0] for line in lines()] == [f"https://{host}.example" for host in "cde"]


def test_a_bucket(vault: Vault, lab: Lab) -> None:
    """That signatures are right others see to: tests.fetch.credentials.test_s3."""
    secret = vault.secret("s3")

    def store(talk: Talk, content: bytes) -> None:
        if talk.asked.headers.get("authorization", "").startswith(f"{SIGNED}AKIAKEY/"):
            talk.file(content)
        else:
            talk.answer(403, b"<Error><Code>AccessDenied</Code><Message>no</Message></Error>")

    url = lab.put("b/f", CONTENT, answer=store)
    entered = Entered([("OTHER", "x"), ("AKIAKEY", secret)], tries=2)
    assert isinstance(log_in(url, entered), LoggedIn)
    assert entered.asked == [Asked.KEYS] * 2
    assert lines() == [f"{lab.url} datalad:127-0-0-1-{lab.port} kind=s3"]
    assert opened(url) == 200
    (place,) = login_places(url)
    assert place.login.endswith("(s3)")
    forget_login(lab.url)
    assert opened(url) == 403


@pytest.mark.parametrize(
    ("asked", "text", "found"),
    [
        (Asked.PASSWORD, "alice\n pass word \n", ("alice", " pass word ")),
        (Asked.PASSWORD, "alice\r\napple\r\n\r\n", ("alice", "apple")),
        (Asked.TOKEN, " abc \n", ("", "abc")),
        (Asked.TOKEN, "\nabc", ("", "abc")),
        (Asked.EITHER, "abc", ("", "abc")),
        (Asked.EITHER, "alice\napple", ("alice", "apple")),
        (Asked.KEYS, "AK\nsecret", ("AK", "secret")),
    ],
)
def test_lines_on_standard_input(asked: Asked, text: str, found: tuple[str, str]) -> None:
    assert Lines(io.StringIO(text)).read(asked) == TypedLogin(*found)
    assert "apple" not in repr(TypedLogin("alice", "apple"))


@pytest.mark.parametrize(
    ("asked", "text", "says"),
    [
        (Asked.PASSWORD, "", "2 lines: user name, then password; it has 0"),
        (Asked.PASSWORD, "apple\n", "2 lines: user name, then password; it has 1"),
        (Asked.TOKEN, "", "1 line: token; it has 0"),
        (Asked.TOKEN, "alice\napple", "wants a token, without a user name"),
        (Asked.EITHER, "a\nb\nc", "a token, or a user name and, on the next line, a password"),
        (Asked.EITHER, "   ", "no token was entered"),
        (Asked.PASSWORD, "a:b\nc", "must not contain a colon"),
        (Asked.PASSWORD, "\nc", "no user name was entered"),
        (Asked.KEYS, "a\x1bb\nc", "contains a control character"),
    ],
)
def test_other_lines(asked: Asked, text: str, says: str) -> None:
    with pytest.raises(LoginError, match=says):
        Lines(io.StringIO(text)).read(asked)
