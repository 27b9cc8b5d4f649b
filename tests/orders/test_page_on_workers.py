"""Every command on the page about workers works, at a real server."""

from __future__ import annotations

import contextlib
import re
import shlex
import signal
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from datalad_jsdl.orders.jobs.model import JobState
from datalad_jsdl.orders.jobs.rows import Jobs
from datalad_jsdl.orders.store.opening import Store
from tests.lab import Lab
from tests.portal import datalad, described, publish, write_manifest
from tests.test_docs import ROOT, indented, shell


@pytest.mark.slow
def test_the_page_on_workers(
    tmp_path: Path, lab: Lab, postgresql: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it says, but that Redis, which is not everywhere, is a file here."""
    text = (ROOT / "docs/workers.rst").read_text()
    published = publish(lab, ["sub-01/anat.nii.gz", "sub-02/anat.nii.gz"])
    members = {path: described(path, file) for path, file in published.items()}
    study = tmp_path / "study"
    datalad("download-manifest", write_manifest("m.json", members), study)
    login, _, address = postgresql.removeprefix("postgresql://").rpartition("@")
    monkeypatch.setenv("HOME", str(home_with_git_config(tmp_path)))
    sql = "".join(re.findall(r"code-block:: sql\n\n((?:   .*\n)+)", text))
    for statement in sql.split(";\n"):
        psql(f"postgresql://{login}@{address}/postgres", statement)
    (line,) = re.findall(r"   (db\.example\.org:.*)\n", text)
    (tmp_path / "home/.pgpass").write_text(line.replace("db.example.org:5432", address) + "\n")
    here = {"db.example.org": address, "redis://queue.example.org": f"sqlite:///{tmp_path}/queue"}
    commands = []
    for command in indented("workers.rst"):
        for there, place in here.items():
            command = command.replace(there, place)
        commands.append(command)
    install, private, *commands = commands
    assert install == "pip install '.[postgresql]'"
    add, create, ask, work, woken, ask_again = commands
    shell("\n".join([private, add, create, ask, ask]), study)
    (unit,) = re.findall(r"ExecStart=/opt/jsdl/bin/(.*)\n", text)
    assert unit.replace("db.example.org", address) == work
    url = shlex.split(work)[-1]
    for number, (command, queue) in enumerate(((work, ask), (woken, ask_again))):
        with working(command, study) as worker, Store(url) as store:
            shell(queue, study)
            while not all(job.state.is_end for job in Jobs(store).of_user("me")):
                assert worker.poll() is None
                threading.Event().wait(0.1)
            worker.send_signal(signal.SIGINT if number else signal.SIGTERM)
            assert worker.wait() == 0
    with Store(url) as store:
        found = Jobs(store).of_user("me")
    assert [job.state for job in found] == [JobState.DONE] * len(found)
    assert datalad("download-order", "show", "--store", url, cwd=study)[-1]["files"] == 2


def home_with_git_config(folder: Path) -> Path:
    """A home to write into, with the settings of that of all tests."""
    home = folder / "home"
    home.mkdir()
    (home / ".gitconfig").write_bytes((Path.home() / ".gitconfig").read_bytes())
    return home


def psql(url: str, statement: str) -> None:
    """Run a statement; what is white is none."""
    if statement.strip():
        subprocess.run(["psql", "-q", url, "-c", statement], check=True)


@contextlib.contextmanager
def working(command: str, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A worker in the background; killed at the end of the block, if it runs still."""
    with subprocess.Popen(shlex.split(command), cwd=folder) as process:
        try:
            yield process
        finally:
            process.kill()
