"""What the user says of secrets in URLs: git config ``datalad.jsdl.not-secret`` and ``.secret``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datalad_jsdl.model.secrecy import Secrecy
from datalad_jsdl.repository.git.settings import git_config_values

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalad_jsdl.repository.repository import Repository

__all__ = ["secrecy_of"]

_PATTERN = r"^datalad\.jsdl\.(not-)?secret$"


def secrecy_of(repository: Repository | None) -> Secrecy:
    """The rules, and the names of parameters that the user says are secrets, or are none.

    Args:
        repository: of the dataset, whose settings hold; None where there is none yet.
    """
    found = repository.config_values() if repository else git_config_values(_PATTERN)

    def names(setting: str) -> Iterator[str]:
        for value in found.get(f"datalad.jsdl.{setting}", ()):
            yield from value.replace(",", " ").split()

    return Secrecy.of(names("not-secret"), names("secret"))
