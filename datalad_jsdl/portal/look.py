"""What operators set of the pages: name, logo, accent, imprint, terms.

It is a section of an INI file; everything may be left out::

   [portal]
   name = Lakeside Data
   organisation = Lakeside Imaging Centre, Example University
   contact = data@example.org
   logo = logo.svg
   accent = #0b5a70
   accent-dark = #7ac6dc
   imprint = https://www.example.org/imprint
   privacy = privacy.txt
   terms = terms.txt

The logo is a file, SVG or PNG; imprint, privacy and terms are URLs, or text files, whose
paragraphs make a page. Files are beside the settings. Colours are checked: text in them, and on
them, has to have a contrast of 4.5 or more.
"""

from __future__ import annotations

import configparser
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from datalad_jsdl.errors import PortalError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["DOCUMENTS", "Document", "Logo", "Look", "paragraphs_of", "read_look"]

#: What the foot of each page links to, in this order: name in the file → on pages.
DOCUMENTS: Mapping[str, str] = {"terms": "Terms", "privacy": "Privacy", "imprint": "Imprint"}

_KNOWN = frozenset({"name", "organisation", "contact", "logo", "accent", "accent-dark", *DOCUMENTS})
_LOGOS = {".svg": "image/svg+xml", ".png": "image/png"}
_COLOUR = re.compile(r"#[0-9a-f]{6}")
_LARGEST = 1 << 20  # bytes of a logo or a text
_CONTRAST = 4.5
_LIGHT, _DARK = ("#ffffff", "#f5f7f8"), ("#14191c", "#1b2226")  # the page and panels on it
_BLACK, _WHITE = "#06242d", "#ffffff"


@dataclass(frozen=True)
class Document:
    """A page of the operators' own.

    Attributes:
        title: of it.
        url: where it is, if that is elsewhere; else "".
        paragraphs: of it, if it is here.
    """

    title: str
    url: str = ""
    paragraphs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Logo:
    """A picture beside the portal's name.

    Attributes:
        content: of the file.
        media_type: of it.
    """

    content: bytes = field(repr=False)
    media_type: str


@dataclass(frozen=True)
class Look:
    """How the pages of a portal look.

    Attributes:
        name: of the portal.
        organisation: whose it is, or "".
        contact: an address of mail to write to, or "".
        logo: beside the name.
        style: CSS that sets the accent, or "".
        documents: name → imprint and others.
    """

    name: str = "Downloads"
    organisation: str = ""
    contact: str = ""
    logo: Logo | None = None
    style: str = ""
    documents: Mapping[str, Document] = field(default_factory=dict)


def read_look(file: Path) -> Look:
    """What operators have set.

    Raises:
        PortalError: it cannot be read, or something in it is not as it has to be.
    """
    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read_string(_read(file).decode("utf-8-sig"), str(file))
        # the others are about users: see `accounts`
        given = dict(parser["portal"]) if parser.has_section("portal") else {}
    except (configparser.Error, UnicodeDecodeError):
        raise PortalError(f"{file} is no INI file in UTF-8") from None
    if unknown := sorted(given.keys() - _KNOWN):
        known = ", ".join(sorted(_KNOWN))
        raise PortalError(f"{file}: unknown setting {unknown[0]}; choose from {known}")
    here = file.absolute().parent
    return Look(
        given.get("name") or Look.name,
        given.get("organisation", ""),
        given.get("contact", ""),
        _logo(here / given["logo"]) if given.get("logo") else None,
        _style(file, given),
        {
            name: _document(here, title, given[name])
            for name, title in DOCUMENTS.items()
            if given.get(name)
        },
    )


def _read(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            found = opened.read(_LARGEST + 1)
    except OSError as error:
        raise PortalError(f"cannot read {file}: {error.strerror or error}") from None
    if len(found) > _LARGEST:
        raise PortalError(f"{file} is larger than 1 MiB")
    return found


def _logo(file: Path) -> Logo:
    media_type = _LOGOS.get(file.suffix.lower())
    if media_type is None:
        raise PortalError(f"the logo {file} is neither .svg nor .png")
    return Logo(_read(file), media_type)


def _document(here: Path, title: str, given: str) -> Document:
    if given.startswith(("https://", "http://")):
        return Document(title, given)
    try:
        text = _read(here / given).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise PortalError(f"{here / given} is not in UTF-8") from None
    return Document(title, paragraphs=paragraphs_of(text))


def paragraphs_of(text: str) -> tuple[str, ...]:
    """The paragraphs of a text, which empty lines are between."""
    return tuple(filter(None, re.split(r"\s*\n\s*\n\s*", text.strip())))


def _style(file: Path, given: Mapping[str, str]) -> str:
    """CSS of the accent, in both schemes; one that is not set keeps its colours."""
    parts = []
    for name, grounds, frame in (
        ("accent", _LIGHT, ":root{%s}"),
        ("accent-dark", _DARK, "@media (prefers-color-scheme:dark){:root{%s}}"),
    ):
        if not (colour := given.get(name, "").strip().lower()):
            # what is set for the light scheme alone must not reach into the dark one
            colour = {"accent": "#0b5a70", "accent-dark": "#7ac6dc"}[name]
        if not _COLOUR.fullmatch(colour):
            raise PortalError(f"{file}: {name} is a colour such as #0b5a70, not {given[name]!r}")
        worst = min(_contrast(colour, ground) for ground in grounds)
        if worst < _CONTRAST:
            raise PortalError(
                f"{file}: {name} {colour} has a contrast of {worst:.1f} to the page; 4.5 is "
                "needed to be read"
            )
        parts.append(frame % _variables(colour, grounds[0]))
    return "\n".join(parts) + "\n" if "accent" in given or "accent-dark" in given else ""


def _variables(colour: str, ground: str) -> str:
    on = max((_BLACK, _WHITE), key=lambda other: _contrast(colour, other))
    away = "#000000" if ground == _LIGHT[0] else "#ffffff"
    return (
        f"--accent:{colour};--accent-strong:{_mixed(colour, away, 0.3)};--on-accent:{on};"
        f"--accent-soft:{_mixed(ground, colour, 0.1)}"
    )


def _channels(colour: str) -> tuple[int, ...]:
    return tuple(bytes.fromhex(colour[1:]))


def _mixed(one: str, other: str, part: float) -> str:
    pairs = zip(_channels(one), _channels(other), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * part):02x}" for a, b in pairs)


def _contrast(one: str, other: str) -> float:
    """As WCAG 2 has it: from 1 to 21."""
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    linear = [
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
        for c in (channel / 255 for channel in _channels(colour))
    ]
    red, green, blue = linear
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
