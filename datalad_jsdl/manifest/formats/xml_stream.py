"""Elements of some names out of an XML document, one after the other."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple, NoReturn, TypeAlias
from xml.dom import XML_NAMESPACE
from xml.parsers import expat

from datalad_jsdl.errors import ManifestError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

__all__ = ["Element", "elements"]

# A document without end must not fill the memory.
_MAX_CHARACTERS = 64 << 20
_MAX_ELEMENTS = 1 << 20
_MAX_DEPTH = 100
_PORTION = 1 << 14  # characters
_MAX_NAMES = 10_000  # that are held for the next element of the name
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
        return next((child.text for child in self.children if child[0] == name), "")

    def texts(self) -> dict[str, str]:
        """The text of the first child of each name; faster, where several are wanted."""
        return {child[0]: child[5].strip() for child in reversed(self.children)}


def elements(text: Iterator[str], *names: str) -> Iterator[Element]:
    """Each element of these names, as soon as it is complete; the others are forgotten.

    One that is in another of them is only that one's child.

    Raises:
        ManifestError: the document is not XML, has a document type or entities, or
            cannot be held.
    """
    collector = _Collector(frozenset(names))
    parser = collector.parser
    pending = 0
    try:
        for chunk in text:
            at = 0
            while at < len(chunk):
                # where elements come, few at a time are held; what is long is parsed at once
                end = len(chunk) if pending else at + _PORTION
                parser.Parse(chunk[at:end], False)
                pending = 0 if collector.ready else pending + end - at
                yield from collector.taken()
                at = end
            if pending > _MAX_CHARACTERS:
                raise ManifestError(f"no end of a <{names[0]}> within {pending} characters")
        parser.Parse(b"", True)
        yield from collector.taken()
    except expat.ExpatError as error:
        place = f"line {error.lineno}, column {error.offset + 1}"
        raise ManifestError(f"not XML: {expat.ErrorString(error.code)} at {place}") from None


class _Names(dict[str, str]):
    """Names as expat gives them, ``namespace name``, to those that an `Element` has.

    Args:
        plain: the namespace whose names are plain ("" is none); None for that of the first name.
    """

    def __init__(self, plain: str | None) -> None:
        super().__init__()
        self._plain = plain

    def __missing__(self, given: str) -> str:
        namespace, _, local = given.rpartition(" ")
        if self._plain is None:
            self._plain = namespace
        name = self[given] = local if namespace == self._plain else f"{{{namespace}}}{local}"
        return name


# An element that is open: name, attributes, line, bases, whether it is wanted or in one that is,
# and where its text begins among those that are held.
_Open: TypeAlias = "tuple[str, Mapping[str, str], int, tuple[str, ...], bool, int]"
_INSIDE = 4


class _Collector:
    """What a parser of expat tells of the elements that are wanted.

    Attributes:
        parser: to feed.
        ready: elements that are complete.
    """

    def __init__(self, wanted: frozenset[str]) -> None:
        self.parser = parser = expat.ParserCreate(namespace_separator=" ", intern={})
        self.ready: list[Element] = []
        self._open: list[_Open] = [("", _NO_ATTRIBUTES, 0, (), False, 0)]
        self._texts: list[str] = []
        self._names = _Names(None), _Names("")
        parser.buffer_text = parser.ordered_attributes = True
        parser.CharacterDataHandler = self._texts.append
        parser.StartElementHandler = self._start(wanted)
        parser.EndElementHandler = self._end()
        # a document type alone is refused; the others only stand in one
        parser.StartDoctypeDeclHandler = parser.ExternalEntityRefHandler = _refuse
        parser.EntityDeclHandler = parser.UnparsedEntityDeclHandler = _refuse

    def taken(self) -> list[Element]:
        """What is complete; it is not kept, nor is text that no element needs."""
        ready = self.ready.copy()
        self.ready.clear()
        if not self._open[-1][_INSIDE]:
            self._texts.clear()
        for names in (*self._names, self.parser.intern):
            if len(names) > _MAX_NAMES:
                names.clear()
        return ready

    # There are millions of calls of these two: what they use has local names.

    def _start(self, wanted: frozenset[str]) -> Callable[[str, list[str]], None]:
        parser, opened, texts = self.parser, self._open, self._texts
        names, attribute_names = self._names
        count = 0

        def start(given: str, pairs: list[str]) -> None:
            nonlocal count
            _, _, _, bases, inside, _ = opened[-1]
            line = parser.CurrentLineNumber
            if len(opened) > _MAX_DEPTH:
                raise _too_many(line, f"{_MAX_DEPTH} nested elements")
            name = names[given]
            attributes = _NO_ATTRIBUTES
            if pairs:
                found = map(attribute_names.__getitem__, pairs[::2])
                attributes = dict(zip(found, pairs[1::2], strict=True))
                if _BASE in attributes:
                    bases = (*bases, attributes[_BASE])
            if inside:
                count += 1
                if count > _MAX_ELEMENTS:
                    raise _too_many(line, f"{_MAX_ELEMENTS} elements in one")
            elif name in wanted:
                inside = True
                count = 1
                texts.clear()
            opened.append((name, attributes, line, bases, inside, len(texts)))

        return start

    def _end(self) -> Callable[[str], None]:
        opened, texts, ready = self._open, self._texts, self.ready
        complete: list[list[Element]] = [[] for _ in range(_MAX_DEPTH + 2)]
        make = tuple.__new__

        def end(given: str) -> None:
            name, attributes, line, bases, inside, begin = opened.pop()
            if not inside:
                return
            if len(texts) == begin + 1:
                own = texts.pop()
            else:
                own = "".join(texts[begin:])
                del texts[begin:]
            level = len(opened)
            if children := complete[level]:
                complete[level] = []
            element = make(Element, (name, attributes, line, bases, children or (), own))
            (complete[level - 1] if opened[-1][_INSIDE] else ready).append(element)

        return end


def _refuse(*_: object) -> NoReturn:
    raise ManifestError(
        "the XML has a document type or entities, which could make a small document huge"
    )


def _too_many(line: int, what: str) -> ManifestError:
    return ManifestError(f"line {line}: more than {what}", where=f"line {line}")
