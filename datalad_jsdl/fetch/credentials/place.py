"""What is known of one origin: the logins for it, and which of them it has taken or refused."""

from __future__ import annotations

import logging
import threading
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from datalad_jsdl.bugs import LOGGER, log_trace
from datalad_jsdl.errors import FetchError
from datalad_jsdl.fetch.credentials.login import Gives, LoginWanted
from datalad_jsdl.fetch.retries import DENIALS, FORBIDDEN

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from datalad_jsdl.fetch.credentials.annex_headers import AnnexHeaders
    from datalad_jsdl.fetch.credentials.login import Login, Rule, Source

__all__ = ["Place"]

lgr = logging.getLogger(f"{LOGGER}.credentials.place")


class Place:
    """What is known of one origin.

    Attributes:
        origin: scheme, host and port.
        rules: all that the user has named, of other origins, too.
        good: the login that it took last, or None.
        accepted: those that it took once.
        refused: those that are not tried again.
        problems: why a login was not to be had or shown, in words.
        advised: the user was told how to give a login.
        turn: held by whoever tries a login that was never accepted.
        regions: those that S3 has named, by bucket.
    """

    def __init__(
        self, origin: str, rules: tuple[Rule, ...], config: Mapping[str, str], *, search: bool
    ) -> None:
        self.origin = origin
        self.rules = rules
        self.named = any(rule.origin == origin for rule in rules)
        self.good: Login | None = None
        self.accepted: set[Login] = set()
        self.refused: list[Login] = []
        self.problems: list[str] = []
        self.advised = False
        self.turn = threading.RLock()
        self.regions: dict[str, str] = {}
        self._config = config
        self._search = search
        self._lock = threading.Lock()
        self._found: dict[tuple[Source, Rule | None], Login | None] = {}
        self._denials: dict[Login, int] = {}

    def logins(self, url: str, *, unasked: bool) -> Iterator[Login]:
        """Those for a URL, in order: of the rules, and then what is found by itself."""
        for rule in self.rules:
            if rule.covers(self.origin, url):
                if rule.source.gives is Gives.NOTHING:
                    return
                if rule.source.gives is Gives.HEADERS:  # they go along with a login
                    continue
                if login := self._find(rule.source, rule):
                    yield login
        if not unasked or not self._search:
            return
        from datalad_jsdl.fetch.credentials.sources import SOURCES

        for source in SOURCES:
            if source.unnamed and (login := self._find(source, None)):
                yield login

    def allows(self, login: Login, url: str) -> bool:
        """Whether a login is for a URL, too."""
        for rule in self.rules:
            if rule.covers(self.origin, url):
                if rule.source.gives is Gives.NOTHING:
                    return False
                if rule is login.rule:
                    return True
        return login.rule is None

    def may_see(self, headers: AnnexHeaders, url: str) -> bool:
        """Whether those of the headers that are not for everybody are for a URL."""
        for rule in self.rules:
            if rule.covers(self.origin, url) and rule.source.gives is not Gives.LOGIN:
                return rule.source.gives is Gives.HEADERS
        if any(rule.source.gives is Gives.HEADERS for rule in self.rules):
            return False  # somebody has said which they are for
        return headers.is_home(self.origin)

    def accept(self, login: Login) -> None:
        """The origin has taken a login."""
        if self.good is not login or self._denials:
            self.accepted.add(login)
            self._denials.pop(login, None)
            self.good = login
            lgr.debug("%s accepts the login of the source %s", self.origin, login.source_name)

    def deny(self, login: Login, status: int) -> None:
        """It has not; that may be about one file alone, and not about who asks."""
        count = self._denials[login] = self._denials.get(login, 0) + 1
        known = login in self.accepted
        if status == 401:
            final = not known or count >= DENIALS
        else:
            final = not known and login.rule is None and count >= FORBIDDEN
        text = "%s answers %d to the login of the source %s%s"
        more = ", which is not retried" if final else ""
        lgr.debug(text, self.origin, status, login.source_name, more)
        if final and login not in self.refused:
            self.refused.append(login)
            if self.good is login:
                self.good = None

    def _find(self, source: Source, rule: Rule | None) -> Login | None:
        with self._lock:  # a helper may be slow: one asks, the others wait
            if (source, rule) not in self._found:
                self._found[source, rule] = self._ask(source, rule)
            return self._found[source, rule]

    def _ask(self, source: Source, rule: Rule | None) -> Login | None:
        parts = urlsplit(self.origin)
        wanted = LoginWanted(
            parts.scheme,
            parts.hostname or "",
            parts.port,
            self.origin,
            rule.argument if rule else "",
            rule,
            self._config,
        )
        try:
            login = source.find(wanted)
        except FetchError as error:
            lgr.debug("the source %s failed for %s (%s)", source.name, self.origin, error)
            self.problems.append(str(error))
            return None
        except Exception as error:  # of a key store, say; its text may quote a secret
            log_trace(f"the source {source.name} failed", error)
            self.problems.append(f"the source {source.name} failed ({type(error).__name__})")
            return None
        found = "has a" if login else "has no"
        lgr.debug("the source %s %s login for %s", source.name, found, self.origin)
        if login is None and rule is not None:
            self.problems.append(f"the source {source.name} has no login for it")
        return replace(login, source=source) if login else None
