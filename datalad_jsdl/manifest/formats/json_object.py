"""The project's own form: one object, ``{"path": ["url", …], …}``, read as a stream."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from datalad_jsdl.errors import ManifestError
from datalad_jsdl.manifest.record import Record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalad_jsdl.manifest.formats import Options

__all__ = ["records", "sniff"]

_SPACE = re.compile(r"[ \t\n\r]*")

# Characters of one path and value; a document without end must not fill the memory.
_MAX_VALUE = 64 << 20


def sniff(head: str) -> bool:
    """It begins as an object."""
    return head.lstrip(" \t\n\r").startswith("{")


def records(text: Iterator[str], options: Options) -> Iterator[Record]:
    """One record a member of the object, in its order, duplicates included.

    Raises:
        ManifestError: the document is not JSON; line and column are named.
    """
    reader = _Reader(text)
    reader.expect("{")
    if reader.peek() == "}":
        reader.expect("}")
    else:
        while True:
            line = reader.line
            path = reader.value()
            if not isinstance(path, str):
                raise reader.error("expected a path in double quotes")
            reader.expect(":")
            yield Record(path, reader.value(), f"line {line}")
            if reader.peek() == "}":
                reader.expect("}")
                break
            reader.expect(",")
    if reader.peek():
        raise reader.error("expected the end of the document")


class _Reader:
    """JSON tokens and values out of chunks of text; holds one value at a time."""

    def __init__(self, text: Iterator[str]) -> None:
        self._text = text
        self._buffer = ""
        self._at = 0
        self._ended = False
        self._line = 1
        self._column = 1
        self._decode = json.JSONDecoder().raw_decode

    @property
    def line(self) -> int:
        """The line of the next token, from 1."""
        self.peek()
        return self._line

    def error(self, what: str) -> ManifestError:
        return ManifestError(f"not JSON: {what} at line {self._line}, column {self._column}")

    def peek(self) -> str:
        """The next character that is no white space; empty at the end."""
        while True:
            match = _SPACE.match(self._buffer, self._at)
            self._advance(match.end() if match else self._at)
            if self._at < len(self._buffer):
                return self._buffer[self._at]
            if not self._more():
                return ""

    def expect(self, character: str) -> None:
        if (found := self.peek()) != character:
            got = repr(found) if found else "the end of the document"
            raise self.error(f"expected {character!r}, got {got}")
        self._advance(self._at + 1)

    def value(self) -> Any:
        self.peek()
        while True:
            try:
                value, end = self._decode(self._buffer, self._at)
                # 12 at the end of the buffer may be the beginning of 123 or 12e+3
                if end + 2 < len(self._buffer) or not self._more():
                    self._advance(end)
                    return value
            except json.JSONDecodeError as error:
                if not self._more():
                    self._advance(error.pos)
                    raise self.error(error.msg.lower()) from None
            except (RecursionError, ValueError):
                raise self.error("a value too deep or a number too long") from None

    def _more(self) -> bool:
        """Put more text behind what is pending; at the end, leave all as it is."""
        if self._ended:
            return False
        pending = self._buffer[self._at :]
        if len(pending) > _MAX_VALUE:
            raise self.error(f"a value of more than {_MAX_VALUE} characters, or without end")
        parts = [pending]
        wanted = max(len(pending), 1)  # doubling: a long value is decoded few times
        while wanted > 0:
            chunk = next(self._text, None)
            if chunk is None:
                self._ended = True
                break
            parts.append(chunk)
            wanted -= len(chunk)
        if len(parts) == 1:
            return False
        self._buffer = "".join(parts)
        self._at = 0
        return True

    def _advance(self, end: int) -> None:
        newlines = self._buffer.count("\n", self._at, end)
        if newlines:
            self._line += newlines
            self._column = end - self._buffer.rfind("\n", self._at, end)
        else:
            self._column += end - self._at
        self._at = end
