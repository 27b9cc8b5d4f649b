"""A zip at one URL, read by ranges."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from datalad_jsdl.archive.remote import Memory
from datalad_jsdl.archive.spill import Held
from datalad_jsdl.archive.transport.directory import TAIL, Directory, find_directory
from datalad_jsdl.errors import ArchiveError
from datalad_jsdl.faults import Failed
from datalad_jsdl.fetch.file.download import fetch
from datalad_jsdl.fetch.http.answers import Limits, no_answer, refusal
from datalad_jsdl.fetch.http.failures import NETWORK_ERRORS
from datalad_jsdl.fetch.http.parts import part_of
from datalad_jsdl.fetch.http.statuses import gives_content
from datalad_jsdl.fetch.http.versions import version_of
from datalad_jsdl.fetch.mirrors.probe import Asker, probe
from datalad_jsdl.fetch.phrases import told
from datalad_jsdl.model.content import Expected, Fetched

if TYPE_CHECKING:
    from datalad_jsdl.fetch.engine import Engine
    from datalad_jsdl.fetch.operation import Operation
    from datalad_jsdl.model.content import Sink, Version

__all__ = ["REQUEST", "RemoteZip"]

REQUEST = 64 << 10  # bytes that come in the time of a request for a small file
_HEADER = 128  # bytes of the central directory for a member, about
_MOST_DIRECTORY = 16 << 20  # bytes


class RemoteZip:
    """A zip at one URL; for any thread. It is not waited for: files have URLs of their own.

    All bytes are of one version, as far as the server tells. If it ignores ranges, all of the zip
    is taken once, if that is cheaper than the files one by one.

    Args:
        url: candidate URL.
        engine: to ask with.
    """

    def __init__(self, url: str, engine: Engine) -> None:
        self._url = url
        self._engine = engine
        self._lock = threading.Lock()
        self._operations: set[Operation] = set()
        self._ended = False
        self._version: Version | None = None
        self._total = 0
        self._held: Held | None = None

    def directory(self, files: int, size: int) -> Directory:
        """What is in it.

        Args:
            files: that are wanted.
            size: bytes of them.

        Raises:
            ArchiveError: it is gone, no zip, or would cost more than the files one by one.
        """
        most = size + REQUEST * files
        length = max(TAIL, min(_HEADER * files, 1 << 20))
        tail: bytes | bytearray | None = self._last(length)
        if tail is None:
            if not self._gives_ranges():
                if self._total > most:
                    raise ArchiveError("its server ignores ranges")
                self._held = self._whole()
            tail = self.read(max(0, self._total - length), self._total)
        first = self._total - len(tail)
        end = find_directory(tail, self._total)
        if end.size > min(most, _MOST_DIRECTORY):
            raise ArchiveError("its central directory is too large for the files that are wanted")
        if end.offset >= first:
            data = tail[end.offset - first : end.offset - first + end.size]
        else:
            data = self.read(end.offset, end.offset + end.size)
        return Directory(data, end)

    def read(self, first: int, last: int) -> bytes | bytearray:
        """Bytes from the first to the last (exclusive).

        Raises:
            ArchiveError: they do not come, or are of another version.
        """
        if self._held is not None:
            try:
                return b"".join(self._held.chunks(first, last))
            except OSError as error:
                raise ArchiveError(f"a temporary file cannot be read: {error.strerror}") from None
        memory = Memory(last - first)
        outcome = self._fetch(memory, (first, last))
        self._version = self._version or outcome.version
        return memory.take()

    def interrupt(self) -> None:
        """Whatever is read ends soon, with an error; from any thread."""
        with self._lock:
            self._ended = True
            operations = list(self._operations)
        for operation in operations:
            operation.interrupt()

    def _last(self, length: int) -> bytes | None:
        """Its last bytes, with which the size comes; None if the server does not give them so."""
        engine = self._engine
        engine.expect_origins([self._url])
        with engine.operation() as operation:
            self._begin(operation)
            try:
                return self._last_of(operation, length)
            except NETWORK_ERRORS as error:
                limits = Limits.of(engine.settings, engine.settings.read_timeout)
                fault = no_answer(self._url, error, limits)
                raise ArchiveError(told(Failed((fault,)))) from None
            finally:
                self._end(operation)

    def _last_of(self, operation: Operation, length: int) -> bytes | None:
        """RFC 9110, section 14.1.2: a suffix range."""
        engine, headers = self._engine, {"Range": f"bytes=-{length}"}
        patience = engine.settings.read_timeout
        response = engine.web.open(self._url, headers, read_seconds=patience)
        operation.opened(response)
        try:
            if not gives_content(response.status) and response.status != 416:
                raise ArchiveError(told(Failed((refusal(self._url, response),))))
            part = part_of(response, ranged=True)
            if part is None or part.end is None or part.end != part.size:
                return None
            if not 0 < part.end - part.first <= length:
                return None
            tail = b""
            response.limit_gaps(patience)
            while len(tail) < part.end - part.first and (chunk := part.body.read(length)):
                tail += chunk
                engine.origins.of(self._url).received += len(chunk)
            if len(tail) != part.end - part.first:
                return None
            self._total, self._version = part.end, version_of(self._url, response.headers)
            return tail
        finally:
            operation.closed(response)
            response.close()

    def _gives_ranges(self) -> bool:
        """Find out, by its first byte, how large it is as well."""
        with self._engine.operation() as operation:
            self._begin(operation)
            asker = Asker(self._engine, operation, self._engine.settings.read_timeout, again=False)
            answer = probe(self._url, Expected(), asker, head=False)
            self._end(operation)
        if answer.fault is not None or not answer.size:
            raise ArchiveError(told(Failed((answer.fault,))) if answer.fault else "it has no size")
        self._total = answer.size
        return answer.ranges.known is not False

    def _whole(self) -> Held:
        """All of it, on the disk."""
        try:
            held = Held(self._total)
            self._fetch(held, None)
        except OSError as error:
            raise ArchiveError(f"it cannot be kept: {error.strerror}") from None
        return held

    def _fetch(self, sink: Sink, window: tuple[int, int] | None) -> Fetched:
        origins, version = self._engine.origins, self._version

        def begun(url: str, _: Version | None) -> None:
            if window and origins.of(url).score.ranges is False:
                raise ArchiveError("its server ignores ranges")

        with self._engine.operation() as operation:
            # where it would wait to try again, it ends
            operation.sleep = lambda seconds: operation.interrupt()
            self._begin(operation)
            try:
                outcome = fetch(
                    self._engine,
                    [self._url],
                    Expected(self._total),
                    sink,
                    window=window,
                    version=version,
                    begun=begun,
                    operation=operation,
                )
            finally:
                self._end(operation)
        if isinstance(outcome, Failed):
            raise ArchiveError(told(outcome))
        return outcome

    def _begin(self, operation: Operation) -> None:
        with self._lock:
            self._operations.add(operation)
        if self._ended:
            operation.interrupt()

    def _end(self, operation: Operation) -> None:
        with self._lock:
            self._operations.discard(operation)
