"""Elements of some names out of an XML document, one after the other."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple, TypeAlias
from xml.dom import XML_NAMESPACE

from datalad_jsdl.manifest.formats.xml_parser import (
    MAX_DEPTH,
    MAX_ELEMENTS,
    Names,
    new_parser,
    parsed,
    too_many,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = ["Element", "elements"]

_NO_ATTRIBUTES: Mapping[str, str] = MappingProxyType({})
_BASE = f"{{{XML_NAMESPACE}}}base"


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

    def all(self, name: str) -> list[Element]:
        """The children of that name."""
        return [child for child in self.children if child[0] == name]

    def text_of(self, name: str) -> str:
        """The text of the first child of that name; empty if there is none."""
        for child in self.children:
            if child[0] == name:
                return child[5].strip()
        return ""


# An element that is open: attributes, line, bases, and where its text begins.
_Open: TypeAlias = "tuple[Mapping[str, str], int, tuple[str, ...], int]"


def elements(text: Iterator[str], *names: str) -> Iterator[Element]:
    """Each element of these names, as soon as it is complete; the others are forgotten.

    One that is in another of them is only that one's child.

    Raises:
        ManifestError: the document is not XML, has a document type or entities, or
            cannot be held.
    """
    parser = new_parser()
    ready: list[Element] = []
    known, attribute_names = Names(None), Names("")
    wanted = frozenset(names)
    opened: list[_Open] = [(_NO_ATTRIBUTES, 0, (), 0)]
    # what is complete in an element that is open, by the number of those that are
    complete: list[list[Element]] = [[] for _ in range(MAX_DEPTH + 2)]
    held: list[str] = []  # texts of the element that is wanted, and of what is open in it
    inside = count = 0
    make = tuple.__new__

    # there are millions of calls of these two
    def start(given: str, pairs: list[str]) -> None:
        nonlocal inside, count
        _, _, bases, _ = opened[-1]
        attributes = _NO_ATTRIBUTES
        if len(pairs) == 2:  # as most have, or none
            attributes = {attribute_names[pairs[0]]: pairs[1]}
        elif pairs:
            found = map(attribute_names.__getitem__, pairs[::2])
            attributes = dict(zip(found, pairs[1::2], strict=True))
        if pairs and _BASE in attributes:
            bases = (*bases, attributes[_BASE])
        line = parser.CurrentLineNumber
        if inside:
            count += 1
        elif known[given] in wanted:
            inside, count = len(opened), 1
            held.clear()
        opened.append((attributes, line, bases, len(held)))
        if len(opened) > MAX_DEPTH + 1:
            raise too_many(line, f"{MAX_DEPTH} nested elements")
        if count > MAX_ELEMENTS:
            raise too_many(line, f"{MAX_ELEMENTS} elements in one")

    def end(given: str) -> None:
        nonlocal inside
        attributes, line, bases, begin = opened.pop()
        if not inside:
            return
        if len(held) == begin + 1:
            own = held.pop()
        else:
            own = "".join(held[begin:])
            del held[begin:]
        level = len(opened)
        if children := complete[level + 1]:
            complete[level + 1] = []
        element = make(Element, (known[given], attributes, line, bases, children or (), own))
        if level == inside:
            ready.append(element)
            inside = 0
        else:
            complete[level].append(element)

    def tidy() -> None:
        if not inside:
            held.clear()

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = held.append
    return parsed(text, parser, ready, names[0], tidy, known, attribute_names)
