"""The programs that tools/fault_table.py compares: how each is asked for one file."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib import metadata, util
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["GIT_CONFIG", "NAME", "PEERS", "Peer", "Task"]

NAME = "f.bin"
HOSTS = "127.0.0.1 127.0.0.2"

GIT_CONFIG = f"""\
[user]
    name = Tester
    email = tester@example.com
[annex "security"]
    allowed-ip-addresses = {HOSTS}
[init]
    defaultBranch = main
"""

_PIECE = 1 << 18  # bytes


@dataclass(frozen=True)
class Task:
    """What is to be fetched, into `NAME` in a folder.

    Attributes:
        urls: of the mirrors.
        content: the right one.
        folder: an empty one, or what an earlier run left.
    """

    urls: list[str]
    content: bytes
    folder: Path

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


@dataclass(frozen=True)
class Peer:
    """One program.

    Attributes:
        title: head of its column.
        mirrors: how many URLs it takes.
        command: makes what it needs in the folder; its arguments.
        version: what it says of itself, or "" if it is not installed.
    """

    title: str
    mirrors: int
    command: Callable[[Task], list[str]]
    version: Callable[[], str]


def _program(name: str, *arguments: str) -> Callable[[], str]:
    """The first line that a program says of its version."""

    def version() -> str:
        if shutil.which(name) is None:
            return ""
        done = subprocess.run([name, *arguments], capture_output=True, text=True)
        line = (done.stdout.splitlines() or [""])[0]
        words = re.sub(r" \(.*| built on.*|-g[0-9a-f]{7,}|version:? ", "", line)
        return words.strip()

    return version


def _package(name: str) -> Callable[[], str]:
    def version() -> str:
        return f"{name} {metadata.version(name)}" if util.find_spec(name.replace("-", "_")) else ""

    return version


# As a user's program would: default limits, and addresses of this machine allowed.
_OWN = f"""
import sys
from pathlib import Path
from datalad_jsdl.fetch.http.address_policy import AddressPolicy
from datalad_jsdl.fetch.bulk import Job, fetch_file
from datalad_jsdl.fetch.engine import Engine
from datalad_jsdl.fetch.phrases import told
from datalad_jsdl.model.content import Expected, Fetched
size, digest, *urls = sys.argv[1:]
policy = AddressPolicy.from_config({{"annex.security.allowed-ip-addresses": "{HOSTS}"}})
expected = Expected(int(size), "sha256", digest)
with Engine(policy) as engine:
    outcome = fetch_file(Job("f", tuple(urls), expected, Path("{NAME}").absolute()), engine)
sys.exit(None if isinstance(outcome, Fetched) else told(outcome))
"""

_POOCH = f"""
import pooch, sys
size, digest, url = sys.argv[1:]
files = pooch.create(".", "", registry={{"{NAME}": "sha256:" + digest}}, urls={{"{NAME}": url}},
                     retry_if_failed=3)
files.fetch("{NAME}")
"""


def _python(program: str) -> Callable[[Task], list[str]]:
    def command(task: Task) -> list[str]:
        return [sys.executable, "-c", program, str(len(task.content)), task.sha256, *task.urls]

    return command


def _curl(task: Task) -> list[str]:
    return [
        *("curl", "-fsSL", "--retry", "3", "--retry-all-errors", "--retry-delay", "1"),
        *("--connect-timeout", "5", "--speed-limit", "1024", "--speed-time", "10"),
        *("-C", "-", "-o", NAME, task.urls[0]),
    ]


def _wget(task: Task) -> list[str]:
    return [
        *("wget", "-q", "-c", "--tries=4", "--waitretry=1", "--timeout=10"),
        *("--retry-connrefused", "--retry-on-http-error=429,500,503", "-O", NAME, task.urls[0]),
    ]


def _aria2(task: Task) -> list[str]:
    """With the digest of the file and those of its pieces."""
    pieces = "".join(
        f"<hash>{hashlib.sha256(task.content[at : at + _PIECE]).hexdigest()}</hash>"
        for at in range(0, len(task.content), _PIECE)
    )
    urls = "".join(f'<url priority="{n}">{url}</url>' for n, url in enumerate(task.urls, 1))
    (task.folder / "f.meta4").write_text(
        '<?xml version="1.0" encoding="UTF-8"?>'
        f'<metalink xmlns="urn:ietf:params:xml:ns:metalink"><file name="{NAME}">'
        f'<size>{len(task.content)}</size><hash type="sha-256">{task.sha256}</hash>'
        f'<pieces length="{_PIECE}" type="sha-256">{pieces}</pieces>{urls}</file></metalink>'
    )
    return [
        *("aria2c", "-q", "--no-conf", "-M", "f.meta4", "-x4", "-s4", "-k1M"),
        *("--connect-timeout=5", "--timeout=10", "--max-tries=4", "--retry-wait=1"),
        *("--lowest-speed-limit=1K", "--metalink-enable-unique-protocol=false"),
    ]


def _rclone(task: Task) -> list[str]:
    return [
        *("rclone", "copyurl", "-q", "--config", "", "--retries", "4", "--timeout", "10s"),
        *("--contimeout", "5s", task.urls[0], NAME),
    ]


def _git_annex(task: Task) -> list[str]:
    """A repository with the file's key and its URLs."""
    if not (task.folder / ".git").exists():
        key = f"SHA256E-s{len(task.content)}--{task.sha256}.bin"
        for line in (
            ["git", "init", "-q"],
            ["git", "annex", "init", "-q"],
            ["git", "annex", "fromkey", "-q", "--force", key, NAME],
            *(["git", "annex", "registerurl", "-q", key, url] for url in task.urls),
        ):
            subprocess.run(line, cwd=task.folder, check=True, capture_output=True)
    return ["git", "annex", "get", "-q", NAME]


def _datalad(task: Task) -> list[str]:
    return ["datalad", "-l", "error", "download-url", "-O", NAME, task.urls[0]]


PEERS = {
    "jsdl": Peer("datalad-jsdl, 2 mirrors", 2, _python(_OWN), _package("datalad-jsdl")),
    "jsdl1": Peer("datalad-jsdl, 1 mirror", 1, _python(_OWN), _package("datalad-jsdl")),
    "curl": Peer("curl", 1, _curl, _program("curl", "--version")),
    "wget": Peer("wget", 1, _wget, _program("wget", "--version")),
    "aria2": Peer("aria2c, 2 mirrors", 2, _aria2, _program("aria2c", "--version")),
    "annex": Peer("git-annex web, 2 URLs", 2, _git_annex, _program("git-annex", "version")),
    "datalad": Peer("datalad download-url", 1, _datalad, _program("datalad", "--version")),
    "rclone": Peer("rclone copyurl", 1, _rclone, _program("rclone", "version")),
    "pooch": Peer("pooch", 1, _python(_POOCH), _package("pooch")),
}
