"""The keyring, where logins are kept: as DataLad's core keeps them, and read without DataLad."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from datalad_jsdl.errors import LoginError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["FIELDS", "erase", "keep", "require_keyring"]

#: Names of the fields that a login may have there; see `sources.datalad`.
FIELDS = ("secret", "user", "key_id", "secret_id", "session")

_OTHERWISE = (
    "to have logins kept in a file that only you can read, unencrypted, run: pip install "
    "keyrings.alt; then set the environment variable "
    "PYTHON_KEYRING_BACKEND=keyrings.alt.file.PlaintextKeyring (in a batch job, too). Or have "
    "each job set a variable with the token, and run: git config --global --add "
    "datalad.jsdl.credential '{} env:VARIABLE'"
)


def require_keyring(origin: str) -> str:
    """The keyring in words, for messages.

    Args:
        origin: that a login is to be kept for.

    Raises:
        LoginError: there is none, as on a machine without a desktop; the text says what to do.
    """
    backend = _backend()
    if backend is None:
        otherwise = _OTHERWISE.format(origin)
        raise LoginError(f"no keyring is available on this machine; {otherwise}")
    if file := getattr(backend, "file_path", ""):
        plain = " (unencrypted)" if type(backend).__name__ == "PlaintextKeyring" else ""
        return f"the keyring file {file}{plain}"
    return f"the keyring ({backend.name})"


def _backend() -> Any:
    """The one that is written to; None if there is none, or one that forgets."""
    import keyring
    from keyring.backends import fail, null

    try:
        backend: Any = keyring.get_keyring()
        while hasattr(backend, "backends"):  # a chain: the first one writes
            backend = next(iter(backend.backends), None)
    except Exception:  # of whatever keyring has been told to use
        return None
    return None if isinstance(backend, (fail.Keyring, null.Keyring)) else backend


def keep(name: str, fields: Mapping[str, str], origin: str) -> None:
    """Put a login into the keyring, in the place of one that has the name.

    Args:
        name: of the credential; the keyring's service is ``datalad-NAME``.
        fields: of `FIELDS`, with their values.
        origin: that it is for.

    Raises:
        LoginError: the keyring does not take it; what the keyring itself says is not quoted.
    """
    import keyring

    service = f"datalad-{name}"
    try:
        for field, value in fields.items():
            keyring.set_password(service, field, value)
        kept = all(keyring.get_password(service, f) == v for f, v in fields.items())
    except Exception as error:  # its text may quote the secret
        text = f"cannot write to the keyring ({type(error).__name__})"
        raise LoginError(f"{text}; {_OTHERWISE.format(origin)}") from None
    if not kept:
        text = "the keyring does not return what it was given"
        raise LoginError(f"{text}; {_OTHERWISE.format(origin)}")
    _delete(service, [field for field in FIELDS if field not in fields])


def erase(name: str) -> bool:
    """Delete a login from the keyring; whether there was one."""
    return _delete(f"datalad-{name}", FIELDS)


def _delete(service: str, fields: tuple[str, ...] | list[str]) -> bool:
    import keyring

    found = False
    for field in fields:
        with suppress(Exception):  # there is no such field
            keyring.delete_password(service, field)
            found = True
    return found
