"""Sphinx configuration."""

from importlib.metadata import version as _version

project = "datalad-jsdl"
author = "The datalad-jsdl developers"
copyright = "2026, The datalad-jsdl developers"  # noqa: A001 - Sphinx's name
release = _version("datalad-jsdl")
extensions = ["sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx_copybutton", "commands"]
html_theme = "furo"
html_title = "datalad-jsdl"
html_show_sourcelink = False
# blocks without a language are lines for a shell
highlight_language = "sh"
copybutton_exclude = ".linenos, .gp, .go"
exclude_patterns = ["_build"]
autodoc_member_order = "bysource"
autodoc_typehints = "signature"

# the extension `commands` lies beside this file
import sys  # noqa: E402 - beside what needs it
from pathlib import Path  # noqa: E402 - likewise

sys.path.insert(0, str(Path(__file__).parent))

html_search_scorer = str(Path(__file__).with_name("scorer.js"))
