"""DataLad's command line in a process that is forked, not started: see `tests.warm`."""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import selectors
import socket
import subprocess
import sys
import threading
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.kill_at import KillAt

__all__ = ["Done", "Running", "run_datalad", "start_datalad"]

_ROOT = Path(__file__).parent.parent
# of the time before any test has changed it
_ENVIRONMENT = dict(os.environ)


@dataclass(frozen=True)
class Done:
    """What a command has done.

    Attributes:
        code: its exit code; of a signal, the negative number.
        out: its standard output.
        err: its standard error.
    """

    code: int
    out: bytes
    err: bytes

    @property
    def stdout(self) -> str:
        return self.out.decode(errors="replace")

    @property
    def stderr(self) -> str:
        return self.err.decode(errors="replace")

    @property
    def results(self) -> list[dict[str, Any]]:
        """The result records, of a command with ``-f json``."""
        return [json.loads(line) for line in self.stdout.splitlines() if line.startswith("{")]


class Running:
    """A command that runs, in a session of its own.

    Attributes:
        pid: its process, and its process group.
    """

    def __init__(self, reply: int) -> None:
        self._reply = os.fdopen(reply, "rb")
        self.pid = int(self._reply.readline())

    def wait(self) -> int:
        """Its exit code, once it has ended."""
        with self._reply:
            return int(self._reply.readline())


def run_datalad(
    *args: str | Path,
    cwd: Path | str | None = None,
    stdin: str | bytes = b"",
    env: dict[str, str] | None = None,
    kill: KillAt | None = None,
) -> Done:
    """Run DataLad's command line to its end.

    Args:
        args: of the command line, without ``datalad``.
        cwd: folder to run it in; None for that of the tests.
        stdin: what it can read.
        env: its environment; None for that of the tests.
        kill: where a signal ends it.
    """
    with _pipe() as (in_read, in_write), _pipe() as (out, out_write), _pipe() as (err, err_write):
        streams = (in_read, out_write, err_write)
        running = start_datalad(*args, cwd=cwd, env=env, kill=kill, streams=streams)
        for end in streams:
            end.close()
        given = stdin.encode() if isinstance(stdin, str) else stdin
        feeder = threading.Thread(target=_feed, args=(in_write, given))
        feeder.start()
        said = _read(out, err)
        feeder.join()
        return Done(running.wait(), *said)


def start_datalad(
    *args: str | Path,
    cwd: Path | str | None = None,
    env: dict[str, str] | None = None,
    kill: KillAt | None = None,
    streams: tuple[IO[bytes], IO[bytes], IO[bytes]] | None = None,
) -> Running:
    """Start DataLad's command line; see `run_datalad`.

    Args:
        streams: its standard input, output and error; without them it has none.
    """
    order = {
        "args": [str(arg) for arg in args],
        "cwd": str(Path(cwd or ".").absolute()),
        "env": dict(os.environ if env is None else env),
        "kill": asdict(kill) if kill else None,
        "umask": _umask(),
    }
    body = json.dumps(order).encode()
    read, write = os.pipe()
    with open(os.devnull, "r+b") as null:
        handed = [stream.fileno() for stream in streams or (null, null, null)]
        orders, lock = _warm()
        with lock:
            socket.send_fds(orders, [len(body).to_bytes(8, "big")], [*handed, write])
            orders.sendall(body)
    os.close(write)
    return Running(read)


def _umask() -> int:
    """That of the tests, which can only be seen by setting another."""
    umask = os.umask(0)
    os.umask(umask)
    return umask


@cache
def _warm() -> tuple[socket.socket, threading.Lock]:
    """The process that forks: started when it is first needed, ended with the tests."""
    ours, theirs = socket.socketpair()
    command = [sys.executable, "-m", "tests.warm", str(theirs.fileno())]
    # only what a command's process is to have, too: no terminal, no output of the tests
    null = subprocess.DEVNULL
    process = subprocess.Popen(
        command, cwd=_ROOT, env=_ENVIRONMENT, stdin=null, stdout=null, stderr=null,
        pass_fds=[theirs.fileno()], start_new_session=True,
    )  # fmt: skip
    theirs.close()

    def end() -> None:
        ours.close()
        process.wait()

    atexit.register(end)
    return ours, threading.Lock()


@contextlib.contextmanager
def _pipe() -> Iterator[tuple[IO[bytes], IO[bytes]]]:
    read, write = os.pipe()
    with os.fdopen(read, "rb", 0) as out, os.fdopen(write, "wb", 0) as into:
        yield out, into


def _feed(stream: IO[bytes], given: bytes) -> None:
    # a command need not read all of it
    with contextlib.suppress(BrokenPipeError), stream:
        while given:
            given = given[stream.write(given) :]


def _read(*streams: IO[bytes]) -> list[bytes]:
    """All that several streams give, while each is read as it comes."""
    said = [bytearray() for _ in streams]
    with selectors.DefaultSelector() as selector:
        for stream, into in zip(streams, said, strict=True):
            selector.register(stream, selectors.EVENT_READ, into)
        while selector.get_map():
            for key, _ in selector.select():
                chunk = os.read(key.fd, 1 << 16)
                key.data.extend(chunk)
                if not chunk:
                    selector.unregister(key.fileobj)
    return [bytes(into) for into in said]
