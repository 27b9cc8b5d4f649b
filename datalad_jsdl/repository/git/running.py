"""Running git and git-annex in one repository.

Every question says which exit codes are an answer. Any other is no "no": git could not be
asked (the repository is somebody else's, its configuration is broken, an object is missing,
git itself was killed …), and what it said is raised.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
import threading
from collections import deque
from contextlib import contextmanager, suppress
from copy import copy
from itertools import chain
from typing import IO, TYPE_CHECKING

from datalad_jsdl.errors import DatasetError
from datalad_jsdl.repository.git.calling import environment, failed, started

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from pathlib import Path

__all__ = ["Git", "batches"]

_CHUNK = 1 << 20  # bytes
_HELD = 32  # objects
_PASSED_OVER = 10_000  # in a row
_MOST_ARGUMENTS = 24_000 if os.name == "nt" else 200_000  # characters
_NO = (1,)  # the exit code that means so with most of git's questions


class Git:
    """git in the repository whose work tree is *root*.

    Every method raises DatasetError, with what git said, if git cannot do what it is asked.

    Args:
        root: folder to run it in.
        git_dir: the ``.git`` folder, where *root* does not lead to it.
    """

    def __init__(self, root: Path, git_dir: Path | None = None) -> None:
        self.root = root
        self._env = environment()
        self._git = ["git", *(("--git-dir", str(git_dir.absolute())) if git_dir else ())]

    def with_index(self, file: Path) -> Git:
        """The same repository with another file as its index."""
        other = copy(self)
        other._env = {**self._env, "GIT_INDEX_FILE": str(file)}
        return other

    def run(self, *args: str, stdin: bytes | None = None) -> bytes:
        """Run ``git *args*`` and return its standard output."""
        done = self.attempt(*args, stdin=stdin)
        if done.returncode:
            raise failed(args, self.root, done.returncode, done.stderr or done.stdout)
        return done.stdout

    def ask(self, *args: str, no: Collection[int] = _NO) -> bytes | None:
        """Standard output of ``git *args*``, or None if it says no.

        Args:
            args: the question.
            no: the exit codes that mean so.
        """
        done = self.attempt(*args)
        if done.returncode in no:
            return None
        if done.returncode:
            raise failed(args, self.root, done.returncode, done.stderr or done.stdout)
        return done.stdout

    def text(self, *args: str, no: Collection[int] = ()) -> str:
        """Standard output of ``git *args*``, stripped; "" if it says no (see `ask`)."""
        return (self.ask(*args, no=no) or b"").decode("utf-8", "surrogateescape").strip()

    def setting(self, name: str, *options: str) -> str:
        """A value of git config, or "" if it is not set; *options* as of git-config(1)."""
        return self.text("config", *options, name, no=_NO)

    def head_branch(self) -> str:
        """The full name of the branch that is checked out; "" if HEAD is detached."""
        try:
            return self.text("symbolic-ref", "--quiet", "HEAD", no=_NO)
        except DatasetError:
            # of a branch that it cannot read git says only that there is no HEAD
            with suppress(OSError, DatasetError):
                kind, _, name = self.path("HEAD").read_text().strip().partition(": ")
                if kind == "ref" and self.path(name).is_file():
                    return name  # who asks for its commit is told
            raise

    def commit(self, ref: str) -> str:
        """What a ref (HEAD, or a full name) points to, or "" if there is no such ref."""
        found = self.text("rev-parse", "--verify", "--quiet", ref, no=_NO)
        if not found:
            # to git a ref that it cannot read is none: what a power cut leaves of one is empty
            name = self.head_branch() if ref == "HEAD" else ref
            file = self.path(name) if name else None
            if file is not None and file.is_file():
                raise DatasetError(
                    f"git cannot read {name} in {self.root}: the file {file} is damaged; "
                    "to find further damage, run there: git fsck",
                    path=file,
                )
        return found

    def path(self, name: str) -> Path:
        """Where the repository has a file of its own, such as ``index.lock``."""
        return self.root / self.text("rev-parse", "--git-path", name)

    def attempt(self, *args: str, stdin: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
        """Run ``git *args*``; the caller looks at what became of it."""
        with started(
            [*self._git, *args],
            self.root,
            self._env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as process:
            try:
                out, said = process.communicate(stdin or b"")
            except BaseException:
                process.kill()
                raise
        return subprocess.CompletedProcess(args, process.returncode, out, said)

    def start(self, *args: str, stderr: int | IO[bytes] | None = None) -> subprocess.Popen[bytes]:
        """Start ``git *args*`` with pipes for its standard input and output."""
        return started(
            [*self._git, *args],
            self.root,
            self._env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
        )

    def items(self, *args: str) -> Iterator[bytes]:
        """What ``git *args*`` lists, each item ended by a zero byte (-z), as it comes."""
        rest = b""
        with self.start(*args, stderr=subprocess.PIPE) as process:
            assert process.stdout is not None  # noqa: S101 - PIPE was asked for
            assert process.stderr is not None  # noqa: S101 - PIPE was asked for
            while chunk := process.stdout.read(_CHUNK):
                *whole, rest = (rest + chunk).split(b"\0")
                yield from whole
            said = process.stderr.read()
        if process.returncode:
            raise failed(args, self.root, process.returncode, said)

    @contextmanager
    def feed(self, *args: str) -> Iterator[IO[bytes]]:
        """Run ``git *args*`` with an open standard input to write to."""
        with started(
            [*self._git, *args],
            self.root,
            self._env,
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
                # half an input must not be taken for a whole one; git removes its locks
                process.terminate()
                raise
            said = process.stderr.read()
        if process.returncode or broken:
            raise failed(args, self.root, process.returncode, said)

    def objects(self, names: Iterable[str]) -> Iterator[bytes | None]:
        """Contents of git objects, in the order of *names*; None for a missing one."""
        for _, content in self._cat_file("--batch", names):
            yield content

    def blobs(self, oids: Iterable[str]) -> Iterator[bytes]:
        """Contents of git objects that have to be there, in the order of *oids*.

        One that has come just before is not asked for again: many logs of git-annex are alike.
        """
        coming: deque[tuple[str, bool]] = deque()  # and whether it is asked for
        asked, held = _Recent(), _Recent()  # the same ones at each place of *oids*

        def names() -> Iterator[str]:  # in the thread that writes them to git
            passed_over = 0
            for oid in oids:
                # all that is known at once would be held before anything is asked for
                is_new = oid not in asked or passed_over == _PASSED_OVER
                passed_over = 0 if is_new else passed_over + 1
                coming.append((oid, is_new))
                if is_new:
                    asked.hold(oid, b"")
                    yield oid

        for content in self.objects(names()):
            while not coming[0][1]:
                yield held[coming.popleft()[0]]
            oid, _ = coming.popleft()
            if content is None:
                raise self.lacks(oid)
            held.hold(oid, content)
            yield content
        while coming:
            yield held[coming.popleft()[0]]

    def sizes(self, names: Iterable[str]) -> Iterator[int | None]:
        """Sizes of git objects in bytes, in the order of *names*."""
        for size, _ in self._cat_file("--batch-check", names):
            yield size

    def lacks(self, oid: str) -> DatasetError:
        """What to raise where an object is missing that the repository itself names."""
        file = self.path(f"objects/{oid[:2]}/{oid[2:]}")
        # git looks at such a file first, and fetches nothing in its place
        first = f"move the damaged file {file} away, then " if file.is_file() else ""
        return DatasetError(
            f"the object {oid} is missing or damaged in {self.root}. To find further damage, run "
            f"there: git fsck; to restore it from a good clone, {first}run there: git -c "
            "fetch.unpackLimit=1 fetch --refetch URL-OF-THE-CLONE HEAD git-annex",
            path=self.root,
        )

    def _cat_file(
        self, mode: str, names: Iterable[str]
    ) -> Iterator[tuple[int | None, bytes | None]]:
        args = ("cat-file", mode, "--buffer")
        names = iter(names)
        if (first := next(names, None)) is None:
            return
        asked = _Counted(chain([first], names))
        answered = 0
        # not a pipe: nobody would read it while it fills up
        with tempfile.TemporaryFile() as said, self.start(*args, stderr=said) as process:
            assert process.stdin is not None  # noqa: S101 - PIPE was asked for
            assert process.stdout is not None  # noqa: S101 - PIPE was asked for
            # a thread of its own: both pipes fill up when one side waits for the other
            writer = threading.Thread(target=_write_lines, args=(process.stdin, asked), daemon=True)
            writer.start()
            while header := process.stdout.readline():
                fields = header.rsplit(b" ", 2)
                if fields[-1] == b"missing\n":
                    answered += 1
                    yield None, None
                    continue
                size = int(fields[-1])
                content = None
                if mode == "--batch":
                    content = process.stdout.read(size + 1)
                    if len(content) != size + 1:
                        break
                    content = content[:-1]
                answered += 1
                yield size, content
            writer.join()
            process.wait()
            said.seek(0)
            if process.returncode or answered != asked.number:
                raise failed(args, self.root, process.returncode, said.read())


class _Recent(dict[str, bytes]):
    """Contents of the last few objects."""

    def hold(self, oid: str, content: bytes) -> None:
        if len(self) >= _HELD and oid not in self:
            del self[next(iter(self))]
        self[oid] = content


class _Counted:
    """Counts what is taken of it."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = names
        self.number = 0

    def __iter__(self) -> Iterator[str]:
        for name in self._names:
            self.number += 1
            yield name


def _write_lines(pipe: IO[bytes], names: Iterable[str]) -> None:
    # a broken pipe is seen by the reader as the end of the answers
    try:
        with pipe:
            for name in names:
                pipe.write(name.encode("utf-8", "surrogateescape") + b"\n")
    except OSError:
        pass


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
