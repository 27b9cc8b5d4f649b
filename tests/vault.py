"""Secrets that are planted, and the search for them in everything that a test produced."""

from __future__ import annotations

import base64
import itertools
import os
import subprocess
import threading
from pathlib import Path
from urllib.parse import quote

from tests.running import run_datalad

__all__ = ["Vault"]

_SECONDS = 0.01  # between looks at the running processes
_LARGEST = 64 << 20  # bytes


class Vault:
    """A home folder with planted secrets; a context manager.

    While it is open, the command lines of all processes are sampled. At the end `leaks` tells
    where a secret stands that is not in the vault: in a file, in what a program said, in a
    git object of any ref, or in a command line.

    Args:
        root: folder that the test works in; the home is made in it.
        git_config: what the home's git configuration begins with.
    """

    def __init__(self, root: Path, git_config: str) -> None:
        self.root = root
        self.home = root / "vault"
        self.home.mkdir()
        (self.home / ".gitconfig").write_text(git_config)
        self._said = root / "said"
        self._said.mkdir()
        self._number = itertools.count()
        self._secrets: list[str] = []
        self._lines: set[bytes] = set()
        self._forgiven = False
        self._over = threading.Event()
        self._watcher = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Vault:
        self._watcher.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._watcher.join()

    def secret(self, name: str) -> str:
        """A secret that is searched for, plain, quoted, and in base64."""
        secret = f"planted {name} hunter{len(self._secrets)}:2".replace(" ", "-")
        self.plant(secret)
        return secret

    def plant(self, text: str) -> None:
        """Search for a text, too."""
        self._secrets.append(text)

    def basic(self, user: str, secret: str) -> str:
        """The value of Authorization for a name and a password."""
        value = base64.b64encode(f"{user}:{secret}".encode()).decode()
        self.plant(value)
        return f"Basic {value}"

    def config(self, name: str, value: str) -> None:
        """Add to the home's git config; not by git, whose command line would show it."""
        head, _, variable = name.rpartition(".")
        section, dot, subsection = head.partition(".")
        title = f'{section} "{subsection}"' if dot else section
        quoted = value.replace("\\", "\\\\").replace('"', '\\"')
        with (self.home / ".gitconfig").open("a") as file:
            file.write(f'[{title}]\n\t{variable} = "{quoted}"\n')

    def keyring(self, name: str, field: str, secret: str) -> None:
        """Put a field of a credential of DataLad's into the keyring, as the docs say."""
        command = ["keyring", "set", f"datalad-{name}", field]
        subprocess.run(command, input=secret, text=True, check=True, capture_output=True)

    def keep(self, name: str, text: str) -> Path:
        """A file in the home."""
        file = self.home / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(0o600)
        return file

    def run(self, *args: str | Path, cwd: Path | None = None, code: int | None = 0) -> str:
        """Run a program and keep what it says; returns both streams."""
        if args[0] == "datalad":
            done = run_datalad(*args[1:], cwd=cwd)
            said, ended = done.stdout + done.stderr, done.code
        else:
            other = subprocess.run(
                [str(a) for a in args], cwd=cwd, capture_output=True, text=True, errors="replace"
            )
            said, ended = other.stdout + other.stderr, other.returncode
        (self._said / f"{next(self._number)}.txt").write_text(said)
        assert code is None or ended == code, f"{args}: {ended}\n{said}"
        return said

    def forgive_command_lines(self) -> None:
        """The test itself has put a secret into one."""
        self._forgiven = True

    def leaks(self) -> list[str]:
        """Places where a secret was found."""
        wanted = {s.encode() for s in self._secrets} | {quote(s).encode() for s in self._secrets}
        wanted |= {base64.b64encode(s.encode()).rstrip(b"=") for s in self._secrets}
        lines = set() if self._forgiven else self._lines
        found = [f"a command line: {n.decode()}" for n in wanted for x in lines if n in x]
        for folder, folders, files in os.walk(self.root):
            if Path(folder) == self.home:
                folders.clear()
                continue
            if ".git" in folders:
                found += [f"git objects in {folder}" for n in wanted if n in _objects(folder)]
            for name in files:
                file = Path(folder, name)
                if file.is_symlink() or file.stat().st_size > _LARGEST:
                    continue
                content = file.read_bytes()
                found += [str(file) for n in wanted if n in content]
        return found

    def _watch(self) -> None:
        """Look at the command lines of this user's processes, where the system shows them."""
        processes = Path("/proc")
        while processes.is_dir() and not self._over.wait(_SECONDS):
            # not glob("*/cmdline"): it looks at each by itself, and fails with one that ends
            for process in os.listdir(processes):
                try:
                    if process.isdecimal():
                        self._lines.add((processes / process / "cmdline").read_bytes())
                except OSError:  # it has ended
                    continue


def _objects(folder: str) -> bytes:
    """Contents of all git objects of a repository, whatever refers to them."""
    dump = ["git", "cat-file", "--batch", "--batch-all-objects", "--buffer"]
    return subprocess.run(dump, cwd=folder, capture_output=True).stdout
