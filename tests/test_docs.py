"""Every command shown in the README and the documentation works."""

from __future__ import annotations

import importlib
import io
import os
import re
import shlex
import signal
import subprocess
import tempfile
import zipfile
from pathlib import Path

import pytest
import requests

import datalad_jsdl
from datalad_jsdl.commands._check_table import HEADER
from datalad_jsdl.fetch.credentials.login import OPTIONS
from datalad_jsdl.fetch.credentials.schemes import KINDS
from datalad_jsdl.fetch.credentials.sources import SOURCES
from datalad_jsdl.fetch.mirrors.states import MEANINGS, State
from datalad_jsdl.fetch.settings import settings_table
from datalad_jsdl.manifest.formats import FORMATS
from datalad_jsdl.manifest.portals import ADDRESSES
from datalad_jsdl.operations.engines import open_engine
from tests.archive.readers.cases import CASES
from tests.archive.readers.known import NOT_RUN, known
from tests.archive.readers.table import READERS
from tests.fetch.credentials.test_cookies import cookie_line, firefox
from tests.fetch.credentials.test_sources import find
from tests.lab import Lab, sha256
from tests.portal import content_of, described, git, tree, write_manifest
from tests.portals import dandiset, dandiset_version
from tests.shim import datalad_on_path
from tests.vault import Vault
from tests.wire_table import GROUPS

ROOT = Path(__file__).parent.parent
PORTAL = "https://portal.example"

# what sets up an environment is run by .ci/run, and by whoever runs this test
SET_UP = {
    "make demo", "make test", "make lint", "make docs", "bash .ci/run",
    "pip install '.[git-annex]'", "pip install '.[portal]'",
    "python3 tools/run.py test tests/fetch -x",
    "python3 tools/run.py test -n 0 tests/manifest/test_paths.py",
}  # fmt: skip


def blocks(name: str) -> list[list[str]]:
    """The shell commands of each ``sh`` block, without their comments."""
    found = re.findall(r"```sh\n(.*?)```", (ROOT / name).read_text(), re.DOTALL)
    return [[re.sub(r"\s+#.*", "", line) for line in block.splitlines()] for block in found]


@pytest.fixture
def portal(lab: Lab) -> Lab:
    members = {}
    for path in ("sub-01/anat.nii.gz", "sub-01/bold.nii.gz", "sub-02/anat.nii.gz"):
        members[path] = described(path, lab.put(path, content_of(path)))
    lab.put("study.json", write_manifest("m.json", members).read_bytes())
    return lab


def shell(script: str, cwd: Path) -> None:
    with tempfile.TemporaryDirectory() as box, datalad_on_path(Path(box, "bin")) as path:
        done = subprocess.run(
            ["bash", "-eu", "-c", script],
            cwd=cwd, capture_output=True, text=True, env={**os.environ, "PATH": path},
        )  # fmt: skip
    assert done.returncode == 0, f"{script}\n{done.stdout}\n{done.stderr}"


@pytest.mark.slow
def test_the_readme_from_top_to_bottom(tmp_path: Path, portal: Lab) -> None:
    commands = [command for block in blocks("README.md") for command in block]
    extras = {"pip install '.[git-annex]'", "pip install '.[portal]'"}
    assert SET_UP & set(commands) == {"make demo", "make test", *extras}
    (serving,) = [command for command in commands if "serve-downloads" in command]
    identity = {command for command in commands if "config --global user." in command}
    assert len(identity) == 2  # the tests have one of their own
    done = {*SET_UP, serving, *identity}
    script = "\n".join(command for command in commands if command not in done)
    assert PORTAL in script
    shell(script.replace(PORTAL, portal.url), tmp_path)
    assert (tmp_path / "study.zip").exists()
    assert len(git(tmp_path / "study", "annex", "find").splitlines()) == 3
    command = [*shlex.split(serving), "--no-open", "--port", "0"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as portal_:
        assert portal_.stdout is not None
        address = portal_.stdout.readline().strip()
        assert "sub-01" in requests.get(address, timeout=60).text
        portal_.send_signal(signal.SIGINT)
        portal_.communicate(timeout=60)
    assert portal_.returncode == 0


def test_the_make_targets_exist() -> None:
    shown = {c for name in ("README.md", "CONTRIBUTING.md") for b in blocks(name) for c in b}
    assert shown >= {"make demo", "make test", "make lint", "make docs"}
    targets = re.findall(r"^(\w+(?: \w+)*):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert {f"make {target}" for line in targets for target in line.split()} >= {
        command for command in shown if command.startswith("make ")
    }


def test_contributing_shows_nothing_else() -> None:
    assert {command for block in blocks("CONTRIBUTING.md") for command in block} <= SET_UP


def indented(name: str) -> list[str]:
    """The commands of the literal blocks of a page."""
    text = (ROOT / "docs" / name).read_text()
    found = re.findall(r"::\n\n((?:   .*\n)+)", text)
    return [line.strip() for block in found for line in block.splitlines()]


def test_urls_that_users_add(tmp_path: Path, portal: Lab) -> None:
    """Git-annex's own commands; and nothing can be dropped from the mirrors."""
    page = (ROOT / "docs/remote.rst").read_text().partition("URLs that you add yourself\n")[2]
    (block,) = re.findall(r"code-block:: sh\n\n((?:   .*\n)+)", page)
    register, add, show, remove = (line.strip() for line in block.splitlines())
    command = ["datalad", "download-manifest", f"{portal.url}/study.json", "study"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    root = tmp_path / "study"
    file = "sub-01/anat.nii.gz"

    def told(line: str, name: str) -> str:
        line = line.replace("FILE", file).replace("URL", f"{portal.url}/{name}")
        return subprocess.run(
            ["sh", "-c", line], cwd=root, check=True, capture_output=True, text=True
        ).stdout

    told(register, "not-looked-at")
    told(add, f"{file}?again")
    assert {"not-looked-at", f"{file}?again"} <= {
        line.rpartition(f"{portal.url}/")[2] for line in told(show, "").splitlines()
    }
    told(remove, "not-looked-at")
    assert "not-looked-at" not in told(show, "")
    told("git annex get FILE", "")
    drop = ["git", "annex", "drop", "--from", "jsdl", file]
    done = subprocess.run(drop, cwd=root, capture_output=True, text=True)
    assert "this remote is readonly" in done.stdout + done.stderr


@pytest.mark.slow
def test_the_page_on_the_special_remote(tmp_path: Path, portal: Lab) -> None:
    commands = [c for c in indented("remote.rst") if shlex.split(c)[0] in ("git", "datalad")]
    enable, by_hand, fetch, *settings = commands
    assert (enable.split()[1], by_hand.split()[2], fetch.split()[1]) == (
        "enable-jsdl",
        "initremote",
        "download-content",
    )
    settings, debug = settings[:4], settings[4:]
    assert all("config" in setting.split() for setting in settings)
    assert [command.split()[:2] for command in debug] == [
        ["git", "annex"],
        ["datalad", "-l"],
        ["datalad", "-l"],
    ]
    allow = "\n".join(settings)
    url = f"{portal.url}/sub-01/anat.nii.gz"
    for name, setup in (("enabled", enable), ("by-hand", by_hand)):
        make = f"datalad create {name} && cd {name} && git annex addurl --fast {url} --file f"
        drop = "git annex drop --force f"
        shell(f"{make}\n{setup}\n{allow}\ngit annex get --from jsdl f\n{drop}\n{fetch}", tmp_path)
        assert (tmp_path / name / "f").read_bytes() == content_of("sub-01/anat.nii.gz")
        for command in debug:
            told = f"{drop}\n{command} 2>&1 | grep 'asked: {url}, from byte 0'"
            shell(told, tmp_path / name)


def test_the_page_on_the_check(tmp_path: Path, portal: Lab) -> None:
    text = (ROOT / "docs/check.rst").read_text()
    rows = re.findall(r"   \* - ``(\w+)``\n     - (.*)\n", text)
    assert rows == [(state.value, meaning) for state, meaning in MEANINGS.items()]
    assert [state for state, _ in rows] == [state.value for state in State]
    assert "   " + "  ".join(HEADER) in re.sub(r"(?<=\S)  +", "  ", text)
    check, then = (c for c in indented("check.rst") if c.startswith("datalad"))
    assert then.startswith(f"{check} && ")
    shell(then.replace("study.json", f"{portal.url}/study.json"), tmp_path)
    assert (tmp_path / "study/sub-01/anat.nii.gz").exists()


@pytest.mark.slow
def test_the_page_on_downloading(tmp_path: Path, portal: Lab) -> None:
    """From top to bottom, in one shell."""
    commands = [c.replace(PORTAL, portal.url) for c in indented("download.rst")]
    assert len(commands) == 18
    *commands, writable, remove = commands
    anat = f"{portal.url}/sub-01/anat.nii.gz"
    (tmp_path / "files.csv").write_text(
        f"url,sha256\n{anat},{sha256(content_of('sub-01/anat.nii.gz'))}\n"
    )
    shell("\n".join(commands), tmp_path)
    assert (tmp_path / "files/anat.nii.gz").exists()
    for name in ("study", "anat"):
        with zipfile.ZipFile(tmp_path / f"{name}.zip") as archive:
            assert archive.testzip() is None
            assert archive.namelist()
    assert len(git(tmp_path / "study", "annex", "find").splitlines()) == 3
    shell(f"{writable}\n{remove}", tmp_path)
    assert not (tmp_path / "study").exists()


@pytest.mark.slow
def test_the_page_on_the_zip(tmp_path: Path, portal: Lab) -> None:
    commands = [c.replace(PORTAL, portal.url) for c in indented("zip.rst")]
    assert len(commands) == 7
    dandiset(portal, "000027", "0.210831.2033")
    dandiset_version(portal, "000027", "0.210831.2033", {"a.nwb": b"content"})
    shell(f"datalad download-manifest {portal.url}/study.json study", tmp_path)
    git(tmp_path / "study", "config", "datalad.jsdl.address.dandi", portal.url)
    shell("\n".join(commands), tmp_path / "study")
    for name in ("study", "release", "images", "sub-01", "study/study"):
        with zipfile.ZipFile(tmp_path / f"{name}.zip") as archive:
            assert archive.testzip() is None
            assert archive.namelist()
    shell("sha256sum -c release.zip.sha256", tmp_path)


@pytest.mark.slow
def test_trying_again_and_writing_manifests(tmp_path: Path, portal: Lab) -> None:
    fetch, again = (c for c in indented("manifest.rst") if c.startswith("datalad"))
    exports = [c for c in indented("formats.rst") if c.startswith("datalad")]
    assert len(exports) == 3
    lost = portal.files["/sub-01/bold.nii.gz"]
    lost.status = 404
    (tmp_path / "study.json").write_bytes(portal.files["/study.json"].content)
    shell(f"! {fetch}", tmp_path)
    lost.status = 200
    shell("\n".join([again, "cd study", *exports]), tmp_path)
    assert len(git(tmp_path / "study", "annex", "find").splitlines()) == 3
    assert (tmp_path / "study.json").read_text().count("nii.gz") == 6
    assert (tmp_path / "images.meta4").read_text().count("<file name=") == 3
    assert (tmp_path / "sub-01.jsonl").read_text().count('"path": "sub-01/') == 2


def test_every_command_is_in_the_reference() -> None:
    _, commands = datalad_jsdl.command_suite
    shown = re.findall(r"datalad-command:: (\S+)", (ROOT / "docs/commands.rst").read_text())
    assert shown == [command for _, _, command, _ in commands]
    functions = (ROOT / "docs/api.rst").read_text().partition("automodule")[0]
    assert all(f"``{function}``" in functions for *_, function in commands)


def test_the_table_of_settings_is_that_of_the_code() -> None:
    """It stands in the page itself, which is also read without being rendered."""
    text = (ROOT / "docs/remote.rst").read_text()
    rows = re.findall(r"   \* - ``([a-z-]+)``\n     - (.*)\n     - (.*)\n", text)
    assert rows == [(s.name, s.default, s.meaning) for s in settings_table()]


def test_the_table_of_formats_is_that_of_the_code() -> None:
    text = (ROOT / "docs/formats.rst").read_text()
    rows = re.findall(r"   \* - ``([\w-]+)``\n     - (.*)\n", text)
    assert rows == [(name, (f.__doc__ or "").partition("\n")[0]) for name, f in FORMATS.items()]


def test_the_page_of_formats_is_made_of_the_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    made = importlib.import_module("format_page")
    text = made.PAGE.read_text()
    assert text == made.page()
    formats, _, addresses = text.partition("\nAddresses\n")
    row = re.compile(r"   \* - ``([\w-]+)``\n(?:     - .+\n){4}")
    assert row.findall(formats) == list(FORMATS)
    assert row.findall(addresses) == list(ADDRESSES)


def test_the_table_of_addresses_is_that_of_the_code() -> None:
    text = (ROOT / "docs/addresses.rst").read_text()
    rows = re.findall(r"   \* - ``([\w-]+)(?::|\+…)``\n     - (.*)\n     - (.*)\n", text)
    assert rows == [
        (name, (a.__doc__ or "").partition("\n")[0], ", ".join(f"``{e}``" for e in a.EXAMPLES))
        for name, a in ADDRESSES.items()
    ]
    bases = [a.BASE for a in ADDRESSES.values() if isinstance(a.BASE, str)]
    assert len(bases) > 10
    assert all(base in text for base in bases)


@pytest.mark.slow
def test_the_page_on_addresses(tmp_path: Path, vault: Vault, lab: Lab) -> None:
    lines = indented("addresses.rst")
    first, newer, other, *logins = (c for c in lines if c.split()[0] in ("git", "datalad"))
    dandiset(lab, "000027", "0.210901.1000")
    for version, path in (("0.210831.2033", "a.nwb"), ("0.210901.1000", "b.nwb")):
        dandiset_version(lab, "000027", version, {path: b"content"})
    git(tmp_path, "config", "--global", "datalad.jsdl.address.dandi", lab.url)
    shell(f"{first}\n{newer}\ncd study\n" + "\n".join([other, *logins]), tmp_path)
    assert [line.partition("\t")[2] for line in tree(tmp_path / "study").splitlines()] == [
        ".gitattributes",
        "b.nwb",
    ]
    with open_engine(tmp_path / "study/.git") as engine:
        assert len(engine.settings.credential) == len(logins) == 7


def test_the_tables_of_logins_are_those_of_the_code() -> None:
    text = (ROOT / "docs/logins.rst").read_text()
    sources = re.findall(r"   \* - ``(\S+)``\n     - (yes|no)\n     - (.*)\n", text)
    assert sources == [(s.usage, "yes" if s.unnamed else "no", s.meaning) for s in SOURCES]
    _, _, tables = text.partition("Kinds\n")
    rows = re.findall(r"   \* - ``([\w-]+)``\n     - (.*)\n(?!     -)", tables)
    assert rows == [*KINDS.items(), *OPTIONS.items()]


@pytest.mark.slow
def test_the_page_on_logins(
    tmp_path: Path, vault: Vault, portal: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every command of it, from top to bottom, at a portal that wants all kinds of logins."""
    secret, token = vault.secret("cookie").replace(":", ""), vault.secret("token")
    host = portal.url.partition("://")[2].partition(":")[0]
    firefox(vault.home / ".mozilla/firefox/x.default", secret, host).close()
    vault.keep(".mozilla/firefox/profiles.ini", "[Profile0]\nPath=x.default\nDefault=1\n")
    vault.keep("cookies.txt", cookie_line(host, "session", value=secret))
    protected = portal.files["/study.json"]
    protected.wants = ("Cookie", f"session={secret}")
    shell("git init -q somewhere", tmp_path)
    lines = indented("logins.rst")
    programs = ("git", "datalad", "keyring", "read", "printf")
    commands = [c for c in lines if c.split()[0] in programs]
    assert len(commands) == 27
    vault.keep("token.txt", f"{token}\n")
    for number, command in enumerate(commands):
        if command.startswith("datalad jsdl-login"):
            protected.wants, protected.challenge = ("Authorization", f"Bearer {token}"), "Bearer"
            script = command.replace(PORTAL, portal.url)
            subprocess.run(
                ["bash", "-euc", script], input=token, text=True, check=True, cwd=vault.home
            )
            with open_engine(None) as engine:
                forgotten = "--forget" in command
                assert engine.web.open(f"{portal.url}/study.json").status == 200 + 201 * forgotten
            protected.wants = ("Cookie", f"session={secret}")
        elif command.startswith("keyring"):
            _, _, service, field = command.split()
            vault.keyring(service.removeprefix("datalad-"), field, token)
        elif command.startswith("datalad"):
            here = command.replace(PORTAL, portal.url).removesuffix(" study")
            vault.run("bash", "-euc", f"{here} study-{number}", cwd=tmp_path)
            assert (tmp_path / f"study-{number}/sub-01/anat.nii.gz").is_symlink()
        elif command.startswith("read"):
            # what is typed goes to the line after it
            script = f"{command}\n{commands[number + 1]}"
            subprocess.run(["bash", "-euc", script], input=f"{token}\n", text=True, check=True)
            login = find(f"{PORTAL} git")
            assert login is not None
            assert (login.user, login.secret) == ("alice", token)
            vault.run("git", "credential-cache", "exit")
        elif not command.startswith("printf"):
            folder = "study-4" if " annex " in command else "somewhere"
            vault.run("bash", "-euc", command, cwd=tmp_path / folder)
    # all that was set can be understood, and one of it is tried with what it is for
    with open_engine(tmp_path / "somewhere/.git") as engine:
        rules = engine.settings.credential
    assert len(rules) == 10
    name, value = "X-Dataverse-key", token
    portal.put("f", b"content", wants=(name, value))
    line = next(rule.line for rule in rules if "header=" in rule.line)
    with open_engine(None, credentials=[line.replace(PORTAL, portal.url)]) as engine:
        assert engine.web.open(f"{portal.url}/f").status == 200


@pytest.mark.parametrize("number", [0, 1])
def test_the_examples_of_a_manifest(tmp_path: Path, number: int) -> None:
    """Both forms of docs/manifest.rst, and the README's, read without a complaint."""
    from datalad_jsdl.manifest.reading import read_manifest
    from datalad_jsdl.model.entry import Entry

    text = (ROOT / "docs/manifest.rst").read_text()
    example = re.findall(r"::\n\n((?:   .*\n)+)", text)[number]
    (tmp_path / "m").write_text(example)
    with (tmp_path / "m").open("rb") as stream:
        items = list(read_manifest(stream))
    assert len(items) == 2
    assert all(isinstance(item, Entry) for item in items)
    restricted = re.findall(r"::\n\n((?:      .*\n)+)", text)[0]
    (entry,) = read_manifest(io.BytesIO(restricted.encode()))
    assert isinstance(entry, Entry)
    assert entry.restriction is not None
    assert (entry.restriction.url, entry.unknown) == ("https://a.example/committee", ())
    shown = re.findall(r"```json\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert "".join(shown).split() == "".join(re.findall(r"::\n\n((?:   .*\n)+)", text)[0]).split()


def test_the_page_on_faults_is_about_all_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is made by a program that takes minutes; this tells when that is due again."""
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    import fault_page

    text = (ROOT / "docs/faults.rst").read_text()
    measured, _, _ = text.partition("What can be noticed")
    titles = re.findall(r"^   \* - (.*)", measured, re.MULTILINE)
    assert titles == ["first mirror", *fault_page.rows().values()]
    cells = re.findall(r"^     - ", measured, re.MULTILINE)
    assert len(cells) == len(titles) * 9
    assert text.endswith(fault_page.noticed_table())
    assert fault_page.COMMAND in text


def test_the_page_on_readers_is_about_all_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """Likewise: every reader, every archive, every reason."""
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    import reader_page

    text = (ROOT / "docs/readers.rst").read_text()
    _, _, results = text.partition("Results\n")
    results, _, reasons = results.partition("Times and modes\n")
    lines = re.findall(r"^   \* - (.*)\n((?:     - .*\n)+)", results, re.MULTILINE)
    assert [title for title, _ in lines] == ["reader", *map(str, READERS.values())]
    assert lines[0][1].split("     - ")[1:] == [f"{name}\n" for name in CASES]
    signs = {
        reader: [known(reader, case) is None for case in CASES if (reader, case) not in NOT_RUN]
        for reader in READERS
    }
    shown = [re.findall("- (?!not run)(.)", cells) for _, cells in lines[1:]]
    assert [[sign == "✓" for sign in row] for row in shown] == list(signs.values())
    assert reader_page.cases_table() in text
    assert all(reason in reasons for reason in reader_page.reasons())
    assert reader_page.COMMAND in text


def test_the_page_on_http_is_about_all_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Likewise; where curl and wget both get the file, so do we."""
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    import wire_page

    text = (ROOT / "docs/http.rst").read_text()
    lines = re.findall(r"^   \* - (.*)\n     - .*\n((?:     - .*\n)+)", text, re.MULTILINE)
    shown = [(title, cells.split()[1::2]) for title, cells in lines if title != "answer"]
    rows = [(group, row) for group in GROUPS.values() for row in group.values()]
    assert [title for title, _ in shown] == [row.title for _, row in rows]
    for (title, (ours, *peers)), (_, row) in zip(shown, rows, strict=True):
        assert ours == ("✓" if "nothing" in row.right else "✗"), title
        assert ours == "✓" or set(peers) != {"✓"}, title
    assert wire_page.COMMAND in text
