"""Whether a portal is set up well, seen from where its visitors are."""

from __future__ import annotations

import ipaddress
import secrets
import time
from contextlib import suppress
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from urllib.request import getproxies

import requests
from requests.adapters import HTTPAdapter

from datalad_jsdl.errors import DatasetError, FetchError, StoreError
from datalad_jsdl.fetch.http.proxies import proxy_of
from datalad_jsdl.fetch.http.trust import tls_context, trust_of
from datalad_jsdl.orders.store.looking import look_at
from datalad_jsdl.portal.samples import FLOW, FLOW_SIZE, SAMPLE, sample
from datalad_jsdl.repository.git.settings import git_http_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

__all__ = ["Finding", "check_portal"]

_TIMEOUT = 30  # seconds
_LOOKS = 6  # how often to look what has left the portal
_PAUSE = 0.5  # seconds before each
_BEHIND = frozenset({502, 503, 504})  # RFC 9110, 15.6: of a proxy whose server does not answer
_NO_PORTAL = "this is no address of a portal; it begins with https:// or http://"
_NO_ADDRESS = (
    requests.exceptions.InvalidURL,
    requests.exceptions.InvalidSchema,
    requests.exceptions.MissingSchema,
)
_SKEW = 30  # seconds that two clocks may differ by


@dataclass(frozen=True)
class Finding:
    """What came of one check.

    Attributes:
        name: of the check.
        is_fine: whether there is nothing to do.
        text: what was found, and what to do.
    """

    name: str
    is_fine: bool
    text: str


def check_portal(url: str, store: str | None = None) -> Iterator[Finding]:
    """Check a portal that runs.

    Args:
        url: of its start, as visitors know it.
        store: URL of its store, where that can be looked at from here.

    Yields:
        One finding a check; those that need an answer are left out where there is none.
    """
    url = url.rstrip("/")
    yield _encryption(url)
    reached = _asked("answer", lambda: _answer(url))
    yield reached
    if reached.is_fine:
        for name, check in (("ranges", _ranges), ("buffering", _buffering), ("clock", _clock)):
            yield _asked(name, lambda check=check: check(url))  # type: ignore[misc]  # a default
    if store:
        yield from _store(store)


def _asked(name: str, check: Callable[[], Finding]) -> Finding:
    try:
        return check()
    except (FetchError, DatasetError) as error:  # certificates, proxies, or git's settings
        return Finding(name, False, str(error))
    except requests.RequestException as error:
        return Finding(name, False, _no_answer(error))


def _no_answer(error: requests.RequestException) -> str:
    """Why none came, and what to do."""
    if isinstance(error, requests.exceptions.SSLError):
        return (
            "the certificate is not accepted; have the proxy send one for this name, in full; if "
            "you or your institute made it (self-signed), name its "
            "authority: git config --global http.https://HOST/.sslCAInfo FILE"
        )
    if isinstance(error, requests.exceptions.ProxyError):
        return (
            "the proxy of this machine does not answer, or lets nothing through; correct git "
            "config http.proxy or the variable https_proxy, or add the portal to no_proxy"
        )
    if isinstance(error, requests.exceptions.ConnectionError):
        return (
            "nothing answers at this address; check that the name is known, that the portal or "
            "its proxy runs, and that no firewall is between"
        )
    if isinstance(error, requests.exceptions.Timeout):
        return f"no answer came within {_TIMEOUT} s; see what the portal and its proxy log"
    if isinstance(error, _NO_ADDRESS):
        return _NO_PORTAL
    return "the answer broke off; see what the portal and its proxy log"


def _encryption(url: str) -> Finding:
    try:
        parts = urlsplit(url)
    except ValueError:
        return Finding("encryption", False, _NO_PORTAL)
    host = parts.hostname or ""
    is_here = host == "localhost"
    with suppress(ValueError):
        is_here = is_here or ipaddress.ip_address(host).is_loopback
    if parts.scheme == "https":
        return Finding("encryption", True, "visitors connect by https")
    if is_here:
        return Finding("encryption", True, "only this machine can connect")
    return Finding(
        "encryption", False,
        "logins and links are sent without encryption; have a proxy speak https to visitors",
    )  # fmt: skip


class _Trusting(HTTPAdapter):
    """Trusts the certificates that downloads trust."""

    def __init__(self, settings: Mapping[str, str], login: str) -> None:
        self._context = tls_context(trust_of(settings))
        self._login = login
        super().__init__()

    def proxy_headers(self, proxy: str) -> dict[str, str]:
        return {"Proxy-Authorization": self._login} if self._login else {}

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, ssl_context=self._context, **kwargs)

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
        return super().proxy_manager_for(*args, ssl_context=self._context, **kwargs)

    def cert_verify(self, conn: Any, *_: Any) -> None:
        conn.cert_reqs = "CERT_REQUIRED"  # and nobody else's authorities


def _get(url: str, **headers: str) -> requests.Response:
    # what is transformed on the way must show
    given = {"Accept-Encoding": "gzip", **{name.title(): value for name, value in headers.items()}}
    session = requests.Session()
    session.trust_env = False  # `proxy_of` reads the variables, and git's settings before them
    settings = git_http_settings(url)
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        raise requests.exceptions.InvalidURL from None
    proxy = proxy_of(parts.scheme, parts.hostname or "", port, settings, getproxies())
    if proxy:
        session.proxies = {parts.scheme: proxy.url}
    if parts.scheme == "https":
        session.mount("https://", _Trusting(settings, proxy.login if proxy else ""))
    elif proxy and proxy.login:
        given["Proxy-Authorization"] = proxy.login
    return session.get(url, headers=given, timeout=_TIMEOUT, allow_redirects=False, stream=True)


def _answer(url: str) -> Finding:
    with _get(f"{url}/health") as answer:
        if answer.status_code == 200 and answer.text == "ok\n":
            return Finding("answer", True, "the portal answers")
        if answer.status_code in _BEHIND:
            return Finding(
                "answer", False,
                f"the proxy answers with HTTP status {answer.status_code}: it does not reach the "
                "portal; start the portal, and compare its address with the proxy's settings",
            )  # fmt: skip
        return Finding("answer", False, _not_passed(f"{url}/health", answer))


def _not_passed(url: str, answer: requests.Response) -> str:
    return (
        f"{url} is answered with HTTP status {answer.status_code}; pass all addresses on to the "
        "portal, with the field Host, and those below /health without a login"
    )


def _ranges(url: str) -> Finding:
    start, stop = 1000, 5000
    with _get(f"{url}{SAMPLE}", range=f"bytes={start}-{stop - 1}") as answer:
        if answer.status_code == 206 and answer.content == sample()[start:stop]:
            return Finding("ranges", True, "parts of files are delivered: downloads resume")
        if answer.status_code >= HTTPStatus.BAD_REQUEST:
            return Finding("ranges", False, _not_passed(f"{url}{SAMPLE}", answer))
        return Finding(
            "ranges", False,
            f"a part of a file is asked for, and HTTP status {answer.status_code} comes: downloads "
            "cannot resume; have the proxy pass Range and If-Range on, and not compress or cache",
        )  # fmt: skip


def _buffering(url: str) -> Finding:
    """How much of an answer leaves the portal although nobody takes it."""
    flow = f"{url}{FLOW}/{secrets.token_hex(16)}"
    with _get(flow) as answer:
        if answer.status_code == HTTPStatus.TOO_MANY_REQUESTS:
            return Finding("buffering", False, "the portal is busy with other checks; try again")
        if answer.status_code != HTTPStatus.OK:
            return Finding("buffering", False, _not_passed(flow, answer))
        answer.raw.read(1000, decode_content=False)
        left = 0
        for _ in range(_LOOKS):
            time.sleep(_PAUSE)
            with _get(f"{flow}/sent") as told:
                left = told.json()["bytes"]
    if left < FLOW_SIZE // 2:
        return Finding("buffering", True, "the proxy takes no more than visitors do")
    return Finding(
        "buffering", False,
        "the proxy takes answers faster than visitors do: large downloads fill its disk, and break "
        "off; with nginx, let X-Accel-Buffering through (no proxy_ignore_headers), or set "
        "proxy_buffering off",
    )  # fmt: skip


def _clock(url: str) -> Finding:
    with _get(f"{url}/health") as answer:
        given = answer.headers.get("Date", "")
    try:
        ahead = parsedate_to_datetime(given).timestamp() - time.time()
    except (TypeError, ValueError):
        return Finding("clock", False, "the portal tells no date")
    return _skew("the portal's clock", ahead)


def _skew(whose: str, ahead: float) -> Finding:
    if abs(ahead) <= _SKEW:
        return Finding("clock", True, f"{whose} agrees with this machine's")
    way = "ahead of" if ahead > 0 else "behind"
    return Finding(
        "clock", False,
        f"{whose} is {abs(ahead):.0f} s {way} this machine's: logins and links expire at the "
        "wrong time; have both set by NTP",
    )  # fmt: skip


def _store(url: str) -> Iterator[Finding]:
    try:
        found = look_at(url)
    except StoreError as error:
        yield Finding("store", False, str(error))
        return
    if found.is_current:
        yield Finding("store", True, f"the store has version {found.version}")
    else:
        yield Finding(
            "store", False,
            f"the store has version {found.version or 'none'}, this program works with "
            f"{found.newest}; make a copy of it, then start the portal with --store, which brings "
            "it to that version",
        )  # fmt: skip
    yield _skew("the clock of the database", found.ahead)
