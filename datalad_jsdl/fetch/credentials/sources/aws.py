"""What the AWS tools use: variables, ``~/.aws``, single sign-on, the role of a machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datalad_jsdl.errors import FetchError
from datalad_jsdl.fetch.credentials.login import GIVE, Hint, Login, Source

if TYPE_CHECKING:
    from datalad_jsdl.fetch.credentials.login import LoginWanted, Missing

__all__ = ["SOURCE"]


def _find(wanted: LoginWanted) -> Login | None:
    """The keys of a profile, or of the default one.

    Raises:
        FetchError: botocore finds none.
    """
    import botocore.exceptions
    import botocore.session

    words = f"your AWS profile {wanted.argument}".strip() if wanted.argument else "your AWS keys"
    try:
        session = botocore.session.Session(profile=wanted.argument or None)
        keys = session.get_credentials()
        found = keys.get_frozen_credentials() if keys else None
    except botocore.exceptions.BotoCoreError as error:
        raise FetchError(f"cannot load {words} ({type(error).__name__})") from None
    if found is None or not found.secret_key:
        raise FetchError(f"cannot find {words}")
    return Login(words, "s3", keys=keys, rule=wanted.rule)


def _missing(login: Missing) -> Hint | None:
    """It is for object stores only."""
    if not login.store:
        return None
    return Hint(
        f"if your AWS keys grant access, run: {GIVE} '{login.origin} aws'; if the requester pays "
        f"there and you agree to pay: '{login.origin} aws request-payer=requester'"
    )


def _refused(_: Login, __: str) -> str:
    return "see: aws sts get-caller-identity"


SOURCE = Source(
    "aws",
    "the keys that the AWS tools use; the kind is ``s3``",
    _find,
    argument="PROFILE",
    missing=_missing,
    refused=_refused,
)
