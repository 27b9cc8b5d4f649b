"""One portal in several processes, which accept connections from one socket."""

from __future__ import annotations

import contextlib
import logging
import os
import select
import signal
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from datalad_jsdl.bugs import LOGGER, bug
from datalad_jsdl.errors import JsdlError, PortalError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

    from datalad_jsdl.portal.listening import Listening

__all__ = ["NUMBERS", "numbers_of_all", "run_several"]

lgr = logging.getLogger(LOGGER)

#: Where processes of one portal put their numbers; read when `prometheus_client` is imported.
NUMBERS = "PROMETHEUS_MULTIPROC_DIR"
_READY = b"ready"
_LOOK = 0.2  # seconds between looks at the processes
_SHORT = 5.0  # seconds; who ends within them has not been able to work
_TRIES = 3  # of processes that end that soon, one after the other


@contextlib.contextmanager
def numbers_of_all() -> Iterator[None]:
    """A folder for the numbers of several processes, unless there is one."""
    if os.environ.get(NUMBERS):
        yield
        return
    with tempfile.TemporaryDirectory(prefix="jsdl-metrics-") as folder:
        os.environ[NUMBERS] = folder
        try:
            yield
        finally:
            del os.environ[NUMBERS]


def run_several(
    number: int,
    work: Callable[[Callable[[], object], threading.Event], object],
    listening: Listening,
    ready: Callable[[], object],
    grace: float,
) -> None:
    """Run the same work in several processes until a SIGINT or SIGTERM comes.

    One that ends by itself is started anew.

    Args:
        number: of processes.
        work: what each does, in its main thread: it calls its first argument when it has begun,
            and ends when the second is set.
        listening: the socket, which each of them has.
        ready: called when the first has begun.
        grace: seconds that they have to end when they are told to.

    Raises:
        PortalError: they cannot begin.
    """
    family = _Family(work)
    with _signals() as is_signalled:
        try:
            family.add(is_first=True)
            ready()
            for _ in range(number - 1):
                family.add()
            while not is_signalled():
                time.sleep(_LOOK)
                family.replace_ended()
        finally:
            listening.socket.close()  # connections are refused, and wait for nobody
            family.end(grace)


@dataclass(eq=False)
class _Child:
    pid: int
    hold: int  # the process ends when this is closed
    begun: float = field(default_factory=time.monotonic)


class _Family:
    def __init__(self, work: Callable[[Callable[[], object], threading.Event], object]) -> None:
        self._work = work
        self._children: list[_Child] = []
        self._soon = 0

    def add(self, *, is_first: bool = False) -> None:
        held, hold = os.pipe()
        told, tell = os.pipe()
        sys.stdout.flush()
        pid = os.fork()
        if not pid:
            os.close(hold)
            os.close(told)
            for other in self._children:
                os.close(other.hold)
            _be_child(self._work, held, tell)
        os.close(held)
        os.close(tell)
        self._children.append(_Child(pid, hold))
        with open(told, "rb") as reading:
            said = reading.read() if is_first else b""
        if is_first and said != _READY:
            raise PortalError(said.decode("utf-8", "replace") or "the portal ended as it began")

    def replace_ended(self) -> None:
        for child in tuple(self._children):
            if not os.waitpid(child.pid, os.WNOHANG)[0]:
                continue
            self._forget(child)
            self._soon = self._soon + 1 if time.monotonic() - child.begun < _SHORT else 0
            if self._soon >= _TRIES:
                raise PortalError("processes of the portal end as they begin; their log says why")
            self.add()

    def end(self, grace: float) -> None:
        for child in self._children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child.pid, signal.SIGTERM)
        until = time.monotonic() + grace
        while self._children and time.monotonic() < until:
            for child in tuple(self._children):
                if os.waitpid(child.pid, os.WNOHANG)[0]:
                    self._forget(child)
            time.sleep(_LOOK / 4)
        for child in tuple(self._children):
            os.kill(child.pid, signal.SIGKILL)
            os.waitpid(child.pid, 0)
            self._forget(child)

    def _forget(self, child: _Child) -> None:
        os.close(child.hold)
        self._children.remove(child)
        if os.environ.get(NUMBERS):
            from prometheus_client.multiprocess import mark_process_dead

            mark_process_dead(child.pid)  # type: ignore[no-untyped-call]


def _be_child(
    work: Callable[[Callable[[], object], threading.Event], object], held: int, tell: int
) -> None:
    """What a new process does; it never returns."""
    code = 1
    try:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)
        os.setpgid(0, 0)  # Ctrl-C is for the first process, which tells the others
        stop = threading.Event()
        threading.Thread(target=_wait, args=(held, stop), daemon=True).start()

        def begun() -> None:
            with contextlib.suppress(BrokenPipeError):  # the first is waited for, the others not
                os.write(tell, _READY)
            os.close(tell)

        work(begun, stop)
        code = 0
    except (JsdlError, OSError) as error:
        _tell(tell, str(error))
    except BaseException as error:
        _tell(tell, bug(error))
    finally:
        with contextlib.suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)  # what the first process has to do in the end is not for this one


def _wait(held: int, stop: threading.Event) -> None:
    """Whoever has started this process may be killed."""
    select.select([held], [], [])
    stop.set()


def _tell(tell: int, text: str) -> None:
    try:
        os.write(tell, text.encode("utf-8", "surrogateescape"))
    except OSError:  # it had begun, or is not the first: nobody listens
        lgr.error("a process of the portal ends: %s", text)


@contextlib.contextmanager
def _signals() -> Iterator[Callable[[], bool]]:
    caught: list[int] = []

    def handle(number: int, frame: FrameType | None) -> None:
        caught.append(number)

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: bool(caught)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
