"""One process for all of git-annex's jobs, and none that outlives them."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from datalad_jsdl.repository.annex.lookup import KeyLookup
from datalad_jsdl.repository.repository import Repository
from tests.kill_at import KillAt, remote_that_dies
from tests.lab import Lab, sha256
from tests.portal import content_of, datalad, described, git, write_manifest


def import_files(lab: Lab, count: int, **faults: object) -> Path:
    members = {}
    for number in range(count):
        path = f"f{number:03}"
        members[path] = described(path, lab.put(path, content_of(path), **faults))
    datalad("download-manifest", write_manifest("m.json", members), "ds")
    return Path("ds").absolute()


def remotes(parent: int) -> list[int]:
    """Processes of our program that *parent* has started, directly or not."""
    lines = subprocess.run(
        ["ps", "-ww", "-eo", "pid,ppid,args"], capture_output=True, text=True, check=True
    ).stdout.splitlines()[1:]
    table = [(int(line.split()[0]), int(line.split()[1]), line) for line in lines]
    family = {parent}
    for _ in range(5):
        family |= {pid for pid, ppid, _ in table if ppid in family}
    return [pid for pid, _, line in table if pid in family and "git-annex-remote-jsdl" in line]


def wait_for(condition: object, seconds: float = 60) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():  # type: ignore[operator]  # a function
            return True
        time.sleep(0.05)
    return False


def code_of(get: subprocess.Popen[bytes]) -> int:
    """How git-annex ended whose special remote was killed; it leads a group of its own.

    A job of git-annex that turns to the process in the moment of its end waits for ever for an
    answer: nothing that a special remote does can change that. Its user presses Ctrl-C.
    """
    try:
        return get.wait(timeout=90)
    except subprocess.TimeoutExpired:
        os.killpg(get.pid, signal.SIGKILL)
        return get.wait()


def test_eight_jobs_share_a_process(lab: Lab) -> None:
    dataset = import_files(lab, 60, delay=0.2)
    get = subprocess.Popen(["git", "annex", "get", "-q", "-J8", "--from", "jsdl"], cwd=dataset)
    assert wait_for(lambda: len(lab.requests) > 16)
    assert len(remotes(get.pid)) == 1
    assert get.wait() == 0
    for number in range(60):
        assert (dataset / f"f{number:03}").read_bytes() == content_of(f"f{number:03}")
    # eight at a time, over connections that are kept
    assert len({request.port for request in lab.requests}) <= 8


def test_git_annex_is_asked_only_at_first(lab: Lab) -> None:
    members = {}
    for number in range(80):
        path = f"f{number:03}"
        url = lab.put(path, content_of(path))
        members[path] = described(path, f"{lab.url}/gone", url, mtime="2024-05-01T12:00:00Z")
    datalad("download-manifest", write_manifest("m.json", members), "ds")
    dataset = Path("ds").absolute()
    done = subprocess.run(
        ["git", "annex", "get", "--debug", "-J2", "--from", "jsdl"],
        cwd=dataset, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0
    assert 50 <= done.stderr.count("GETURLS") < 60
    assert {path.stat().st_mtime for path in dataset.glob("f*")} == {1714564800}
    key = git(dataset, "annex", "lookupkey", "f079")
    with KeyLookup(Repository(dataset)) as lookup:
        assert lookup.find(key) is not None
        assert lookup.find("SHA256E-s1--0.x") is None
    # what is not in the branch yet is for git-annex to tell
    command = ["-c", "annex.alwayscommit=false", "annex", "registerurl", key, f"{lab.url}/new"]
    git(dataset, *command)
    with KeyLookup(Repository(dataset)) as lookup:
        assert lookup.find(key) is None


PART = "datalad_jsdl.fetch.file.partfile:PartFile"


@pytest.mark.slow
@pytest.mark.parametrize(
    "kill",
    [KillAt(f"{PART}.put"), KillAt(f"{PART}.finish"), KillAt(f"{PART}.finish", after=True)],
    ids=["in the midst of a file", "before it has its name", "when it has its name"],
)
def test_a_remote_that_dies_costs_one_file(lab: Lab, tmp_path: Path, kill: KillAt) -> None:
    """git-annex starts it, and takes what it has left as far as it is good."""
    dataset = import_files(lab, 3)
    environment = remote_that_dies(tmp_path / "bin", kill)
    get = ["git", "annex", "get", "-q", "--from", "jsdl"]
    first = subprocess.Popen(
        get, cwd=dataset, env=environment, start_new_session=True, stderr=subprocess.DEVNULL
    )
    assert code_of(first) != 0
    subprocess.run(get, cwd=dataset, check=True)
    git(dataset, "annex", "fsck", "-q")
    for number in range(3):
        assert (dataset / f"f{number:03}").read_bytes() == content_of(f"f{number:03}")


@pytest.mark.slow
@pytest.mark.parametrize("victim", ["git-annex", "remote"])
def test_killed_it_leaves_nothing_behind(lab: Lab, victim: str) -> None:
    dataset = import_files(lab, 8, rate=200)
    get = subprocess.Popen(
        ["git", "annex", "get", "-q", "-J4", "--from", "jsdl"],
        cwd=dataset, start_new_session=True, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    assert wait_for(lambda: len(lab.requests) >= 4)
    (remote,) = remotes(get.pid)
    if victim == "git-annex":
        (annex,) = [
            int(pid)
            for pid in subprocess.run(
                ["pgrep", "-g", str(get.pid), "-f", "git-annex get"], capture_output=True, text=True
            ).stdout.split()
            if int(pid) != remote
        ][-1:]
        os.kill(annex, signal.SIGKILL)
    else:
        os.kill(remote, signal.SIGKILL)
    assert code_of(get) != 0
    assert wait_for(lambda: not is_alive(remote))
    for file in lab.files.values():
        file.rate = 0
    again = ["git", "annex", "get", "-J4", "--from", "jsdl"]
    # the kernel may take a moment to give git-annex's lock on a transfer back
    assert wait_for(lambda: subprocess.run(again, cwd=dataset).returncode == 0)
    git(dataset, "annex", "fsck", "-q")


def is_alive(pid: int) -> bool:
    done = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True)
    return bool(done.stdout.strip()) and not done.stdout.strip().startswith("Z")


def test_without_the_extension_it_speaks_plainly(lab: Lab) -> None:
    """As an old git-annex would: no word of ASYNC, one request after the other."""
    url = lab.put("f", content_of("f"))
    key = f"SHA256-s3000--{sha256(content_of('f'))}"
    subprocess.run(["git", "init", "-q", "repo"], check=True)
    program = subprocess.Popen(
        ["git-annex-remote-jsdl"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert program.stdin is not None
    assert program.stdout is not None

    def say(*lines: str) -> None:
        assert program.stdin is not None
        program.stdin.write("".join(f"{line}\n" for line in lines))
        program.stdin.flush()

    def hear() -> str:
        assert program.stdout is not None
        while (line := program.stdout.readline()).startswith("DEBUG "):
            pass  # of what is decided; may be said at any time
        return line.rstrip("\n")

    assert hear() == "VERSION 1"
    say("EXTENSIONS INFO")
    assert hear() == "EXTENSIONS"
    say("PREPARE")
    assert hear() == "PREPARE-SUCCESS"
    say(f"TRANSFER RETRIEVE {key} got")
    assert hear() == f"GETURLS {key} "
    say(f"VALUE {url}", "VALUE ")
    assert hear() == f"GETSTATE {key}"
    say("VALUE ")
    assert hear() == "GETGITDIR"
    say("VALUE repo/.git")
    assert hear() == f"TRANSFER-SUCCESS RETRIEVE {key}"
    assert Path("got").read_bytes() == content_of("f")
    say("TRANSFER STORE x y")
    assert hear().startswith("TRANSFER-FAILURE STORE x the remote jsdl only downloads")
    say("REMOVE x")
    assert hear().startswith("REMOVE-FAILURE x")
    say("CLAIMURL http://x")
    assert hear() == "UNSUPPORTED-REQUEST"
    say("GETCOST")
    assert hear() == "COST 150"
    program.stdin.close()
    assert program.wait() == 0
    program.stdout.close()


def test_what_is_known_of_mirrors_is_shown(lab: Lab) -> None:
    dataset = import_files(lab, 3)
    git(dataset, "annex", "get", "-q", "--from", "jsdl")
    shown = git(dataset, "annex", "info", "jsdl")
    assert f"mirror {lab.url}: responds in" in shown
    assert "100% of recent requests succeeded (3 in total)" in shown
    git(dataset, "annex", "drop", "-q", "--force", ".")
    records = datalad("download-manifest", "--check", "m.json", "ds")
    (mirror,) = [record for record in records if record["type"] == "mirror"]
    # three were fetched, three are asked for, and one is to learn the rate
    assert (mirror["mirror"], mirror["files"], mirror["requests"]) == (lab.url, 3, 7)
    assert mirror["ranges"] is True


def test_preferences_and_limits_are_taken_from_git_config(lab: Lab, other_lab: Lab) -> None:
    members = {}
    for path in ("a", "b"):
        urls = [one.put(path, content_of(path)) for one in (lab, other_lab)]
        members[path] = described(path, *urls)
    datalad("download-manifest", write_manifest("m.json", members), "ds")
    dataset = Path("ds").absolute()
    git(dataset, "config", "remote.jsdl.prefer", f"127.0.0.1:{other_lab.port}")
    git(dataset, "annex", "get", "-q", "--from", "jsdl", "a")
    git(dataset, "config", "--unset", "remote.jsdl.prefer")
    git(dataset, "config", "datalad.jsdl.avoid", f"http://127.0.0.1:{lab.port}/*")
    git(dataset, "annex", "get", "-q", "--from", "jsdl", "b")
    assert len(other_lab.requests) == 2
    assert not lab.requests
    git(dataset, "annex", "drop", "-q", "--force", "a")
    git(dataset, "config", "remote.jsdl.jobs", "many")
    done = subprocess.run(
        ["git", "annex", "get", "--from", "jsdl", "a"], cwd=dataset, capture_output=True, text=True
    )
    assert done.returncode
    assert "git config remote.jsdl.jobs is 'many': expected a whole number" in (
        done.stdout + done.stderr
    )


def test_a_repository_with_sha256(lab: Lab) -> None:
    subprocess.run(["git", "init", "-q", "--object-format=sha256", "repo"], check=True)
    repo = Path("repo").absolute()
    git(repo, "annex", "init", "-q")
    for number in range(60):
        url = lab.put(f"{number}", content_of(f"{number}"))
        key = f"SHA256-s3000--{sha256(content_of(f'{number}'))}"
        git(repo, "annex", "fromkey", "-q", "--force", key, f"f{number}")
        git(repo, "annex", "registerurl", "-q", key, url)
    git(repo, "commit", "-q", "-m", "files")
    with KeyLookup(Repository(repo)) as lookup:
        assert lookup.find(key) is not None
    datalad("enable-jsdl", "-d", repo)
    records = datalad("download-content", "-d", repo)
    assert records[-1]["counts"]["fetched"] == 60
