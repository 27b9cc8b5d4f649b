"""What readers need to run: an environment, a place for what is installed and compiled."""

from __future__ import annotations

import contextlib
import hashlib
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import IO, TYPE_CHECKING

from fasteners import InterProcessLock

from tests.archive.readers.found import ReaderError
from tests.node_packages import ENVIRONMENT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_HERE = Path(__file__).parent
NODE = _HERE.parent / "node"
_LIMIT = 240  # seconds that a program may take


class NotAtHandError(Exception):
    """What a reader needs could not be installed or compiled."""


class Kit:
    """Runs programs.

    Args:
        folder: for what is installed and compiled; may be used by several processes, and
            again later.
        zone: time zone that the programs believe to be in.
    """

    def __init__(self, folder: Path, zone: str = "EAST-13:30") -> None:
        self._folder = folder
        self._environment = {
            **ENVIRONMENT,
            "LC_ALL": "C.UTF-8",  # for names
            "TZ": zone,
            "GOCACHE": str(folder / "go-cache"),
            "GOPROXY": "off",
            "GOTOOLCHAIN": "local",
        }

    def run(
        self,
        *args: str | Path,
        pipe: Path | None = None,
        cwd: Path | None = None,
    ) -> bytes:
        """What a program prints.

        Args:
            args: the program and its arguments.
            pipe: a file that comes through its standard input, in which it cannot seek.
            cwd: folder to run in.

        Raises:
            ReaderError: it said that something is wrong.
        """
        with self._started(args, pipe, cwd) as process:
            out, err = process.communicate(timeout=_LIMIT)
        if process.returncode:
            raise ReaderError(_said(process.returncode, err or out))
        return out

    @contextlib.contextmanager
    def printed(self, *args: str | Path, pipe: Path | None = None) -> Iterator[IO[bytes]]:
        """What a program prints, while it does; see `run`.

        Raises:
            ReaderError: it said that something is wrong.
        """
        with tempfile.TemporaryFile() as err:
            with self._started(args, pipe=pipe, stderr=err) as process:
                assert process.stdout is not None
                yield process.stdout
            err.seek(0)
            if process.returncode:
                raise ReaderError(_said(process.returncode, err.read()))

    @contextlib.contextmanager
    def _started(
        self,
        args: Sequence[str | Path],
        pipe: Path | None = None,
        cwd: Path | None = None,
        stderr: int | IO[bytes] = subprocess.PIPE,
    ) -> Iterator[subprocess.Popen[bytes]]:
        with contextlib.ExitStack() as stack:
            given: int | IO[bytes] | None = subprocess.DEVNULL
            if pipe is not None:
                given = stack.enter_context(_in_pipe(pipe))
            process = subprocess.Popen(
                args,
                stdin=given,
                stdout=subprocess.PIPE,
                stderr=stderr,
                cwd=cwd,
                env=self._environment,
                umask=0o022,
            )
            with process:
                try:
                    yield process
                except BaseException:
                    process.kill()
                    raise

    def java(self) -> tuple[str | Path, ...]:
        """The beginning of a command that runs our reader in Java."""
        source = _HERE / "programs" / "Main.java"
        with self._made("java", source) as folder:
            if folder is not None:
                self._make("javac", "-d", folder, source)
        return "java", "-cp", self._folder / "java", "Main"

    def node(self, script: str) -> tuple[str | Path, ...]:
        """The beginning of a command that runs one of our readers in JavaScript."""
        files = sorted(NODE.iterdir())
        with self._made("node", *files) as folder:
            if folder is not None:
                for file in files:
                    shutil.copy(file, folder)
                options = ("--no-audit", "--no-fund", "--fetch-timeout=60000", "--prefix")
                self._make("npm", "ci", *options, folder)
        return "node", self._folder / "node" / script

    def go(self) -> tuple[str | Path, ...]:
        """The command that runs our reader in Go."""
        source = _HERE / "programs" / "main.go"
        with self._made("go", source) as folder:
            if folder is not None:
                self._make("go", "build", "-o", folder / "read", source)
        return (self._folder / "go" / "read",)

    def _make(self, *args: str | Path) -> None:
        try:
            self.run(*args)
        except ReaderError as error:
            raise NotAtHandError(f"{' '.join(map(str, args[:2]))}: {error}") from None

    @contextlib.contextmanager
    def _made(self, name: str, *sources: Path) -> Iterator[Path | None]:
        """A folder to make something in, unless that was done from these very sources."""
        state = hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()
        folder = self._folder / name
        stamp = folder / "made"
        folder.mkdir(parents=True, exist_ok=True)
        with InterProcessLock(self._folder / f"{name}.lock"):
            if stamp.exists() and stamp.read_text() == state:
                yield None
                return
            yield folder
            stamp.write_text(state)


@contextlib.contextmanager
def _in_pipe(path: Path) -> Iterator[IO[bytes]]:
    """A pipe, out of which a file comes."""
    with subprocess.Popen(["cat", path], stdout=subprocess.PIPE) as cat:
        assert cat.stdout is not None
        yield cat.stdout


def _said(code: int, text: bytes) -> str:
    """The lines of an error in one, without the path of the archive."""
    lines = [line.strip() for line in text.decode(errors="replace").splitlines()]
    kept = [line for line in lines if line and not line.startswith("at ")]
    return f"exit code {code}: {' / '.join(kept)}"
