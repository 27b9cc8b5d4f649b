"""Options that mean the same in every command."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datalad.distribution.dataset import resolve_path
from datalad.support.param import Parameter

from datalad_jsdl.errors import DatasetError, SettingError
from datalad_jsdl.fetch.credentials.sources import SOURCES
from datalad_jsdl.fetch.settings import parse_jobs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from datalad_jsdl.fetch.credentials.login import Source

__all__ = ["CREDENTIAL", "JOBS", "credential_help", "hint_below", "inside", "jobs_of", "listed"]

_MOST_SHOWN = 20  # characters

# without a constraint: DataLad would refuse some of what is none, each with words of its own
JOBS = Parameter(
    args=("-J", "--jobs"),
    metavar="NJOBS",
    doc="""how many files, or pieces of them, to download at a time: a whole number from 1 to
    1000, or 'auto' for the value of git config datalad.jsdl.jobs; if that is not
    set either, it begins with 8, and grows as long as that brings more.""",
)


def credential_help(sources: Sequence[Source]) -> str:
    """What --credential is, with all *sources* as a user writes them."""
    *others, last = [source.usage for source in sources]
    return f"""where the login for an origin (https://host:port) is kept: {", ".join(others)} or
    {last}. The login is sent to that origin only.
    The option, but never the login itself, is remembered for this dataset and the subdatasets
    that the command imports into, as git config remote.jsdl.credential.
    Can be given several times. For details, see "The portal wants me to log in" in the
    documentation."""


CREDENTIAL = Parameter(
    args=("--credential",),
    metavar="'ORIGIN[/PATH] SOURCE [OPTION=VALUE ...]'",
    action="append",
    doc=credential_help(SOURCES),
)


def jobs_of(value: object) -> int | None:
    """The option's value, or None for the user's setting.

    Raises:
        SettingError: it is none.
    """
    try:
        return parse_jobs(value)
    except ValueError as error:
        shown = str(value)
        shown = shown if len(shown) <= _MOST_SHOWN else f"{shown[:_MOST_SHOWN]}…"
        raise SettingError(f"--jobs is {shown!r}: {error}") from None


def listed(given: str | Sequence[str] | None) -> list[str]:
    return [given] if isinstance(given, str) else list(given or ())


def inside(given: str | Sequence[str] | None, dataset: Any, root: Path) -> list[str]:
    """Paths as the dataset has them; none for all of it.

    Raises:
        DatasetError: one does not lie in the dataset.
    """
    paths = []
    for item in [given] if isinstance(given, (str, Path)) else list(given or ()):
        resolved = Path(os.path.normpath(resolve_path(item, dataset)))
        try:
            paths.append(resolved.relative_to(root).as_posix())
        except ValueError:
            text = f"{resolved} is outside the dataset {root}"
            raise DatasetError(f"{text}{hint_below(item, dataset)}") from None
    return [] if "." in paths else paths


def hint_below(given: str | Path, dataset: Any) -> str:
    """What to add if a path does not exist here, but does in the dataset that was named.

    As everywhere in DataLad, a path begins at the current folder, unless the dataset was given as
    an object of Python.
    """
    if not isinstance(dataset, (str, Path)) or os.path.isabs(given):
        return ""
    below = os.path.join(dataset, given)
    if os.path.lexists(given) or not os.path.lexists(below):
        return ""
    return f"; paths begin at the current folder, not at the dataset: give {below}"
