"""The page on clusters: its scripts by hand, with GNU parallel, and with Slurm on several nodes."""

from __future__ import annotations

import os
import shlex
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.cluster import PROGRAMS, Cluster, NoNamespacesError, cluster
from tests.conftest import run
from tests.kill_at import KillAt
from tests.lab import Lab
from tests.portal import content_of, described, file_sha256, write_manifest
from tests.test_docs import PORTAL, ROOT, indented, shell

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.vault import Vault

EXAMPLES = ROOT / "docs/examples/cluster"
PARTS, FILES, NODES = 8, 50, 4


def publish_study(lab: Lab, parts: int, files: int) -> None:
    members = {}
    for part in range(1, parts + 1):
        for number in range(files):
            path = f"sub-{part:02}/f{number:03}.dat"
            members[path] = described(path, lab.put(path, content_of(path)))
    members["README"] = described("README", lab.put("README", content_of("README")))
    lab.put("study.json", write_manifest("study.json", members).read_bytes())


def commands(lab: Lab) -> list[str]:
    return [line.replace(PORTAL, lab.url) for line in indented("cluster.rst")]


def only(shown: list[str], word: str, but: str = "--credential") -> str:
    (found,) = [line for line in shown if word in line and but not in line]
    return found


def copy_examples(folder: Path) -> None:
    for script in EXAMPLES.iterdir():
        (folder / script.name).write_bytes(script.read_bytes())


def test_every_example_is_shown() -> None:
    text = (ROOT / "docs/cluster.rst").read_text()
    shown = {line.split()[-1] for line in text.splitlines() if "literalinclude::" in line}
    assert shown == {f"examples/cluster/{script.name}" for script in EXAMPLES.iterdir()}


@pytest.mark.slow
def test_without_a_scheduler(tmp_path: Path, lab: Lab, program: Callable[[str], str]) -> None:
    """One part by hand, as a task of Slurm; the others with GNU parallel."""
    program("parallel")
    publish_study(lab, 2, 3)
    copy_examples(tmp_path)
    shown = commands(lab)
    shell(only(shown, "study.json study"), tmp_path)
    assert (tmp_path / "study.parts").read_text().split() == [".", "sub-01", "sub-02"]
    shell("SLURM_ARRAY_TASK_ID=3 bash part.sh study", tmp_path)
    assert [r.path[:8] for r in lab.requests if r.path.startswith("/sub")] == ["/sub-02/"] * 3
    shell("! SLURM_ARRAY_TASK_ID=4 bash part.sh study", tmp_path)
    lab.files["/sub-01/f001.dat"].status = 404
    again = only(shown, "--resume-failed")
    parallel = only(shown, "parallel -j", but="--resume-failed")
    shell(f"! {parallel}", tmp_path)
    lab.files["/sub-01/f001.dat"].status = 200
    asked = len(lab.requests)
    shell(again, tmp_path)
    assert [r.path for r in lab.requests[asked:]] == ["/sub-01/f001.dat"]
    shell(only(shown, "check.sh"), tmp_path)
    assert len(lab.requests) == asked + 1  # nothing was missing
    # the check fails when something is damaged
    damaged = next((tmp_path / "study/sub-01").resolve().glob("*.dat")).resolve()
    damaged.chmod(0o644)
    damaged.write_bytes(b"damaged")
    shell("! bash check.sh study", tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("way", ["part.sh", "folder.sh"])
def test_a_login_in_the_environment(tmp_path: Path, vault: Vault, lab: Lab, way: str) -> None:
    """No terminal, and no file of the dataset with the token in it."""
    publish_study(lab, 1, 3)
    token = "planted-token-of-the-cluster"
    vault.plant(token)
    for file in lab.files.values():
        file.wants, file.challenge = ("Authorization", f"Bearer {token}"), "Bearer"
    vault.keep(".portal-token", f"{token}\n")
    copy_examples(tmp_path)
    shown = commands(lab)
    export, with_login = only(shown, "export PORTAL"), only(shown, "--credential", but="whole")
    if way == "part.sh":
        make = with_login
        task = "SLURM_ARRAY_TASK_ID=2 bash part.sh study"
    else:
        login = with_login.partition(" study ")[2]
        make = f"{only(shown, 'study.json whole')} {login}; echo sub-01 > whole.folders"
        task = f"SLURM_ARRAY_TASK_ID=1 bash folder.sh whole {login}"
    shell(f"{export}\n{make}\n{task} < /dev/null", tmp_path)
    assert len([r for r in lab.requests if r.path.startswith("/sub-01") and r.status == 200]) == 3


@pytest.mark.slow
def test_a_folder_of_which_a_file_is_unavailable(tmp_path: Path, lab: Lab) -> None:
    """The study gets what came, and the task fails; again, it fetches only the rest."""
    publish_study(lab, 1, 3)
    copy_examples(tmp_path)
    shell(only(commands(lab), "study.json whole") + "\necho sub-01 > whole.folders", tmp_path)
    lab.files["/sub-01/f001.dat"].status = 404
    task = "SLURM_ARRAY_TASK_ID=1 bash folder.sh whole"
    shell(f"! {task}", tmp_path)
    here = run("git", "annex", "find", "--in", "here", cwd=tmp_path / "whole").split()
    assert here == ["sub-01/f000.dat", "sub-01/f002.dat"]
    first = (tmp_path / "whole/sub-01/f000.dat").resolve()
    assert first.stat().st_nlink == 2  # no byte was copied
    lab.files["/sub-01/f001.dat"].status = 200
    asked = len(lab.requests)
    shell(task, tmp_path)
    assert [r.path for r in lab.requests[asked:]] == ["/sub-01/f001.dat"]
    assert list((tmp_path / "whole.clones").iterdir()) == []
    run("git", "annex", "fsck", "--quiet", cwd=tmp_path / "whole/sub-01")
    assert (first.stat().st_nlink, first.stat().st_mode & 0o222) == (1, 0)


@pytest.mark.slow
def test_the_page_on_large_manifests(tmp_path: Path, lab: Lab) -> None:
    """In one run and in several: the same subdatasets."""
    members = {}
    for path in ("README", "sub-01/a", "sub-02/b", "sub-11/c"):
        members[path] = described(path, lab.put(path, content_of(path)))
    write_manifest(tmp_path / "million.jsonl", members)
    at_once, *in_turns = indented("scale.rst")[-5:]
    assert (at_once.split()[0], in_turns[0].split()[0]) == ("datalad", "for")
    shell(at_once, tmp_path)
    (tmp_path / "study").rename(tmp_path / "once")
    shell("\n".join(in_turns), tmp_path)
    listing = "git ls-files; git submodule --quiet foreach 'git ls-files; echo $sm_path'"
    made = [run("bash", "-c", listing, cwd=tmp_path / name) for name in ("once", "study")]
    names = [
        [line for line in text.splitlines() if not line.startswith(".datalad/")] for text in made
    ]
    assert names[0] == names[1]
    assert {"README", "sub-01", "a", "sub-11", "c"} <= set(names[0])


@pytest.fixture
def nodes(tmp_path: Path, program: Callable[[str], str]) -> Iterator[Cluster]:
    for name in PROGRAMS:
        program(name)
    try:
        with cluster(NODES) as made:
            publish_study(made.portal, PARTS, FILES)
            copy_examples(tmp_path)
            yield made
    except NoNamespacesError as error:
        pytest.skip(f"the kernel refuses network namespaces: {error}")


def that_stops(folder: Path, task: int, kill: KillAt) -> str:
    """A PATH with a ``datalad`` that stops at a step, but once, in one task of an array."""
    folder.mkdir()
    (folder / "datalad").write_text(
        f"#!{sys.executable}\n"
        f"import os, sys; sys.path.append({str(ROOT)!r})\n"
        "from tests.kill_at import KillAt\n"
        "from datalad.cli.main import main\n"
        f"is_it = os.environ.get('SLURM_ARRAY_TASK_ID') == '{task}'\n"
        "if is_it and 'download-content' in sys.argv:\n"
        "    try:\n"
        f"        open({str(folder / 'stopped')!r}, 'x').close()\n"
        f"        KillAt({kill.function!r}, {kill.call}, {kill.after}, {int(kill.signal)}).arm()\n"
        "    except FileExistsError:\n"
        "        pass\n"
        "main()\n"
    )
    (folder / "datalad").chmod(0o755)
    return os.pathsep.join([str(folder), os.environ["PATH"]])


def stopped_node(nodes: Cluster, job: str) -> str:
    """The node on which a process of a job has stopped; waits for it."""
    while bash(nodes, f"squeue -h -j {job}").strip():
        for node in nodes.nodes:
            for pid in nodes.processes(node):
                try:
                    with open(f"/proc/{pid}/stat") as stat:
                        if stat.read().rpartition(")")[2].split()[0] == "T":
                            return node
                except FileNotFoundError:  # it has just ended
                    continue
        time.sleep(0.1)
    pytest.fail("the job has ended, and none of its processes has stopped")


STOP = KillAt(
    "datalad_jsdl.fetch.file.partfile:PartFile.finish", call=20, after=True, signal=signal.SIGSTOP
)


def bash(nodes: Cluster, line: str) -> str:
    """Run a line of the page on the login node."""
    return nodes.run("bash", "-euc", line, cwd=Path.cwd())


def run_with_a_crash(nodes: Cluster, submit: str, again: str) -> None:
    """An array job whose third task dies with its node; then that task again."""
    nodes.environment["PATH"] = that_stops(Path("stops").absolute(), 3, STOP)
    bash(nodes, "mkdir -p logs")
    job = bash(nodes, submit).split()[-1]
    crashed = stopped_node(nodes, job)
    nodes.crash(crashed)
    while bash(nodes, f"squeue -h -j {job}").strip():
        time.sleep(0.1)
    nodes.revive(crashed)
    asked = len(nodes.portal.requests)
    bash(nodes, again.replace("sbatch ", "sbatch --wait ", 1))
    # the complete files are kept
    assert 0 < len(nodes.portal.requests) - asked <= FILES - STOP.call
    logs = [log.read_text() for log in Path("logs").iterdir()]
    assert {log.partition(":")[0] for log in logs} == set(nodes.nodes)


def zip_of_one_machine(nodes: Cluster) -> str:
    """The digest of the archive that is made without a dataset, on one node."""
    archive = Path("alone/study.zip").absolute()
    archive.parent.mkdir()
    manifest = f"{nodes.portal.url}/study.json"
    nodes.run(
        "datalad", "export-archive-jsdl", "-t", "zip", "--manifest", manifest, archive,
        cwd=Path.cwd(), node=nodes.nodes[0],
    )  # fmt: skip
    return file_sha256(archive)


@pytest.mark.slow
def test_a_task_for_each_subdataset(nodes: Cluster) -> None:
    shown = commands(nodes.portal)
    bash(nodes, only(shown, "study.json study"))
    submit = only(shown, "part.sh study", but="--array=3 ")
    run_with_a_crash(nodes, submit, only(shown, "--array=3 "))
    asked = len(nodes.portal.requests)
    bash(nodes, only(shown, "bash check.sh"))
    assert len(nodes.portal.requests) == asked  # nothing was missing
    bash(nodes, only(shown, "export-archive-jsdl"))
    assert len(nodes.portal.requests) == asked
    assert file_sha256(Path("study.zip")) == zip_of_one_machine(nodes)


@pytest.mark.slow
def test_a_task_for_each_folder_of_one_dataset(nodes: Cluster) -> None:
    shown = commands(nodes.portal)
    bash(nodes, only(shown, "study.json whole"))
    bash(nodes, only(shown, "ls -d"))
    submit = only(shown, "folder.sh whole")
    run_with_a_crash(nodes, submit, "sbatch --array=3 folder.sh whole")
    assert list(Path("whole.clones").iterdir()) == []
    here = bash(nodes, "git -C whole annex find --in here").splitlines()
    assert len(here) == PARTS * FILES
    asked = len(nodes.portal.requests)
    bash(nodes, "bash check.sh whole")  # README is in no folder
    assert len(nodes.portal.requests) == asked + 1
    bash(nodes, "datalad export-archive-jsdl -t zip -d whole study.zip")
    assert file_sha256(Path("study.zip")) == zip_of_one_machine(nodes)


@pytest.mark.slow
def test_gnu_parallel_on_several_machines(nodes: Cluster, program: Callable[[str], str]) -> None:
    """By a stand-in for ssh, which enters the node's network."""
    program("parallel")
    enter = [
        f"{node}) exec {shlex.join(nodes.command(node, 'env', '-i', 'SHELL=/bin/bash'))}"
        ' HOME="$HOME" USER="$(id -un)" PATH=/usr/bin:/bin GIT_CONFIG_COUNT=1'
        ' GIT_CONFIG_KEY_0="$GIT_CONFIG_KEY_0" GIT_CONFIG_VALUE_0="$GIT_CONFIG_VALUE_0"'
        ' bash -c "${*:3}" ;;'
        for node in nodes.nodes
    ]
    script = ["#!/bin/bash", '[ "$2" = -- ] || exit 9', 'case "$1" in', *enter, "esac", "exit 9"]
    ssh = Path("ssh").absolute()
    ssh.write_text("\n".join(script))
    ssh.chmod(0o755)
    nodes.environment["PARALLEL_SSH"] = str(ssh)
    Path("NODES").write_text("".join(f"{node}\n" for node in nodes.nodes))
    shown = commands(nodes.portal)
    bash(nodes, only(shown, "study.json study"))
    options = "--sshloginfile NODES --workdir . --env PATH"
    assert options in (ROOT / "docs/cluster.rst").read_text()
    parallel = only(shown, "parallel -j", but="--resume-failed")
    bash(nodes, parallel.replace("-j 4", f"-j 1 {options}"))
    log = [line.split("\t") for line in Path("study.log").read_text().splitlines()[1:]]
    assert {line[1] for line in log} == set(nodes.nodes)
    assert len(nodes.portal.requests) == 1 + PARTS * FILES + 1  # the manifest, README
