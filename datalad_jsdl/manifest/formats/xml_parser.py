"""XML in portions, with limits, and without what could make a small document huge."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn, TypeVar
from xml.parsers import expat

from datalad_jsdl.errors import ManifestError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from datalad_jsdl.manifest.formats.xml_shapes import Shapes

__all__ = ["MAX_DEPTH", "MAX_ELEMENTS", "Names", "new_parser", "parsed", "too_many"]

# A document without end must not fill the memory.
_MAX_CHARACTERS = 64 << 20
_MAX_NAMES = 10_000  # that are held for the next element of the name
_PORTION = 1 << 14  # characters
_MOST_DECLARING = 2  # tags with namespaces, with which a name may mean different ones

#: Elements in one that is wanted, and in each other.
MAX_ELEMENTS = 1 << 20
MAX_DEPTH = 100

Found = TypeVar("Found")


class Names(dict[str, str]):
    """Names as expat gives them, ``namespace name``, to plain ones or ``{namespace}name``.

    Args:
        plain: the namespace whose names stay without it: "" for no namespace, None for that of
            the first name.
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


def new_parser() -> expat.XMLParserType:
    """One that refuses document types and entities, and gives names as `Names` takes them."""
    # the text is in UTF-8 by now, whatever its declaration says
    parser = expat.ParserCreate("utf-8", namespace_separator=" ", intern={})
    parser.buffer_text = True
    # a document type alone is refused; the others only stand in one
    parser.StartDoctypeDeclHandler = parser.ExternalEntityRefHandler = _refuse
    parser.EntityDeclHandler = parser.UnparsedEntityDeclHandler = _refuse
    return parser


def parsed(
    text: Iterator[str],
    parser: expat.XMLParserType,
    ready: list[Found],
    ended: list[int],
    shapes: Shapes[Found],
    tidy: Callable[[], None],
    *held: dict[str, str] | set[str],
) -> Iterator[Found]:
    """What the parser's handlers put into *ready*, which is emptied, and what *shapes* tell.

    Args:
        text: the document.
        parser: of `new_parser`, with handlers for tags and text.
        ready: see above.
        ended: the handlers put into it where the end tag is (bytes from the document's begin)
            behind which an element of the same name may come.
        shapes: of elements that are wanted.
        tidy: forgets text that no element needs; called now and then.
        held: names that the handlers have looked up.

    Raises:
        ManifestError: the document is not XML, has a document type or entities, or
            cannot be held.
    """
    names: tuple[dict[str, str] | set[str], ...] = (*held, parser.intern)
    declared: set[int] = set()  # where namespaces are

    def declares(*_: object) -> None:
        if len(declared) < _MOST_DECLARING:
            declared.add(parser.CurrentByteIndex)

    parser.StartNamespaceDeclHandler = declares
    handlers = parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler
    pending = fed = 0
    rest = ""  # of the text, which the parser has not seen
    seeks = behind = False  # the end of an element that is wanted; and stands behind one

    def feed(part: str) -> None:
        nonlocal fed
        octets = part.encode("utf-8", "surrogatepass")
        parser.Parse(octets, False)
        fed += len(octets)

    def set_handlers(start: Any, end: Any, data: Any) -> None:
        parser.StartElementHandler, parser.EndElementHandler = start, end
        parser.CharacterDataHandler = data

    try:
        for chunk in text:
            chunk, rest, at = rest + chunk, "", 0
            while at < len(chunk):
                if behind and (end := shapes.match(chunk, at, _PORTION)) > at:
                    line = parser.CurrentLineNumber
                    # they are well-formed, or it raises
                    set_handlers(None, None, None)
                    feed(chunk[at:end])
                    set_handlers(*handlers)
                    yield from shapes.found(line)
                    at, pending = end, 0
                    continue
                tag = shapes.end(chunk, at) if seeks or behind else None
                if behind and tag is None and len(chunk) - at < _PORTION:
                    rest = chunk[at:]  # perhaps the begin of one more
                    break
                # where elements come, few at a time are held; what is long is parsed at once
                end = len(chunk) if pending else min(at + _PORTION, len(chunk))
                if tag and tag[1] <= at + _PORTION:
                    end = tag[1]
                ended.clear()
                feed(chunk[at:end])
                # a prefix, or none, means the same namespace everywhere if only one tag has any
                seeks = bool(ready) and len(declared) < _MOST_DECLARING and shapes.pay
                behind = seeks and tag is not None and ended[-1:] == [fed - tag[1] + tag[0]]
                pending = 0 if ready else pending + end - at
                at = end
                yield from ready
                ready.clear()
                tidy()
                for some in names:
                    if len(some) > _MAX_NAMES:
                        some.clear()
            if pending > _MAX_CHARACTERS:
                name = shapes.names[0]
                raise ManifestError(f"no end of a <{name}> within {pending} characters")
        feed(rest)
        parser.Parse(b"", True)
        yield from ready
    except expat.ExpatError as error:
        place = f"line {error.lineno}, column {error.offset + 1}"
        raise ManifestError(f"not XML: {expat.ErrorString(error.code)} at {place}") from None


def too_many(line: int, what: str) -> ManifestError:
    """What a handler raises where a limit is passed."""
    return ManifestError(f"line {line}: more than {what}", where=f"line {line}")


def _refuse(*_: object) -> NoReturn:
    raise ManifestError(
        "the XML has a document type or entities, which could make a small document huge"
    )
