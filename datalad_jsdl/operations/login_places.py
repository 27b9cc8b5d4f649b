"""Where each origin's login comes from, and how it is forgotten."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from datalad_jsdl.fetch.credentials.keeping import erase
from datalad_jsdl.fetch.credentials.login import Gives
from datalad_jsdl.fetch.credentials.place import Place
from datalad_jsdl.fetch.credentials.rules import parse_rule
from datalad_jsdl.fetch.credentials.sources.datalad import PREFIX
from datalad_jsdl.fetch.settings import PREFIXES
from datalad_jsdl.model.urls import origin_of
from datalad_jsdl.operations.log_in import checked_url
from datalad_jsdl.operations.login_lines import is_own_name, own_lines, remove
from datalad_jsdl.repository.git.running import Git
from datalad_jsdl.repository.git.settings import git_config

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from datalad_jsdl.fetch.credentials.login import Login, Rule

__all__ = ["Forgotten", "LoginPlace", "forget_login", "login_places"]

_SETTINGS = "|".join(re.escape(prefix) for prefix in PREFIXES)
_WHERE = {"global": "git config --global", "local": "git config of this dataset"}


@dataclass(frozen=True)
class LoginPlace:
    """Where one login comes from.

    Attributes:
        scope: origin, or origin and path, that it is sent to.
        source: as a line names it, such as ``datalad:NAME``; "" for a line that is not understood.
        login: in words, without the secret; "" if there is none.
        setting: where the line stands; "" for a login that is found without one.
        problem: why the login is not there, or "".
    """

    scope: str
    source: str
    login: str
    setting: str
    problem: str = ""


@dataclass(frozen=True)
class Forgotten:
    """What became of an origin's login.

    Attributes:
        origin: scheme, host and port.
        lines: that were removed from git config.
        erased: names of credentials that were deleted from the keyring.
        kept: names of those that were not: the user has named them, or others use them.
        others: places of logins for the origin that are left.
    """

    origin: str
    lines: tuple[str, ...]
    erased: tuple[str, ...]
    kept: tuple[str, ...]
    others: tuple[LoginPlace, ...]


def login_places(url: str | None = None) -> Iterator[LoginPlace]:
    """The places of logins, in the order in which they are tried; no secret is in them.

    Args:
        url: only those for it, and what is found for its origin without a line; None for all
            lines that hold in the current folder.

    Raises:
        LoginError: the URL is none.
        DatasetError: git cannot read its configuration.
    """
    asked = None if url is None else checked_url(url)
    config = git_config(rf"^{re.escape(PREFIX)}")
    for scope, line in _lines():
        setting = _WHERE.get(scope, f"git config ({scope})")
        try:
            rule = parse_rule(line)
        except ValueError as error:  # its text quotes nothing of the line
            if asked is None:
                yield LoginPlace("a line that is not understood", "", "", setting, str(error))
            continue
        if asked is None or rule.covers(origin_of(asked), asked):
            yield _of_rule(rule, setting, config)
    if asked is not None:
        yield from _found_by_themselves(origin_of(asked), asked, config)


def _lines() -> list[tuple[str, str]]:
    """All lines with their scopes; a dataset's own go first."""
    command = ("config", "-z", "--show-scope", "--get-regexp", rf"^({_SETTINGS})credential$")
    said = Git(Path.cwd()).ask(*command) or b""
    words = said.decode("utf-8", "surrogateescape").split("\0")[:-1]
    found = [
        (scope, *pair.partition("\n")[::2])
        for scope, pair in zip(words[::2], words[1::2], strict=True)
    ]
    found.sort(key=lambda one: not one[1].startswith(PREFIXES[0]))
    return [(scope, line) for scope, _, line in found]


def _of_rule(rule: Rule, setting: str, config: Mapping[str, str]) -> LoginPlace:
    scope = rule.origin + rule.prefix
    source = f"{rule.source.name}:{rule.argument}" if rule.argument else rule.source.name
    if rule.source.gives is not Gives.LOGIN:
        nothing = rule.source.gives is Gives.NOTHING
        text = "no login is sent" if nothing else "git-annex's headers"
        return LoginPlace(scope, source, text, setting)
    place = Place(rule.origin, (rule,), config, search=False)
    login = next(place.logins(f"{scope}/" if not rule.prefix else scope, unasked=False), None)
    words = _words(login) if login else ""
    return LoginPlace(scope, source, words, setting, "; ".join(place.problems))


def _found_by_themselves(origin: str, url: str, config: Mapping[str, str]) -> Iterator[LoginPlace]:
    place = Place(origin, (), config, search=True)
    for login in place.logins(url, unasked=True):
        yield LoginPlace(origin, login.source_name, _words(login), "")


def _words(login: Login) -> str:
    user = f", user {login.user!r}" if login.kind == "basic" else ""
    return f"{login.place} ({login.kind}{user})"


def forget_login(url: str) -> Forgotten:
    """Delete what `log_in` keeps for an origin: the line in git config, the login in the keyring.

    Args:
        url: of that origin.

    Raises:
        LoginError: the URL is none.
        DatasetError: git cannot read or write its configuration.
    """
    url = checked_url(url)
    origin = origin_of(url)
    lines = own_lines()
    old = [line for line in lines if line.is_stored and line.rule.origin == origin]
    used = {line.rule.argument for line in lines if line not in old}
    remove(old)
    erased, kept = [], []
    for name in dict.fromkeys(line.rule.argument for line in old):
        if is_own_name(name, origin) and name not in used:
            if erase(name):
                erased.append(name)
        else:
            kept.append(name)
    others = tuple(place for place in login_places(url) if place.setting)
    return Forgotten(origin, tuple(line.text for line in old), tuple(erased), tuple(kept), others)
