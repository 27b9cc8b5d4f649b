"""Sphinx directives for what the code says itself.

``datalad-command``: a command's help, as the command itself prints it;
``jsdl-settings``: the table of settings.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from docutils import nodes
from docutils.parsers.rst import Directive
from docutils.statemachine import StringList

if TYPE_CHECKING:
    from sphinx.application import Sphinx


class DataladCommand(Directive):
    """The output of ``datalad COMMAND --help-np``."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        program = Path(sys.executable).with_name("datalad")
        done = subprocess.run(
            [program, self.arguments[0], "--help-np"], capture_output=True, text=True, check=True
        )
        return [nodes.literal_block(done.stdout, done.stdout, language="text")]


class Settings(Directive):
    """The table of `datalad_jsdl.fetch.settings`."""

    def run(self) -> list[nodes.Node]:
        from datalad_jsdl.fetch.settings import settings_table

        lines = [".. list-table::", "   :header-rows: 1", "   :widths: 22 30 48", ""]
        rows = [("name", "default", "meaning")]
        rows += [
            (f"``{s.name}``", s.default, s.meaning.replace("*", "\\*")) for s in settings_table()
        ]
        for row in rows:
            lines += [
                f"   {'*' if not number else ' '} - {cell}" for number, cell in enumerate(row)
            ]
        parent = nodes.Element()
        self.state.nested_parse(StringList(lines, "settings"), self.content_offset, parent)
        return list(parent.children)


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_directive("datalad-command", DataladCommand)
    app.add_directive("jsdl-settings", Settings)
    return {"parallel_read_safe": True}
