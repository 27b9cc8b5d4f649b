"""A cluster on one machine: a login node, nodes and a portal, each with a network of its own.

They are network namespaces on one bridge, with real Slurm: slurmctld on the login node, and one
slurmd on each node. The disk is shared, as all see the same one.
"""

from __future__ import annotations

import ctypes
import itertools
import os
import signal
import subprocess
import tempfile
import threading
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tests.lab import Lab

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["LOGIN", "PROGRAMS", "Cluster", "NoNamespacesError", "cluster"]

#: what has to be installed
PROGRAMS = ("ip", "unshare", "slurmctld", "slurmd", "sbatch")

LOGIN, _PORTAL, _SWITCH = "login", "portal", "switch"
_PORTAL_ADDRESS = "10.0.0.2"
_NEW_NETWORK = 0x40000000  # CLONE_NEWNET, sched.h
_SECONDS = 60  # until Slurm answers
_NUMBERS = itertools.count()

_SLURM = """\
ClusterName=lab
SlurmctldHost={login}(10.0.0.1)
AuthType=auth/none
CredType=cred/none
SlurmUser=root
SlurmdUser=root
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool/%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SwitchType=switch/none
MpiDefault=none
JobRequeue=0
ReturnToService=2
{nodes}
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""


class NoNamespacesError(Exception):
    """The kernel refuses network namespaces; the text has its reason."""


class Cluster:
    """A cluster that is up.

    Attributes:
        nodes: names of the nodes that compute.
        portal: an HTTP server that all of them reach.
        environment: of what runs on it.
    """

    def __init__(self, prefix: str, nodes: Sequence[str], portal: Lab, folder: Path) -> None:
        self.nodes, self.portal = tuple(nodes), portal
        self.environment = {
            **os.environ,
            "SLURM_CONF": str(folder / "slurm.conf"),
            # the address is not public
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": "annex.security.allowed-ip-addresses",
            "GIT_CONFIG_VALUE_0": _PORTAL_ADDRESS,
        }
        self._prefix, self._folder = prefix, folder
        self._daemons: list[subprocess.Popen[bytes]] = []

    def command(self, node: str, *command: str | Path) -> list[str]:
        """A command that runs another one on a node."""
        return [*_enter(self._prefix + node, node), *map(str, command)]

    def run(self, *command: str | Path, cwd: Path, node: str = LOGIN, code: int = 0) -> str:
        """Run a program on a node; its output and errors."""
        done = subprocess.run(
            self.command(node, *command), cwd=cwd, env=self.environment, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        assert done.returncode == code, f"{command}: {done.returncode}\n{done.stdout}"
        return done.stdout

    def processes(self, node: str) -> list[int]:
        """All that run on a node."""
        said = subprocess.run(
            ["ip", "netns", "pids", self._prefix + node], check=True, stdout=subprocess.PIPE
        )
        return [int(pid) for pid in said.stdout.split()]

    def crash(self, node: str) -> None:
        """End a node at once, as a lost power supply does, and let Slurm know."""
        _end(self.processes(node))
        why = ["State=DOWN", "Reason=crashed"]
        self.run("scontrol", "update", f"NodeName={node}", *why, cwd=self._folder)

    def revive(self, node: str) -> None:
        """Start a node again; it is in service as soon as Slurm hears of it (ReturnToService)."""
        self._start("slurmd", "-D", "-N", node, node=node)
        self._wait()

    def start(self) -> None:
        """Start Slurm."""
        self._start("slurmctld", "-D", node=LOGIN)
        for node in self.nodes:
            (self._folder / "spool" / node).mkdir(parents=True)
            self._start("slurmd", "-D", "-N", node, node=node)
        self._wait()

    def end(self) -> None:
        """End everything on all nodes."""
        for node in (*self.nodes, LOGIN):
            _end(self.processes(node))
        for daemon in self._daemons:
            daemon.wait()

    def _start(self, *command: str, node: str) -> None:
        with (self._folder / f"{node}.out").open("ab") as out:
            daemon = subprocess.Popen(
                self.command(node, *command), env=self.environment, cwd=self._folder,
                stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True,
            )  # fmt: skip
        self._daemons.append(daemon)

    def _wait(self) -> None:
        end = time.monotonic() + _SECONDS
        states: list[str] = []
        while states != ["idle"] * len(self.nodes):
            assert time.monotonic() < end, f"nodes of Slurm: {states}"
            time.sleep(0.1)
            command = self.command(LOGIN, "sinfo", "-h", "-N", "-o", "%t")
            done = subprocess.run(
                command, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
            )
            states = done.stdout.decode().split()


@contextmanager
def cluster(nodes: int) -> Iterator[Cluster]:
    """A cluster, until the end of the block.

    Args:
        nodes: their number.

    Raises:
        NoNamespacesError: the kernel refuses them.
    """
    prefix = f"jsdl{os.getpid()}x{next(_NUMBERS)}"
    names = [f"node{number}" for number in range(1, nodes + 1)]
    lines = [
        f"NodeName={name} NodeAddr=10.0.0.{number} CPUs=1 RealMemory=100"
        for number, name in enumerate(names, 10)
    ]
    with ExitStack() as stack:
        # Slurm makes sockets there, whose paths have to be short
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="slurm")))
        _configure(folder, lines)
        stack.enter_context(_namespace(prefix + _SWITCH))
        _run(prefix + _SWITCH, "ip", "link", "add", "bridge", "type", "bridge")
        _run(prefix + _SWITCH, "ip", "link", "set", "bridge", "up")
        for number, name in [(1, LOGIN), (2, _PORTAL), *enumerate(names, 10)]:
            stack.enter_context(_namespace(prefix + name))
            _connect(prefix, name, f"10.0.0.{number}/24")
        portal = stack.enter_context(_portal(prefix + _PORTAL))
        made = Cluster(prefix, names, portal, folder)
        stack.callback(made.end)
        made.start()
        yield made


def _configure(folder: Path, nodes: Sequence[str]) -> None:
    """Write what Slurm reads."""
    (folder / "state").mkdir()
    text = _SLURM.format(login=LOGIN, folder=folder, nodes="\n".join(nodes))
    (folder / "slurm.conf").write_text(text)
    # only so that it is not looked for where there may be none: nothing of it is used
    (folder / "cgroup.conf").write_text("CgroupPlugin=cgroup/v1\n")


@contextmanager
def _namespace(name: str) -> Iterator[None]:
    done = subprocess.run(["ip", "netns", "add", name], stderr=subprocess.PIPE, text=True)
    if done.returncode:
        raise NoNamespacesError(done.stderr.strip())
    try:
        yield
    finally:
        subprocess.run(["ip", "netns", "del", name], check=True)


def _connect(prefix: str, name: str, address: str) -> None:
    """Put a cable between a node and the switch."""
    own, switch = prefix + name, prefix + _SWITCH
    cable = ["type", "veth", "peer", "name", "eth0", "netns", own]
    _run(switch, "ip", "link", "add", name, *cable)
    _run(switch, "ip", "link", "set", name, "master", "bridge", "up")
    _run(own, "ip", "addr", "add", address, "dev", "eth0")
    _run(own, "ip", "link", "set", "eth0", "up")
    _run(own, "ip", "link", "set", "lo", "up")


def _run(namespace: str, *command: str) -> None:
    subprocess.run(["ip", "netns", "exec", namespace, *command], check=True)


def _enter(namespace: str, hostname: str) -> list[str]:
    inside = ["ip", "netns", "exec", namespace, "unshare", "--uts"]
    return [*inside, "sh", "-c", f'hostname {hostname} && exec "$@"', "sh"]


@contextmanager
def _portal(namespace: str) -> Iterator[Lab]:
    """A server in a namespace: a socket stays in that in which its thread made it."""
    made: list[Lab] = []

    def make() -> None:
        with open(f"/run/netns/{namespace}", "rb") as network:
            libc = ctypes.CDLL(None, use_errno=True)
            if libc.setns(network.fileno(), _NEW_NETWORK):
                raise OSError(ctypes.get_errno(), "setns")
        made.append(Lab(host=_PORTAL_ADDRESS))

    thread = threading.Thread(target=make)
    thread.start()
    thread.join()
    with made[0] as lab:
        yield lab


def _end(pids: Sequence[int]) -> None:
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
