"""Elements of some names out of an XML document, one after the other."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from xml.dom import XML_NAMESPACE
from xml.sax import SAXParseException
from xml.sax.handler import ContentHandler, feature_namespaces

from defusedxml import DefusedXmlException
from defusedxml.expatreader import create_parser

from datalad_jsdl.errors import ManifestError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from xml.sax.xmlreader import Locator

__all__ = ["Element", "elements"]

# A document without end must not fill the memory.
_MAX_CHARACTERS = 64 << 20
_MAX_ELEMENTS = 1 << 20
_MAX_DEPTH = 100


@dataclass(slots=True)
class Element:
    """An element and what is in it.

    Attributes:
        name: without its namespace; one of another namespace than the root's is
            ``{namespace}name``.
        attributes: likewise, where those without a namespace are the plain ones.
        line: of its start tag.
        bases: each ``xml:base`` (https://www.w3.org/TR/xmlbase/) that holds for it, the
            outermost first.
    """

    name: str
    attributes: dict[str, str]
    line: int
    bases: tuple[str, ...] = ()
    children: list[Element] = field(default_factory=list)
    parts: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """Its own text, without white space around it."""
        return "".join(self.parts).strip()

    def all(self, name: str) -> list[Element]:
        """The children of that name."""
        return [child for child in self.children if child.name == name]

    def text_of(self, name: str) -> str:
        """The text of the first child of that name; empty if there is none."""
        return next((child.text for child in self.children if child.name == name), "")


def elements(text: Iterator[str], *names: str) -> Iterator[Element]:
    """Each element of these names, as soon as it is complete; the others are forgotten.

    One that is in another of them is only that one's child.

    Raises:
        ManifestError: the document is not XML, has a document type or entities, or
            cannot be held.
    """
    parser = create_parser(forbid_dtd=True)
    parser.setFeature(feature_namespaces, True)
    collector = _Collector(frozenset(names), parser)
    parser.setContentHandler(collector)
    pending = 0
    try:
        for chunk in text:
            parser.feed(chunk)
            pending = 0 if collector.ready else pending + len(chunk)
            yield from collector.taken()
            if pending > _MAX_CHARACTERS:
                raise ManifestError(f"no end of a <{names[0]}> within {pending} characters")
        parser.close()
        yield from collector.taken()
    except DefusedXmlException:
        raise ManifestError(
            "the XML has a document type or entities, which could make a small document huge"
        ) from None
    except SAXParseException as error:
        place = f"line {error.getLineNumber()}, column {(error.getColumnNumber() or 0) + 1}"
        raise ManifestError(f"not XML: {error.getMessage()} at {place}") from None


class _Collector(ContentHandler):
    def __init__(self, wanted: frozenset[str], locator: Locator) -> None:
        super().__init__()
        self.ready: list[Element] = []
        self._wanted = wanted
        self._open: list[Element] = []
        self._count = 0
        self._depth = 0
        self._bases: list[tuple[str, ...]] = [()]  # for each open element, wanted or not
        self._namespace: str | None = None
        self._locator = locator

    def taken(self) -> list[Element]:
        """What is complete; it is not kept."""
        ready, self.ready = self.ready, []
        return ready

    def startElementNS(self, name: Any, qname: str | None, attrs: Any) -> None:  # noqa: N802 - SAX's name
        namespace, local = name
        line = self._locator.getLineNumber() or 0
        if not self._depth:
            self._namespace = namespace
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise _too_many(line, f"{_MAX_DEPTH} nested elements")
        base = attrs.get((XML_NAMESPACE, "base"))
        self._bases.append((*self._bases[-1], base) if base is not None else self._bases[-1])
        if not self._open and (local not in self._wanted or namespace != self._namespace):
            return
        self._count += 1
        if self._count > _MAX_ELEMENTS:
            raise _too_many(line, f"{_MAX_ELEMENTS} elements in one")
        attributes = {_named(other, name, None): value for (other, name), value in attrs.items()}
        name_here = _named(namespace, local, self._namespace)
        element = Element(name_here, attributes, line, self._bases[-1])
        if self._open:
            self._open[-1].children.append(element)
        self._open.append(element)

    def characters(self, content: str) -> None:
        if self._open:
            self._open[-1].parts.append(content)

    def endElementNS(self, name: Any, qname: str | None) -> None:  # noqa: N802 - SAX's name
        self._depth -= 1
        self._bases.pop()
        if self._open:
            element = self._open.pop()
            if not self._open:
                self.ready.append(element)
                self._count = 0


def _named(namespace: str | None, local: str, plain: str | None) -> str:
    return local if namespace == plain else f"{{{namespace or ''}}}{local}"


def _too_many(line: int, what: str) -> ManifestError:
    return ManifestError(f"line {line}: more than {what}", where=f"line {line}")
