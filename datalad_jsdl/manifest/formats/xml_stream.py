"""Elements of some names out of an XML document, one after the other."""

from __future__ import annotations

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
    as_given: set[str] = set()  # names of attributes that stay as they are
    wanted = frozenset(names)
    opened: list[_Open] = []
    # what is complete in an element that is open, by the number of those that are
    complete: list[list[Element]] = [[] for _ in range(MAX_DEPTH + 2)]
    held: list[str] = []  # texts of the element that is wanted, and of what is open in it
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
            else:
                complete[level].append(element)
        bases = around
        level -= 1

    def tidy() -> None:
        if not inside:
            held.clear()

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = held.append
    return parsed(text, parser, ready, names[0], tidy, known, attribute_names, as_given)
