"""What all transfers of a process share: connections, limits, knowledge of mirrors.

Three nouns that never mix: *where bytes can come from* (`mirrors.registry`), *which bytes are
missing* (`file.segments`), *where bytes go* (`file.partfile`). `file.download` brings them
together for one file, `file.request` makes one request, `bulk` handles many files.
"""

from __future__ import annotations

import ctypes
import threading
import time
from contextlib import contextmanager, nullcontext, suppress
from typing import TYPE_CHECKING

from datalad_jsdl.fetch.credentials.session import Credentials
from datalad_jsdl.fetch.http.throttle import Throttle
from datalad_jsdl.fetch.http.web import Web
from datalad_jsdl.fetch.mirrors.registry import Origins
from datalad_jsdl.fetch.mirrors.scores import load_scores, save_scores
from datalad_jsdl.fetch.operation import Operation
from datalad_jsdl.fetch.phrases import phrase
from datalad_jsdl.fetch.settings import Settings
from datalad_jsdl.model.urls import origin_of

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path
    from types import TracebackType

    from datalad_jsdl.fetch.credentials.annex_headers import AnnexHeaders
    from datalad_jsdl.fetch.http.address_policy import AddressPolicy
    from datalad_jsdl.fetch.transport import Transport

__all__ = ["Engine"]

_SAVE_SECONDS = 10.0
_TINY = 64 << 10  # bytes
_AT_HAND = 0.003  # seconds until a mirror answers that is next door
_M_ARENA_MAX, _M_MMAP_THRESHOLD = -8, -3  # mallopt(3), malloc.h


class Engine:
    """Connections, limits and what is known of mirrors; for all threads of a process.

    A context manager: at its end what was learned is saved, unless it only reads.

    Args:
        policy: which addresses may be connected to.
        settings: limits.
        memory: file that knowledge of mirrors is kept in from run to run, or None.
        reads_only: use that knowledge, and add nothing to it.
        config: git config, for the credentials that DataLad keeps there.
        http_settings: git's ``http.*`` settings for a URL; see `pools.Pools`.
        lanes: small files at a time from a mirror next door, which answers at once. One keeps
            a processor busy but for the moments in which the mirror is.
        reserve: bytes of a disk that files are not to take; see `disk`.
        annex_headers: what git-annex's own requests have besides; None for nothing.
        logins: whether servers that ask for a login are shown one that the user has, or a
            certificate; proxies are, in any case.
        sleep: waits a number of seconds; None for a sleep that an interruption ends.
        transport: makes the requests; None for the usual one.
        beside: an engine of this process that this one shares the knowledge of mirrors, the
            connections allowed to each and the bandwidth with; the lower bandwidth holds for both.
        home: the repository whose settings these are, or "".

    Attributes:
        policy: as given.
        reach: the same for two engines that the same servers give the same contents to: what one
            was given must not be handed on to those who use another.
    """

    def __init__(
        self,
        policy: AddressPolicy | None = None,
        settings: Settings | None = None,
        *,
        memory: Path | None = None,
        reads_only: bool = False,
        config: Mapping[str, str] | None = None,
        http_settings: Callable[[str], Mapping[str, str]] | None = None,
        lanes: int = 2,
        reserve: int = 0,
        annex_headers: AnnexHeaders | None = None,
        logins: bool = True,
        sleep: Callable[[float], object] | None = None,
        beside: Engine | None = None,
        transport: Transport | None = None,
        home: str = "",
    ) -> None:
        _spare_memory()
        self.settings = settings or Settings()
        lines = tuple(rule.line for rule in self.settings.credential)
        self.policy = policy
        self.reach: Hashable = (policy, logins and lines, logins and home)
        self.reserve = reserve
        self._annex_headers = annex_headers if logins else None
        self.web: Transport = transport or Web(
            policy,
            Credentials(self.settings.credential, config, annex_headers=annex_headers)
            if logins
            else Credentials(search=False),
            http_settings=http_settings,
            certificates=logins,
            connect_seconds=self.settings.connect_timeout,
            read_seconds=self.settings.read_timeout,
            connections=max(64, self.settings.connections),
            pause=self._pause,
        )
        scores = load_scores(memory) if memory else {}
        if beside is None:
            self.origins = Origins(self.settings, scores)
            self.throttle = Throttle(self.settings.bandwidth)
            self._lanes = threading.BoundedSemaphore(lanes)
        else:
            self.origins, self.throttle = beside.origins, beside.throttle
            self._lanes = beside._lanes
            self.origins.remember(scores)
            self.throttle.keep_to(self.settings.bandwidth)
        self.sleep = sleep
        self._lock = threading.Lock()
        self._operations: set[Operation] = set()
        self._memory = None if reads_only else memory
        self._saved = time.monotonic()

    def __enter__(self) -> Engine:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is not None:
            self.interrupt()
        self.save()
        self.web.close()

    @contextmanager
    def operation(self) -> Iterator[Operation]:
        """Begin one; if it ends with an error, its transfers end, and those of no other."""
        operation = Operation(self.sleep)
        with self._lock:
            self._operations.add(operation)
        try:
            yield operation
        except BaseException:
            operation.interrupt()
            raise
        finally:
            with self._lock:
                self._operations.discard(operation)

    def _pause(self, seconds: float) -> None:
        """Wait as a redirect asks, no longer than is allowed."""
        with self.operation() as operation:
            operation.sleep(min(seconds, self.settings.max_wait))

    def lane(self, urls: Sequence[str], size: int | None) -> AbstractContextManager[object]:
        """Keeps small files from a mirror next door to a few at a time.

        There is nothing to wait for, and more threads only stand in each other's way: with
        eight of them a file takes up to twice the processor time.
        """
        if size is None or size > _TINY or not urls:
            return nullcontext()
        latency = self.origins.of(urls[0]).score.latency
        return self._lanes if 0 < latency < _AT_HAND else nullcontext()

    def expect_origins(self, urls: Iterable[str]) -> None:
        """Before the first request: what is asked for besides what the dataset has registered."""
        if self._annex_headers:
            self._annex_headers.expect({origin_of(url) for url in urls})

    def save_now_and_then(self) -> None:
        """Remember what is known of mirrors, if it was not done just now."""
        if self._memory and time.monotonic() - self._saved > _SAVE_SECONDS:
            self.save()

    def interrupt(self) -> None:
        """End all operations that are under way; the next ones know nothing of it."""
        with self._lock:
            operations = list(self._operations)
        for operation in operations:
            operation.interrupt()

    def save(self) -> None:
        """Remember what is known of mirrors."""
        self._saved = time.monotonic()
        if self._memory is not None:
            for origin in self.origins.all():
                if origin.fault:
                    origin.score.fault = phrase(origin.fault)
            save_scores(self._memory, self.origins.scores())


def _spare_memory() -> None:
    """Keep glibc from giving each thread a heap of its own, which only ever grow.

    And from putting large buffers there: they leave holes.
    """
    with suppress(OSError, AttributeError):  # another libc
        libc = ctypes.CDLL(None)
        libc.mallopt(_M_ARENA_MAX, 2)
        libc.mallopt(_M_MMAP_THRESHOLD, 1 << 20)
