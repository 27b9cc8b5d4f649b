"""docs/settings_kept.rst: what it says is obeyed, is."""

from __future__ import annotations

import ast
import os
import re
import shutil
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from datalad_jsdl.operations.engines import open_engine
from tests.conftest import run
from tests.portal import content_of, datalad, described, git, write_manifest
from tests.running import run_datalad
from tests.wire import Wire

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/settings_kept.rst"
CLAIMS = ("obeyed", "passed on", "reported")

Test = Callable[["Study"], None]
TESTS: dict[str, Test] = {}
ELSEWHERE = {
    "annex.security.allowed-ip-addresses": "fetch/test_addresses.py",
    "annex.security.allowed-http-addresses": "fetch/test_addresses.py",
    "annex.security.allowed-url-schemes": "fetch/test_addresses.py",
    "http.proxy": "fetch/credentials/test_proxies.py",
    "http.sslCAInfo": "fetch/credentials/test_proxies.py",
    "http.sslCAPath": "fetch/credentials/test_proxies.py",
    "http.sslCert": "fetch/credentials/test_proxies.py",
    "http.sslKey": "fetch/credentials/test_proxies.py",
    "http.sslVerify": "fetch/credentials/test_proxies.py",
    "GIT_SSL_NO_VERIFY": "fetch/credentials/test_proxies.py",
    "annex.web-options": "fetch/credentials/test_annex_headers.py",
}


def row(*settings: str) -> Callable[[Test], Test]:
    """The test is of these settings of the table."""

    def add(test: Test) -> Test:
        TESTS.update(dict.fromkeys(settings, test))
        return test

    return add


@dataclass
class Study:
    """A dataset without files, and a mirror."""

    path: Path
    wire: Wire

    def set(self, name: str, value: str) -> None:
        git(self.path, "config", name, value)

    def put(self, *paths: str, digest: str = "sha256") -> Path:
        """A manifest of files at the mirror."""
        members = {}
        for path in paths:
            url = self.wire.put(f"/{path}", content_of(path))
            members[path] = described(path, url)
            if digest == "md5":
                import hashlib

                found = hashlib.md5(content_of(path), usedforsecurity=False).hexdigest()
                members[path]["digests"] = {"md5": found}
        return write_manifest(self.path.parent / "m.json", members)

    def load(self, *paths: str, code: int = 0, get: bool = False) -> list[dict[str, Any]]:
        option = ["--get"] if get else []
        return datalad("download-manifest", *option, self.put(*paths), self.path, code=code)

    def mode(self, path: str) -> str:
        return git(self.path, "ls-files", "-s", path).partition(" ")[0]

    def key(self, path: str) -> str:
        return git(self.path, "annex", "lookupkey", path)


@pytest.fixture(scope="module")
def wire() -> Iterator[Wire]:
    with Wire() as server:
        yield server


@pytest.fixture(scope="module")
def empty(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("empty")
    run("datalad", "create", folder / "study")
    return folder / "study"


@pytest.fixture
def study(tmp_path: Path, empty: Path, wire: Wire) -> Study:
    shutil.copytree(empty, tmp_path / "study", symlinks=True)
    return Study(tmp_path / "study", wire)


def claims() -> list[str]:
    rows = re.findall(r"   \* - (``.*)\n     - (.*)\n", PAGE.read_text())
    return [name for names, who in rows if who in CLAIMS for name in re.findall("``(.*?)``", names)]


def test_the_page_has_no_other_words_for_who_sees_to_it() -> None:
    rows = re.findall(r"   \* - (``.*)\n     - (.*)\n", PAGE.read_text())
    assert {who for _, who in rows} == {*CLAIMS, "git-annex", "git", "not obeyed"}
    names = re.findall("``(.*?)``", " ".join(names for names, _ in rows))
    assert len(names) == len(set(names))


def test_every_claim_has_a_test() -> None:
    assert sorted(claims()) == sorted([*TESTS, *ELSEWHERE])
    for file in ELSEWHERE.values():
        tree = ast.parse((ROOT / "tests" / file).read_text())
        assert any(isinstance(n, ast.FunctionDef) and n.name[:5] == "test_" for n in tree.body)
    for name, file in ELSEWHERE.items():
        text = (ROOT / "tests" / file).read_text().lower()
        assert name.rpartition(".")[2].lower() in text, name


@row("annex.diskreserve")
def reserve(study: Study) -> None:
    study.load("a", "b")
    study.set("annex.diskreserve", "100000TB")
    study.wire.asked.clear()
    manifest = study.path.parent / "m.json"
    shown: list[str] = []
    for command in (
        ("download-content", "-d", study.path),
        ("download-manifest", "--get", manifest, study.path),
        ("export-archive", "-d", study.path, "-t", "zip", "out.zip"),
    ):
        records = datalad(*command, code=1)
        shown += [record["message"] for record in records if record["status"] == "error"]
    assert all("annex.diskreserve keeps 100.0 PB" in text for text in shown), shown
    assert len(shown) >= 3
    # git-annex sees to it before it asks the special remote
    git(study.path, "annex", "get", "--from", "jsdl", "a", check=False)
    assert not study.wire.asked
    whole = datalad("download-manifest", "--check", manifest, study.path, code=1)[-1]
    assert (whole["short_of"], whole["bytes_reserved"]) == (["bytes"], 10**17)
    assert not Path("out.zip").exists()
    git(study.path, "annex", "get", "--force", "--from", "jsdl", "a")
    # one of a subdataset is for that alone
    git(study.path, "config", "--unset", "annex.diskreserve")
    datalad("download-manifest", "-d", study.path, manifest, study.path / "sub")
    git(study.path / "sub", "config", "annex.diskreserve", "100000TB")
    records = datalad("download-content", "-r", "-d", study.path, code=1)
    status = {Path(r["path"]).name: r["status"] for r in records if r["type"] == "dataset"}
    assert status == {"study": "ok", "sub": "error"}


@row("annex.http-headers", "annex.http-headers-command")
def headers(study: Study) -> None:
    study.load("a")
    study.set("annex.http-headers", "X-Key: of-lines")
    datalad("download-content", "-d", study.path)
    assert study.wire.asked[-1].headers["x-key"] == "of-lines"
    study.set("annex.http-headers-command", "echo X-Key: of-command")
    git(study.path, "annex", "drop", "a")
    assert study.wire.asked[-1].headers["x-key"] == "of-command"


@row("annex.jobs")
def jobs(study: Study) -> None:
    for value, expected in {"3": 3, "cpus": os.cpu_count(), "many": 0, "0": 0}.items():
        study.set("annex.jobs", value)
        with open_engine(study.path / ".git") as engine:
            assert engine.settings.jobs == expected
    study.set("annex.jobs", "3")
    study.set("remote.jsdl.jobs", "5")
    with open_engine(study.path / ".git") as engine:
        assert engine.settings.jobs == 5


LIMITS = ("annex.bwlimit", "annex.bwlimit-download")
NEARER = ("remote.jsdl.annex-bwlimit", "remote.jsdl.annex-bwlimit-download")


@row(*LIMITS, *NEARER)
def bandwidth(study: Study) -> None:
    """The nearer to this remote's downloads, the sooner it counts."""
    for number, name in enumerate((*LIMITS, *NEARER), 1):
        study.set(name, f"{number} MB")
        with open_engine(study.path / ".git") as engine:
            assert engine.throttle.rate == number * 1_000_000
    study.set("datalad.jsdl.bandwidth", "1M")
    with open_engine(study.path / ".git") as engine:
        assert engine.throttle.rate == 1 << 20


@row("annex.addunlocked")
def unlocked(study: Study) -> None:
    for number, value in enumerate(("true", "yes", "1", "false", "anything")):
        study.set("annex.addunlocked", value)
        said = run("datalad", "download-manifest", study.put(str(number)), study.path)
        assert "added" in said
        assert study.mode(str(number)) == ("100644" if number < 3 else "120000")
    git(study.path, "config", "--unset", "annex.addunlocked")
    config = study.path / ".git/config"
    before = config.read_text()
    config.write_text(before + "[annex]\n\taddunlocked\n")  # git's shortest way to say true
    study.load("short")
    assert study.mode("short") == "100644"
    config.write_text(before)
    git(study.path, "annex", "config", "--set", "annex.addunlocked", "true")
    study.load("all-clones", get=True)
    assert study.mode("all-clones") == "100644"
    assert (study.path / "all-clones").read_bytes() == content_of("all-clones")
    assert git(study.path, "status", "--short") == ""


@row("core.symlinks")
def no_symlinks(study: Study) -> None:
    study.set("core.symlinks", "false")
    study.load("a", get=True)
    assert study.mode("a") == "100644"
    assert (study.path / "a").read_bytes() == content_of("a")


@row("annex.maxextensionlength", "annex.maxextensions")
def extensions(study: Study) -> None:
    study.set("annex.maxextensionlength", "8")
    study.set("annex.maxextensions", "1")
    study.load("a.tar.longer")
    ours = study.key("a.tar.longer")
    git(study.path, "annex", "addurl", f"{study.wire.url}/a.tar.longer", "--file", "b.tar.longer")
    assert ours.partition(".")[2] == study.key("b.tar.longer").partition(".")[2] == "longer"
    study.set("annex.maxextensions", "one")
    (record,) = study.load("c", code=1)
    assert "annex.maxextensions is not a whole number" in record["message"]


@row("annex.freezecontent-command", "annex.thawcontent-command")
def frozen(study: Study) -> None:
    study.set("annex.freezecontent-command", f"echo %path >> {study.path.parent}/frozen")
    study.set("annex.thawcontent-command", "true")
    study.load("a", get=True)
    key = study.key("a")
    assert f"/{key}\n" in (study.path.parent / "frozen").read_text()


@row("annex.pidlock")
def pidlock(study: Study) -> None:
    study.set("annex.pidlock", "true")
    study.load("a", get=True)
    assert (study.path / "a").read_bytes() == content_of("a")


@row("annex.private")
def private(study: Study) -> None:
    """Not a word of this repository stands in what others get to see."""
    study.set("annex.private", "true")
    study.load("a", get=True)
    uuid = git(study.path, "config", "annex.uuid")
    logs = git(study.path, "grep", "-l", uuid, "git-annex", "--", "*.log", check=False)
    assert [name for name in logs.splitlines() if "SHA256E" in name] == []
    assert uuid in git(study.path, "annex", "whereis", "a")


@row("annex.securehashesonly")
def secure(study: Study) -> None:
    study.set("annex.securehashesonly", "true")
    manifest = study.put("a", digest="md5")
    records = datalad("download-manifest", "--get", manifest, study.path, code=1)
    assert "annex.securehashesonly blocked" in str(records)
    assert git(study.path, "annex", "find") == ""


@row("annex.crippledfilesystem", "core.sharedRepository")
def shared(study: Study) -> None:
    study.set("annex.crippledfilesystem", "true")
    study.set("core.sharedRepository", "group")
    study.load("a", get=True)
    study.load("b")
    # what stays, since a transfer was cut short
    (study.path / ".git/annex/jsdl/staging").mkdir(exist_ok=True)
    datalad("download-content", "-d", study.path)
    annex = study.path / ".git/annex"
    for place, wanted in {"jsdl.lck": 0o660, "jsdl": 0o2770}.items():
        mode = stat.S_IMODE((annex / place).stat().st_mode)
        assert mode & wanted == wanted, place
    (content,) = annex.glob(f"objects/*/*/*/{study.key('a')}")
    assert content.stat().st_mode & 0o040


@row("annex.tune.*")
def tuned(study: Study) -> None:
    study.set("annex.tune.objecthash1", "true")
    (record,) = study.load("a", code=1)
    assert "is tuned" in record["message"]


SIGN = """#!/bin/sh
cat > /dev/null
echo '[GNUPG:] SIG_CREATED ' >&2
printf -- '-----BEGIN PGP SIGNATURE-----\\n\\nby-test\\n-----END PGP SIGNATURE-----\\n'
"""


@row("commit.gpgSign", "annex.allowsign")
def signed(study: Study) -> None:
    program = study.path.parent / "sign"
    program.write_text(SIGN)
    program.chmod(0o755)
    study.set("gpg.program", str(program))
    study.set("commit.gpgSign", "true")
    study.load("a")

    def is_signed(revision: str) -> bool:
        return "by-test" in git(study.path, "cat-file", "commit", revision)

    assert is_signed("main")
    assert git(study.path, "log", "-1", "--format=%s", "main").endswith(
        "download-manifest: 1 added"
    )
    assert not is_signed("git-annex")
    study.set("annex.allowsign", "true")
    before = git(study.path, "rev-parse", "git-annex")
    study.load("a", "b")
    made = git(study.path, "rev-list", f"{before}..git-annex").split()
    assert made
    assert all(map(is_signed, made))
    # one that cannot be signed is not made
    study.set("gpg.program", "false")
    (record,) = study.load("a", "b", "c", code=1)
    assert "failed to sign" in record["message"]
    assert not os.path.lexists(study.path / "c")
    study.set("gpg.program", str(program))
    study.load("a", "b", "c")
    assert git(study.path, "status", "--short") == ""


@row("annex.commitmessage", "annex.commitmessage-command")
def commit_message(study: Study) -> None:
    study.set("annex.commitmessage", "from the setting")
    study.load("a")
    messages = "log", "--format=%s", "git-annex", "--", "*.log.web"
    assert git(study.path, *messages) == "from the setting"
    study.set("annex.commitmessage-command", "echo from the command")
    study.load("a", "b")
    assert git(study.path, *messages).splitlines() == ["from the command", "from the setting"]
    study.set("annex.commitmessage-command", "exit 4")
    (record,) = study.load("a", "b", "c", code=1)
    assert "exit code 4" in record["message"]


@row("GIT_ANNEX_VECTOR_CLOCK")
def vector_clock(study: Study) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GIT_ANNEX_VECTOR_CLOCK", "12345")
        study.load("a")
        datalad("download-content", "-d", study.path)
    files = git(study.path, "ls-tree", "-r", "--name-only", "git-annex").splitlines()
    logs = [git(study.path, "show", f"git-annex:{name}") for name in files if "SHA256E" in name]
    assert len(logs) == 2
    assert all(re.match(r"12345(\.0+)?s ", line) for log in logs for line in log.splitlines())


NAMES = ("user.name", "user.email", "user.useConfigOnly", "author.*", "committer.*")


@row(*NAMES, "GIT_AUTHOR_*", "GIT_COMMITTER_*")
def identity(study: Study) -> None:
    study.set("author.name", "Ann Author")
    study.set("committer.email", "c@example.com")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GIT_AUTHOR_DATE", "2001-02-03T04:05:06Z")
        study.load("a")
    shown = git(study.path, "log", "-1", "--format=%an %ae %cn %ce %aI")
    assert shown == "Ann Author tester@example.com Tester c@example.com 2001-02-03T04:05:06+00:00"
    study.set("user.name", "")
    study.set("author.name", "")
    study.set("user.useConfigOnly", "true")
    (record,) = study.load("a", "b", code=1)
    assert "git config" in record["message"]


@row("extensions.objectFormat")
def sha256_objects(study: Study) -> None:
    shutil.rmtree(study.path)
    run("git", "init", "-q", "--object-format=sha256", study.path)
    git(study.path, "annex", "init", "-q")
    run("datalad", "create", "--force", study.path)
    study.load("a", get=True)
    study.load("a", "b")
    datalad("download-content", "-d", study.path)
    assert len(git(study.path, "rev-parse", "main")) == 64
    assert (study.path / "b").read_bytes() == content_of("b")
    git(study.path, "fsck", "--strict")


@pytest.mark.slow
@pytest.mark.parametrize(
    "setting", sorted({test.__name__: name for name, test in TESTS.items()}.values())
)
def test_it_is_so(study: Study, setting: str) -> None:
    TESTS[setting](study)


def test_records_are_committed_where_git_annex_is_told_to_wait(study: Study) -> None:
    """An import goes through with annex.alwayscommit=false, and says the same in the end."""
    study.set("annex.alwayscommit", "false")
    study.load("a", get=True)
    assert "2 copies" in git(study.path, "annex", "whereis", "a")


def test_an_expression_is_left_to_git_annex_and_said(study: Study) -> None:
    study.set("annex.addunlocked", "include=*.txt")
    done = run_datalad("download-manifest", study.put("a.txt"), study.path)
    assert done.code == 0
    assert done.stderr.count("annex.addunlocked is an expression") == 1
    assert study.mode("a.txt") == "120000"
