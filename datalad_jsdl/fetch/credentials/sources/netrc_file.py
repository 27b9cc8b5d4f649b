"""``~/.netrc``, or the file that ``$NETRC`` names: for https on its own port only.

A line names a host, and no port nor scheme; and the ``default`` login would go to anybody.
"""

from __future__ import annotations

import netrc
import os
from pathlib import Path
from typing import TYPE_CHECKING

from datalad_jsdl.errors import FetchError
from datalad_jsdl.fetch.credentials.login import GIVE, Login, Source

if TYPE_CHECKING:
    from datalad_jsdl.fetch.credentials.login import LoginWanted

__all__ = ["SOURCE"]


def _find(wanted: LoginWanted) -> Login | None:
    """The login of the line for the host; a rule may name another port.

    Raises:
        FetchError: the file cannot be read.
    """
    file = _file()
    if file is None:
        return None
    try:
        hosts = netrc.netrc(str(file)).hosts
    except netrc.NetrcParseError as error:  # its text may quote the password
        raise FetchError(f"cannot read {_shown(file)}: error in line {error.lineno}") from None
    except (OSError, UnicodeError):
        raise FetchError(f"cannot read {_shown(file)}") from None
    if wanted.host == "default" or wanted.host not in hosts:
        return None
    if wanted.scheme != "https":
        raise FetchError(
            f"{_shown(file)} has a login for {wanted.host}, but it is sent over https only"
        )
    if wanted.port is not None and wanted.rule is None:
        raise FetchError(
            f"{_shown(file)} has a login for {wanted.host}, but by default it is used for port 443 "
            f"only; to use it here, run: {GIVE} '{wanted.origin} netrc'"
        )
    user, account, password = hosts[wanted.host]
    if not password:
        return None
    return Login(_shown(file), wanted.kind or "basic", password, user or account, rule=wanted.rule)


def _file() -> Path | None:
    named = os.environ.get("NETRC")
    if named:
        return Path(named)
    for name in (".netrc", "_netrc"):
        if (file := Path.home() / name).is_file():
            return file
    return None


def _shown(file: Path) -> str:
    return f"~/{file.name}" if file.parent == Path.home() else str(file)


def _refused(_: Login, __: str) -> str:
    return "correct its line in that file"


SOURCE = Source(
    "netrc",
    "``~/.netrc`` or ``$NETRC``; https only, and without a credential line only on port 443",
    _find,
    unnamed=True,
    refused=_refused,
)
