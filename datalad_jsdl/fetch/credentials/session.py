"""Which login is shown to which origin, and which is tried when it is refused.

A login is sent to the origin that it is for (RFC 6454: scheme, host and port) and to no
other. What a user's rules name is sent with the first request. Where no rule is, nothing is,
until the origin asks (401, 403): then the sources that know origins by themselves are
searched. What was taken once is sent from then on.
"""

from __future__ import annotations

import logging
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from datalad_jsdl.bugs import LOGGER, log_trace
from datalad_jsdl.errors import FetchError
from datalad_jsdl.fetch.credentials.login import is_sendable
from datalad_jsdl.fetch.credentials.place import Place
from datalad_jsdl.fetch.retries import STALE_SECONDS
from datalad_jsdl.model.regions import bucket_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from datalad_jsdl.fetch.credentials.annex_headers import AnnexHeaders
    from datalad_jsdl.fetch.credentials.login import Hint, Login, Rule
    from datalad_jsdl.fetch.credentials.tokens import Post, Tokens

__all__ = ["Attempt", "Credentials"]

lgr = logging.getLogger(f"{LOGGER}.credentials.session")

_ELSEWHERE = (301, 307, 400)  # with which S3 names the region
_MOST_REGIONS = 4  # that one request is signed for


class Credentials:
    """The logins of a process; safe for threads.

    Args:
        rules: what the user has named, in the order in which it is tried.
        config: git config, for what DataLad keeps there.
        search: look for logins that no rule names, where an origin asks for one.
        annex_headers: what goes along with the logins, and without one.
    """

    def __init__(
        self,
        rules: Iterable[Rule] = (),
        config: Mapping[str, str] | None = None,
        *,
        search: bool = True,
        annex_headers: AnnexHeaders | None = None,
    ) -> None:
        self.annex_headers = annex_headers
        self._rules = tuple(rules)
        self._config = config or {}
        self._search = search
        self._places: dict[str, Place] = {}
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
            place = Place(origin, self._rules, self._config, search=self._search)
            place = self._places.setdefault(origin, place)
        return Attempt(self, place, url, overheard)

    def scope(self, origin: str, url: str) -> tuple[Rule, ...]:
        """What the user has said for a URL: URLs of one scope have the same login."""
        return tuple(rule for rule in self._rules if rule.covers(origin, url))

    def tokens(self) -> Tokens:
        """Access tokens for refresh tokens."""
        with self._lock:
            if self._tokens is None:
                from datalad_jsdl.fetch.credentials.tokens import Tokens

                self._tokens = Tokens()
            return self._tokens


class Attempt:
    """One request to one origin, with one login after the other.

    Args:
        credentials: those of the process.
        place: the origin.
        url: that is asked for.
        overheard: no login is to be sent.
    """

    def __init__(self, credentials: Credentials, place: Place, url: str, overheard: bool) -> None:
        self._credentials = credentials
        self._place = place
        self._url = url
        self._overheard = overheard
        self._tried: list[Login] = []
        self._denied: list[Login] = []
        self._token = ""
        self._renewed = False
        self._login: Login | None = None
        self._regions = {""}
        if not overheard and (place.good or place.named):
            good = place.good
            self._login = good if good and place.allows(good, url) else self._next(unasked=False)

    def _next(self, *, unasked: bool, schemes: frozenset[str] = frozenset()) -> Login | None:
        for login in self._place.logins(self._url, unasked=unasked):
            if login in self._tried or login in self._place.refused:
                continue
            # what the origin does not ask for is not shown to it, unless somebody said so
            if login.rule is None and schemes and login.kind not in schemes:
                continue
            return login
        return None

    @contextmanager
    def turn(self) -> Iterator[None]:
        """While a login is tried that may be wrong: one try is enough, and many lock it out."""
        if self._login is None or self._login in self._place.accepted:
            yield
            return
        with self._place.turn:
            if self._login in self._place.refused:  # while this one waited
                self._tried.append(self._login)
                self._login = self._next(unasked=False)
            yield

    def sign(self, method: str, url: str, post: Post) -> tuple[str, dict[str, str]]:
        """The URL to ask for, and the headers of the login and of `AnnexHeaders`."""
        target, login = self._log_in(method, url, post)
        headers = self._credentials.annex_headers
        if not headers:
            return target, login
        taken = {name.lower() for name in login}
        more = dict(headers.open())
        if not self._overheard and self._place.may_see(headers, self._url):
            more.update(headers.secret())
        return target, {n: v for n, v in more.items() if n.lower() not in taken} | login

    def _log_in(self, method: str, url: str, post: Post) -> tuple[str, dict[str, str]]:
        """The URL to ask for and the headers of the login; none if it cannot be shown."""
        while (login := self._login) is not None:
            try:
                target, headers = self._sign(login, method, url, post)
                if not all(map(is_sendable, headers.values())):
                    raise FetchError(f"{login.place} has a character that is invalid in a header")
            except FetchError as error:
                text = "the login of the source %s cannot be used at %s"
                lgr.debug(text, login.source_name, self._place.origin)
                self._place.problems.append(str(error))
            except Exception as error:  # its text may quote the secret
                log_trace(f"{login.place} cannot be used", error)
                self._place.problems.append(
                    f"{login.place} cannot be used ({type(error).__name__})"
                )
            else:
                if headers:
                    return target, headers
            self._tried.append(login)
            self._login = self._next(unasked=False)
        return url, {}

    def _sign(self, login: Login, method: str, url: str, post: Post) -> tuple[str, dict[str, str]]:
        from datalad_jsdl.fetch.credentials.schemes import EXCHANGED, headers_of, sign_s3

        if login.kind == "s3":
            region = self._place.regions.get(bucket_of(url), "")
            self._regions.add(region)
            return sign_s3(login, method, url, region)
        if login.kind in EXCHANGED:
            self._token = self._credentials.tokens().get(login, post)
            return url, {"Authorization": f"Bearer {self._token}"}
        return url, headers_of(login, url)

    @property
    def signed(self) -> bool:
        """Whether the request is signed with keys of the user (S3)."""
        return self._login is not None and self._login.kind == "s3"

    def moved(self, status: int, region: str) -> bool:
        """A signed request is for another region; whether it is worth signing for that one.

        Args:
            status: of HTTP.
            region: that the answer names, or "".
        """
        if status not in _ELSEWHERE or not self.signed or region in self._regions:
            return False
        self._regions.add(region)  # once each, whatever the server names next
        if len(self._regions) > _MOST_REGIONS:
            return False
        self._place.regions[bucket_of(self._url)] = region
        lgr.debug("%s: retrying, signed for another region", self._place.origin)
        return True

    def accepted(self) -> None:
        """The origin gave an answer."""
        if self._login is not None:
            self._place.accept(self._login)

    def refused(self, status: int, challenge: str) -> bool:
        """The origin wants another login; whether there is one to try.

        Args:
            status: 401 or 403.
            challenge: the header WWW-Authenticate (RFC 9110, 11.6.1).
        """
        from datalad_jsdl.fetch.credentials.advice import schemes_of

        login, place = self._login, self._place
        if self._overheard:
            lgr.debug("%s answers %d: no login is sent unencrypted", place.origin, status)
            return False
        if login is None:
            lgr.debug("%s answers %d without a login: searching for one", place.origin, status)
        else:
            if self._is_stale(login, status):
                self._renewed = True
                lgr.debug("%s rejects the token: requesting a new one", place.origin)
                return True
            self._tried.append(login)
            self._denied.append(login)
            place.deny(login, status)
        self._login = self._next(unasked=True, schemes=schemes_of(challenge))
        found = f"that of the source {self._login.source_name}" if self._login else "none"
        lgr.debug("next login for %s: %s", place.origin, found)
        return self._login is not None

    def _is_stale(self, login: Login, status: int) -> bool:
        """Whether a token may be why the origin refuses; it is forgotten then."""
        if not self._token or self._renewed or (status != 401 and login.kind != "login"):
            return False
        # LORIS answers a stale token with 403, with which it also refuses a single file
        seconds = 0.0 if status == 401 else STALE_SECONDS
        return self._credentials.tokens().forget(login, self._token, seconds)

    def advice(
        self, status: int, challenge: str, *, again: bool = False, store: bool = False
    ) -> Hint:
        """Which origin wants what, and how to give it; one sentence. See `advice.advice`."""
        from datalad_jsdl.fetch.credentials.advice import advice

        denied = [*self._place.refused, *self._denied]
        headers, beside = self._credentials.annex_headers, ""
        if headers and not self._overheard:
            beside = headers.said(sent=self._place.may_see(headers, self._url))
        return advice(
            self._place,
            self._url,
            status,
            challenge,
            denied,
            self._overheard,
            again=again,
            store=store,
            beside=beside,
        )
