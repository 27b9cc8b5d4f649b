"""Where logins are: as a call says, as datasets remember it for later ones."""

from __future__ import annotations

import shlex
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from datalad_jsdl.errors import SettingError
from datalad_jsdl.fetch.credentials.rules import parse_rule
from datalad_jsdl.fetch.credentials.sources import browser, cookies
from datalad_jsdl.model.urls import origin_of
from datalad_jsdl.operations.engines import OWN_CREDENTIALS
from datalad_jsdl.repository.locks import patiently
from datalad_jsdl.repository.repository import Repository

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from datalad_jsdl.model.entry import Entry

__all__ = [
    "cookies_line",
    "credential_lines",
    "lines_above",
    "origin_of_all",
    "own_lines",
    "remember",
]

_LOOPBACK = ("127.0.0.1", "localhost", "::1")


def credential_lines(given: Sequence[str] | str | None) -> tuple[str, ...]:
    """The option's values, as they may be remembered.

    Raises:
        SettingError: one cannot be understood.
    """
    lines = [given] if isinstance(given, str) else list(given or ())
    return tuple(_checked(line, "--credential") for line in lines)


def cookies_line(given: str, origin: str) -> str:
    """What --cookies means for an origin, as a line of --credential.

    Args:
        given: a browser's name, or else a file.
        origin: scheme, host and port.
    """
    is_browser = given.partition(":")[0].lower() in browser.BROWSERS
    if not is_browser and not Path(given).expanduser().is_file():
        raise SettingError(
            f"--cookies: {given} is neither a file nor a known browser "
            f"({', '.join(browser.BROWSERS)})"
        )
    source = browser.SOURCE if is_browser else cookies.SOURCE
    return _checked(f"{origin} {shlex.quote(f'{source.name}:{given}')}", "--cookies")


def origin_of_all(entries: Iterable[Entry]) -> str:
    """The one origin of all candidates.

    Raises:
        SettingError: there are several, or none, or it is one that others could listen to.
    """
    found = sorted({origin_of(c.url) for entry in entries for c in entry.candidates})
    if len(found) != 1:
        what = "URLs of several origins" if found else "no URL"
    elif not found[0].startswith("https:") and urlsplit(found[0]).hostname not in _LOOPBACK:
        # it is the manifest that names it: others on the way could read along
        what = "URLs that are not https"
    else:
        return found[0]
    shown = ", ".join(found[:5]) or "none"
    raise SettingError(
        f"--cookies: the manifest has {what} ({shown}); name the origin they are for: "
        "--credential 'https://portal.example browser:firefox'"
    )


def own_lines(repository: Repository) -> tuple[str, ...]:
    """The lines that a repository's own git config has."""
    own = ("local", OWN_CREDENTIALS)
    return tuple(value for *found, value in repository.settings if tuple(found) == own)


def lines_above(root: Path, datasets: Iterable[Path]) -> tuple[str, ...]:
    """The lines of those *datasets* that *root* lies in, of the nearest first."""
    above = sorted((d for d in datasets if d in root.parents), key=lambda d: -len(d.parts))
    return tuple(
        dict.fromkeys(line for dataset in above for line in own_lines(Repository(dataset)))
    )


def remember(repository: Repository, lines: Iterable[str]) -> None:
    """Keep lines in the repository's git config, for the next ``git annex get``."""
    git, known = repository.git, own_lines(repository)
    for line in lines:
        if line not in known:
            command = ("config", "--local", "--add", OWN_CREDENTIALS, line)
            patiently(git, partial(git.run, *command))
            repository.refresh()


def _checked(line: str, option: str) -> str:
    try:
        rule = parse_rule(line)
        if rule.source.keep is None:
            return rule.line
        argument = rule.source.keep(rule.argument)  # the special remote runs in another folder
    except ValueError as error:
        raise SettingError(f"{option}: {error}") from None
    options = [f"{name}={value}" for name, value in rule.options.items()]
    words = [rule.origin + rule.prefix, f"{rule.source.name}:{argument}", *options]
    return " ".join(map(shlex.quote, words))
