"""Which login is shown to which origin, and which is tried when it is refused.

A login is sent to the origin that it is for (RFC 6454: scheme, host and port) and to no
other. What a user's rules name is sent with the first request. Where no rule is, nothing is,
until the origin asks (401, 403): then the sources that know origins by themselves are
searched. What was taken once is sent from then on.
"""

from __future__ import annotations

import re
import threading
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from datalad_jsdl.errors import FetchError
from datalad_jsdl.fetch.credentials.values import Wanted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from datalad_jsdl.fetch.credentials.rules import Rule
    from datalad_jsdl.fetch.credentials.sources import Source
    from datalad_jsdl.fetch.credentials.tokens import Tokens
    from datalad_jsdl.fetch.credentials.values import Login

    Post = Callable[[str, Mapping[str, str]], tuple[int, bytes]]

__all__ = ["Attempt", "Credentials"]


class Credentials:
    """The logins of a process; safe for threads.

    Args:
        rules: what the user has named, in the order in which it is tried.
        config: git config, for what DataLad keeps there.
        search: look for logins that no rule names, where an origin asks for one.
    """

    def __init__(
        self,
        rules: Iterable[Rule] = (),
        config: Mapping[str, str] | None = None,
        *,
        search: bool = True,
    ) -> None:
        self._rules = tuple(rules)
        self._config = config or {}
        self._search = search
        self._places: dict[str, _Place] = {}
        self._lock = threading.Lock()
        self._tokens: Tokens | None = None

    def attempt(self, origin: str, url: str, *, overheard: bool = False) -> Attempt:
        """The logins for one request.

        Args:
            origin: that is connected to.
            url: to be asked for.
            overheard: somebody on the way would see a login: none is sent.
        """
        place = self._places.get(origin)
        if place is None:
            rules = [rule for rule in self._rules if rule.origin == origin]
            place = _Place(origin, rules, self._config, search=self._search)
            place = self._places.setdefault(origin, place)
        return Attempt(self, place, url, overheard)

    def tokens(self) -> Tokens:
        """Access tokens for refresh tokens."""
        with self._lock:
            if self._tokens is None:
                from datalad_jsdl.fetch.credentials.tokens import Tokens

                self._tokens = Tokens()
            return self._tokens


class _Place:
    """What is known of one origin.

    Attributes:
        origin: scheme, host and port.
        rules: those for it.
        good: the login that it took last, or None.
        refused: those that it takes no longer, or never did.
        problems: why a source gave none, in words.
    """

    def __init__(
        self, origin: str, rules: list[Rule], config: Mapping[str, str], *, search: bool
    ) -> None:
        self.origin = origin
        self.rules = rules
        self.good: Login | None = None
        self.refused: list[Login] = []
        self.problems: list[str] = []
        self._config = config
        self._search = search
        self._lock = threading.Lock()
        self._found: dict[tuple[str, int], Login | None] = {}

    def named(self, url: str) -> Iterator[Login]:
        """The logins of the rules that cover a URL."""
        for number, rule in enumerate(self.rules):
            if rule.covers(self.origin, url) and (login := self._find(rule.source, rule, number)):
                yield login

    def all(self, url: str) -> Iterator[Login]:
        """Those, and then what is found by itself."""
        yield from self.named(url)
        if not self._search or any(
            rule.source == "none" and rule.covers(self.origin, url) for rule in self.rules
        ):
            return
        from datalad_jsdl.fetch.credentials.sources import SOURCES

        for source in SOURCES:
            if source.unasked and (login := self._find(source.name, None, -1)):
                yield login

    def _find(self, name: str, rule: Rule | None, number: int) -> Login | None:
        with self._lock:  # a helper may be slow: one asks, the others wait
            if (name, number) not in self._found:
                self._found[name, number] = self._ask(_source(name), rule)
            return self._found[name, number]

    def _ask(self, source: Source, rule: Rule | None) -> Login | None:
        parts = urlsplit(self.origin)
        wanted = Wanted(
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
            self.problems.append(str(error))
            return None
        if login is None and rule is not None and source.name != "none":
            self.problems.append(f"{source.name} has no login for it")
        return login


def _source(name: str) -> Source:
    from datalad_jsdl.fetch.credentials.sources import SOURCES

    return next(source for source in SOURCES if source.name == name)


class Attempt:
    """One request to one origin, with one login after the other.

    Args:
        keeper: that it belongs to.
        place: the origin.
        url: that is asked for.
        overheard: no login is to be sent.
    """

    def __init__(self, keeper: Credentials, place: _Place, url: str, overheard: bool) -> None:
        self._keeper = keeper
        self._place = place
        self._url = url
        self._overheard = overheard
        self._tried: list[Login] = []
        self._token = ""
        self._renewed = False
        self._login: Login | None = None
        if not overheard and (place.good or place.rules):
            self._login = self._first()

    def _first(self) -> Login | None:
        place, good = self._place, self._place.good
        if good and (good.rule is None or good.rule.covers(place.origin, self._url)):
            return good
        return next((lo for lo in place.named(self._url) if lo not in place.refused), None)

    def sign(self, method: str, url: str, post: Post) -> tuple[str, dict[str, str]]:
        """The URL to ask for and the headers of the login.

        Raises:
            FetchError: the login cannot be shown.
        """
        login = self._login
        if login is None:
            return url, {}
        from datalad_jsdl.fetch.credentials.kinds import headers_of, sign_s3

        if login.kind == "s3":
            return sign_s3(login, method, url)
        if login.kind == "oauth":
            self._token = self._keeper.tokens().get(login, post)
            return url, {"Authorization": f"Bearer {self._token}"}
        return url, headers_of(login, url)

    def accepted(self) -> None:
        """The origin gave an answer."""
        if self._login is not None and self._place.good is not self._login:
            self._place.good = self._login

    def refused(self, status: int) -> bool:
        """The origin wants another login; whether there is one to try."""
        login, place = self._login, self._place
        if self._overheard:
            return False
        if login is not None:
            if login.kind == "oauth" and status == 401 and not self._renewed:
                self._renewed = True
                if self._keeper.tokens().forget(login, self._token):
                    return True
            self._tried.append(login)
            # 403 may be about this file alone, and not about who asks
            if status == 401:
                place.refused.append(login)
                if place.good is login:
                    place.good = None
        self._login = next(
            (
                lo
                for lo in place.all(self._url)
                if lo not in self._tried and lo not in place.refused
            ),
            None,
        )
        return self._login is not None

    def advice(self, status: int, challenge: str) -> str:
        """Which origin wants what, and how to give it; one sentence.

        Args:
            status: 401, or 403 where it may be something else that is missing.
            challenge: the header WWW-Authenticate (RFC 9110, 11.6.1).
        """
        place = self._place
        scheme = challenge.partition(" ")[0].strip(",")
        scheme = scheme if re.fullmatch(r"[A-Za-z0-9-]{1,20}", scheme) else ""
        wants = "wants" if status == 401 else "may want"
        text = f"{place.origin} {wants} a login" + (f" ({scheme})" if scheme else "")
        if self._overheard:
            return f"{text}, and none is sent by plain http through a proxy, which would see it"
        if tried := list(dict.fromkeys(lo.place for lo in (*place.refused, *self._tried))):
            text += f" and does not take {' nor '.join(tried)}"
        if place.problems:
            text += f" ({'; '.join(dict.fromkeys(place.problems))})"
        return f"{text}; {_how(place.origin, scheme.lower())}"


def _how(origin: str, scheme: str) -> str:
    kind = " kind=bearer" if scheme == "bearer" else " user=YOU"
    return (
        "give it one with: keyring set datalad-NAME secret; "
        "git config --global --add datalad.jsdl.credential "
        f"'{origin} datalad:NAME{kind}' (other ways: docs/logins.rst)"
    )
