"""Elements of some names out of an XML document, one after the other."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple, TypeAlias, TypeVar
from xml.dom import XML_NAMESPACE

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
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from datalad_jsdl.manifest.formats.xml_shapes import Part, Shape

__all__ = ["Element", "elements", "elements_or"]

Found = TypeVar("Found")

_BASE = f"{{{XML_NAMESPACE}}}base"
_NONE: Mapping[str, str] = MappingProxyType({})


class Element(NamedTuple):
    """An element and what is in it.

    Attributes:
        name: without its namespace; one of another namespace than the root's is
            ``{namespace}name``.
        attributes: likewise, where those without a namespace are the plain ones.
        line: of its start tag.
        bases: each ``xml:base`` (https://www.w3.org/TR/xmlbase/) that holds for it, the
            outermost first.
        children: in order.
        own: its own text, as it stands.
    """

    name: str
    attributes: Mapping[str, str]
    line: int
    bases: tuple[str, ...]
    children: Sequence[Element]
    own: str

    @property
    def text(self) -> str:
        """Its own text, without white space around it."""
        return self.own.strip()

    def by_name(self) -> dict[str, list[Element]]:
        """The children of each name."""
        found: dict[str, list[Element]] = {}
        for child in self.children:
            if (name := child[0]) in found:
                found[name].append(child)
            else:
                found[name] = [child]
        return found

    def all(self, name: str) -> list[Element]:
        """The children of that name."""
        return [child for child in self.children if child[0] == name]

    def text_of(self, name: str) -> str:
        """The text of the first child of that name; empty if there is none."""
        for child in self.children:
            if child[0] == name:
                return child[5].strip()
        return ""


# An element that is open: attributes, line, the bases around it, and where its text begins.
_Open: TypeAlias = "tuple[Mapping[str, str], int, tuple[str, ...], int]"


# A part of a shape: name, line, attributes, where their values begin and end, which value its
# text is, or its text, and how many children it has.
_Part: TypeAlias = "tuple[str, int, tuple[str, ...], int, int, int | None, str, int]"


def elements(text: Iterator[str], *names: str) -> Iterator[Element]:
    """Each element of these names, as soon as it is complete; the others are forgotten.

    One that is in another of them is only that one's child.

    Raises:
        ManifestError: the document is not XML, has a document type or entities, or
            cannot be held.
    """
    return elements_or(text, _never, *names)


def _never(part: Part) -> None:
    return None


def elements_or(
    text: Iterator[str],
    short_way: Callable[[Part], Callable[[Sequence[str], int], Found | None] | None],
    *names: str,
) -> Iterator[Element | Found]:
    """As `elements`, but with what a short way makes of the values of many that are alike.

    Args:
        text: of the document.
        short_way: takes the outermost element of a shape, and gives what makes a result of
            the values of an element and its line, or None for those that it does not take.
            None if the shape is not for it. It sees no document with an ``xml:base``.
        names: of elements that are wanted.

    Raises:
        ManifestError: the document is not XML, has a document type or entities, or
            cannot be held.
    """
    parser = new_parser()
    ready: list[Element | Found] = []
    known, attribute_names = Names(None), Names("")
    as_given: set[str] = set()  # names of attributes that stay as they are
    wanted = frozenset(names)
    opened: list[_Open] = []
    # what is complete in an element that is open, by the number of those that are
    complete: list[list[Element]] = [[] for _ in range(MAX_DEPTH + 2)]
    held: list[str] = []  # texts of the element that is wanted, and of what is open in it
    ended: list[int] = []
    level = inside = count = 0
    bases: tuple[str, ...] = ()
    make = tuple.__new__

    def renamed(given: dict[str, str]) -> dict[str, str]:
        attributes = {attribute_names[name]: value for name, value in given.items()}
        as_given.update(given.keys() & attributes.keys())
        return attributes

    # there are millions of calls of these two
    def start(given: str, attributes: dict[str, str]) -> None:
        nonlocal level, inside, count, bases
        level += 1
        if inside:
            count += 1
        elif known[given] in wanted:
            inside, count = level, 1
            held.clear()
        line, around = parser.CurrentLineNumber, bases
        if attributes and not as_given.issuperset(attributes):
            attributes = renamed(attributes)
            if _BASE in attributes:
                bases = (*bases, attributes[_BASE])
        opened.append((attributes, line, around, len(held)))
        if level > MAX_DEPTH:
            raise too_many(line, f"{MAX_DEPTH} nested elements")
        if count > MAX_ELEMENTS:
            raise too_many(line, f"{MAX_ELEMENTS} elements in one")

    def end(given: str) -> None:
        nonlocal level, inside, bases
        attributes, line, around, begin = opened.pop()
        if inside:
            if len(held) == begin + 1:
                own = held.pop()
            else:
                own = "".join(held[begin:])
                del held[begin:]
            if children := complete[level + 1]:
                complete[level + 1] = []
            element = make(Element, (known[given], attributes, line, bases, children or (), own))
            if level == inside:
                ready.append(element)
                inside = 0
                if level < MAX_DEPTH - MAX_NESTED:
                    ended.append(parser.CurrentByteIndex)
            else:
                complete[level].append(element)
        bases = around
        level -= 1

    def tidy() -> None:
        if not inside:
            held.clear()

    def maker(shape: Shape) -> Callable[[Sequence[str], int], Element | Found]:
        parts = _inner_first(shape.part)
        shortly = short_way(shape.part)

        def made(values: Sequence[str], line: int) -> Element | Found:
            if shortly and not bases and (found := shortly(values, line)) is not None:
                return found
            done: list[Element] = []
            for name, below, attributes, first, after, text, own, count in parts:
                children: Sequence[Element] = ()
                if count:
                    children = done[-count:]
                    del done[-count:]
                given: Mapping[str, str] = _NONE
                if after - first == 1:  # in a quarter of the time
                    given = {attributes[0]: values[first]}
                elif attributes:
                    given = dict(zip(attributes, values[first:after], strict=True))
                if text is not None:
                    own = values[text]
                done.append(make(Element, (name, given, line + below, bases, children, own)))
            return done[0]

        return made

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = held.append
    shapes = Shapes(names, maker)
    return parsed(text, parser, ready, ended, shapes, tidy, known, attribute_names, as_given)


def _inner_first(part: Part) -> list[_Part]:
    """A part of a shape and all in it, children before what they are in."""
    inner = [found for child in part.children for found in _inner_first(child)]
    after = part.first + len(part.attributes)
    mine = part.name, part.line, part.attributes, part.first, after, part.text, part.own
    return [*inner, (*mine, len(part.children))]
