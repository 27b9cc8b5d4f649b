"""Scripts of curl commands: read, never run."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.manifest.formats.samples import CURL, entries, refused

URL = "https://h.example/x/a%20b?versionId=1"


def test_openneuro_s_script() -> None:
    first, second = entries(CURL)
    assert (first.path, first.where) == ("ds1-1.0.0/README", "line 2")
    assert first.registrable == ("https://s3.example/ds1/README?versionId=abc",)
    assert (second.path, second.where) == ("ds1-1.0.0/a b.nii", "line 3")
    assert second.registrable == ("https://s3.example/ds1/a%20b.nii?versionId=d&x=1",)


COMMANDS = {
    f"curl -o a {URL}": ["a"],
    f"curl -sSLo a {URL}": ["a"],
    f"curl -oa {URL}": ["a"],
    f"curl -fLO {URL}": ["a b"],
    f"curl --remote-name {URL}": ["a b"],
    f"curl -L --retry 3 -C - --output ./a --url {URL}": ["a"],
    f"curl --output-dir d/ -o a {URL}": ["d/a"],
    f"curl {URL} -o a {URL} -O": ["a", "a b"],
    f"curl -H 'X-Page: https://p.example/' -u me:hunter2 {URL} -o a": ["a"],
    f"curl {URL} \\\n  -o 'a'": ["a"],
    f'curl "{URL}" -o "it\'s"': ["it's"],
    f"curl {URL} -o a\\ b": ["a b"],
    f"curl {URL} -o a#b": ["a#b"],
    f"curl {URL} -o 'a$b`c;&|'": ["a$b`c;&|"],
    f"curl {URL} -o \\$a": ["$a"],
    f"curl {URL} -o a\u3000b": ["a\u3000b"],
}


@pytest.mark.parametrize(("command", "paths"), COMMANDS.items())
def test_commands(command: str, paths: list[str]) -> None:
    found = entries(f"#!/bin/sh\nset -e\nmkdir -p d\n# all\n{command}\necho done\n")
    assert [entry.path for entry in found] == paths
    assert {entry.registrable for entry in found} == {(URL,)}
    assert found[0].where == "line 5"


@pytest.mark.parametrize(
    ("command", "why"),
    [
        (f"curl {URL} -o ../a", "'..' component"),
        (f"curl {URL} -o /etc/passwd", "absolute"),
        (f"curl {URL} -o $HOME/a", "only a shell can expand"),
        (f"curl {URL} -o \"it's $HOME's\"", "only a shell can expand"),
        (f"curl {URL} -o `id`", "only a shell can expand"),
        (f'curl {URL} -o "$(touch pwned)"', "only a shell can expand"),
        (f"curl {URL} -o a; touch pwned", "several commands"),
        (f"curl {URL} -o a && touch pwned", "several commands"),
        (f"curl {URL} > a", "redirects output"),
        (f"mkdir d && curl {URL} -o a", "several commands"),
        (f"curl {URL}", "one URL"),
        (f"curl {URL} {URL} -o a", "one URL"),
        ("curl h.example/a -o a", "URL with a scheme"),
        (f"curl {URL} -o a b", "one URL"),
        (f"curl {URL} -o a(1)", "several commands"),
        (f"curl {URL} -o ~/a", "home"),
        ("curl https://h.example/[1-9] -o a", "several URLs"),
        ("curl ftp://h.example/a -o a", "none of its URLs"),
        (f"curl -d x=1 {URL} -o a", "more than download"),
        (f"curl -K config {URL} -o a", "more than download"),
        (f"curl {URL} -o 'a", "quotation mark is missing"),
        (f"wget {URL}", "not a curl command"),
        (f"curl {URL} -o a\0", "control character"),
        ("curl https://u:hunter2@h.example/a -o a", "contains a login"),
        (f"curl {URL} -o a \\", ""),
    ],
)
def test_only_the_bad_command_is_refused(
    command: str, why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    document = f"{CURL}{command}\n"
    if not why:  # the line goes on, but there is no more
        assert len(entries(document, "curl")) == 3
        return
    reason = refused(document, "curl")
    assert reason.startswith("line 4: ")
    assert why in reason
    assert "hunter2" not in reason
    assert not list(tmp_path.iterdir())
