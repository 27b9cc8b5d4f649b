"""The one table of faults: what tests go through, and what docs/faults.rst is about.

Each row is about the first of two mirrors of a file; the second is in order. Where a
client can be given one mirror only, the fault of that passes if it can.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from tests.lab import HTML, Lab, Version, refused_url

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["FAULTS", "KNOWLEDGE", "FaultRow", "set_up"]

# what may be known of a file beforehand; a digest comes with the size
KNOWLEDGE = ("digest", "size", "nothing")

Place = Literal["here", "elsewhere", "unknown authority", "nowhere"]


@dataclass(frozen=True)
class FaultRow:
    """One fault.

    Attributes:
        title: what the documentation calls it.
        faults: for `Lab.put`.
        passes: number of requests until the only mirror is in order; None: it never is.
        harmless: in the end the mirror serves the right file, to those who ask rightly.
        noticed: what has to be known beforehand for wrong bytes not to pass for the file.
        place: where the content is: at the mirror, at another to which it redirects, at one
            whose certificate nobody trusts, or where nobody listens.
        before: for `Lab.put` in an earlier run, which breaks off.
        kinds: of `faults.FaultKind`: one of them is told of a mirror that never gives the right
            file, if its digest is known.
    """

    title: str
    faults: Mapping[str, Any] = field(default_factory=dict)
    passes: int | None = None
    harmless: bool = False
    noticed: tuple[str, ...] = KNOWLEDGE
    place: Place = "here"
    before: Mapping[str, Any] | None = None
    kinds: tuple[str, ...] = ()

    @property
    def fatal(self) -> bool:
        """Whether the mirror never gives the right file, however often it is asked."""
        return not self.harmless and "times" not in self.faults


_DIGEST, _SIZE = ("digest",), ("digest", "size")
_AFTER_2 = {"Retry-After": "2"}
_ONCE_RESET = {"reset_at": 0.5, "times": 1}
_OLD, _OLD_1 = Version(older=True), Version(older=True, etag='"1"')

FAULTS: dict[str, FaultRow] = {
    "nobody": FaultRow("nobody listens", place="nowhere", kinds=("unconnected",)),
    "404": FaultRow("404", {"status": 404}, kinds=("gone",)),
    "410": FaultRow("410", {"status": 410}, kinds=("gone",)),
    "403": FaultRow("403", {"status": 403}, kinds=("terms",)),
    "429": FaultRow("429", {"status": 429}, 2, kinds=("busy",)),
    "429-after": FaultRow(
        "429, Retry-After: 2", {"status": 429, "headers": _AFTER_2}, 2, kinds=("busy",)
    ),
    "500": FaultRow("500", {"status": 500}, 2, kinds=("down",)),
    "503": FaultRow("503", {"status": 503}, 2, kinds=("overloaded",)),
    "503-after": FaultRow(
        "503, Retry-After: 2", {"status": 503, "headers": _AFTER_2}, 2, kinds=("busy",)
    ),
    "loop": FaultRow("redirect loop", {"location": "?again"}, kinds=("unfetchable",)),
    "redirect": FaultRow("redirect to another host", harmless=True, place="elsewhere"),
    "authority": FaultRow(
        "TLS, unknown authority", place="unknown authority", kinds=("untrusted",)
    ),
    "mute": FaultRow("hangs before the headers", {"mute": True}, 1, kinds=("unresponsive",)),
    "empty": FaultRow("closed before the first byte", {"cut_at": 0}, 1, kinds=("broke-off",)),
    "reset": FaultRow("reset at 50 %", {"reset_at": 0.5}, 1, kinds=("broke-off",)),
    "reset-late": FaultRow("reset at 99 %", {"reset_at": 0.99}, 1, kinds=("broke-off",)),
    "hang": FaultRow(
        "hangs at 50 %", {"hang_at": 0.5}, 1, kinds=("broke-off", "silent", "unresponsive")
    ),
    "drip": FaultRow("200 bytes/s from 50 % on", {"drip": 200, "drip_at": 0.5}, 1, kinds=("slow",)),
    "cut": FaultRow("cut at 50 %, length known", {"cut_at": 0.5}, 1, kinds=("broke-off",)),
    "cut-chunked": FaultRow(
        "cut at 50 %, chunked", {"cut_at": 0.5, "chunked": True}, 1, kinds=("broke-off",)
    ),
    "cut-no-length": FaultRow(
        "cut at 50 %, no length",
        {"cut_at": 0.5, "no_length": True},
        1,
        noticed=_SIZE,
        kinds=("truncated",),
    ),
    "chunked": FaultRow("chunked, all of it", {"chunked": True}, harmless=True),
    "no-length": FaultRow("no length, all of it", {"no_length": True}, harmless=True),
    "gzip": FaultRow("compressed unasked", {"gzip": True}, kinds=("size",)),
    "page": FaultRow("a web page with 200, length known", {"html": True}, kinds=("size",)),
    "page-chunked": FaultRow(
        "a web page with 200, chunked",
        {"versions": [Version(HTML)], "chunked": True, "headers": {"Content-Type": "text/html"}},
        kinds=("shorter", "truncated"),
    ),
    "corrupt": FaultRow(
        "corrupt byte, right size", {"corrupt_at": 0.4}, noticed=_DIGEST, kinds=("content",)
    ),
    "stale": FaultRow(
        "an old version, right size", {"versions": [_OLD]}, noticed=_DIGEST, kinds=("content",)
    ),
    "shorter": FaultRow("a shorter file", {"shorter": 0.1}, noticed=_SIZE, kinds=("size",)),
    "longer": FaultRow("a longer file", {"longer": 0.1}, noticed=_SIZE, kinds=("size",)),
    "nothing": FaultRow("an empty file", {"shorter": 1.0}, noticed=_SIZE, kinds=("size",)),
    "no-ranges": FaultRow("reset, then ignores Range", _ONCE_RESET | {"ranges": False}, 1),
    "wrong-range": FaultRow(
        "reset, then a wrong Content-Range",
        _ONCE_RESET | {"content_range": "bytes 5-9/10", "range_times": 1, "etag": '"1"'},
        1,
    ),
    "shifted-range": FaultRow(
        "reset, then other bytes than Content-Range says",
        _ONCE_RESET | {"shift": 7, "range_times": 1, "etag": '"1"'},
        1,
        noticed=_DIGEST,
    ),
    "changed": FaultRow(
        "reset, then another version",
        _ONCE_RESET | {"versions": [_OLD_1, Version(etag='"2"')]},
        1,
    ),
    "changed-no-etag": FaultRow(
        "reset, then another version, no ETag", _ONCE_RESET | {"versions": [_OLD, Version()]}, 1
    ),
    "changed-same-etag": FaultRow(
        "reset, then another version, same ETag",
        _ONCE_RESET | {"versions": [_OLD_1, Version(etag='"1"')]},
        1,
        noticed=_DIGEST,
    ),
    "other-etag": FaultRow(
        "reset, then another ETag, same bytes",
        _ONCE_RESET | {"versions": [Version(etag='"1"'), Version(etag='"2"')]},
        1,
    ),
    "changed-before": FaultRow(
        "changed since a run that broke off",
        {"etag": '"2"'},
        harmless=True,
        before={"versions": [_OLD_1], "reset_at": 0.5},
    ),
    "changed-before-no-etag": FaultRow(
        "changed since a run that broke off, no ETag",
        harmless=True,
        before={"versions": [_OLD], "reset_at": 0.5},
    ),
}


def set_up(
    row: FaultRow,
    content: bytes,
    mirror: Lab,
    other: Lab,
    *,
    passing: bool = False,
    earlier: bool = False,
) -> str:
    """Let *mirror* serve *content* at ``f.bin`` with a fault; returns the URL.

    Args:
        row: the fault.
        content: the right one.
        mirror: to misbehave.
        other: where the mirror redirects to, if the row says so.
        passing: the fault passes, if it can.
        earlier: as in the earlier run.
    """
    if row.place == "nowhere":
        return refused_url("f.bin")
    if row.place != "here":
        return mirror.put("f.bin", location=other.put("f.bin", content))
    faults = dict(row.before or {}) if earlier else dict(row.faults)
    if passing and row.passes is not None:
        faults["times"] = row.passes
    return mirror.put("f.bin", content, **faults)
