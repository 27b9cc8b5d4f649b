"""Contents read once for both: what is to be known of each, and the SHA-256 of their archive."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from datalad_jsdl.archive.export import export
from datalad_jsdl.archive.telling import TellingWriter

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from datalad_jsdl.archive.content import Content, Sources
    from datalad_jsdl.archive.prepare import Prepared
    from datalad_jsdl.errors import FetchError

__all__ = ["OnePass", "read_once"]


@dataclass(frozen=True)
class OnePass:
    """What came of it.

    Attributes:
        size: bytes of the archive; of that without what failed, if any did.
        sha256: hex digest of it.
        failures: by the name of the member.
    """

    size: int
    sha256: str
    failures: Mapping[bytes, FetchError] = field(default_factory=dict)


def read_once(
    contents: Sequence[Content],
    sources: Sources,
    found: Callable[[bytes, Prepared], object],
    *,
    jobs: int | None,
    progress: Callable[[int], object] = lambda position: None,
    stop: threading.Event | None = None,
) -> OnePass:
    """Make an archive that goes nowhere.

    Args:
        contents: in the order of their members.
        sources: opens git's objects and asks mirrors.
        found: told, for each member by its name, what was found out of its content.
        jobs: pieces of content to fetch at a time; None for as many as pay.
        progress: told the number of bytes of the archive so far.
        stop: ends it within a moment after it is set.

    Raises:
        FetchError: *stop* was set.
    """
    output = _Hash()
    writer = TellingWriter(output, progress=progress)
    writer.found = found
    done = export(contents, sources, writer, output, jobs=jobs, skip_missing=True, stop=stop)
    return OnePass(output.position, output.hexdigest(), done.failures)


class _Hash:
    """See `Output`: nothing but the SHA-256 is kept."""

    spool: Path | None = None
    advice = ""

    def __init__(self) -> None:
        self.position = 0
        self._hash = hashlib.sha256()
        self._mark = 0, self._hash.copy()

    def write(self, chunk: bytes | memoryview) -> int:
        """See `Output`."""
        self._hash.update(chunk)
        self.position += len(chunk)
        return len(chunk)

    def mark(self) -> None:
        """See `Output`."""
        self._mark = self.position, self._hash.copy()

    def back(self) -> bool:
        """See `Output`."""
        self.position, marked = self._mark
        self._hash = marked.copy()
        return True

    def hexdigest(self) -> str:
        """Of all that was written."""
        return self._hash.hexdigest()
