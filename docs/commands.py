"""Sphinx directive ``datalad-command``: a command's help, as the command itself prints it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from docutils import nodes
from docutils.parsers.rst import Directive

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


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_directive("datalad-command", DataladCommand)
    return {"parallel_read_safe": True}
