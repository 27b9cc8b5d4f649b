"""Location logs: what is noted is there afterwards, beside all that was there before."""

from __future__ import annotations

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from datalad_jsdl.errors import DatasetError
from datalad_jsdl.repository.annex.keys import branch_path
from datalad_jsdl.repository.annex.location_logs import LocationLogs
from datalad_jsdl.repository.annex.logs import present_values
from datalad_jsdl.repository.git.running import Git
from tests.portal import git

OURS, THEIRS = "0ea5e5f8-0000-4000-8000-000000000001", "0ea5e5f8-0000-4000-8000-000000000002"
KEYS = [f"SHA256E-s{number}--{number:064x}.dat" for number in range(300)]
ODD = "SHA256E-s1--" + "ab" * 32 + ".é_x"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    git(tmp_path, "init", "-q")
    git(tmp_path, "annex", "init", "-q")
    return tmp_path


def logs_of(repository: Path) -> LocationLogs:
    return LocationLogs(Git(repository), repository / ".git/annex")


def theirs(repository: Path, keys: list[str], *options: str) -> None:
    lines = "".join(f"{key} {THEIRS} 1\n" for key in keys)
    command = ["git", *options, "annex", "setpresentkey", "--batch"]
    subprocess.run(command, input=lines.encode(), cwd=repository, check=True, capture_output=True)
    if not options:
        git(repository, "annex", "numcopies")


def committed(repository: Path, key: str) -> set[str]:
    return set(present_values(git(repository, "show", f"git-annex:{branch_path(key)}").encode()))


def present(repository: Path, key: str) -> set[str]:
    """As git-annex has it once it has committed its journal."""
    git(repository, "annex", "numcopies")
    return committed(repository, key)


@pytest.mark.parametrize("key", [KEYS[0], ODD])
def test_what_others_have_stays(repository: Path, key: str) -> None:
    theirs(repository, [key])
    logs = logs_of(repository)
    logs.add([key, KEYS[1]], OURS)
    assert present(repository, key) == {OURS, THEIRS}
    assert present(repository, KEYS[1]) == {OURS}
    assert list((repository / ".git/annex/journal").iterdir()) == []
    # the branch has moved since
    theirs(repository, KEYS[2:4])
    logs.add(KEYS[2:4], OURS)
    assert present(repository, KEYS[3]) == {OURS, THEIRS}


def test_what_is_not_committed_yet_stays(repository: Path) -> None:
    theirs(repository, KEYS[:2], "-c", "annex.alwayscommit=false")
    logs_of(repository).add(KEYS[:2], OURS)
    assert present(repository, KEYS[1]) == {OURS, THEIRS}


def test_where_git_has_lost_what_others_have_nothing_is_written(repository: Path) -> None:
    theirs(repository, KEYS[:1])
    name = git(repository, "rev-parse", f"git-annex:{branch_path(KEYS[0])}")
    (repository / ".git/objects" / name[:2] / name[2:]).unlink()
    with pytest.raises(DatasetError, match=name):
        logs_of(repository).add(KEYS[:1], OURS)
    assert not list((repository / ".git/annex/journal").iterdir())


def test_what_was_dropped_is_here_again(repository: Path) -> None:
    logs = logs_of(repository)
    logs.add(KEYS[:1], OURS)
    git(repository, "annex", "setpresentkey", KEYS[0], OURS, "0")
    logs.add(KEYS[:1], OURS)
    assert present(repository, KEYS[0]) == {OURS}


def test_it_waits_for_whoever_has_the_journal(repository: Path) -> None:
    # what git-annex does to have it for itself
    code = (
        "import fcntl, sys; lock = open(sys.argv[1], 'a'); fcntl.lockf(lock, fcntl.LOCK_EX);"
        "print('locked', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", code, str(repository / ".git/annex/journal.lck")]
    journal = repository / ".git/annex/journal"
    with (
        ThreadPoolExecutor() as pool,
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder,
    ):
        assert holder.stdout is not None
        holder.stdout.readline()
        adding = pool.submit(logs_of(repository).add, KEYS[:1], OURS)
        time.sleep(0.5)
        assert not list(journal.iterdir())
        assert not adding.done()
        holder.communicate()
        adding.result()
    assert len(list(journal.iterdir())) == 1


def test_at_the_same_time_as_git_annex(repository: Path) -> None:
    lines = "".join(f"{key} {THEIRS} 1\n" for key in KEYS)
    command = ["git", "annex", "setpresentkey", "--batch"]
    logs = logs_of(repository)
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, cwd=repository
    ) as process:
        assert process.stdin is not None
        process.stdin.write(lines.encode())
        process.stdin.close()
        for start in range(0, len(KEYS), 10):
            logs.add(KEYS[start : start + 10], OURS)
    assert process.returncode == 0
    git(repository, "annex", "numcopies")
    missing = [key for key in KEYS if committed(repository, key) != {OURS, THEIRS}]
    assert not missing
