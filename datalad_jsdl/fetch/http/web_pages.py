"""Whether an answer is a web page in the place of a file."""

from __future__ import annotations

import codecs
import re
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["LOOKED_AT", "is_error_page", "is_page_name", "is_page_type"]

#: Bytes of a body that tell whether it is a web page.
LOOKED_AT = 4096

_PAGE_NAMES = (".html", ".htm", ".xhtml", ".xht", ".shtml")
_PAGE_TYPES = ("text/html", "application/xhtml+xml")
_PACKED = (".gz", ".br", ".zst", ".z")

# files of XML, which servers often take for web pages
_MARKUP_NAMES = tuple(
    f".{name}"
    for name in (
        *("xml", "gii", "svg", "kml", "gpx", "gml", "owl", "rdf", "rss", "atom", "xsd", "xsl"),
        *("xslt", "mzml", "mzxml", "sbml", "cml", "vtu", "vtp", "vti", "vtk", "pvd", "xdmf", "xmf"),
        *(
            "cdf",
            "mathml",
            "tei",
            "musicxml",
            "fcpxml",
            "plist",
            "metalink",
            "meta4",
            "nrrd",
            "xdf",
        ),
        *("x3d", "dae", "neuroml", "nml", "lems", "eml", "edf", "ome", "pom", "graphml", "gexf"),
    )
)

# what may stand before a document's first element: its declaration, comments, instructions
_BEFORE = re.compile(r"(?:\s+|<\?.*?\?>|<!--.*?-->)*", re.DOTALL)
_DOCTYPE = re.compile(r"<!doctype\s+([\w:.-]+)", re.IGNORECASE)
_ELEMENT = re.compile(r"<([a-z_][\w:.-]*)(?=[\s/>])", re.IGNORECASE)
_OF_PAGES = frozenset(
    {
        *("a", "abbr", "article", "aside", "b", "base", "big", "blockquote", "body", "br"),
        *("button", "center", "code", "div", "dl", "em", "font", "footer", "form", "frameset"),
        *("h1", "h2", "h3", "h4", "h5", "h6", "head", "header", "hr", "html", "i", "iframe"),
        *("img", "input", "label", "li", "link", "main", "meta", "nav", "noscript", "ol", "p"),
        *("pre", "script", "section", "small", "span", "strong", "style", "table", "tbody"),
        *("td", "template", "title", "tr", "tt", "u", "ul"),
    }
)


def is_page_name(name: str) -> bool:
    """Whether a path or URL is that of a web page, so that a web page may be its content."""
    path = _path(name)
    for ending in _PACKED:
        path = path.removesuffix(ending)
    return path.endswith(_PAGE_NAMES)


def is_page_type(content_type: str) -> bool:
    """Whether a server says that its answer is a web page."""
    return content_type.split(";")[0].strip().lower() in _PAGE_TYPES


def is_error_page(
    url: str, content_type: str, start: bytes | None = None, names: Iterable[str] = ()
) -> bool:
    """Whether an answer with status 200 is a web page in the place of a file.

    Portals answer so where a login or the acceptance of terms is due. Only asked where
    neither digest nor size could tell.

    Args:
        url: that was asked for; one with a page's name may be a page.
        content_type: the header's value.
        start: the first bytes of the body, if there are any to look at.
        names: that the file has otherwise.
    """
    known = [url, *names]
    if any(map(is_page_name, known)):
        return False
    typed = is_page_type(content_type)
    if start is None:
        return typed and not any(_path(name).endswith(_MARKUP_NAMES) for name in known)
    text = _BEFORE.sub("", _text(start[:LOOKED_AT]), count=1)
    if found := _DOCTYPE.match(text):
        return found[1].lower() == "html"
    if found := _ELEMENT.match(text):
        name = found[1].lower()
        # who does not say that it is a page is believed, but for what can be nothing else
        return name in _OF_PAGES if typed else name == "html"
    # a server that says it is a page is believed, unless the file shows what it is
    return typed and text.startswith("<") and len(text) < LOOKED_AT // 2


def _path(name: str) -> str:
    return unquote(urlsplit(name).path if "://" in name else name).lower()


def _text(start: bytes) -> str:
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return start.decode("utf-16", "replace")
    return start.removeprefix(codecs.BOM_UTF8).decode("latin-1")
