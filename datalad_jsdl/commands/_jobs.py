"""The option --jobs, which means the same in every command."""

from __future__ import annotations

from datalad.support.param import Parameter

from datalad_jsdl.errors import SettingError
from datalad_jsdl.fetch.settings import parse_jobs

__all__ = ["JOBS", "jobs_of"]

_MOST_SHOWN = 20  # characters

# without a constraint: DataLad would refuse some of what is none, each with words of its own
JOBS = Parameter(
    args=("-J", "--jobs"),
    metavar="NJOBS",
    doc="""how many files, or pieces of them, to fetch at a time: a whole number from 1 to 1000, or
    'auto' for what git config datalad.jsdl.jobs says (8, unless it is set).""",
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
