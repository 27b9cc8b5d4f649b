"""The lines of the user's own git config that say where logins are, one by one."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from datalad_jsdl.fetch.credentials.rules import parse_rule
from datalad_jsdl.fetch.credentials.sources import datalad as stored
from datalad_jsdl.fetch.settings import PREFIXES
from datalad_jsdl.model.urls import store_name
from datalad_jsdl.repository.git.running import Git
from datalad_jsdl.repository.git.settings import git_config

if TYPE_CHECKING:
    from collections.abc import Iterable

    from datalad_jsdl.fetch.credentials.login import Rule

__all__ = ["SETTING", "OwnLine", "add_line", "free_name", "is_own_name", "own_lines", "remove"]

#: The setting of all of a user's datasets.
SETTING = f"{PREFIXES[1]}credential"

# what has a meaning in an extended regular expression (regex(7))
_SPECIAL = re.compile(r"([][().*+?{}|^$\\])")


class OwnLine(NamedTuple):
    """A line as git config has it, and what it says."""

    text: str
    rule: Rule

    @property
    def is_stored(self) -> bool:
        """Whether it is for a whole origin, and names a login in the keyring."""
        named = self.rule.source is stored.SOURCE and bool(self.rule.argument)
        return named and not self.rule.prefix


def own_lines() -> list[OwnLine]:
    """Those that hold for all of the user's datasets; what cannot be understood is left out.

    Raises:
        DatasetError: git cannot read its configuration.
    """
    said = _git().ask("config", "--global", "-z", "--get-all", SETTING) or b""
    found = []
    for text in said.decode("utf-8", "surrogateescape").split("\0")[:-1]:
        try:
            found.append(OwnLine(text, parse_rule(text)))
        except ValueError:  # whoever uses it is told
            continue
    return found


def add_line(line: str, replaced: Iterable[OwnLine]) -> None:
    """Add a line, in the place of others.

    Raises:
        DatasetError: git cannot write the configuration.
    """
    old = _pattern(replaced)
    if old:
        _git().run("config", "--global", "--replace-all", SETTING, line, old)
    else:
        _git().run("config", "--global", "--add", SETTING, line)


def remove(lines: Iterable[OwnLine]) -> None:
    """Remove lines.

    Raises:
        DatasetError: git cannot write the configuration.
    """
    if old := _pattern(lines):
        _git().run("config", "--global", "--unset-all", SETTING, old)


def free_name(origin: str, lines: Iterable[OwnLine]) -> str:
    """A name for the login of an origin that no other origin's has.

    The one that it has already, if it is of the same kind: hosts may differ in a dot only.
    """
    taken = {line.rule.argument.lower(): line.rule.origin for line in lines if line.is_stored}
    for name, owner in taken.items():
        if owner == origin and is_own_name(name, origin):
            return name
    config = git_config(rf"^{re.escape(stored.PREFIX)}")
    taken |= {name.removeprefix(stored.PREFIX).rpartition(".")[0].lower(): "" for name in config}
    base, number = store_name(origin), 1
    while (name := base if number == 1 else f"{base}-{number}") in taken:
        number += 1
    return name


def is_own_name(name: str, origin: str) -> bool:
    """Whether a name was made from the origin."""
    return re.fullmatch(rf"{re.escape(store_name(origin))}(-\d+)?", name) is not None


def _pattern(lines: Iterable[OwnLine]) -> str:
    """A regular expression for these lines; "" for none."""
    texts = "|".join(_SPECIAL.sub(r"\\\1", line.text) for line in lines)
    return f"^({texts})$" if texts else ""


def _git() -> Git:
    return Git(Path.cwd())
