"""git-annex-remote-jsdl: serves every URL that git-annex has registered.

https://git-annex.branchable.com/design/external_special_remote_protocol/; the protocol
itself is annexremote's. What fetching needs is imported on the first transfer.
"""

from __future__ import annotations

import gc
import os
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from annexremote import RemoteError, SpecialRemote
from annexremote.annexremote import AnnexError

from datalad_jsdl.bugs import bug, log_trace
from datalad_jsdl.errors import JsdlError, reason
from datalad_jsdl.model.urls import SCHEMES
from datalad_jsdl.notes import say_once
from datalad_jsdl.repository.annex.keys import expected_of
from datalad_jsdl.repository.annex.logs import KeyState, in_order
from datalad_jsdl.special_remote.listening import may_be_heard
from datalad_jsdl.special_remote.multiplexer import (
    is_verbose,
    listen,
    log_no_decisions,
    log_to_git_annex,
)

if TYPE_CHECKING:
    from datalad_jsdl.fetch.engine import Engine
    from datalad_jsdl.repository.annex.lookup import KeyLookup

__all__ = ["JsdlRemote", "main"]

_COST = 150  # below the web remote's 200, so that we are asked first
_PROGRESS_SECONDS = 0.1
_PROGRESS_BYTES = 1 << 20
_MANY = 50  # keys; to list the git-annex branch costs as much as asking so often

_READ_ONLY = (
    "the remote jsdl only downloads: it cannot {what} (register files with "
    "datalad download-manifest or git annex addurl)"
)


class Shared:
    """What the jobs of a process have in common: one engine, made for the first transfer."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._engine: Engine | None = None
        self._begun = threading.Lock()
        self._jobs = 0
        self._questions = 0
        self._making = threading.Lock()
        self._lookup: KeyLookup | None = None

    def begin_import(self) -> None:
        """Have what fetching needs imported, while git-annex is asked what to fetch."""
        if self._begun.acquire(blocking=False):  # once; the lock is for good
            threading.Thread(target=_import_engine, daemon=True).start()

    def engine(self, annex: Any) -> Engine:
        """The engine for the repository that *annex* speaks for."""
        with self._lock:
            if self._engine is None:
                git_dir = annex.getgitdir()
                from datalad_jsdl.operations.engines import open_engine

                # the other processors are git-annex's, which does more for a file than we do
                self._engine = open_engine(git_dir, lanes=1)
                self._engine.origins.expect_jobs(self._jobs)
                if not (is_verbose() or may_be_heard(git_dir)):
                    log_no_decisions()
            return self._engine

    def find(self, annex: Any, key: str) -> tuple[list[str], KeyState]:
        """URLs and state of a key: from git-annex, and once it is worth it from its branch."""
        self._questions += 1
        if self._lookup is not None:
            if (found := self._lookup.find(key)) is not None:
                return found
        elif self._questions > _MANY and self._making.acquire(blocking=False):
            # whoever makes the lookup keeps nobody waiting; the lock is for good
            from datalad_jsdl.repository.annex.lookup import KeyLookup
            from datalad_jsdl.repository.repository import Repository

            try:
                # git-annex runs special remotes with a GIT_DIR in their environment
                self._lookup = KeyLookup(Repository(Path(), Path(annex.getgitdir())))
            except Exception as error:  # git-annex knows it all, if slower
                log_trace("the git-annex branch cannot be read", error)
        # a prefix would leave out URLs written HTTP://
        return annex.geturls(key, ""), KeyState.parse(annex.getstate(key))

    def add_job(self) -> None:
        """One more transfer at a time is to be expected."""
        with self._lock:
            self._jobs += 1
            if self._engine is not None:
                self._engine.origins.expect_jobs(self._jobs)

    def close(self) -> None:
        """End all transfers, and remember what was learned of mirrors."""
        with self._lock:
            if self._engine is not None:
                self._engine.interrupt()
                self._engine.save()
        if self._lookup is not None:
            self._lookup.__exit__(None, None, None)


class JsdlRemote(SpecialRemote):  # type: ignore[misc]  # annexremote is untyped
    """One job of git-annex's."""

    def __init__(self, annex: Any, shared: Shared) -> None:
        super().__init__(annex)
        self._shared = shared
        shared.add_job()

    @property
    def info(self) -> dict[str, str]:
        """What ``git annex info`` shows: among other things what is known of mirrors."""
        from datalad_jsdl.fetch.mirrors.scores import load_scores
        from datalad_jsdl.operations.engines import memory_file

        info = {"downloads from": "all URLs registered in git-annex for a key"}
        scores = load_scores(memory_file(self.annex.getgitdir()))
        for name, score in sorted(scores.items(), key=lambda item: -item[1].used):
            info[f"mirror {name}"] = str(score)
        return info

    @info.setter
    def info(self, _: object) -> None:
        """annexremote sets it to be empty."""

    def initremote(self) -> None:
        """By initremote, enableremote and autoenable: what git-annex leaves to the user.

        The remote needs no settings of its own.
        """
        try:
            # with --sameas it goes by another name
            name = self.annex.getconfig("sameas-name") or self.annex.getconfig("name")
            if name:
                from datalad_jsdl.repository.annex.special_remote import set_up_locally

                set_up_locally(Path(self.annex.getgitdir()), name)
        except Exception as error:
            raise RemoteError(_reason(error)) from error

    def prepare(self) -> None:
        """Nothing to prepare before the first transfer."""

    def getcost(self) -> int:
        return _COST

    def getavailability(self) -> str:
        return "global"

    def whereis(self, key: str) -> str:
        """git-annex lists the URLs itself; a second list would be noise."""
        return ""

    def transfer_store(self, key: str, local_file: str) -> None:
        raise RemoteError(_READ_ONLY.format(what="store anything"))

    def remove(self, key: str) -> None:
        raise RemoteError(_READ_ONLY.format(what="remove anything"))

    def transfer_retrieve(self, key: str, local_file: str) -> None:
        """Fetch, verify, and only then let the file appear."""
        try:
            self._retrieve(key, local_file)
        except RemoteError:
            raise
        except Exception as error:
            raise RemoteError(_reason(error)) from error

    def checkpresent(self, key: str) -> bool:
        """Ask the candidates; False only if all of them say so."""
        from datalad_jsdl.fetch.mirrors.presence import is_present

        try:
            return is_present(self._candidates(key)[0], expected_of(key), self._engine())
        except Exception as error:
            raise RemoteError(_reason(error)) from error

    def _retrieve(self, key: str, local_file: str) -> None:
        self._shared.begin_import()
        urls, state = self._candidates(key)
        from datalad_jsdl.faults import Failed
        from datalad_jsdl.fetch.bulk import Job, Sync, fetch_file
        from datalad_jsdl.fetch.phrases import login_commands, told

        mtime = state.mtime.timestamp() if state.mtime else None
        job = Job(key, tuple(urls), expected_of(key), Path(local_file), mtime, Sync.DATA)
        engine = self._engine()
        import datalad_jsdl.fetch.file.download  # noqa: F401 - before seconds without progress count

        reporter = _Reporter(self.annex)
        outcome = fetch_file(job, engine, reporter.report)
        if not isinstance(outcome, Failed):
            reporter.end(outcome.size)
        else:
            if commands := login_commands(outcome):  # they have to be on lines of their own
                say_once("\n  ".join(["to log in, run:", *commands]))
            raise RemoteError(_one_line(told(outcome)))

    def _candidates(self, key: str) -> tuple[list[str], KeyState]:
        urls, state = self._shared.find(self.annex, key)
        return in_order((url for url in urls if _scheme(url) in SCHEMES), state.order), state

    def _engine(self) -> Engine:
        return self._shared.engine(self.annex)


class _Reporter:
    """Tells git-annex how many bytes of a file are here, what it has left of it included."""

    def __init__(self, annex: Any) -> None:
        self._annex = annex
        self._lock = threading.Lock()  # several connections may fetch a file
        self._last = time.monotonic()
        self._said = 0

    def report(self, position: int) -> None:
        """So many; of a small file, which is there before it is shown, nothing is said."""
        now = time.monotonic()
        is_first = not self._said and position >= _PROGRESS_BYTES
        if now - self._last >= _PROGRESS_SECONDS or is_first:
            with self._lock:
                self._last = now
                self._say(position)

    def end(self, size: int) -> None:
        """All of it is here; who was told of a part is told so."""
        with self._lock:
            if self._said:
                self._say(size)

    def _say(self, position: int) -> None:
        # never less: content that was wrong comes once more
        if position > self._said:
            self._said = position
            self._annex.progress(position)


def _import_engine() -> None:
    gc.disable()  # nothing of a module is garbage
    try:
        with suppress(ImportError):  # whoever needs it is told what is wrong
            # for those who import them next
            import datalad_jsdl.fetch.engine
            import datalad_jsdl.fetch.file.download
            import datalad_jsdl.operations.engines  # noqa: F401 - as above
    finally:
        gc.enable()


def _scheme(url: str) -> str:
    return url.partition(":")[0].lower()


def _one_line(problem: object) -> str:
    """Every message is one line of the protocol."""
    text = reason(problem) if isinstance(problem, Exception) else str(problem)
    return " ".join(text.split()) or type(problem).__name__


def _reason(error: Exception) -> str:
    """Why a request has failed; with any other error git-annex would wait for an answer."""
    foreseen = isinstance(error, (JsdlError, OSError, AnnexError))
    return _one_line(error if foreseen else bug(error))


def _yield_to_git_annex() -> None:
    """Have the system wake this process without stopping another one for it.

    With jobs, git-annex keeps all processors busy, and all of its threads wait for the one
    that was stopped; every line it says to us would do so.
    """
    if sys.platform == "linux":
        with suppress(OSError):  # where a container forbids it
            os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))


def main() -> None:
    """Speak with git-annex on standard input and output."""
    _yield_to_git_annex()
    # names may be in any encoding; stdout is the protocol and nobody else's
    for stream in (sys.stdin, sys.stdout):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="surrogateescape")
    protocol, sys.stdout = sys.stdout, sys.stderr
    log_to_git_annex()
    shared = Shared()
    status = 0
    try:
        listen(sys.stdin, protocol, lambda annex: JsdlRemote(annex, shared))
    except (KeyboardInterrupt, BrokenPipeError):
        status = 1
    finally:
        shared.close()
    # git-annex waits for the end of this process, which need not take its modules apart first
    sys.stderr.flush()
    os._exit(status)
