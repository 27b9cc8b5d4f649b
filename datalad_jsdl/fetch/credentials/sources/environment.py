"""A variable of the environment, for batch jobs: ``TOKEN`` or ``user:password``."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from datalad_jsdl.errors import FetchError
from datalad_jsdl.fetch.credentials.login import Login, Source

if TYPE_CHECKING:
    from datalad_jsdl.fetch.credentials.login import LoginWanted

__all__ = ["SOURCE"]


def _find(wanted: LoginWanted) -> Login | None:
    """The variable that a rule names.

    Raises:
        FetchError: it is not set.
    """
    value = os.environ.get(wanted.argument, "").strip()
    if not value:
        raise FetchError(f"the environment variable {wanted.argument} is not set")
    words = f"the variable {wanted.argument}"
    kind = wanted.kind or ("basic" if wanted.user or ":" in value else "bearer")
    user, colon, secret = value.partition(":")
    if wanted.user:
        return Login(words, kind, value, wanted.user, rule=wanted.rule)
    if kind in ("basic", "login", "s3") and colon:
        return Login(words, kind, secret, user, rule=wanted.rule)
    return Login(words, kind, value, rule=wanted.rule)


def _check(argument: str) -> None:
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", argument):
        raise ValueError("expected the name of a variable after env:, without $, not its value")


def _refused(_: Login, __: str) -> str:
    return "correct the variable, or the kind in your line"


SOURCE = Source(
    "env",
    "an environment variable: a token, or ``user:password``",
    _find,
    argument="VARIABLE",
    required=True,
    check=_check,
    refused=_refused,
)
