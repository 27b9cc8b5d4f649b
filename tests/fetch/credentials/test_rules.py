"""Rules: what a line means, and which URLs lie in its scope."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datalad_jsdl.errors import SettingError
from datalad_jsdl.fetch.credentials.login import OPTIONS, Rule
from datalad_jsdl.fetch.credentials.rules import parse_rule
from datalad_jsdl.fetch.credentials.schemes import KINDS
from datalad_jsdl.fetch.credentials.sources import SOURCES
from datalad_jsdl.fetch.settings import Settings
from datalad_jsdl.model.urls import origin_of

ORIGIN = "https://portal.example"


def test_a_line() -> None:
    rule = parse_rule("https://Portal.example:443/api/v1/ datalad:me kind=header header=X-Key")
    assert (rule.origin, rule.prefix) == (ORIGIN, "/api/v1")
    assert (rule.source.name, rule.argument) == ("datalad", "me")
    assert rule.options == {"kind": "header", "header": "X-Key"}
    assert parse_rule(f"{ORIGIN} 'cookies:/a b/c.txt'").argument == "/a b/c.txt"
    assert parse_rule(f"{ORIGIN}:8443 browser:firefox:work").origin == f"{ORIGIN}:8443"


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("", "expected 'ORIGIN SOURCE'"),
        (ORIGIN, "expected 'ORIGIN SOURCE'"),
        ("portal.example git", "begin with http"),
        ("ftp://portal.example git", "begin with http"),
        ("https://me:hunter2@portal.example git", "contains a login"),
        (f"{ORIGIN}/?x=1 git", "query"),
        (f"{ORIGIN}/a/../b git", "must not have empty"),
        (f"{ORIGIN}/a/%2e%2E/b git", "must not have empty"),
        (f"{ORIGIN} hunter2", "unknown source; choose from datalad, git"),
        (f"{ORIGIN} token:hunter2", "unknown source; choose from datalad, git"),
        (f"{ORIGIN} cookies", "expected cookies:FILE"),
        (f"{ORIGIN} git:hunter2", "takes no argument"),
        (f"{ORIGIN} git hunter2", "expected OPTION=VALUE"),
        (f"{ORIGIN} git secret=hunter2", "unknown option; choose from kind"),
        (f"{ORIGIN} git kind=hunter2", "unknown kind; choose from basic"),
        (f"{ORIGIN} git kind=header 'header=a b'", "the name of a header"),
        (f"{ORIGIN} git kind=oauth", "token-endpoint"),
        (f"{ORIGIN} git kind=login", "kind=login needs token-endpoint"),
        (f"{ORIGIN} git kind=oauth token-endpoint=http://a.example/t", "must be https"),
        (f"{ORIGIN} 'git", "quote"),
        (f"{ORIGIN} firefox", "did you mean browser:firefox"),
        (f"{ORIGIN} Chrome", "did you mean browser:chrome"),
        (f"{ORIGIN} env:alice:hunter2", "the name of a variable"),
        (f"{ORIGIN} env:$TOKEN", "the name of a variable"),
        (f"{ORIGIN} datalad:datalad-portal", "without datalad-"),
        (f"{ORIGIN} git user=YOU", "your own name"),
    ],
)
def test_what_cannot_be_understood_is_refused_without_being_quoted(line: str, says: str) -> None:
    with pytest.raises(ValueError, match=says) as caught:
        parse_rule(line)
    assert "hunter2" not in str(caught.value)
    with pytest.raises(SettingError, match="git config remote") as error:
        Settings.from_config({"remote.jsdl.credential": [line]})
    assert "hunter2" not in str(error.value)


@pytest.mark.parametrize(
    ("path", "inside"),
    [
        ("/api", True), ("/api/", True), ("/api/x?y=/../z", True), ("/api?x", True),
        ("/", False), ("/apis", False), ("/API/x", False), ("/x/api", False),
        ("/api/../admin", False), ("/api/%2e%2e/admin", False), ("/api/.%2E/admin", False),
        ("/api/%252e%252e/admin", False), ("/api/..%2fadmin", False), ("/api/..\\admin", False),
        ("/api//../admin", False), ("//api/x", False), ("/api/%5c..%5cadmin", False),
        ("/api/..;/x", False), ("/api/..;x=y/x", False), ("/api/%2e%2e;/x", False),
        ("/api/..%00/x", False), ("/api/..%20/x", False), ("/api/..%09/x", False),
        ("/api/%25252e%25252e/x", False),
        ("/api/%u002e%u002e/x", False), ("/api/%c0%ae%c0%ae/x", False), ("/ap%09i/x", False),
        ("/api/a;b=c/x", True), ("/api/a%20b/%C3%BC", True), ("/api/...", True),
    ],
)  # fmt: skip
def test_a_path_prefix(path: str, inside: bool) -> None:
    url = ORIGIN + path
    assert parse_rule(f"{ORIGIN}/api git").covers(origin_of(url), url) is inside


OTHERS = [
    "http://portal.example", "https://portal.example:8443", "https://portal.example.evil.example",
    "https://evil.example", "https://portal.exampl", "https://www.portal.example",
    "https://portal.example.", "https://xportal.example",
]  # fmt: skip


@pytest.mark.parametrize("origin", OTHERS)
def test_another_origin(origin: str) -> None:
    rule = parse_rule(f"{ORIGIN} git")
    assert not rule.covers(origin_of(f"{origin}/f"), f"{origin}/f")


@given(st.text())
def test_any_line_is_a_rule_or_a_value_error(line: str) -> None:
    try:
        rule = parse_rule(line)
    except ValueError:
        return
    assert rule.origin.startswith(("http://", "https://"))


paths = st.lists(st.sampled_from(["a", "b", "..", ".", "%2e%2e", "%2F", "\\", "", "A"]), max_size=6)


@given(paths)
def test_nothing_outside_a_prefix_gets_in(parts: list[str]) -> None:
    from urllib.parse import unquote

    url = f"{ORIGIN}/" + "/".join(parts)
    if parse_rule(f"{ORIGIN}/a git").covers(ORIGIN, url):
        # however a server reads it
        plain = unquote(url.removeprefix(ORIGIN)).replace("\\", "/").split("/")
        assert plain[1] == "a"
        assert not {"..", "."} & set(plain)


def test_a_repository_goes_before_the_user() -> None:
    mine = Settings.from_config(
        {
            "datalad.jsdl.credential": [f"{ORIGIN} git"],
            "remote.jsdl.credential": [f"{ORIGIN} netrc", f"{ORIGIN} none"],
        }
    ).credential
    assert [rule.source.name for rule in mine] == ["netrc", "none", "git"]


def test_the_tables_are_complete() -> None:
    assert [s.name for s in SOURCES if s.unnamed] == ["datalad", "git", "netrc"]
    assert all(source.meaning for source in SOURCES)
    assert all(KINDS.values())
    assert all(OPTIONS.values())
    assert Rule(ORIGIN, "", SOURCES[0]).line == ""
