"""One row of `tests.wire_table`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tests.wire import Talk

__all__ = ["KNOWLEDGE", "NEVER", "SIZED", "TARGET", "VERIFIED", "Talk", "WireRow"]

# what may be known of a file beforehand; a digest comes with the size
KNOWLEDGE = ("digest", "size", "nothing")
SIZED = ("digest", "size")
VERIFIED = ("digest",)
NEVER = ()

TARGET = "/f.bin"


@dataclass(frozen=True)
class WireRow:
    """A way to answer, which clients have to take as it is meant, or refuse.

    Attributes:
        title: what the documentation calls it.
        source: where it is specified.
        answer: writes the answer to a request for any target.
        target: path and query that the file is registered with.
        env: environment variables of the client.
        right: what has to be known of the file for it to come out right from this mirror
            alone; where less is known it is refused, never wrong.
    """

    title: str
    source: str
    answer: Callable[[Talk, bytes], None]
    target: str = TARGET
    right: tuple[str, ...] = KNOWLEDGE
    env: Mapping[str, str] = field(default_factory=dict)
