"""One reader, one archive: does it find what is in it?"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tests.archive.readers.cases import CASES
from tests.archive.readers.found import Found, ReaderError
from tests.archive.readers.table import MODE, READERS, TIME

if TYPE_CHECKING:
    from tests.archive.readers.cases import Case
    from tests.archive.readers.kit import Kit
    from tests.archive.readers.table import Reader

WRONG = "wrong, and no error"

_MEMORY = Path("/dev/shm")
_ROOM = 1 << 30  # bytes: the largest archive has holes, and takes a quarter of it


class Archives:
    """The archives of the cases, one at a time; a context manager.

    Attributes:
        path: of the present one.
        expected: what is in it.
    """

    path: Path
    expected: dict[str, Found]

    def __init__(self) -> None:
        room = _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > _ROOM
        self._folder = tempfile.TemporaryDirectory(dir=_MEMORY if room else None)
        self._present = ""

    def __enter__(self) -> Archives:
        return self

    def __exit__(self, *_: object) -> None:
        self._folder.cleanup()

    def make(self, name: str) -> None:
        """Let one be the present one."""
        if name == self._present:
            return
        self.path = Path(self._folder.name, "archive.zip")
        CASES[name].write(self.path)
        self.expected = CASES[name].expected()
        self._present = name

    def trial(self, kit: Kit, reader: str, case: str) -> str:
        """What went wrong; nothing if the reader has found all that it should."""
        self.make(case)
        large = CASES[case].large
        sizes = {name: member.size for name, member in self.expected.items()} if large else {}
        try:
            found = READERS[reader].read(kit, self.path, sizes)
        except ReaderError as error:
            return str(error).replace(str(self.path), "ARCHIVE")
        return _difference(self.expected, found, READERS[reader], CASES[case])


def _difference(
    expected: dict[str, Found], found: dict[str, Found], reader: Reader, case: Case
) -> str:
    for name in sorted(expected.keys() | found.keys()):
        if name not in expected or name not in found:
            return f"{WRONG}: {name} is {'extra' if name in found else 'missing'}"
        known = _comparable(expected[name], expected[name], reader, case)
        read = _comparable(found[name], expected[name], reader, case)
        if read != known:
            return f"{WRONG}: {name} is {read}, not {known}"
    return ""


def _comparable(found: Found, expected: Found, reader: Reader, case: Case) -> Found:
    """What is known on both sides."""
    time, mode = found.mtime, found.mode
    link = expected.mode is not None and expected.mode >> 12 == 0o12
    if TIME not in reader.keeps or expected.mtime is None or link or case.large:
        time = None
    if MODE not in reader.keeps or case.large:
        mode = None
    return Found(found.size, found.crc, time, mode)
