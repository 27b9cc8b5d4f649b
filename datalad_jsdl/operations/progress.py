"""How a bulk download is going: files, bytes, rate, time left, and the mirrors' rates."""

from __future__ import annotations

import shutil
import time
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from datalad_jsdl.commands._common import Bar
    from datalad_jsdl.fetch.engine import Engine

__all__ = ["Monitor", "Progress"]

_EVERY = 0.25  # seconds
_MOST_MIRRORS = 3


class Progress(Protocol):
    """Told how many files are done, and how many bytes of them were there before."""

    def __call__(self, done: int, before: int = 0, /) -> None: ...


class Monitor:
    """A progress bar in bytes, whose label says the rest."""

    def __init__(self, bar: Bar) -> None:
        self._bar = bar

    def watch(self, engine: Engine, label: str, files: int, size: int) -> Progress:
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
