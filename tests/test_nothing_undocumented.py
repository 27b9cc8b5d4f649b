"""What can be set or called is in the documentation: what no other test compares.

Commands and their options, formats, addresses, logins, settings of the special remote and the
portal's operations are compared in `tests.test_docs` and `tests.web.test_page_on_the_api`.
"""

from __future__ import annotations

import configparser
import re
from importlib import import_module
from pathlib import Path

import pytest

from datalad_jsdl.portal import look
from datalad_jsdl.portal.accounts import settings
from datalad_jsdl.portal.rates import Kind

ROOT = Path(__file__).parent.parent


def page(path: Path) -> str:
    """Its text, with that of the modules it takes docstrings from."""
    text = path.read_text("utf-8")
    modules = re.findall(r"automodule:: (\S+)", text)
    return "\n".join([text, *(import_module(name).__doc__ or "" for name in modules)])


FILES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.rst"))]
PAGES = "\n".join(map(page, FILES))
ABOUT_PORTALS = "\n".join(page(path) for path in FILES if path.name in ("pages.rst", "orthanc.rst"))
ABOUT_PORTALS += "\n".join(page(path) for path in FILES if "portal" in path.name)

# setting of the portal's file → its section
SETTINGS = {
    **{name: "sign-in" for names in settings._SIGN_IN.values() for name in names},
    **dict.fromkeys(settings._DATASET, "dataset"),
    **dict.fromkeys(settings._LIMITS, "limits"),
    **dict.fromkeys(settings._EMBED, "embed"),
    **dict.fromkeys((kind.value for kind in Kind), "rates"),
    **dict.fromkeys(look._KNOWN, "portal"),
    "count-in": "rates",
    "allow": "robots",
    "post": "orthanc",
}


@pytest.mark.parametrize("name", sorted(SETTINGS))
def test_each_setting_of_the_portal_is_told(name: str) -> None:
    section = SETTINGS[name]
    assert f"[{section}" in ABOUT_PORTALS
    # in the example of a file, or as a literal
    told = re.search(rf"^ +{name} = |``{name}(?: =|``)", ABOUT_PORTALS, re.MULTILINE)
    assert told, f"{name} of [{section}] is on no page"


def test_each_variable_of_the_environment_is_told() -> None:
    source = "\n".join(p.read_text("utf-8") for p in (ROOT / "datalad_jsdl").rglob("*.py"))
    names = set(re.findall(r'"((?:DATALAD_)?JSDL_[A-Z_]+)"', source))
    # by which processes of ours tell each other something
    names -= {"DATALAD_JSDL_LOG_LEVEL", "JSDL_ORTHANC"}
    assert names
    assert {name for name in names if name not in PAGES} == set()


def test_each_extra_is_told() -> None:
    parser = configparser.ConfigParser()
    parser.read(ROOT / "setup.cfg", "utf-8")
    for extra in parser["options.extras_require"]:
        told = rf"\[(?:[a-z-]+,)*{extra}(?:,[a-z-]+)*\]|``?{extra}``?"
        assert re.search(told, PAGES), extra


def test_what_the_element_takes_is_told() -> None:
    page = (ROOT / "docs/browser.rst").read_text("utf-8")
    source = "\n".join(
        path.read_text("utf-8") for path in (ROOT / "datalad_jsdl/browser/ui").glob("*.js")
    )
    attributes = set(re.findall(r'(?:given|hasAttribute)\("([a-z-]+)"\)', source))
    assert attributes >= {"manifest", "name"}
    colours = set(re.findall(r"var\((--jsdl-[a-z-]+)", source))
    assert colours
    untold = {name for name in attributes | colours if f"``{name}``" not in page}
    assert untold == set()


def test_what_the_module_exports_is_told() -> None:
    page = (ROOT / "docs/browser.rst").read_text("utf-8")
    source = (ROOT / "datalad_jsdl/browser/jsdl.js").read_text("utf-8")
    exported = re.findall(r"^export (?:async )?(?:function|const|class) (\w+)", source, re.M)
    for names in re.findall(r"^export \{([^}]*)\}", source, re.M):
        exported += [name.split(" as ")[-1].strip() for name in names.split(",") if name.strip()]
    assert "download" in exported
    assert [name for name in exported if not re.search(rf"\b{name}\b", page)] == []
