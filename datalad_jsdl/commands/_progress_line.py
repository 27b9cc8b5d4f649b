"""How far work is, in one line that fits."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from datalad_jsdl.model.amounts import counted, rate_text, size_text, time_text
from datalad_jsdl.operations.rates import Rate, remaining

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from datalad_jsdl.operations.progress import Standing

__all__ = ["Part", "fitted", "told"]

BYTES = "bytes"
_BAR = 30  # characters, at most
_LEAST_BAR = 8
_MOST_MIRRORS = 3


@dataclass(frozen=True, slots=True)
class _Facts:
    """What can be said, each thing in a few words; "" where nothing is known."""

    percent: int | None
    amount: str
    files: str
    rate: str
    left: str
    mirrors: str


@dataclass
class Part:
    """One part of a piece of work, as it is shown.

    Attributes:
        label: what is being done.
        unit: see `Progress.bar`.
        look: tells how far it is.
    """

    label: str
    unit: str
    look: Callable[[], Standing]
    _rate: Rate | None = None
    _mirrors: dict[str, Rate] = field(default_factory=dict)
    _most: int = 0
    _standing: Standing | None = None

    def sample(self, now: float) -> None:
        """Look how far it is."""
        standing = self._standing = self.look()
        self._most = max(self._most, standing.done)
        files = standing.files or 0
        moved = standing.done if standing.moved is None else standing.moved
        amount = files if standing.total is None and not standing.done else moved
        if self._rate is None:
            self._rate = Rate(now, amount)
        self._rate.add(now, amount)
        for host, given in standing.mirrors.items():
            if host not in self._mirrors:
                self._mirrors[host] = Rate(now, 0)
            self._mirrors[host].add(now, given)

    def facts(self) -> _Facts:
        """What is known of it, as of the last sample."""
        standing = self._standing
        if standing is None or self._rate is None:
            return _Facts(None, "", "", "", "", "")
        done, total = self._most, standing.total
        rate = self._rate.per_second()
        left = remaining(done, total, rate)
        if total is None:
            left = remaining(standing.files or 0, standing.of_files, rate) if not done else None
        is_bytes = self.unit == BYTES
        files = counted(standing.of_files, "file") if standing.of_files else ""
        return _Facts(
            percent=_percent(done, standing),
            amount=self._amount(done, total),
            files=f"{standing.files} of {files}" if files else "",
            rate=rate_text(rate) if is_bytes and rate and done else "",
            left=f"{time_text(left)} left" if left else "",
            mirrors=_mirror_text({host: r.per_second() for host, r in self._mirrors.items()}),
        )

    def _amount(self, done: int, total: int | None) -> str:
        if self.unit != BYTES:
            return f"{done} of {total} {self.unit}" if total is not None else f"{done} {self.unit}"
        if total is None:
            return size_text(done) if done else ""
        of, have = size_text(total), size_text(done)
        if have.rpartition(" ")[2] == of.rpartition(" ")[2]:
            have = have.rpartition(" ")[0]
        return f"{have} of {of}"


def _percent(done: int, standing: Standing) -> int | None:
    total = standing.total
    if total is None and standing.of_files:
        done, total = standing.files or 0, standing.of_files
    if total is None:
        return None
    return min(100 * done // total, 100) if total else 100


def _mirror_text(rates: Mapping[str, float | None]) -> str:
    if len(rates) == 1:
        return f"from {next(iter(rates))}"  # the rate of all is its rate
    fastest = sorted(((rate, host) for host, rate in rates.items() if rate), reverse=True)
    return ", ".join(f"{host} {rate_text(rate)}" for rate, host in fastest[:_MOST_MIRRORS])


def told(part: Part) -> str:
    """All of it, for a log."""
    facts = part.facts()
    percent = "" if facts.percent is None else f"{facts.percent} %"
    words = [percent, facts.amount, facts.files, facts.rate, facts.left, facts.mirrors]
    return f"{part.label}: " + ", ".join(filter(None, words))


def fitted(part: Part, columns: int, *, blocks: bool) -> str:
    """As much of it as fits into a line of a terminal.

    Args:
        part: what to tell of.
        columns: of the terminal; the last one stays free.
        blocks: characters for graphics can be shown.
    """
    facts = part.facts()
    percent = "" if facts.percent is None else f"{facts.percent:3} %"
    room = max(columns - 1, 1)
    first = f"{part.label}  {percent}".rstrip()
    words: list[str] = []
    for word in (facts.amount, facts.left, facts.files, facts.rate, facts.mirrors):
        if word and len(first) + 2 + len(", ".join([*words, word])) <= room:
            words.append(word)
    # in the order in which they are read
    order = [facts.amount, facts.files, facts.rate, facts.left, facts.mirrors]
    text = ", ".join(word for word in order if word in words)
    free = room - len(first) - 2 - len(text) - 2
    if facts.percent is not None and free >= _LEAST_BAR:
        first += "  " + _drawn(facts.percent, min(free, _BAR), blocks=blocks)
    line = f"{first}  {text}" if text else first
    return line if len(line) <= room else line[:room]


def _drawn(percent: int, width: int, *, blocks: bool) -> str:
    full, empty, start, end = ("█", "░", "", "") if blocks else ("#", ".", "[", "]")
    inner = width - len(start) - len(end)
    count = inner * percent // 100
    return f"{start}{full * count}{empty * (inner - count)}{end}"
