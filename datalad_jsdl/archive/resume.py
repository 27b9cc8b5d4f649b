"""How much of an archive that was broken off is good."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING

from datalad_jsdl.archive.here import BlobCheck
from datalad_jsdl.archive.readers import Begun
from datalad_jsdl.archive.zip.crc32 import Crcs, crc32
from datalad_jsdl.archive.zip.layout import Layout
from datalad_jsdl.archive.zip.members import BLOCK, FRAME, Kind
from datalad_jsdl.archive.zip.structures import block_header, descriptor, local_header
from datalad_jsdl.fetch.file.verification import Verifier

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from datalad_jsdl.archive.content import Content
    from datalad_jsdl.archive.readers import Check

__all__ = ["Prefix", "good_prefix"]

_BLOCKS = 16  # read at a time


@dataclass
class Prefix:
    """What an earlier run has written, verified.

    Attributes:
        length: good bytes.
        layout: of the members that are complete.
        crcs: of them.
        next: number of the content that comes next.
        begun: what is there of it.
        passed: numbers of contents before it that were left out.
        foreign: what is there is of another selection, or another archive altogether.
    """

    length: int = 0
    layout: Layout = field(default_factory=Layout)
    crcs: Crcs = field(default_factory=Crcs)
    next: int = 0
    begun: Begun | None = None
    passed: list[int] = field(default_factory=list)
    foreign: bool = False


def good_prefix(
    file: IO[bytes],
    contents: Sequence[Content],
    *,
    skip: Callable[[Content], bool] = lambda content: False,
    progress: Callable[[int], object] = lambda position: None,
) -> Prefix:
    """Compare a broken-off archive with what it is to become, byte by byte.

    Every content is verified against its key or git's object name; one that has neither
    against the CRC-32 in its descriptor.

    Args:
        file: the archive.
        contents: that are to be in it, in order.
        skip: whether a content that was left out is to stay so.
        progress: told the number of bytes looked at.
    """
    return _Look(file, progress).run(contents, skip)


class _Look:
    def __init__(self, file: IO[bytes], progress: Callable[[int], object]) -> None:
        self._file = file
        self._progress = progress
        self._done = Prefix()

    def run(self, contents: Sequence[Content], skip: Callable[[Content], bool]) -> Prefix:
        done, passed = self._done, list[int]()
        first = self._name(0)
        done.foreign = first is not None and all(c.name != first for c in contents)
        for number, content in enumerate(contents):
            name = self._name(done.length)
            if name is None:
                break
            if name == content.name:
                if not self._is_good(content):
                    break
                done.next = number + 1
                done.passed += passed
                passed.clear()
                if done.begun:
                    done.next = number
                    break
            elif name > content.name and skip(content):
                passed.append(number)
            else:
                break
        return done

    def _read(self, position: int, length: int) -> bytes:
        self._file.seek(position)
        return self._file.read(length)

    def _name(self, position: int) -> bytes | None:
        head = self._read(position, 30)
        if len(head) < 30 or head[:4] != b"PK\3\4":
            return None
        length = struct.unpack_from("<H", head, 26)[0]
        name = self._read(position + 30, length)
        return name if len(name) == length else None

    def _is_good(self, content: Content) -> bool:
        """Whether the member that follows is the content's; takes note of it if it is."""
        done, start = self._done, self._done.length
        fields = self._read(start, 30)
        data = start + 30 + sum(struct.unpack_from("<HH", fields, 26))
        check, crc, size = _check_of(content), 0, 0
        if content.kind is Kind.SYMLINK:
            portions: Iterator[bytes] = iter([self._read(data, content.size or 0)])
        elif content.size == 0 or fields[8:10] == b"\0\0":  # stored: it is empty
            portions = iter(())
        else:
            portions = self._blocks(data, content.size)
        for portion in portions:
            check.update(portion)
            crc = crc32(portion, crc)
            size += len(portion)
            self._progress(data + size)
        member = content.member(size if content.size is None else content.size)
        if self._read(start, data - start) != local_header(member, crc):
            return False
        done.layout.add(member)
        end = done.layout.central_offset
        if size == member.size:
            tail = descriptor(member, crc) if size and content.kind is not Kind.SYMLINK else b""
            if self._read(end - len(tail), len(tail)) == tail and check.mismatch() is None:
                done.crcs.put(len(done.layout) - 1, crc)
                done.length = end
                return True
        done.layout.pop()
        return self._is_begun(content, check, data, size, crc)

    def _is_begun(self, content: Content, check: Check, data: int, size: int, crc: int) -> bool:
        """Whether to go on in the middle of the content."""
        if content.blob or content.inline is not None or not isinstance(check, Verifier):
            return False  # it is quickly written anew
        if not 0 < size < (content.size or 0):
            return False
        self._done.length = data + size + 5 * -(-size // BLOCK)
        self._done.begun = Begun(size, crc, check)
        return True

    def _blocks(self, position: int, size: int | None) -> Iterator[bytes]:
        """The content in blocks, as far as there are good ones."""
        got = 0
        while frames := self._read(position, _BLOCKS * FRAME):
            for start in range(0, len(frames), FRAME):
                head = frames[start : start + 5]
                if size is None:
                    last = head[:1] == b"\1"
                    known = last and len(head) == 5
                    length = struct.unpack_from("<H", head, 1)[0] if known else BLOCK
                else:
                    length = min(BLOCK, size - got)
                    last = got + length == size
                body = frames[start + 5 : start + 5 + length]
                if head != block_header(length, last=last) or not body:
                    return
                got += len(body)
                yield body
                if last or len(body) < length:
                    return
            position += len(frames)


def _check_of(content: Content) -> Check:
    if content.blob:
        return BlobCheck(content.blob, content.size or 0)
    return Verifier(content.expected) if content.expected.algorithm else _NoCheck()


class _NoCheck:
    """Of a content that has no digest."""

    def update(self, chunk: bytes | memoryview) -> None:
        """See `readers.Check`."""

    def mismatch(self) -> str | None:
        """See `readers.Check`."""
        return None
