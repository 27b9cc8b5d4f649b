"""A variable of the environment, for batch jobs: ``TOKEN`` or ``user:password``."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from datalad_jsdl.errors import FetchError
from datalad_jsdl.fetch.credentials.login import Login

if TYPE_CHECKING:
    from datalad_jsdl.fetch.credentials.login import Wanted

__all__ = ["find"]


def find(wanted: Wanted) -> Login | None:
    """The variable that a rule names.

    Raises:
        FetchError: it is not set.
    """
    value = os.environ.get(wanted.argument, "").strip()
    if not value:
        raise FetchError(f"the variable {wanted.argument} is not set")
    words = f"the variable {wanted.argument}"
    kind = wanted.kind or ("basic" if wanted.user or ":" in value else "bearer")
    user, colon, secret = value.partition(":")
    if wanted.user:
        return Login(words, kind, value, wanted.user, rule=wanted.rule)
    if kind in ("basic", "s3") and colon:
        return Login(words, kind, secret, user, rule=wanted.rule)
    return Login(words, kind, value, rule=wanted.rule)
