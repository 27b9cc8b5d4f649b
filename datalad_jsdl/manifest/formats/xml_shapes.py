"""Elements of XML that differ from an earlier one in values alone, read by one regular expression.

Programs write an element like the last: the same tags, attributes and white space. A call for each
tag takes most of the time of reading it. So the shape of an element becomes a regular expression,
which gives all values of the next one. A parser without handlers checks what is read so (see
`xml_parser`): nothing is taken that is not well-formed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

__all__ = ["MAX_NESTED", "Part", "Shape", "Shapes", "shape_of"]

#: Elements in each other that a shape has.
MAX_NESTED = 10

_LONGEST = 1 << 12  # characters of an element whose shape is learnt
_MOST = 16  # shapes that are known of a document
_IN_VAIN = 64  # elements without one, until the others are no longer looked at
_NAME = r"[A-Za-z_][\w.-]*"
# without what declares a namespace, and in the quotes that most programs write
_ATTRIBUTE = re.compile(rf'(\s+(?!xmlns=){_NAME}=")[^"<]*"', re.ASCII)
_TAG = re.compile(rf'([^<]*)<(/?)({_NAME})((?:\s+(?!xmlns=){_NAME}="[^"<]*")*)(\s*)(/?)>', re.ASCII)
# without white space that a parser changes (XML 1.0, 2.11 and 3.3.3) or that ends a line
_VALUE, _TEXT = '([^"<\t\n\r]*)', "([^<\n\r]*)"
_LONE_RETURN = re.compile(r"\r(?!\n)")
_REFERENCE = re.compile("&(#x?)?([0-9a-zA-Z]+);")
# an ampersand comes last, as it may begin what is no reference
_ENTITIES = (("&quot;", '"'), ("&apos;", "'"), ("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&"))

Found = TypeVar("Found")


@dataclass(slots=True)
class Part:
    """An element of a shape.

    Attributes:
        name: of it.
        line: of its start tag; 0 is where the shape begins.
        attributes: their names.
        first: which value is that of the first attribute.
        children: in order.
        text: which value is its text; None if that is the same in all elements of the shape.
        own: that text.
    """

    name: str
    line: int
    attributes: tuple[str, ...]
    first: int
    children: list[Part] = field(default_factory=list)
    text: int | None = None
    own: str = ""


@dataclass(frozen=True, slots=True)
class Shape:
    """What elements have in common, with the white space before them.

    Attributes:
        pattern: its groups are the values.
        part: the outermost element.
        lines: that end in it.
    """

    pattern: re.Pattern[str]
    part: Part
    lines: int


def shape_of(source: str) -> Shape | None:
    """That of an element; None where handlers have to see it.

    Args:
        source: white space, and the element up to its end.
    """
    if len(source) > _LONGEST or _LONE_RETURN.search(source):
        return None
    written: list[str] = []
    opened: list[Part] = []
    outermost: list[Part] = []
    at = values = line = 0
    while at < len(source):
        if not (tag := _TAG.match(source, at)):
            return None
        at = tag.end()
        gap, closing, name, attributes, space, empty = tag.groups()
        line += gap.count("\n")
        is_text = closing and opened and not opened[-1].children
        if gap.strip() and not is_text:
            return None
        if is_text:
            opened[-1].text = values
            values += 1
            written.append(_TEXT)
        else:
            written.append(re.escape(gap))
            if opened:
                opened[-1].own += gap.replace("\r\n", "\n")  # as a parser does (XML 1.0, 2.11)
        written.append(f"<{closing}{name}")
        if closing:
            if attributes or not opened or opened.pop().name != name:
                return None
        else:
            begins = _ATTRIBUTE.findall(attributes)
            part = Part(name, line, tuple(begin.strip()[:-2] for begin in begins), values)
            (opened[-1].children if opened else outermost).append(part)
            values += len(begins)
            written += (f'{re.escape(begin)}{_VALUE}"' for begin in begins)
            if not empty:
                opened.append(part)
        written.append(f"{re.escape(space)}{empty}>")
        line += tag.group().count("\n") - gap.count("\n")
        if len(opened) >= MAX_NESTED:
            return None
    if opened or len(outermost) != 1:
        return None
    pattern = re.compile("".join(written))
    if not pattern.fullmatch(source):  # a tag that closes and is empty, say
        return None
    return Shape(pattern, outermost[0], line)


class Shapes(Generic[Found]):
    """The shapes of a document's elements, as they come.

    Args:
        names: of elements that are wanted, as they stand in the document.
        maker: gives what makes a result of the values of an element and of the line where its
            shape begins.
    """

    def __init__(
        self,
        names: Sequence[str],
        maker: Callable[[Shape], Callable[[Sequence[str], int], Found]],
    ) -> None:
        self.names = names
        self._maker = maker
        self._end = re.compile(rf"</(?:{'|'.join(map(re.escape, names))})\s*>", re.ASCII)
        self._known: list[tuple[Shape, Callable[[Sequence[str], int], Found]]] = []
        self._matched: list[tuple[int, Sequence[str]]] = []
        self._hits = self._misses = self._in_vain = 0
        self._refers = False  # there may be references in the values

    @property
    def pay(self) -> bool:
        """Whether most elements have a shape that is known."""
        return self._misses <= _IN_VAIN + self._hits

    def end(self, text: str, at: int) -> tuple[int, int] | None:
        """Where the next end tag of an element that is wanted begins and ends, from *at* on."""
        found = self._end.search(text, at)
        return found.span() if found else None

    def match(self, text: str, at: int, most: int) -> int:
        """Look for elements that lie one after the other, and return where the last ends.

        Args:
            text: of the document.
            at: where the first begins, or the white space before it.
            most: characters after which no other begins.
        """
        self._matched.clear()
        place, stop = at, at + most
        while place < stop:
            began = place
            for number, (shape, _) in enumerate(self._known):
                scanner = shape.pattern.scanner  # type: ignore[attr-defined]  # not in the stubs
                for found in iter(scanner(text, place).match, None):
                    self._matched.append((number, found.groups()))
                    place = found.end()
                    if place >= stop:
                        break
                if place > began:
                    break
            if place == began and not self._learns(text, place):
                break
        self._hits += len(self._matched)
        if place == at:
            self._misses += 1
        self._refers = "&" in text[at:place]
        return place

    def found(self, line: int) -> Iterator[Found]:
        """What the elements give that were matched; the first's shape begins in that line.

        A parser has found them well-formed before that.
        """
        known = self._known
        for number, values in self._matched:
            shape, make = known[number]
            yield make(_plain(values) if self._refers else values, line)
            line += shape.lines

    def _learns(self, text: str, at: int) -> bool:
        """Whether the next element has a new shape, which is known from then on."""
        if len(self._known) >= _MOST or self._in_vain > _IN_VAIN:
            return False
        shape = shape_of(text[at : end[1]]) if (end := self.end(text, at)) else None
        if shape is None or shape.part.name not in self.names:
            self._in_vain += 1  # taking an element apart takes longer than handlers do
            return False
        self._known.append((shape, self._maker(shape)))
        return True


def _plain(values: Sequence[str]) -> list[str]:
    """The values without references (XML 1.0, 4.1 and 4.6), which a parser has checked."""
    return [_unreferred(value) if "&" in value else value for value in values]


def _unreferred(value: str) -> str:
    if "&#" in value:
        return _REFERENCE.sub(_referred, value)
    for reference, character in _ENTITIES:
        value = value.replace(reference, character)
    return value


def _referred(reference: re.Match[str]) -> str:
    kind, name = reference.groups()
    if kind is None:
        return _unreferred(f"&{name};")
    return chr(int(name, 16 if kind == "#x" else 10))
