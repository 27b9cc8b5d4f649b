"""annex.http-headers: with every request what is no secret, and the rest where it belongs."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from datalad_jsdl.fetch.credentials.annex_headers import AnnexHeaders, HeaderSettings
from datalad_jsdl.notes import say_once
from datalad_jsdl.operations.annex_headers import annex_headers, registered_origins
from tests.portal import content_of, datalad, described, git, write_manifest
from tests.wire import Talk, Wire

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.vault import Vault

KEY = "x-portal-key"


@pytest.fixture(autouse=True)
def fresh() -> None:
    say_once.cache_clear()


@pytest.fixture
def portal() -> Iterator[Wire]:
    with Wire() as server:
        yield server


@pytest.fixture
def other() -> Iterator[Wire]:
    with Wire() as server:
        yield server


def read(**settings: object) -> tuple[dict[str, str], dict[str, str]]:
    found = AnnexHeaders(HeaderSettings(**settings))  # type: ignore[arg-type]  # a test's own
    return dict(found.open()), dict(found.secret())


def test_which_header_is_for_whom(caplog: pytest.LogCaptureFixture) -> None:
    lines = [
        "user-agent: curl/8",
        "X-Key:  a b ",
        "Referer: https://a/",
        "Cookie: a=1",
        "cookie:b=2",
    ]
    assert read(lines=lines) == (
        {"User-Agent": "curl/8", "Referer": "https://a/"},
        {"X-Key": "a b", "Cookie": "a=1; b=2"},
    )
    assert read(lines=["Referer: https://a/?token=b"])[0] == {}
    assert read(lines=["X-Name: é"])[1]["X-Name"].encode("latin-1") == "é".encode()
    assert not caplog.records


FRAMING = ("Host", "range", "Content-Length", "Transfer-Encoding", "Connection", "Accept-Encoding")
OF_OTHERS = ("If-None-Match", "Proxy-Authorization", "TE", "Upgrade", "Expect")


@pytest.mark.parametrize("name", FRAMING + OF_OTHERS)
def test_framing_is_not_passed_on(name: str, caplog: pytest.LogCaptureFixture) -> None:
    assert read(lines=[f"{name}: hunter2"]) == ({}, {})
    assert f"{name} is not sent" in caplog.text
    assert "hunter2" not in caplog.text


@pytest.mark.parametrize(
    "line", ["X-Key: hunter2\nHost: b", "X-Key hunter2", "X Key: hunter2", "X-Key: hunter2\x00"]
)
def test_what_is_no_header_is_refused(line: str, caplog: pytest.LogCaptureFixture) -> None:
    assert read(lines=[line]) == ({}, {})
    assert "annex.http-headers" in caplog.text
    assert "hunter2" not in caplog.text


def test_the_command_is_run_by_a_shell_once(tmp_path: Path) -> None:
    command = 'echo run >> runs; printf \'X-Key: %s\\n\\nAccept: a/b\\n\' "$(basename "$PWD")"'
    settings = HeaderSettings(["X-Other: not read"], command, folder=tmp_path)
    found = AnnexHeaders(settings)
    assert not (tmp_path / "runs").exists()
    for _ in range(2):
        assert dict(found.secret()) == {"X-Key": tmp_path.name}
        assert dict(found.open()) == {"Accept": "a/b"}
    assert (tmp_path / "runs").read_text() == "run\n"


def test_a_command_that_fails_is_named_but_not_shown(caplog: pytest.LogCaptureFixture) -> None:
    assert read(command="echo X-Key: hunter2; exit 3") == ({}, {})
    assert "annex.http-headers-command failed with exit code 3" in caplog.text
    assert "hunter2" not in caplog.text


def test_headers_among_the_options_of_curl(caplog: pytest.LogCaptureFixture) -> None:
    options = "-A me/1 -H X-Key:hunter2 --header=X-Two:b --netrc --insecure -uuser:hunter2"
    assert read(options=options.split(" ")) == (
        {"User-Agent": "me/1"},
        {"X-Key": "hunter2", "X-Two": "b"},
    )
    assert "(--insecure -u)" in caplog.text
    assert "hunter2" not in caplog.text


def test_words_that_are_no_option_are_not_shown(caplog: pytest.LogCaptureFixture) -> None:
    assert read(options=["-H", "X-Key:", "hunter2"]) == ({}, {})
    assert "hunter2" not in caplog.text
    assert "()" not in caplog.text


def test_headers_for_all_datasets_are_given_an_origin_for_all(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The advice holds outside of a dataset, too."""
    found = AnnexHeaders(HeaderSettings(["X-Key: hunter2"], own=False), list)
    assert not found.is_home("https://a.example")
    assert "git config --global --add datalad.jsdl.credential 'https://HOST " in caplog.text
    assert "hunter2" not in caplog.text


def test_options_of_curl_count_where_git_annex_uses_it() -> None:
    config = {"annex.web-options": ["-H X-Key:b"]}
    assert not annex_headers(config, None)
    config["annex.security.allowed-ip-addresses"] = ["all"]
    assert dict(annex_headers(config, None).secret()) == {"X-Key": "b"}


def test_a_dataset_of_one_origin(tmp_path: Path, vault: Vault, portal: Wire, other: Wire) -> None:
    """By each way in which files are fetched or asked for; a redirect takes along what is open."""
    secret = vault.secret("key")
    vault.keep("headers", f"X-Portal-Key: {secret}\nUser-Agent: my/1\nRange: bytes=0-0\n")
    content = content_of("a")

    def file(talk: Talk) -> None:
        assert talk.asked.headers["user-agent"] == "my/1"
        if talk.asked.headers.get(KEY) != secret:
            talk.answer(403, b"key?")
        elif talk.asked.target == "/b":
            talk.answer(302, b"", f"Location: {other.url}/b")
        else:
            talk.file(content)

    members = {name: described("a", portal.put(f"/{name}", file)) for name in ("a", "b", "c")}
    other.put("/b", content)
    manifest = write_manifest("m.json", members)
    vault.run("datalad", "download-manifest", manifest, "ds")
    dataset = tmp_path / "ds"
    git(dataset, "config", "annex.http-headers-command", 'cat "$HOME/headers"')
    for command in (
        ("datalad", "download-manifest", "--check", manifest, "."),
        ("datalad", "download-content"),
        ("git", "annex", "drop", "a"),
        ("git", "annex", "get", "--from", "jsdl", "a"),
        ("git", "annex", "drop", "--force", "."),
        ("datalad", "export-archive", "-t", "zip", "../out.zip"),
        ("datalad", "download-manifest", "--get", manifest, "."),
    ):
        said = vault.run(*command, cwd=dataset)
        assert "Range is not sent" in said or "--force" in command, command
    assert len(portal.asked) >= 7
    assert all(asked.headers["user-agent"] == "my/1" for asked in other.asked)
    assert not [asked for asked in other.asked if KEY in asked.headers]


def test_several_origins_could_be_meant(
    tmp_path: Path, vault: Vault, portal: Wire, other: Wire
) -> None:
    secret = vault.secret("key")
    vault.keep("headers", f"X-Portal-Key: {secret}\nAccept-Language: de\n")
    members = {
        "a": described("a", portal.put("/a", content_of("a"))),
        "b": described("b", other.put("/b", content_of("b"))),
    }
    vault.run("datalad", "download-manifest", write_manifest("m.json", members), "ds")
    dataset = tmp_path / "ds"
    git(dataset, "config", "annex.http-headers-command", 'cat "$HOME/headers"')
    said = vault.run("datalad", "download-content", cwd=dataset)
    assert said.count("secret headers (X-Portal-Key). They could be for") == 1
    assert "git config --add remote.jsdl.credential 'https://HOST annex-headers'" in said
    vault.run("git", "annex", "drop", "--force", ".", cwd=dataset)
    # git-annex's own web remote would send it to both
    said = vault.run("git", "annex", "get", "--from", "jsdl", ".", cwd=dataset)
    assert said.count("secret headers (X-Portal-Key). They could be for") == 1
    asked = [*portal.asked, *other.asked]
    assert not [one for one in asked if KEY in one.headers]
    assert {one.headers.get("accept-language") for one in asked[-1:]} == {"de"}
    git(dataset, "config", "--add", "remote.jsdl.credential", f"{portal.url} annex-headers")
    vault.run("git", "annex", "drop", "--force", ".", cwd=dataset)
    said = vault.run("datalad", "download-content", cwd=dataset)
    assert "X-Portal-Key" not in said
    assert portal.asked[-1].headers[KEY] == secret
    assert KEY not in other.asked[-1].headers


def test_a_url_that_git_annex_has_yet_to_commit_counts(
    tmp_path: Path, portal: Wire, other: Wire
) -> None:
    members = {"a": described("a", portal.put("/a", content_of("a")))}
    dataset = tmp_path / "ds"
    datalad("download-manifest", write_manifest("m.json", members), dataset)
    assert registered_origins(dataset / ".git") == {portal.url}
    option = ("-c", "annex.alwayscommit=false")
    git(dataset, *option, "annex", "registerurl", "SHA256-s1--" + 64 * "0", f"{other.url}/b")
    assert registered_origins(dataset / ".git") == {portal.url, other.url}
    git(dataset, "worktree", "add", "-q", tmp_path / "more")
    # where it is run is the work tree that is meant
    for place, git_dir in {dataset: ".git", tmp_path / "more": ".git/worktrees/more"}.items():
        config = {"annex.http-headers-command": ["pwd | sed 's/^/X-Place: /'"]}
        headers = annex_headers(config, dataset / git_dir)
        assert dict(headers.secret()) == {"X-Place": str(place)}


def test_a_setting_for_all_datasets_is_for_no_origin_of_itself(
    tmp_path: Path, vault: Vault, portal: Wire
) -> None:
    secret = vault.secret("key")
    vault.config("annex.http-headers", f"X-Portal-Key: {secret}")
    manifest = write_manifest("s.json", {"a": described("a", portal.put("/a", content_of("a")))})
    url = portal.put("/m.json", manifest.read_bytes())
    vault.run("datalad", "download-manifest", url, "ds")
    said = vault.run("datalad", "download-content", "-d", "ds")
    assert "secret headers (X-Portal-Key). They are set for all datasets" in said
    assert not [one for one in portal.asked if KEY in one.headers]
    vault.config("datalad.jsdl.credential", f"{portal.url} annex-headers")
    vault.run("datalad", "download-manifest", url, "ds")
    vault.run("git", "annex", "drop", "--force", "a", cwd=tmp_path / "ds")
    vault.run("git", "annex", "get", "--from", "jsdl", "a", cwd=tmp_path / "ds")
    assert [one.headers[KEY] == secret for one in portal.asked[-2:]] == [True, True]


def test_the_manifest_itself(
    tmp_path: Path, portal: Wire, monkeypatch: pytest.MonkeyPatch, vault: Vault
) -> None:
    """The setting of one call, and the URL that is typed with it."""

    def file(talk: Talk) -> None:
        known = talk.asked.headers.get(KEY) == "abc"
        talk.file(content) if known else talk.answer(403, b"key?")

    content = content_of("a")
    manifest = write_manifest("s.json", {"a": described("a", portal.put("/a", file))})
    served = manifest.read_bytes()

    def document(talk: Talk) -> None:
        known = talk.asked.headers.get(KEY) == "abc"
        talk.file(served) if known else talk.answer(401, b"", "WWW-Authenticate: Key")

    url = portal.put("/m.json", document)
    said = vault.run("datalad", "download-manifest", url, "ds", code=1)
    assert "annex.http-headers" not in said
    option = ("-c", "annex.http-headers=X-Portal-Key: abc")
    vault.run("datalad", *option, "download-manifest", "--get", url, "ds")
    assert (tmp_path / "ds/a").read_bytes() == content
    said = vault.run(
        "datalad",
        "-c",
        "annex.http-headers=X-Portal-Key: x",
        "download-manifest",
        url,
        "d2",
        code=1,
    )
    assert "the headers of annex.http-headers were sent" in said


def test_no_secret_goes_through_a_proxy_in_the_clear(
    tmp_path: Path, vault: Vault, portal: Wire, other: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    members = {"a": described("a", portal.put("/a", content_of("a")))}
    vault.run("datalad", "download-manifest", write_manifest("m.json", members), "ds")
    git(tmp_path / "ds", "config", "annex.http-headers", "X-Portal-Key: abc")
    other.put(f"{portal.url}/a", content_of("a"))
    monkeypatch.setenv("http_proxy", other.url)
    vault.run("datalad", "download-content", "-d", "ds")
    assert KEY not in other.asked[-1].headers


def test_said_by_a_logger_of_ours(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "datalad.jsdl"):
        read(lines=["nothing"])
    assert [record.name for record in caplog.records] == ["datalad.jsdl"]
