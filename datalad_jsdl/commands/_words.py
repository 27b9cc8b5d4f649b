"""A word that says what a command does, with options and further arguments in any order.

argparse gives all further positional arguments what stands beside the first one, which would be
nothing in ``add --recursive sub-01``.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Further", "word_and"]


def word_and(dest: str) -> type[argparse.Action]:
    """The action of the word's argument, which has ``nargs=argparse.PARSER``.

    Args:
        dest: of the argument that takes what follows; its action has to be `Further`.
    """

    class Word(argparse.Action):
        """Takes all that follows the word, and parses the options in it."""

        def __call__(
            self,
            parser: argparse.ArgumentParser,
            namespace: argparse.Namespace,
            values: Any,
            option_string: str | None = None,
        ) -> None:
            word, *rest = values
            setattr(namespace, self.dest, word)
            options = argparse.ArgumentParser(parser.prog, parser.format_usage(), add_help=False)
            for action in parser._actions:
                if action.option_strings:
                    options._add_action(action)
            end = rest.index("--") if "--" in rest else len(rest)
            _, further = options.parse_known_args(rest[:end], namespace)
            unknown = [item for item in further if item.startswith("-") and item != "-"]
            if unknown:
                parser.error(f"unknown argument: {unknown[0]}")
            setattr(namespace, dest, [*further, *rest[end + 1 :]])

    return Word


class Further(argparse.Action):
    """What follows the word is there already when argparse looks for it."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        option_string: str | None = None,
    ) -> None:
        if values:
            setattr(namespace, self.dest, list(values))
