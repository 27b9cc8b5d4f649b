"""DataLad's credential store: properties in git config, secrets in the keyring.

DataLad's core keeps each field of a credential NAME in the keyring, as the service
``datalad-NAME``; datalad-next keeps all but the secret in git config, as
``datalad.credential.NAME.PROPERTY``. Either may be overridden by a variable of the
environment, ``DATALAD_CREDENTIAL_NAME_PROPERTY``. All of this is read without DataLad, which
takes longer to import than most files take to fetch.
"""

from __future__ import annotations

import os
import shlex
from typing import TYPE_CHECKING

from datalad_jsdl.errors import FetchError
from datalad_jsdl.fetch.credentials.login import Login, Source, correct_line
from datalad_jsdl.model.urls import origin_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalad_jsdl.fetch.credentials.login import LoginWanted

__all__ = ["PREFIX", "SOURCE"]

PREFIX = "datalad.credential."

# the names that the two give to one thing: core's kinds of credential, then datalad-next's
_USERS = ("user", "key_id", "key-id", "key")
_SECRETS = ("secret", "password", "token", "secret_id", "secret-id")
_KINDS = {"token": "bearer", "aws-s3": "s3", "s3": "s3"}


def _find(wanted: LoginWanted) -> Login | None:
    """The credential that a rule names, or one whose realm is the origin.

    Raises:
        FetchError: the one that was named is not there, or the keyring does not work.
    """
    if wanted.argument:
        login = _login(wanted.argument, wanted)
        if login is None:
            raise FetchError(
                f"DataLad has no credential {wanted.argument!r}; to store its secret, run: "
                f"keyring set {shlex.quote(f'datalad-{wanted.argument}')} secret"
            )
        return login
    for name in _of_origin(wanted):
        if login := _login(name, wanted):
            return login
    return None


def _of_origin(wanted: LoginWanted) -> Iterator[str]:
    """Names of credentials whose realm (a URL, with the server's word for it) is there."""
    for setting, value in wanted.config.items():
        name, _, field = setting.removeprefix(PREFIX).rpartition(".")
        if setting.startswith(PREFIX) and field == "realm" and origin_of(value) == wanted.origin:
            yield name


def _login(name: str, wanted: LoginWanted) -> Login | None:
    secret, field = _field(name, _SECRETS, wanted)
    if not secret:
        return None
    user = wanted.user or _field(name, _USERS, wanted)[0]
    session = _field(name, ("session",), wanted)[0]
    named = _known(name, ("type",), wanted)
    kind = wanted.kind or _KINDS.get(named) or ("basic" if user else "bearer")

    if kind == "basic" and not user:
        raise FetchError(
            f"DataLad's credential {name!r} has a password but no user name: add user=NAME to the "
            "line that names it"
        )

    def renew(new: str) -> None:
        import keyring

        keyring.set_password(f"datalad-{name}", field, new)

    return Login(
        f"DataLad's credential {name!r}",
        kind,
        secret,
        user,
        session,
        renew=renew if field else None,
        rule=wanted.rule,
        stored=name,
    )


def _field(name: str, fields: tuple[str, ...], wanted: LoginWanted) -> tuple[str, str]:
    """A field's value, and its name if it is from the keyring."""
    if value := _known(name, fields, wanted):
        return value, ""
    import keyring
    from keyring.errors import KeyringError

    try:
        for field in fields:
            if value := keyring.get_password(f"datalad-{name}", field) or "":
                return value, field
    except KeyringError as error:
        raise FetchError(f"cannot read the keyring ({type(error).__name__})") from None
    return "", ""


def _known(name: str, fields: tuple[str, ...], wanted: LoginWanted) -> str:
    """What a variable or git config says of a field."""
    for field in fields:
        setting = f"{PREFIX}{name}.{field}"
        variable = setting.replace("-", "__").replace(".", "_").upper()
        if value := os.environ.get(variable) or wanted.config.get(setting):
            return value
    return ""


def _check(argument: str) -> None:
    if argument.startswith("datalad-"):
        raise ValueError("expected a credential's name after datalad:, without datalad-")


def _refused(login: Login, origin: str) -> str:
    stored = shlex.quote(f"datalad-{login.stored}")
    return f"to replace the secret, run: keyring set {stored} secret; or " + correct_line(
        login, origin
    )


SOURCE = Source(
    "datalad",
    "the credential NAME, as stored by DataLad itself or by its extension datalad-next; without a "
    "name, a credential whose ``realm`` is the origin",
    _find,
    argument="NAME",
    unnamed=True,
    check=_check,
    refused=_refused,
)
