"""Who enters a login: a person at a terminal, or lines on standard input."""

from __future__ import annotations

import io
import sys
import warnings
from dataclasses import dataclass, field
from enum import Enum
from getpass import GetPassWarning, getpass
from typing import TYPE_CHECKING, Protocol

from datalad_jsdl.errors import LoginError

if TYPE_CHECKING:
    from typing import TextIO

__all__ = ["Asked", "Lines", "LoginInput", "Terminal", "TypedLogin", "person", "standard_input"]

_MOST = 64 << 10  # characters


class Asked(Enum):
    """What has to be entered.

    Attributes:
        PASSWORD: a user name and a password.
        TOKEN: a token.
        EITHER: a user name and a password, or a token.
        KEYS: the ID of an access key of an object store, and its secret key.
    """

    PASSWORD = "user name", "password"
    TOKEN = "", "token"
    EITHER = "user name (empty for a token)", "password"
    KEYS = "access key ID", "secret access key"

    @property
    def user(self) -> str:
        """What its first part is called; "" if it has one part only."""
        return str(self.value[0])

    @property
    def secret(self) -> str:
        """What its secret part is called."""
        return str(self.value[1])


@dataclass(frozen=True, slots=True)
class TypedLogin:
    """What was entered.

    Attributes:
        user: name, or ID of a key; "" with a token.
        secret: password, token or secret key.
    """

    user: str
    secret: str = field(repr=False)


class LoginInput(Protocol):
    """Where a login is entered.

    Attributes:
        tries: how often a wrong login may be entered anew.
    """

    tries: int

    def read(self, asked: Asked) -> TypedLogin:
        """What is entered.

        Raises:
            LoginError: it is not what was asked for.
        """

    def tell(self, text: str) -> None:
        """Say something to a person, if there is one."""


class Terminal:
    """A person, who is asked on the terminal; the secret is not shown."""

    tries = 3

    def read(self, asked: Asked) -> TypedLogin:
        """See `LoginInput`."""
        user = self._line(asked.user) if asked.user else ""
        what = asked.secret if user or asked is not Asked.EITHER else Asked.TOKEN.secret
        return _checked(user, self._hidden(what), asked)

    @staticmethod
    def _hidden(what: str) -> str:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error", GetPassWarning)
                return getpass(f"{what.capitalize()} (not shown): ", sys.stderr)
        except EOFError:
            return ""
        except GetPassWarning:
            raise LoginError(
                f"the terminal would show the {what}; send it to standard input, as --help tells"
            ) from None

    def _line(self, what: str) -> str:
        self._say(f"{what.capitalize()}: ", end="")
        return sys.stdin.readline().strip()

    def tell(self, text: str) -> None:
        """See `LoginInput`."""
        self._say(text)

    @staticmethod
    def _say(text: str, end: str = "\n") -> None:
        print(text, end=end, file=sys.stderr, flush=True)


class Lines:
    """Lines of text: a token, or a user name and a password.

    Args:
        stream: that has them, and nothing else.
    """

    tries = 1

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def read(self, asked: Asked) -> TypedLogin:
        """See `LoginInput`."""
        lines = [line.rstrip("\r\n") for line in self._stream.read(_MOST).split("\n")]
        while lines and not lines[-1]:
            lines.pop()
        if len(lines) == 1 and asked in (Asked.TOKEN, Asked.EITHER):
            return _checked("", lines[0], asked)
        if len(lines) == 2:
            return _checked(lines[0].strip(), lines[1], asked)
        parts = [part for part in (asked.user, asked.secret) if part]
        number = "line" if len(parts) == 1 else "lines"
        if asked is Asked.EITHER:
            what = "a token, or a user name and, on the next line, a password"
        else:
            what = f"{len(parts)} {number}: {', then '.join(parts)}"
        raise LoginError(f"expected on standard input {what}; it has {len(lines)}")

    def tell(self, text: str) -> None:
        """See `LoginInput`: nobody is there."""


def standard_input() -> Terminal | Lines:
    """Standard input; of a terminal nothing is read that would be shown there."""
    if _is_terminal(sys.stdin):
        return Terminal()
    return Lines(sys.stdin or io.StringIO())


def person() -> Terminal | None:
    """Somebody who sees a question and can answer it; None if nobody is there."""
    return Terminal() if _is_terminal(sys.stdin) and _is_terminal(sys.stderr) else None


def _is_terminal(stream: TextIO | None) -> bool:
    return stream is not None and stream.isatty()


def _checked(user: str, secret: str, asked: Asked) -> TypedLogin:
    if asked in (Asked.PASSWORD, Asked.KEYS) and not user:
        raise LoginError(f"no {asked.user} was entered")
    if asked is Asked.TOKEN and user:
        raise LoginError("the server wants a token, without a user name")
    if not user:
        secret = secret.strip()  # of a token that was copied
    if not secret:
        what = asked.secret if user else Asked.TOKEN.secret
        raise LoginError(f"no {what} was entered")
    if ":" in user and asked is not Asked.KEYS:
        raise LoginError("a user name must not contain a colon (RFC 7617)")
    if not user.isprintable() or "\0" in secret:
        raise LoginError("the login contains a control character")
    return TypedLogin(user, secret)
