"""Contents read once for both: what is to be known of each, and the SHA-256 of their archive."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from datalad_jsdl.archive.export import export
from datalad_jsdl.archive.prepare import Digests
from datalad_jsdl.archive.zip.writer import CanonicalWriter

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from datalad_jsdl.archive.content import Content, Sources
    from datalad_jsdl.archive.prepare import Prepared
    from datalad_jsdl.archive.readers import Check, Reader
    from datalad_jsdl.archive.zip.members import Member
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
    jobs: int,
    progress: Callable[[int], object] = lambda position: None,
    stop: threading.Event | None = None,
) -> OnePass:
    """Make an archive that goes nowhere.

    Args:
        contents: in the order of their members.
        sources: opens git's objects and asks mirrors.
        found: told, for each member by its name, what was found out of its content.
        jobs: pieces of content to fetch at a time.
        progress: told the number of bytes of the archive so far.
        stop: ends it within a moment after it is set.

    Raises:
        FetchError: *stop* was set.
    """
    output = _Hash()
    writer = _Writer(output, found, progress)
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


class _Writer(CanonicalWriter):
    """Tells what each content is, once all of it was written and found to be right."""

    def __init__(
        self,
        output: _Hash,
        found: Callable[[bytes, Prepared], object],
        progress: Callable[[int], object],
    ) -> None:
        super().__init__(output, progress=progress)
        self._found = found

    def add(self, member: Member, reader: Reader) -> None:
        """See `CanonicalWriter`."""
        index = len(self._layout)
        digests = Digests()
        reader.check = _Both(reader.check, digests)
        super().add(member, reader)
        crc = self._crcs.get(index) if member.size else 0
        self._found(member.name, digests.prepared(member.size, crc or 0))


class _Both:
    """See `Check`: a reader's own, and digests beside it."""

    def __init__(self, check: Check | None, digests: Digests) -> None:
        self._check = check
        self._digests = digests

    def update(self, chunk: bytes | memoryview) -> None:
        """See `Check`."""
        if self._check is not None:
            self._check.update(chunk)
        self._digests.update(chunk)

    def mismatch(self) -> str | None:
        """See `Check`."""
        return self._check.mismatch() if self._check is not None else None
