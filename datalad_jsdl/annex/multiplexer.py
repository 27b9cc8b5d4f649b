"""One process for all of git-annex's jobs: the protocol's ASYNC extension over annexremote.

https://git-annex.branchable.com/design/external_special_remote_protocol/async_appendix/:
once both sides have agreed, every line begins with ``J n``, n being the job. annexremote
knows nothing of it, so each job has a `Master` of its own in a thread of its own, and the
one that listens to git-annex only hands lines on. Without the extension there is but one
job, and no prefix.
"""

from __future__ import annotations

import queue
import threading
from typing import TYPE_CHECKING, Any, TextIO

from annexremote import Master, SpecialRemote, UnsupportedRequest
from annexremote.annexremote import Protocol

from datalad_jsdl.errors import reason

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["listen"]


def listen(requests: TextIO, answers: TextIO, make_remote: Callable[[Any], SpecialRemote]) -> None:
    """Speak with git-annex until it has nothing more to say.

    Args:
        requests: what git-annex says, a line each.
        answers: what it is told.
        make_remote: makes the special remote for a job's `Master`.
    """
    control = Master(answers)
    control.LinkRemote(make_remote(control))
    control.protocol = _Control(control.remote, _Jobs(answers, make_remote))
    control.Listen(requests)


class _Guarded(Protocol):  # type: ignore[misc]  # annexremote is untyped
    """Answers every request: one without an answer would have git-annex wait for ever."""

    def command(self, line: str) -> str | None:
        try:
            answer: str | None = super().command(line)
        except UnsupportedRequest:
            raise
        except Exception as error:
            answer = _failure(line, error)
            if answer is None:
                raise UnsupportedRequest from error
        return answer


def _failure(line: str, error: Exception) -> str | None:
    request, *arguments = line.strip().split(" ", 3)
    what = " ".join(reason(error).split()) or type(error).__name__
    if request == "TRANSFER" and len(arguments) > 1:
        return f"TRANSFER-FAILURE {arguments[0]} {arguments[1]} {what}"
    if request == "CHECKPRESENT" and arguments:
        return f"CHECKPRESENT-UNKNOWN {arguments[0]} {what}"
    return None


class _Control(_Guarded):
    """The protocol on git-annex's own line; hands on what is for a job."""

    def __init__(self, remote: SpecialRemote, jobs: _Jobs) -> None:
        super().__init__(remote)
        self._jobs = jobs

    def do_EXTENSIONS(self, offered: str) -> str:  # noqa: N802 - annexremote calls it so
        answer: str = super().do_EXTENSIONS(offered)
        self._jobs.extensions = self.extensions
        return f"{answer} ASYNC" if "ASYNC" in self.extensions else answer

    def do_J(self, line: str) -> None:  # noqa: N802 - annexremote calls it so
        number, _, request = line.partition(" ")
        self._jobs.hand_on(number, request)


class _Jobs:
    """A thread and a `Master` for each job."""

    def __init__(self, answers: TextIO, make_remote: Callable[[Any], SpecialRemote]) -> None:
        self.extensions: list[str] = []
        self._answers = answers
        self._make_remote = make_remote
        self._lock = threading.Lock()
        self._queues: dict[str, queue.SimpleQueue[str]] = {}

    def hand_on(self, number: str, line: str) -> None:
        """Give a line to a job, which is begun with its first one."""
        if number not in self._queues:
            self._queues[number] = queue.SimpleQueue()
            # daemons: when git-annex is gone, so is the process, whatever they are doing
            threading.Thread(target=self._run, args=(number,), daemon=True).start()
        self._queues[number].put(line + "\n")

    def _run(self, number: str) -> None:
        master = Master(_Output(self._answers, self._lock, number))
        master.LinkRemote(self._make_remote(master))
        master.protocol = _Guarded(master.remote)
        master.protocol.extensions = self.extensions
        # its greeting was said on git-annex's own line
        master.protocol.version = ""
        master.Listen(_Input(self._queues[number]))


class _Input:
    """The lines of one job."""

    def __init__(self, lines: queue.SimpleQueue[str]) -> None:
        self._lines = lines

    def readline(self) -> str:
        return self._lines.get()


class _Output:
    """Answers of one job: whole messages, a prefix before each of their lines."""

    def __init__(self, answers: TextIO, lock: threading.Lock, number: str) -> None:
        self._answers = answers
        self._lock = lock
        self._number = number
        self._text = ""

    def write(self, text: str) -> int:
        self._text += text
        return len(text)

    def flush(self) -> None:
        lines = [line for line in self._text.split("\n") if line]
        self._text = ""
        with self._lock:
            self._answers.write("".join(f"J {self._number} {line}\n" for line in lines))
            self._answers.flush()
