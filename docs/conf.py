"""Sphinx configuration."""

from importlib.metadata import version as _version

project = "datalad-jsdl"
author = "The datalad-jsdl developers"
copyright = "2026, The datalad-jsdl developers"  # noqa: A001 - Sphinx's name
release = _version("datalad-jsdl")
extensions = ["sphinx.ext.autodoc", "sphinx.ext.napoleon", "commands"]
html_theme = "alabaster"
exclude_patterns = ["_build"]
autodoc_member_order = "bysource"
autodoc_typehints = "signature"

# the extension `commands` lies beside this file
import sys  # noqa: E402 - beside what needs it
from pathlib import Path  # noqa: E402 - likewise

sys.path.insert(0, str(Path(__file__).parent))
