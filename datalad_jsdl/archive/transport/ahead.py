"""Small contents that are read in order, out of zips: groups of them are fetched ahead."""

from __future__ import annotations

import threading
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from datalad_jsdl.archive.transport.taking import Archives, Wanted, is_small
from datalad_jsdl.model.content import Fetched

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from concurrent.futures import Future

    from datalad_jsdl.archive.content import Content
    from datalad_jsdl.archive.shelf import Outcome
    from datalad_jsdl.archive.transport.taking import Group
    from datalad_jsdl.fetch.engine import Engine
    from datalad_jsdl.model.archives import NamedArchive

__all__ = ["GroupsAhead"]

_WINDOW = 5000  # contents that are planned together
_MOST = 2 << 20  # bytes of a group: it stays in memory until all of it was taken
_AT_ONCE = 4  # groups


@dataclass(eq=False)
class _Ahead:
    """A group, and what came of it once it was asked for."""

    group: Group[int]
    left: int  # contents of it that were not taken yet
    contents: Future[Mapping[int, bytes | memoryview]] | None = None


class GroupsAhead:
    """Small contents of an archive that other zips have; for any thread.

    Args:
        contents: in the order in which they are read.
        engine: for what has to come from a content's mirrors.
    """

    def __init__(self, contents: Sequence[Content], engine: Callable[[Content], Engine]) -> None:
        self._contents = contents
        self._engine = engine
        self._lock = threading.Lock()
        self._archives: dict[tuple[int, tuple[NamedArchive, ...]], Archives] = {}
        self._planned = 0  # contents before this one were looked at
        self._of: dict[int, _Ahead] = {}  # number of a content that was not taken yet → its group
        self._waiting: deque[_Ahead] = deque()  # not asked for yet
        self._in_memory = 0  # groups that were asked for, and not taken to their end
        self._pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="zip")

    def fetch(self, number: int, otherwise: Callable[[], Outcome]) -> Outcome:
        """A content out of a zip, verified; or what *otherwise* gives, if none has it."""
        content = self._take(number)
        if content is None:
            return otherwise()
        return Fetched(len(content)), bytearray(content)

    def interrupt(self) -> None:
        """Whatever is fetched ends soon; from any thread."""
        for archives in list(self._archives.values()):
            archives.interrupt()

    def close(self) -> None:
        """Fetch nothing more."""
        self.interrupt()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _take(self, number: int) -> bytes | memoryview | None:
        with self._lock:
            if number >= self._planned:
                self._plan(number)
            ahead = self._of.pop(number, None)
            if ahead is None:
                return None
            self._ask(ahead)
            ahead.left -= 1
            self._in_memory -= not ahead.left
        return ahead.contents.result().get(number) if ahead.contents else None

    def _ask(self, ahead: _Ahead) -> None:
        """Have a group fetched, and some of those after it."""
        while self._waiting and ahead.contents is None:
            self._submit(self._waiting.popleft())
        while self._waiting and self._in_memory < _AT_ONCE:
            self._submit(self._waiting.popleft())

    def _submit(self, ahead: _Ahead) -> None:
        group = ahead.group
        self._in_memory += 1
        ahead.contents = self._pool.submit(lambda: dict(group.contents(group.read())))

    def _plan(self, first: int) -> None:
        """Look for groups among the next contents."""
        self._planned = min(first + _WINDOW, len(self._contents))
        by_archives: dict[tuple[int, tuple[NamedArchive, ...]], dict[int, Wanted[int]]] = {}
        for number in range(first, self._planned):
            content = self._contents[number]
            if content.archives and content.is_remote and is_small(content.expected):
                engine = self._engine(content)
                key = id(engine), content.archives
                if key not in self._archives:
                    self._archives[key] = Archives(content.archives, engine)
                wanted = Wanted(number, (content.path,), content.expected)
                by_archives.setdefault(key, {})[number] = wanted
        found: list[_Ahead] = []
        for key, left in by_archives.items():
            for groups in self._archives[key].plans(left.values(), _MOST):
                for group in groups:
                    found.append(_Ahead(group, len(group.items)))
                    for number in group.items:
                        self._of[number] = found[-1]
                        del left[number]
        self._waiting.extend(sorted(found, key=lambda ahead: min(ahead.group.items)))
