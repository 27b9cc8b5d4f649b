"""How often visitors may ask for what is expensive, or what could be guessed."""

from __future__ import annotations

import logging
import math
import re
import time
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

import limits
from limits.storage import MemoryStorage, storage_from_string
from limits.strategies import MovingWindowRateLimiter

from datalad_jsdl.bugs import LOGGER, log_trace
from datalad_jsdl.errors import PortalError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from limits import RateLimitItem

__all__ = ["DEFAULT_RATES", "Kind", "Rates", "kind_of", "rate_of"]

lgr = logging.getLogger(LOGGER)


class Kind(Enum):
    """What there is a rate of."""

    ORDER = "order"
    ADD = "add"
    SEARCH = "search"
    SIGN_IN = "sign-in"
    LINK = "link"


DEFAULT_RATES = {
    Kind.ORDER: limits.parse("60/hour"),
    Kind.ADD: limits.parse("120/minute"),
    Kind.SEARCH: limits.parse("120/minute"),
    Kind.SIGN_IN: limits.parse("30/minute"),
    # those that are no links to anything: the others are not counted
    Kind.LINK: limits.parse("30/minute"),
}

_API = "/api/v1"
_ROUTES = tuple(
    (re.compile(methods), re.compile(path), kind)
    for methods, path, kind in (
        ("POST", r"/sign-in", Kind.SIGN_IN),
        ("GET|HEAD", r"/openid/.*", Kind.SIGN_IN),
        ("GET|HEAD", r"/d/.*", Kind.LINK),
        ("PUT", rf"{_API}/download/list/[^/]*/order", Kind.ORDER),
        ("POST", rf"{_API}/download/order/[^/]*/async/start", Kind.ADD),
        ("POST", rf"{_API}/orders/[^/]*/repeat", Kind.ORDER),
        ("POST", r"/list/order|/orders/[^/]*/(again|others)", Kind.ORDER),
        ("POST", rf"{_API}/download/list/[^/]*/(add|add/async/start|review/async/start)", Kind.ADD),
        ("POST", r"/datasets/[^/]*/add|/list/check|/orders/[^/]*/prepare", Kind.ADD),
        ("POST", rf"{_API}/(query|entity/children|datasets/[^/]*/statistics)", Kind.SEARCH),
        ("GET|HEAD", rf"{_API}/datasets/[^/]*/files", Kind.SEARCH),
        ("GET|HEAD", rf"{_API}/orders/[^/]*/comparison|/orders/[^/]*/compare", Kind.SEARCH),
        ("POST", r"/choose|/choose/add|/chosen/[^/]*/add", Kind.ADD),
        ("GET|HEAD", r"/choose|/chosen/[^/]*", Kind.SEARCH),
        ("POST", r"(/api)?/(patients|studies|series)/[^/]*/archive", Kind.ORDER),
        # each asks Orthanc; what a GET begins is counted as an order where it does
        ("GET|HEAD", r"(/api)?/(patients|studies|series)/[^/]*(/archive)?|/studies", Kind.SEARCH),
    )
)
_BROWSE = re.compile(r"/datasets/[^/]*")


def kind_of(method: str, path: str, query: bytes) -> Kind | None:
    """What a request is counted as; None if it is not."""
    for methods, paths, kind in _ROUTES:
        if methods.fullmatch(method) and paths.fullmatch(path):
            return kind
    # to look through folders is cheap; to search them is not
    return Kind.SEARCH if query and _BROWSE.fullmatch(path) else None


def rate_of(given: str) -> RateLimitItem | None:
    """A rate, such as ``30/minute``; None for ``none``.

    Raises:
        PortalError: it is none.
    """
    if given == "none":
        return None
    try:
        found = limits.parse(given)
    except ValueError:
        found = None
    if found is None or found.amount < 1:
        raise PortalError(f"expected a rate such as 30/minute, or none, not {given!r}")
    return found


@dataclass
class Rates:
    """Counts requests; for any thread.

    Attributes:
        of: the rates; a kind that is not in it is not limited.
        place: a URL of Redis that several processes count in; "" for each its own.
    """

    of: Mapping[Kind, RateLimitItem | None] = field(default_factory=lambda: DEFAULT_RATES)
    place: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        try:
            storage = storage_from_string(self.place) if self.place else MemoryStorage()
        except Exception as error:  # of whichever library; its text may quote the URL
            log_trace("rates cannot be counted there", error)
            raise PortalError(
                "rates cannot be counted where the settings say; expected a URL such as "
                "redis://127.0.0.1:6379/0, and pip install 'datalad-jsdl[redis]'"
            ) from None
        self._counter = MovingWindowRateLimiter(storage)

    @property
    def is_remote(self) -> bool:
        """Whether to count takes a while."""
        return bool(self.place)

    def wait(self, kind: Kind, who: str, *, count: bool = True) -> int:
        """Seconds until somebody may ask again; 0 for now. Who cannot be counted may ask.

        Args:
            kind: of the request.
            who: asks.
            count: the request as one.
        """
        rate = self.of.get(kind)
        if rate is None:
            return 0
        try:
            may = self._counter.hit if count else self._counter.test
            if may(rate, kind.value, who):
                return 0
            reset = self._counter.get_window_stats(rate, kind.value, who).reset_time
        except Exception as error:  # of whichever library
            log_trace("a rate could not be counted", error)
            return 0
        return max(1, math.ceil(reset - time.time()))
