"""A source that is not in the table of the package: a module with a row is all that it takes."""

from __future__ import annotations

from pathlib import Path

import pytest

from datalad_jsdl.commands._options import credential_help
from datalad_jsdl.errors import FetchError, SettingError
from datalad_jsdl.fetch.credentials import sources
from datalad_jsdl.fetch.credentials.login import Hint, Login, LoginWanted, Missing, Source
from datalad_jsdl.fetch.credentials.rules import parse_rule
from datalad_jsdl.operations.engines import open_engine
from datalad_jsdl.operations.logins import credential_lines
from tests.fetch.credentials.test_keeper import CONTENT, ask
from tests.lab import Lab
from tests.vault import Vault

ORIGIN = "https://portal.example"


def _find(wanted: LoginWanted) -> Login | None:
    file = Path(wanted.argument)
    if not file.is_file():
        raise FetchError("there is no such note")
    return Login("your note", "bearer", file.read_text(), rule=wanted.rule)


def _check(argument: str) -> None:
    if argument.endswith(".gpg"):
        raise ValueError("notes are not encrypted")


def _keep(argument: str) -> str:
    return str(Path(argument).absolute())


def _missing(login: Missing) -> Hint | None:
    return Hint(f"write a note for {login.origin}") if "bearer" in login.schemes else None


def _refused(_: Login, origin: str) -> str:
    return f"write another note for {origin}"


NOTE = Source(
    "note",
    "a note on the desk",
    _find,
    argument="FILE",
    required=True,
    arguments=("yellow",),
    check=_check,
    keep=_keep,
    missing=_missing,
    refused=_refused,
)


@pytest.fixture(autouse=True)
def table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "SOURCES", (NOTE, *sources.SOURCES))


def test_it_is_parsed_and_checked() -> None:
    rule = parse_rule(f"{ORIGIN} note:a.txt user=alice")
    assert (rule.source, rule.argument, rule.options) == (NOTE, "a.txt", {"user": "alice"})
    for line, says in (
        ("note", "expected note:FILE"),
        ("note:a.gpg", "notes are not encrypted"),
        ("yellow", "did you mean note:yellow?"),
        ("paper", "choose from note, datalad, "),
    ):
        with pytest.raises(ValueError, match=says):
            parse_rule(f"{ORIGIN} {line}")


def test_it_is_in_the_help() -> None:
    shown = " ".join(credential_help(sources.SOURCES).split())
    assert " is kept: note:FILE, datalad[:NAME], git, " in shown
    assert ", annex-headers or none. " in shown


def test_it_is_remembered_for_another_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert credential_lines([f"{ORIGIN} 'note:a b'"]) == (f"{ORIGIN} 'note:{tmp_path}/a b'",)
    with pytest.raises(SettingError, match="--credential: notes are not encrypted"):
        credential_lines([f"{ORIGIN} note:a.gpg"])


def test_it_is_used_and_its_remedies_are_told(vault: Vault, lab: Lab) -> None:
    secret = vault.secret("note")
    url = lab.put("f", CONTENT, wants=("Authorization", f"Bearer {secret}"), challenge="Bearer")

    def advice() -> str:
        with open_engine(None) as engine:
            response = ask(engine.web, url)
        assert (response.status == 200) is not bool(response.advice)
        return response.advice

    assert f"; write a note for {lab.url} (" in advice()
    note = vault.keep("note", "old")
    assert f"; write a note for {lab.url} (" in advice()  # it is not searched by itself
    vault.config("datalad.jsdl.credential", f"{lab.url} note:{note}")
    said = advice()
    assert "rejects your note (sent as Authorization: Bearer)" in said
    assert f"; write another note for {lab.url} (" in said
    note.write_text(secret)
    assert advice() == ""
    note.unlink()
    assert "(there is no such note)" in advice()
