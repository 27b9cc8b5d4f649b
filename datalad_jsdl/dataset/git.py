"""Running git and git-annex in one repository."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from contextlib import contextmanager, suppress
from typing import IO, TYPE_CHECKING

from datalad_jsdl.errors import DatasetError
from datalad_jsdl.manifest.urls import redact_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

__all__ = [
    "BlobReader",
    "Git",
    "batches",
    "environment",
    "git_config",
    "git_config_values",
    "git_http_settings",
]

_CHUNK = 1 << 20  # bytes
_MOST_ARGUMENTS = 24_000 if os.name == "nt" else 200_000  # characters


def environment() -> dict[str, str]:
    """The environment to run git and git-annex in.

    What they print must not depend on the user's language; and where this package is
    installed in an environment that is not active, git-annex and our special remote,
    installed beside it, are still to be found.
    """
    path = os.pathsep.join([os.environ.get("PATH", ""), os.path.dirname(sys.executable)])
    return {**os.environ, "PATH": path, "LC_ALL": "C.UTF-8", "LANGUAGE": ""}


class Git:
    """git in the repository whose work tree is *root*.

    Args:
        root: folder to run it in.
        git_dir: the ``.git`` folder, where *root* does not lead to it.
    """

    def __init__(self, root: Path, git_dir: Path | None = None) -> None:
        self.root = root
        self._env = environment()
        self._git = ["git", *(("--git-dir", str(git_dir.absolute())) if git_dir else ())]

    def run(self, *args: str, stdin: bytes | None = None, check: bool = True) -> bytes:
        """Run ``git *args*`` and return its standard output.

        Raises:
            DatasetError: it failed (and *check* is true), with what it said.
        """
        done = self.attempt(*args, stdin=stdin)
        if check and done.returncode:
            raise self._failed(args, done.stderr or done.stdout)
        return done.stdout

    def attempt(self, *args: str, stdin: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
        """Run ``git *args*``; failing is an answer too."""
        return subprocess.run(
            [*self._git, *args],
            cwd=self.root,
            env=self._env,
            input=stdin if stdin is not None else b"",
            capture_output=True,
        )

    def text(self, *args: str) -> str:
        """Standard output of ``git *args*``, stripped; "" if it fails."""
        done = self.attempt(*args)
        return "" if done.returncode else done.stdout.decode("utf-8", "surrogateescape").strip()

    def start(self, *args: str, stderr: int | None = None) -> subprocess.Popen[bytes]:
        """Start ``git *args*`` with pipes for its standard input and output."""
        return subprocess.Popen(
            [*self._git, *args],
            cwd=self.root,
            env=self._env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
        )

    def items(self, *args: str) -> Iterator[bytes]:
        """What ``git *args*`` lists, each item ended by a zero byte (-z), as it comes.

        Raises:
            DatasetError: it failed, with what it said.
        """
        rest = b""
        with self.start(*args, stderr=subprocess.PIPE) as process:
            assert process.stdout is not None  # noqa: S101 - PIPE was asked for
            assert process.stderr is not None  # noqa: S101 - PIPE was asked for
            while chunk := process.stdout.read(_CHUNK):
                *whole, rest = (rest + chunk).split(b"\0")
                yield from whole
            said = process.stderr.read()
        if process.returncode:
            raise self._failed(args, said)

    @contextmanager
    def feed(self, *args: str) -> Iterator[IO[bytes]]:
        """Run ``git *args*`` with an open standard input to write to.

        Raises:
            DatasetError: it failed, with what it said.
        """
        with subprocess.Popen(
            [*self._git, *args],
            cwd=self.root,
            env=self._env,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        ) as process:
            assert process.stdin is not None  # noqa: S101 - PIPE was asked for
            assert process.stderr is not None  # noqa: S101 - PIPE was asked for
            broken: OSError | None = None
            try:
                yield process.stdin
                process.stdin.close()
            except BrokenPipeError as error:
                broken = error
                with suppress(BrokenPipeError):  # of what is still in the buffer
                    process.stdin.close()
            except BaseException:
                process.kill()  # half an input must not be taken for a whole one
                raise
            said = process.stderr.read()
        if process.returncode or broken:
            raise self._failed(args, said)

    def _failed(self, args: Sequence[str], said: bytes) -> DatasetError:
        text = redact_text(said.decode("utf-8", "replace").strip())
        return DatasetError(f"git {args[0]} failed in {self.root}: {text}")

    def objects(self, names: Iterable[str]) -> Iterator[bytes | None]:
        """Contents of git objects, in the order of *names*; None for a missing one."""
        for _, content in self._cat_file("--batch", names):
            yield content

    def sizes(self, names: Iterable[str]) -> Iterator[int | None]:
        """Sizes of git objects in bytes, in the order of *names*."""
        for size, _ in self._cat_file("--batch-check", names):
            yield size

    def _cat_file(
        self, mode: str, names: Iterable[str]
    ) -> Iterator[tuple[int | None, bytes | None]]:
        with self.start("cat-file", mode, "--buffer") as process:
            assert process.stdin is not None  # noqa: S101 - PIPE was asked for
            assert process.stdout is not None  # noqa: S101 - PIPE was asked for
            # a thread of its own: both pipes fill up when one side waits for the other
            writer = threading.Thread(target=_write_lines, args=(process.stdin, names), daemon=True)
            writer.start()
            while header := process.stdout.readline():
                fields = header.rsplit(b" ", 2)
                if fields[-1] == b"missing\n":
                    yield None, None
                    continue
                size = int(fields[-1])
                content = process.stdout.read(size + 1)[:-1] if mode == "--batch" else None
                yield size, content
            writer.join()


def _write_lines(pipe: IO[bytes], names: Iterable[str]) -> None:
    # a broken pipe is seen by the reader as the end of the answers
    try:
        with pipe:
            for name in names:
                pipe.write(name.encode("utf-8", "surrogateescape") + b"\n")
    except OSError:
        pass


class BlobReader:
    """Reads blobs one after the other, each as a stream; one git process for all."""

    def __init__(self, git: Git) -> None:
        self._git = git

    def __enter__(self) -> BlobReader:
        self._process = self._git.start("cat-file", "--batch")
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()  # it may be in the middle of a blob nobody wants
        self._process.communicate()

    def read(self, oid: str) -> Iterator[bytes]:
        """Content of a blob in chunks; to be read to its end.

        Raises:
            DatasetError: there is no such object.
        """
        requests, answers = self._process.stdin, self._process.stdout
        if requests is None or answers is None:
            raise DatasetError("git cat-file has no pipes")
        requests.write(oid.encode() + b"\n")
        requests.flush()
        fields = answers.readline().split()
        if len(fields) != 3:
            raise DatasetError(f"git has no object {oid} in {self._git.root}")
        left = int(fields[2])
        while left:
            chunk = answers.read(min(left, _CHUNK))
            if not chunk:
                raise DatasetError(f"git broke off reading {oid} in {self._git.root}")
            left -= len(chunk)
            yield chunk
        answers.read(1)  # the newline after it


def batches(arguments: Iterable[str]) -> Iterator[list[str]]:
    """Arguments in portions that fit a command line (32 KiB in all on Windows)."""
    batch: list[str] = []
    length = 0
    for argument in arguments:
        size = len(os.fsencode(argument)) + 3
        if batch and length + size > _MOST_ARGUMENTS:
            yield batch
            batch, length = [], 0
        batch.append(argument)
        length += size
    if batch:
        yield batch


def git_config(pattern: str, git_dir: str | os.PathLike[str] | None = None) -> dict[str, str]:
    """git config: name (lower case) to its last value; see `git_config_values`."""
    return {name: values[-1] for name, values in git_config_values(pattern, git_dir).items()}


def git_config_values(
    pattern: str, git_dir: str | os.PathLike[str] | None = None
) -> dict[str, list[str]]:
    """git config: name (lower case) to all its values.

    Args:
        pattern: regular expression on the names.
        git_dir: the ``.git`` folder of the repository that is meant; None for what holds
            in the current folder.
    """
    where = [] if git_dir is None else ["--git-dir", os.fspath(git_dir)]
    done = subprocess.run(
        ["git", *where, "config", "-z", "--get-regexp", pattern], capture_output=True
    )
    values: dict[str, list[str]] = {}
    for item in done.stdout.decode("utf-8", "surrogateescape").split("\0"):
        name, _, value = item.partition("\n")
        if name:
            values.setdefault(name, []).append(value)
    return values


def git_http_settings(url: str, git_dir: str | os.PathLike[str] | None = None) -> dict[str, str]:
    """git's ``http.*`` settings as they hold for a URL (git-config(1), http.<url>.*).

    Returns:
        The name after ``http.`` in lower case to its value; empty if there is none.
    """
    where = [] if git_dir is None else ["--git-dir", os.fspath(git_dir)]
    done = subprocess.run(
        ["git", *where, "config", "-z", "--get-urlmatch", "http", url.partition("?")[0]],
        capture_output=True,
    )
    items = done.stdout.decode("utf-8", "surrogateescape").split("\0")
    pairs = (item.partition("\n") for item in items if item)
    return {name.removeprefix("http."): value for name, _, value in pairs}
