"""JSON read piece by piece, so that no more than a value of it is held (RFC 8259)."""

from __future__ import annotations

import json
import re
import zlib
from typing import TYPE_CHECKING, Any

from datalad_jsdl.errors import ManifestError
from datalad_jsdl.manifest.text import json_fault

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Items", "JsonReader", "is_list", "read_document"]

_SPACE = re.compile(r"[ \t\n\r]*")
_NAME = re.compile(r'"([^"\\\x00-\x1f]*)"[ \t\n\r]*:[ \t\n\r]*')
_NO_NAME = re.compile("()")
# with another element or member behind it
_COMMA = re.compile(r"[ \t\n\r]*,[ \t\n\r]*(?=[^\]} \t\n\r])")

# Characters of one value; a document without end must not fill the memory. Decoded, it may take
# forty times as much.
_MAX_VALUE = 16 << 20

_FEW = 1 << 20  # characters of an array that is as well held decoded
_BLOCK = 1 << 18  # characters that are packed together
_DEEPEST = 100  # objects in each other that are looked into


class Items:
    """The elements of a long array, decoded as they are asked for.

    Held decoded they would take twenty times as much memory, or more.
    """

    def __init__(self) -> None:
        self._blocks: list[bytes] = []
        self._texts: list[str] = []
        self._size = self._count = 0

    def append(self, text: str) -> None:
        """Add an element, as it stands in the document."""
        self._count += 1
        self._texts.append(text)
        self._size += len(text)
        if self._size > _BLOCK:
            block = self._waiting().encode("utf-8", "surrogatepass")
            self._blocks.append(zlib.compress(block, 1))
            self._texts, self._size = [], 0

    def _waiting(self) -> str:
        return f"[{','.join(self._texts)}]"

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Any]:
        for block in self._blocks:
            yield from json.loads(zlib.decompress(block).decode("utf-8", "surrogatepass"))
        yield from json.loads(self._waiting())


class _Elements:
    """The elements of an array that is the whole document, read while they are asked for, once."""

    def __init__(self, reader: JsonReader) -> None:
        self._reader = reader

    def __iter__(self) -> Iterator[Any]:
        for value, _, _ in self._reader.elements():
            yield value
        self._reader.end()


def is_list(value: Any) -> bool:
    """Whether it is an array of a document, however it is held."""
    return isinstance(value, (list, Items, _Elements))


def read_document(text: Iterator[str]) -> Any:
    """The one value that a document is.

    Long arrays in objects of it are `Items`. If it is an array itself, the result can be
    iterated over once, and raises what is wrong with it as it comes to that.

    Raises:
        ManifestError: it is not JSON; line and column are named.
    """
    reader = JsonReader(text)
    if reader.peek() == "[":
        return _Elements(reader)
    value = _value(reader, _DEEPEST)
    reader.end()
    return value


def _value(reader: JsonReader, depth: int) -> Any:
    first = reader.peek()
    if first == "[":
        return _array(reader)
    return _object(reader, depth) if first == "{" and depth else reader.value()


def _object(reader: JsonReader, depth: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    reader.expect("{")
    if reader.peek() != "}":
        while True:
            if reader.peek() != '"':
                raise reader.error("expecting property name enclosed in double quotes")
            name = reader.value()
            reader.expect(":")
            found[name] = _value(reader, depth - 1)
            if reader.peek() == "}":
                break
            reader.expect(",")
    reader.expect("}")
    return found


def _array(reader: JsonReader) -> list[Any] | Items:
    few: list[Any] = []
    texts: list[str] = []
    many: Items | None = None
    size = 0
    for value, text, _ in reader.elements():
        size += len(text)
        if many is not None:
            many.append(text)
        elif size <= _FEW:
            few.append(value)
            texts.append(text)
        else:
            many = Items()
            for element in (*texts, text):
                many.append(element)
            few, texts = [], []
    return few if many is None else many


class JsonReader:
    """JSON tokens and values out of chunks of text; holds one value at a time."""

    def __init__(self, text: Iterator[str]) -> None:
        self._text = text
        self._buffer = ""
        self._at = 0
        self._ended = False
        self._line = 1
        self._column = 1
        decoder: Any = json.JSONDecoder()  # the stubs lack what raw_decode calls
        self._decode, self._scan = decoder.raw_decode, decoder.scan_once

    @property
    def line(self) -> int:
        """The line of the next token, from 1."""
        self.peek()
        return self._line

    def error(self, what: str) -> ManifestError:
        """An error at the place that is reached."""
        where = f"line {self._line}, column {self._column}"
        return ManifestError(f"not JSON: {what} at {where}", where=where)

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
        """Pass over a character, which has to be the next.

        Raises:
            ManifestError: it is another.
        """
        if (found := self.peek()) != character:
            got = repr(found) if found else "the end of the document"
            raise self.error(f"expected {character!r}, got {got}")
        self._advance(self._at + 1)

    def end(self) -> None:
        """Make sure that the document is over.

        Raises:
            ManifestError: it is not.
        """
        if self.peek():
            raise self.error("expected the end of the document")

    def value(self) -> Any:
        """The next value, whole."""
        return self.value_and_text()[0]

    def value_and_text(self) -> tuple[Any, str]:
        """The next value, and what it was decoded from."""
        self.peek()
        while True:
            try:
                value, end = self._decode(self._buffer, self._at)
                # 12 at the end of the buffer may be the beginning of 123 or 12e+3
                if end + 2 < len(self._buffer) or not self._more():
                    text = self._buffer[self._at : end]
                    self._advance(end)
                    return value, text
            except json.JSONDecodeError as error:
                if not self._more():
                    self._advance(error.pos)
                    raise self.error(json_fault(error).lower()) from None
            except (RecursionError, ValueError):
                raise self.error("a value nested too deeply, or a number too long") from None

    def members(self) -> Iterator[tuple[str, Any, int]]:
        """The members of the object that comes next: name, value and line of each, once.

        Raises:
            ManifestError: it is no object, a name no string, or it breaks off.
        """
        self.expect("{")
        more = self.peek() != "}"
        while more:
            for name, value, _, line in self._in_buffer(_NAME):
                yield name, value, line
            line = self.line
            name = self.value()
            if not isinstance(name, str):
                raise self.error("expected a path in double quotes")
            self.expect(":")
            yield name, self.value(), line
            if more := self.peek() != "}":
                self.expect(",")
        self.expect("}")

    def elements(self) -> Iterator[tuple[Any, str, int]]:
        """The elements of the array that comes next: value, what it was decoded from, and line.

        Raises:
            ManifestError: it is no array, or breaks off.
        """
        self.expect("[")
        more = self.peek() != "]"
        while more:
            for _, value, text, line in self._in_buffer(_NO_NAME):
                yield value, text, line
            line = self.line
            yield *self.value_and_text(), line
            if more := self.peek() != "]":
                self.expect(",")
                if self.peek() == "]":
                    raise self.error("expected a value after the comma")
        self.expect("]")

    def _in_buffer(self, before: re.Pattern[str]) -> Iterator[tuple[str, Any, str, int]]:
        """Name, value, text and line of what is whole in the buffer, with a comma behind it.

        It takes a third of the time. What it leaves, or finds wrong, is for the others.
        """
        self.peek()
        while begin := before.match(self._buffer, self._at):
            try:
                value, end = self._scan(self._buffer, begin.end())
            except (RecursionError, StopIteration, ValueError):
                return
            if (comma := _COMMA.match(self._buffer, end)) is None:
                return
            line, text = self._line, self._buffer[begin.end() : end]
            self._advance(comma.end())
            yield begin[1], value, text, line

    def _more(self) -> bool:
        """Put more text behind what is pending; at the end, leave all as it is."""
        if self._ended:
            return False
        pending = self._buffer[self._at :]
        if len(pending) > _MAX_VALUE:
            raise self.error(f"a value longer than {_MAX_VALUE} characters, or unterminated")
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
