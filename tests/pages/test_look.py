"""What operators set."""

from __future__ import annotations

from pathlib import Path

import pytest

from datalad_jsdl.errors import PortalError
from datalad_jsdl.portal.look import Look, read_look


def _written(text: str) -> Path:
    file = Path("portal.ini")
    file.write_text(f"[portal]\n{text}\n")
    return file


def test_nothing_is_needed() -> None:
    assert read_look(_written("")) == Look()


def test_all_of_it() -> None:
    Path("logo.svg").write_text("<svg/>")
    Path("terms.txt").write_text("Be kind.\nAlways.\n\n\nCite <us>.\n")
    look = read_look(
        _written(
            "name = Lake 100 %\norganisation = Ex\ncontact = a@example.org\nlogo = logo.svg\n"
            "accent = #0B5A70\nterms = terms.txt\nimprint = https://www.example.org/imprint"
        )
    )
    assert (look.name, look.organisation, look.contact) == ("Lake 100 %", "Ex", "a@example.org")
    assert look.logo is not None
    assert look.logo.media_type == "image/svg+xml"
    assert look.documents["terms"].paragraphs == ("Be kind.\nAlways.", "Cite <us>.")
    assert look.documents["imprint"].url == "https://www.example.org/imprint"
    light, dark = look.style.splitlines()
    assert "--accent:#0b5a70;" in light
    assert "--on-accent:#ffffff;" in light
    assert "dark" in dark
    assert "--accent:#7ac6dc;" in dark


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("colour = #000000", "unknown setting colour"),
        ("accent = red", "a colour such as"),
        ("accent = #ffff00", "has a contrast of 1.0"),
        ("accent-dark = #0b5a70", "has a contrast of 2."),
        ("logo = logo.gif", "neither .svg nor .png"),
        ("logo = logo.png", "cannot read"),
        ("terms = nowhere.txt", "cannot read"),
        ("name", "no INI file"),
    ],
)
def test_what_is_refused(text: str, says: str) -> None:
    with pytest.raises(PortalError, match=says):
        read_look(_written(text))


def test_no_section() -> None:
    Path("portal.ini").write_text("name = x\n")
    with pytest.raises(PortalError, match="no INI file"):
        read_look(Path("portal.ini"))
