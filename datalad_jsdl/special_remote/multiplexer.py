"""One process for all of git-annex's jobs: the protocol's ASYNC extension over annexremote.

https://git-annex.branchable.com/design/external_special_remote_protocol/async_appendix/:
once both sides have agreed, every line begins with ``J n``, n being the job. annexremote
knows nothing of it, so each job has a `Master` of its own in a thread of its own, and the
one that listens to git-annex only hands lines on. Without the extension there is but one
job, and no prefix.
"""

from __future__ import annotations

import logging
import os
import queue
import sys
import threading
from contextlib import suppress
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, TextIO

from annexremote import Master, SpecialRemote, UnsupportedRequest
from annexremote.annexremote import Protocol

from datalad_jsdl.bugs import LOGGER, VERBOSE, bug

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["is_verbose", "listen", "log_no_decisions", "log_to_git_annex"]

# what is answered to a request that has come to nothing; {0} and {1} are its words
_FAILURES = {
    "TRANSFER": "TRANSFER-FAILURE {0} {1} {what}",
    "CHECKPRESENT": "CHECKPRESENT-UNKNOWN {0} {what}",
    "REMOVE": "REMOVE-FAILURE {0} {what}",
    "INITREMOTE": "INITREMOTE-FAILURE {what}",
    "PREPARE": "PREPARE-FAILURE {what}",
    "CHECKURL": "CHECKURL-FAILURE {what}",
    "WHEREIS": "WHEREIS-FAILURE",
    "CLAIMURL": "CLAIMURL-FAILURE",
}

# the `Master` that a thread speaks through, and each that is started with its context
_speaking: ContextVar[Any] = ContextVar("_speaking")


def listen(requests: TextIO, answers: TextIO, make_remote: Callable[[Any], SpecialRemote]) -> None:
    """Speak with git-annex until it has nothing more to say.

    Args:
        requests: what git-annex says, a line each.
        answers: what it is told.
        make_remote: makes the special remote for a job's `Master`.
    """
    lock = threading.Lock()
    control = Master(_Output(answers, lock))
    control.LinkRemote(make_remote(control))
    control.protocol = _Control(control.remote, _Jobs(answers, lock, make_remote))
    control.Listen(requests)


class _Guarded(Protocol):  # type: ignore[misc]  # annexremote is untyped
    """Answers every request: one without an answer would have git-annex wait for ever."""

    def command(self, line: str) -> str | None:
        _speaking.set(self.remote.annex)
        try:
            answer: str | None = super().command(line)
        except UnsupportedRequest:
            raise
        except Exception as error:  # what a remote foresees it raises as a RemoteError
            # annexremote makes a SyntaxError of every TypeError
            cause = error.__context__ if isinstance(error, SyntaxError) else None
            what = bug(cause or error)
            answer = _failure(line, what)
            if answer is None:
                raise UnsupportedRequest from error
        return answer


def _failure(line: str, what: str) -> str | None:
    request, *words = line.strip().split(" ", 3)
    form = _FAILURES.get(request)
    try:
        return form.format(*words, what=" ".join(what.split())) if form else None
    except IndexError:  # git-annex has not said which key
        return None


class _ToGitAnnex(logging.Handler):
    """Records as messages that ``git annex --debug`` shows; warnings it shows always.

    DataLad keeps to itself what git-annex writes at that level. It shows what a remote has to
    say to the user, so that is where records go if it was told to show all.
    """

    def __init__(self) -> None:
        super().__init__()
        self._aloud = is_verbose()

    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno >= logging.WARNING:
            print(self.format(record), file=sys.stderr)
            return
        if (annex := _speaking.get(None)) is None:
            return
        aloud = self._aloud and "INFO" in annex.protocol.extensions
        say = annex.info if aloud else annex.debug
        text = self.format(record).encode("utf-8", "backslashreplace").decode()
        # git-annex is gone: whoever speaks next will see
        with suppress(OSError, ValueError):
            for line in text.splitlines():
                say(line)


def is_verbose() -> bool:
    """Whether DataLad, which has started git-annex, was told to show what is for debugging."""
    level = os.environ.get(VERBOSE) or os.environ.get("DATALAD_LOG_LEVEL", "")
    return level.lower() == "debug" or (level.isdecimal() and int(level) <= logging.DEBUG)


def log_to_git_annex() -> None:
    """Send what is logged to git-annex, and nowhere else; for a process of its own."""
    logger = logging.getLogger(LOGGER)
    logger.addHandler(_ToGitAnnex())
    logger.setLevel(logging.DEBUG)
    logger.propagate = False


def log_no_decisions() -> None:
    """Nobody would see what is for debugging."""
    logging.getLogger(LOGGER).setLevel(logging.INFO)


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

    def __init__(
        self, answers: TextIO, lock: threading.Lock, make_remote: Callable[[Any], SpecialRemote]
    ) -> None:
        self.extensions: list[str] = []
        self._answers = answers
        self._make_remote = make_remote
        self._lock = lock
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
    """Answers of one job, or of none: whole messages, a prefix before each of their lines.

    Several threads may speak for a job: a message is what one has written when it flushes.
    """

    def __init__(self, answers: TextIO, lock: threading.Lock, number: str = "") -> None:
        self._answers = answers
        self._lock = lock
        self._prefix = f"J {number} " if number else ""
        self._written = threading.local()

    def write(self, text: str) -> int:
        self._written.text = getattr(self._written, "text", "") + text
        return len(text)

    def flush(self) -> None:
        lines = [line for line in getattr(self._written, "text", "").split("\n") if line]
        self._written.text = ""
        with self._lock:
            self._answers.write("".join(f"{self._prefix}{line}\n" for line in lines))
            self._answers.flush()
