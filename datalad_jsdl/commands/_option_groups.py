"""Options of a command stand in named groups in its ``--help``."""

from __future__ import annotations

import functools
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

__all__ = ["group_options"]

_PARSER = "datalad.cli.parser"
_SET_UP = "setup_parser_for_interface"


def group_options() -> None:
    """Let DataLad's parsers put the options of our commands into the groups that these name.

    A command names them in ``_option_groups_``: title → the names of its parameters. DataLad
    knows no groups; the function that adds a command's options to its parser asks that parser for
    nothing but ``prefix_chars`` and ``add_argument``, so it is given one that sorts them.
    """
    # without a command line there is no parser, and it is not loaded for this
    module = sys.modules.get(_PARSER)
    if module is None or hasattr(getattr(module, _SET_UP), "__wrapped__"):
        return
    plain = getattr(module, _SET_UP)

    @functools.wraps(plain)
    def set_up(parser: argparse.ArgumentParser, command: Any, **more: Any) -> None:
        groups = getattr(command, "_option_groups_", None)
        plain(_Sorting(parser, groups) if groups else parser, command, **more)

    setattr(module, _SET_UP, set_up)


class _Sorting:
    """Adds each option to the group of a parser that it belongs to.

    Attributes:
        prefix_chars: of the parser.
    """

    def __init__(self, parser: argparse.ArgumentParser, groups: Mapping[str, str]) -> None:
        self.prefix_chars = parser.prefix_chars
        self._parser = parser
        self._group_of: dict[str, argparse._ArgumentGroup] = {}
        for title, names in groups.items():
            group = parser.add_argument_group(title)
            self._group_of |= dict.fromkeys(names.split(), group)

    def add_argument(self, *names: str, **options: Any) -> argparse.Action:
        """As an argument parser has it."""
        dest = options.get("dest") or names[-1].lstrip(self.prefix_chars).replace("-", "_")
        return self._group_of.get(dest, self._parser).add_argument(*names, **options)
