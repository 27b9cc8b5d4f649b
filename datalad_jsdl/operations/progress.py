"""How long work is going: bars, and what a bulk download's says of files, bytes and mirrors."""

from __future__ import annotations

import shutil
import time
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from types import TracebackType

    from datalad_jsdl.fetch.engine import Engine

__all__ = ["SILENT", "Bar", "Monitor", "Progress", "Tick"]

_EVERY = 0.25  # seconds
_MOST_MIRRORS = 3


class Bar(Protocol):
    """Bars of one piece of work, one for each label."""

    def update(self, label: str, done: int, total: int | None, text: str = "") -> None:
        """Show that *done* of *total* are there; *text* takes the label's place."""

    def end(self, label: str) -> None:
        """What the label stands for is done."""


class Progress(Protocol):
    """Shows, or does not, how work is going."""

    def bar(self, work: str, unit: str = " files") -> AbstractContextManager[Bar]:
        """Bars for one piece of work.

        Args:
            work: tells it from others that are under way; nobody sees it.
            unit: of what is counted, with a space before it.
        """


class _Silent:
    """Shows nothing."""

    def bar(self, work: str, unit: str = " files") -> _Silent:
        return self

    def update(self, label: str, done: int, total: int | None, text: str = "") -> None:
        pass

    def end(self, label: str) -> None:
        pass

    def __enter__(self) -> _Silent:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        pass


#: Progress that nobody looks at.
SILENT: Progress = _Silent()


class Tick(Protocol):
    """Told how many files are done, and how many bytes of them were there before."""

    def __call__(self, done: int, before: int = 0, /) -> None: ...


class Monitor:
    """A progress bar in bytes, whose label says the rest."""

    def __init__(self, bar: Bar) -> None:
        self._bar = bar

    def watch(self, engine: Engine, label: str, files: int, size: int) -> Tick:
        """What is to be told, now and then, the number of files done so far.

        Args:
            engine: whose mirrors are shown.
            label: what is being done.
            files: their number.
            size: bytes to come, as far as known.
        """
        shown = 0.0
        rates: dict[str, float] = {}
        before = {origin.name: origin.received for origin in engine.origins.all()}
        start = sum(before.values())

        def show(done: int, held: int = 0) -> None:
            nonlocal shown, before
            now = time.monotonic()
            if now - shown < _EVERY and done < files:
                return
            elapsed = now - shown if shown else _EVERY
            shown = now
            received = {origin.name: origin.received for origin in engine.origins.all()}
            for name, amount in received.items():
                rate = (amount - before.get(name, 0)) / elapsed
                rates[name] = rate if name not in rates else 0.7 * rates[name] + 0.3 * rate
            before = received
            text = f"{label} {done}/{files} files"
            mirrors = _mirrors(rates)
            if mirrors and shutil.get_terminal_size().columns >= len(text) + len(mirrors) + 60:
                text += f" ({mirrors})"  # else they would take the bar's own place
            position = sum(received.values()) - start + held
            self._bar.update(label, min(position, size) if size else position, size or None, text)

        return show


def _mirrors(rates: dict[str, float]) -> str:
    fastest = sorted(((r, n) for n, r in rates.items() if r > 0), reverse=True)[:_MOST_MIRRORS]
    if len(rates) < 2:
        return ""  # the bar's own rate says it
    return ", ".join(f"{urlsplit(name).netloc} {rate / 1e6:.1f} MB/s" for rate, name in fastest)
