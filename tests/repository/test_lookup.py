"""What the git-annex branch says of a key is the same, however it is read."""

from __future__ import annotations

import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from datalad_jsdl.errors import DatasetError
from datalad_jsdl.repository.annex import lookup as module
from datalad_jsdl.repository.annex.branch import AnnexBranch
from datalad_jsdl.repository.annex.keys import branch_path
from datalad_jsdl.repository.annex.logs import KeyState
from datalad_jsdl.repository.annex.lookup import KeyLookup
from datalad_jsdl.repository.repository import Repository

UUID = "5d4d1d1e-5b5c-4b6e-8f53-1d1d6a3c0c5e"
KEYS = [f"SHA256E-s{number}--{number:064x}.x" for number in range(200)]
LONG = KEYS[3]  # its record is too long to be held


def urls_of(key: str) -> list[str]:
    count = 40 if key == LONG else 1 + KEYS.index(key) % 2
    return [f"https://mirror{number}.example/{key}" for number in range(count)]


def order_of(key: str) -> tuple[str, ...]:
    return ("0badf00d", "00c0ffee") if KEYS.index(key) % 3 else ()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    files = {"remote.log": f"{UUID} externaltype=jsdl name=jsdl type=external timestamp=1s\n"}
    for key in KEYS:
        path = branch_path(key)
        files[f"{path}.web"] = "".join(f"1700000000s 1 {url}\n" for url in urls_of(key))
        if order_of(key):
            state = KeyState(order=order_of(key))
            files[f"{path}.rmt"] = f"1700000000s {UUID} {state}\n"
        files[path] = f"1700000000s 1 {UUID}\n"
    lines = ["commit refs/heads/git-annex\ncommitter A <a@example.org> 0 +0000\ndata 0\n"]
    for path, text in files.items():
        lines.append(f"M 100644 inline {path}\ndata {len(text.encode())}\n{text}")
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    stream = "\n".join(lines).encode()
    subprocess.run(["git", "fast-import", "--quiet"], input=stream, cwd=tmp_path, check=True)
    return tmp_path / ".git"


def test_held_or_not_the_answers_are_the_same(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    read_one = KeyLookup._read_one
    monkeypatch.setattr(
        KeyLookup, "_read_one", lambda self, oid: asked.append(oid) or read_one(self, oid)
    )
    expected = [(urls_of(key), KeyState(order=order_of(key))) for key in KEYS]
    with KeyLookup(Repository(repository.parent)) as lookup, ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lookup.find, KEYS)) == expected
        assert lookup.find("SHA256E-s1--0.x") is None
        asked.clear()
        assert list(pool.map(lookup.find, KEYS)) == expected
    assert len(asked) == 1  # for the long one
    asked.clear()
    monkeypatch.setattr(module, "_MOST_HELD", 0)
    with KeyLookup(Repository(repository.parent)) as lookup, ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lookup.find, KEYS)) == expected
    assert len(asked) == len(KEYS) + sum(bool(order_of(key)) for key in KEYS)


@pytest.mark.parametrize("journal", ["journal", "journal-private"])
@pytest.mark.parametrize("suffix", ["web", "rmt"])
def test_news_are_for_git_annex_to_tell(repository: Path, journal: str, suffix: str) -> None:
    with KeyLookup(Repository(repository.parent)) as lookup:
        for key in KEYS:
            assert lookup.find(key) is not None
        name = f"{branch_path(KEYS[0])}.{suffix}".replace("_", "__").replace("/", "_")
        folder = repository / "annex" / journal
        folder.mkdir(parents=True)
        (folder / name).touch()
        assert lookup.find(KEYS[0]) is None
        assert lookup.find(KEYS[1]) is not None


def test_without_all_records_each_is_read(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with KeyLookup(Repository(repository.parent)) as lookup:
        monkeypatch.setattr(lookup._git, "objects", lambda names: iter([b"cut off"]))
        for key in KEYS:
            assert lookup.find(key) == (urls_of(key), KeyState(order=order_of(key)))


def test_many_keys_have_the_logs_that_few_have(repository: Path) -> None:
    annex = Repository(repository.parent).annex
    absent = [f"SHA256E-s999--{number:064x}.x" for number in range(50)]
    asked = [*absent, *KEYS]
    found = dict(annex.key_logs(asked))
    assert found.keys() == set(asked)
    assert found == {key: logs for one in asked for key, logs in annex.key_logs([one])}
    assert not any(any(found[key]) for key in absent)
    assert all(found[key][1] for key in KEYS)


def test_a_branch_that_cannot_be_listed_is_no_empty_one(repository: Path) -> None:
    annex = Repository(repository.parent).annex
    broken = AnnexBranch(Repository(repository.parent).git, [*annex.commits, "0" * 40])
    with pytest.raises(DatasetError):
        list(broken.key_logs(KEYS))
