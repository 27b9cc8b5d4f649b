"""Location logs: what is noted is there afterwards, beside all that was there before."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from datalad_jsdl.errors import DatasetError
from datalad_jsdl.repository.annex import location_logs
from datalad_jsdl.repository.annex.keys import branch_path
from datalad_jsdl.repository.annex.location_logs import add_locations
from datalad_jsdl.repository.annex.logs import present_values
from datalad_jsdl.repository.git.running import Git
from datalad_jsdl.repository.importing.write import write_annex_files
from tests.portal import git

OURS, THEIRS = "0ea5e5f8-0000-4000-8000-000000000001", "0ea5e5f8-0000-4000-8000-000000000002"
KEYS = [f"SHA256E-s{number}--{number:064x}.dat" for number in range(300)]
ODD = "SHA256E-s1--" + "ab" * 32 + ".é_x"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    git(tmp_path, "init", "-q")
    git(tmp_path, "annex", "init", "-q")
    return tmp_path


def add(repository: Path, keys: list[str]) -> None:
    add_locations(Git(repository), repository / ".git/annex", keys, OURS, time.time())


def theirs(repository: Path, keys: list[str], *options: str) -> None:
    lines = "".join(f"{key} {THEIRS} 1\n" for key in keys)
    command = ["git", *options, "annex", "setpresentkey", "--batch"]
    subprocess.run(command, input=lines.encode(), cwd=repository, check=True, capture_output=True)
    if not options:
        git(repository, "annex", "numcopies")


def committed(repository: Path, key: str) -> set[str]:
    return set(present_values(git(repository, "show", f"git-annex:{branch_path(key)}").encode()))


@pytest.mark.parametrize("key", [KEYS[0], ODD])
def test_what_others_have_stays(repository: Path, key: str) -> None:
    theirs(repository, [key])
    add(repository, [key, KEYS[1]])
    assert committed(repository, key) == {OURS, THEIRS}
    assert committed(repository, KEYS[1]) == {OURS}
    assert not list((repository / ".git/annex/journal").iterdir())
    assert not git(repository, "for-each-ref", "refs/heads/jsdl")
    # the branch has moved since
    theirs(repository, KEYS[2:4])
    add(repository, KEYS[2:4])
    assert committed(repository, KEYS[3]) == {OURS, THEIRS}


def test_many_are_one_commit(repository: Path) -> None:
    theirs(repository, KEYS[::2])
    add(repository, KEYS[100:])
    before = git(repository, "rev-parse", "git-annex")
    add(repository, KEYS)
    assert git(repository, "rev-parse", "git-annex^") == before
    for number, key in enumerate(KEYS):
        assert committed(repository, key) == ({OURS} if number % 2 else {OURS, THEIRS})
    git(repository, "fsck", "--strict")
    # what is known already is not written again
    after = git(repository, "rev-parse", "git-annex")
    add(repository, KEYS)
    assert git(repository, "rev-parse", "git-annex") == after


def test_what_is_not_committed_yet_stays(repository: Path) -> None:
    theirs(repository, KEYS[:2], "-c", "annex.alwayscommit=false")
    assert list((repository / ".git/annex/journal").iterdir())
    add(repository, KEYS[:2])
    assert committed(repository, KEYS[1]) == {OURS, THEIRS}


@pytest.mark.parametrize(
    ("name", "value"),
    [("annex.alwayscommit", "false"), ("annex.merge-annex-branches", "false")],
)
def test_settings_of_git_annex_do_not_keep_it_from_the_branch(
    repository: Path, name: str, value: str
) -> None:
    git(repository, "config", name, value)
    add(repository, KEYS[:1])
    assert committed(repository, KEYS[0]) == {OURS}


@pytest.mark.parametrize("journalled", [False, True])
def test_a_branch_that_has_moved_on_loses_nothing(
    repository: Path, monkeypatch: pytest.MonkeyPatch, journalled: bool
) -> None:
    theirs(repository, KEYS[:1])

    def moved(git_: Git, base: str, files: Iterable[tuple[str, bytes]]) -> None:
        theirs(repository, KEYS[1:3])  # after it was read
        if journalled:
            theirs(repository, KEYS[3:4], "-c", "annex.alwayscommit=false")
        write_annex_files(git_, base, files)

    monkeypatch.setattr(location_logs, "write_annex_files", moved)
    add(repository, KEYS[:5])
    both = [{OURS, THEIRS}] * (4 if journalled else 3)
    assert [committed(repository, key) for key in KEYS[: len(both)]] == both
    assert committed(repository, KEYS[4]) == {OURS}


def test_where_git_has_lost_what_others_have_nothing_is_written(repository: Path) -> None:
    theirs(repository, KEYS[:1])
    before = git(repository, "rev-parse", "git-annex")
    name = git(repository, "rev-parse", f"git-annex:{branch_path(KEYS[0])}")
    (repository / ".git/objects" / name[:2] / name[2:]).unlink()
    with pytest.raises(DatasetError, match=name):
        add(repository, KEYS[:1])
    assert git(repository, "rev-parse", "git-annex") == before


def test_what_was_dropped_is_here_again(repository: Path) -> None:
    add(repository, KEYS[:1])
    git(repository, "annex", "setpresentkey", KEYS[0], OURS, "0")
    add(repository, KEYS[:1])
    git(repository, "annex", "numcopies")
    assert committed(repository, KEYS[0]) == {OURS}


def test_who_drops_it_meanwhile_has_the_last_word(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dropped(git_: Git, base: str, files: Iterable[tuple[str, bytes]]) -> None:
        git(repository, "annex", "setpresentkey", KEYS[0], OURS, "1")
        git(repository, "annex", "setpresentkey", KEYS[0], OURS, "0")
        write_annex_files(git_, base, files)

    monkeypatch.setattr(location_logs, "write_annex_files", dropped)
    add(repository, KEYS[:2])
    assert committed(repository, KEYS[0]) == set()
    assert committed(repository, KEYS[1]) == {OURS}


def test_a_clock_that_was_wrong_does_not_hide_it(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_ANNEX_VECTOR_CLOCK", str(int(time.time()) + 100_000))
    git(repository, "annex", "setpresentkey", KEYS[0], OURS, "0")
    monkeypatch.delenv("GIT_ANNEX_VECTOR_CLOCK")
    add(repository, KEYS[:1])
    git(repository, "annex", "numcopies")
    assert committed(repository, KEYS[0]) == {OURS}


def test_it_waits_for_whoever_has_the_journal(repository: Path) -> None:
    # what git-annex does to have it for itself
    code = (
        "import fcntl, sys; lock = open(sys.argv[1], 'a'); fcntl.lockf(lock, fcntl.LOCK_EX);"
        "print('locked', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", code, str(repository / ".git/annex/journal.lck")]
    with (
        ThreadPoolExecutor() as pool,
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder,
    ):
        assert holder.stdout is not None
        holder.stdout.readline()
        adding = pool.submit(add, repository, KEYS[:1])
        time.sleep(1)
        assert not adding.done()
        holder.communicate()
        adding.result()
    assert committed(repository, KEYS[0]) == {OURS}


def test_at_the_same_time_as_git_annex(repository: Path) -> None:
    lines = "".join(f"{key} {THEIRS} 1\n" for key in KEYS)
    command = ["git", "annex", "setpresentkey", "--batch"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, cwd=repository
    ) as process:
        assert process.stdin is not None
        process.stdin.write(lines.encode())
        process.stdin.close()
        for start in range(0, len(KEYS), 50):
            add(repository, KEYS[start : start + 50])
    assert process.returncode == 0
    git(repository, "annex", "numcopies")
    missing = [key for key in KEYS if committed(repository, key) != {OURS, THEIRS}]
    assert not missing
