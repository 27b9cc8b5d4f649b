"""The files of the git-annex branch that tell of one key.

https://git-annex.branchable.com/internals/: ``.log`` (location), ``.log.web``
(URLs) and ``.log.rmt`` (per-remote state). Lines are ``TIMESTAMP STATUS VALUE``
or ``TIMESTAMP UUID STATE``; of several for one value the newest counts.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING

from datalad_jsdl.model.restriction import Restriction
from datalad_jsdl.model.times import format_mtime, parse_mtime

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

__all__ = [
    "WEB_UUID",
    "KeyState",
    "add_present",
    "in_order",
    "present_values",
    "remote_state",
    "set_remote_state",
]

_SHORT = 4096  # bytes of a log that is worth remembering

WEB_UUID = "00000000-0000-0000-0000-000000000001"


@dataclass(frozen=True, slots=True)
class KeyState:
    """What the manifest says of a key beyond its URLs; kept as the remote's state.

    Attributes:
        mtime: aware, in UTC, or None.
        order: marks (`mark`) of URLs in the order in which they are to be tried;
            empty where the alphabetical order, git-annex's own, will do.
        restriction: that the content is not for everybody, or None.
    """

    mtime: datetime | None = None
    order: tuple[str, ...] = ()
    restriction: Restriction | None = None

    def __str__(self) -> str:
        fields: dict[str, object] = {}
        if self.mtime is not None:
            fields["mtime"] = format_mtime(self.mtime)
        if self.order:
            fields["order"] = list(self.order)
        if self.restriction is not None:
            fields["access"] = self.restriction.to_json()
        return json.dumps(fields, separators=(",", ":")) if fields else ""

    @classmethod
    def parse(cls, text: str) -> KeyState:
        """Read a state; what cannot be understood (it may come from anyone) is passed over."""
        try:
            fields = json.loads(text)
        except (ValueError, RecursionError):
            return cls()
        if not isinstance(fields, dict):
            return cls()
        order = fields.get("order")
        if not isinstance(order, list) or not all(isinstance(m, str) for m in order):
            order = []
        try:
            mtime = parse_mtime(fields["mtime"])
        except (KeyError, ValueError):
            mtime = None
        try:
            restriction = Restriction.parse(fields.get("access"))
        except ValueError:
            restriction = None
        return cls(mtime, tuple(order), restriction)


def mark(url: str) -> str:
    """Eight hex digits that stand for a URL in a state."""
    return sha256(url.encode()).hexdigest()[:8]


def order_of(urls: Sequence[str]) -> tuple[str, ...]:
    """The marks to record for *urls*: none where alphabetical order says the same."""
    return () if list(urls) == sorted(urls) else tuple(mark(url) for url in urls)


def in_order(urls: Iterable[str], order: Sequence[str]) -> list[str]:
    """*urls* in the recorded order; those it does not know come last."""
    if not order:
        return sorted(urls)
    rank = {m: index for index, m in enumerate(order)}
    return sorted(urls, key=lambda url: (rank.get(mark(url), len(rank)), url))


def _parse(blob: bytes | None) -> dict[str, tuple[float, str, str]]:
    """Third field → (time, time as written, second field), of the newest line for each."""
    newest: dict[str, tuple[float, str, str]] = {}
    if not blob:
        return newest
    for line in blob.decode("utf-8", "surrogateescape").split("\n"):
        fields = line.rstrip("\r").split(" ", 2)
        if len(fields) != 3:
            continue
        stamp, status, value = fields
        time = _seconds(stamp)
        if value not in newest or newest[value][0] <= time:
            newest[value] = (time, stamp, status)
    return newest


def _seconds(stamp: str) -> float:
    try:
        time = float(stamp.rstrip("s"))
    except ValueError:
        return 0.0
    return time if math.isfinite(time) else 0.0


def _stamp(now: float, *others: float) -> str:
    """A time stamp newer than *others*, even if a clock was wrong."""
    latest = max(others, default=0.0)
    return f"{now if now > latest else latest + 1:.6f}s"


def present_values(blob: bytes | None) -> list[str]:
    """The URLs or UUIDs that a presence log has as present, in its order."""
    return [value for value, (_, _, status) in _parse(blob).items() if status == "1"]


def add_present(blob: bytes | None, values: Iterable[str], now: float) -> bytes | None:
    """A presence log with *values* present; None if it has them already.

    Args:
        blob: the log as it is, or None if there is none.
        values: URLs or UUIDs.
        now: seconds since 1970.
    """
    if blob is None:  # shortly: it is so for each key of a first import
        start = f"{_stamp(now)} 1 "
        lines = [f"{start}{value}\n" for value in dict.fromkeys(values)]
        return "".join(lines).encode("utf-8", "surrogateescape") if lines else None
    known = _parse(blob)
    missing = [v for v in dict.fromkeys(values) if v not in known or known[v][2] != "1"]
    if not missing:
        return None
    first = _stamp(now)
    for value in missing:
        stamp = _stamp(now, known[value][0]) if value in known else first
        known[value] = (now, stamp, "1")
    texts = (f"{stamp} {status} {value}\n" for value, (_, stamp, status) in known.items())
    return "".join(texts).encode("utf-8", "surrogateescape")


def _states(blob: bytes | None) -> dict[str, tuple[float, str, str]]:
    """UUID → (time, time as written, state), of the newest line for each."""
    newest: dict[str, tuple[float, str, str]] = {}
    for line in (blob or b"").decode("utf-8", "surrogateescape").split("\n"):
        stamp, _, rest = line.partition(" ")
        uuid, _, state = rest.partition(" ")
        if not uuid:
            continue
        time = _seconds(stamp)
        if uuid not in newest or newest[uuid][0] <= time:
            newest[uuid] = (time, stamp, state)
    return newest


def remote_state(blob: bytes | None, uuids: Iterable[str]) -> KeyState:
    """The newest state that any of the remotes *uuids* has in a ``.log.rmt``."""
    newest = _newest_state if len(blob or b"") <= _SHORT else _newest_state.__wrapped__
    return newest(blob, tuple(uuids))


@lru_cache(maxsize=1024)  # an import gives many keys one time, and so the same log
def _newest_state(blob: bytes | None, uuids: tuple[str, ...]) -> KeyState:
    states = _states(blob)
    found = [states[uuid] for uuid in uuids if uuid in states]
    return _parsed_state(max(found)[2]) if found else KeyState()


# an import gives many keys one time, and few of them anything else
_parsed_state = lru_cache(maxsize=1024)(KeyState.parse)


def set_remote_state(blob: bytes | None, uuid: str, state: KeyState, now: float) -> bytes:
    """A ``.log.rmt`` in which the remote *uuid* has *state* and the others theirs."""
    states = _states(blob)
    others = (time for time, _, _ in states.values())
    states[uuid] = (now, _stamp(now, *others), str(state))
    lines = (f"{stamp} {uuid} {state}\n" for uuid, (_, stamp, state) in states.items())
    return "".join(lines).encode("utf-8", "surrogateescape")
