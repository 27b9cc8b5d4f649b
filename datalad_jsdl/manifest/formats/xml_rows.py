"""Elements of some names out of an XML document, of which only their children's texts count.

Half the time of `xml_stream`, which has their attributes and all that is in them, too.
"""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

from datalad_jsdl.manifest.formats.xml_parser import (
    MAX_DEPTH,
    MAX_ELEMENTS,
    Names,
    new_parser,
    parsed,
    too_many,
)
from datalad_jsdl.manifest.formats.xml_shapes import MAX_NESTED, Shapes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from datalad_jsdl.manifest.formats.xml_shapes import Part, Shape

__all__ = ["Row", "rows"]


class Row(NamedTuple):
    """An element.

    Attributes:
        name: without its namespace, which is the root's.
        line: of its start tag.
        texts: of the first child of each name (of another namespace: ``{namespace}name``),
            without white space around it, and that of the element itself under "".
    """

    name: str
    line: int
    texts: dict[str, str]


def rows(text: Iterator[str], *names: str) -> Iterator[Row]:
    """Each element of these names, as soon as it is complete; the others are forgotten.

    One that is in another of them is only that one's child.

    Raises:
        ManifestError: the document is not XML, has a document type or entities, or
            cannot be held.
    """
    parser = new_parser()
    ready: list[Row] = []
    known = Names(None)
    wanted = frozenset(names)
    held: list[str] = []  # texts of the element that is wanted, and of what is open in it
    begins: list[int] = []  # where those of each that is open in a child of it begin
    # how deep it is now, and where the children are; 0 outside of what is wanted
    level = child = line = count = begin = 0
    ended: list[int] = []
    texts: dict[str, str] = {}
    make = tuple.__new__

    # there are millions of calls of these two
    def start(given: str, _attributes: dict[str, str]) -> None:
        nonlocal level, child, line, count, begin, texts
        level += 1
        if level == child:
            begin = len(held)
            count += 1
        elif child:
            begins.append(len(held))
            count += 1
        elif known[given] in wanted:
            child, line, count, texts = level + 1, parser.CurrentLineNumber, 1, {}
            held.clear()
        if level > MAX_DEPTH:
            raise too_many(parser.CurrentLineNumber, f"{MAX_DEPTH} nested elements")
        if count > MAX_ELEMENTS:
            raise too_many(parser.CurrentLineNumber, f"{MAX_ELEMENTS} elements in one")

    def end(given: str) -> None:
        nonlocal level, child
        if level == child:
            if len(held) == begin + 1:
                own = held.pop()
            else:
                own = "".join(held[begin:])
                del held[begin:]
            if (name := known[given]) not in texts:
                texts[name] = own.strip()
        elif level > child:
            if child:
                del held[begins.pop() :]
        else:
            texts[""] = "".join(held).strip() if held else ""
            ready.append(make(Row, (known[given], line, texts)))
            child = 0
            if level < MAX_DEPTH - MAX_NESTED:
                ended.append(parser.CurrentByteIndex)
        level -= 1

    def tidy() -> None:
        if not child:
            held.clear()

    def maker(shape: Shape) -> Callable[[Sequence[str], int], Row]:
        name, below = shape.part.name, shape.part.line
        fixed, places = _texts(shape.part)
        # with two more, as one alone gives no tuple
        pick = itemgetter(*places.values(), 0, 0) if places else tuple

        def made(values: Sequence[str], line: int) -> Row:
            found = fixed | dict(zip(places, map(str.strip, pick(values)), strict=False))
            return make(Row, (name, line + below, found))

        return made

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = held.append
    return parsed(text, parser, ready, ended, Shapes(names, maker), tidy, known)


def _texts(part: Part) -> tuple[dict[str, str], dict[str, int]]:
    """Texts that are the same in all elements of a shape, and which values the others are."""
    fixed: dict[str, str] = {"": ""}
    places: dict[str, int] = {}
    for name, found in [*((child.name, child) for child in reversed(part.children)), ("", part)]:
        for other in (fixed, places):
            other.pop(name, None)
        if found.text is None:
            fixed[name] = found.own.strip()
        else:
            places[name] = found.text
    return fixed, places
