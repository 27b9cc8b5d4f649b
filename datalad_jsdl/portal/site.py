"""What a portal serves, and all that its parts share."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from datalad_jsdl.archive.budget import LookAhead
from datalad_jsdl.orders.capability import Capabilities
from datalad_jsdl.orders.ordering import Limits
from datalad_jsdl.orders.store.sessions import Sessions
from datalad_jsdl.portal.browsing import Browser
from datalad_jsdl.portal.downloads_log import DownloadsLog
from datalad_jsdl.portal.guards import Room, Streams
from datalad_jsdl.portal.logs import PortalLog
from datalad_jsdl.portal.look import Look
from datalad_jsdl.portal.manifests import Manifests
from datalad_jsdl.portal.metrics import Metrics
from datalad_jsdl.portal.opened import OpenArchives
from datalad_jsdl.portal.told import Told, as_it_is

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from starlette.routing import BaseRoute

    from datalad_jsdl.orders.desk import Desk
    from datalad_jsdl.portal.accounts.anonymous import AnonymousUsers
    from datalad_jsdl.portal.accounts.proxy import Network
    from datalad_jsdl.portal.embedding.keys import EmbedKey
    from datalad_jsdl.portal.identity import Identity, TokenIdentity
    from datalad_jsdl.portal.manifests import KeptManifest
    from datalad_jsdl.portal.orthanc.server import OrthancServer
    from datalad_jsdl.portal.rates import Rates
    from datalad_jsdl.portal.rules import Rules
    from datalad_jsdl.portal.served import Served

__all__ = ["Site"]

_T = TypeVar("_T")

_FETCHES = 8  # pieces of contents that are fetched ahead at a time, for all downloads


@dataclass
class Site:
    """A portal.

    Attributes:
        desk: the store of lists and orders, and where their sources are.
        served: what can be chosen from, in the order of their names.
        identity: how to find out who asks.
        operator: knows the token of who runs the portal, for its numbers; None for nobody.
        hosts: names that the portal is known by, with ports; none for any.
        look: of the pages.
        sign_in: path where visitors begin to sign in at a provider; "" where there is none.
        limits: of one order, where there are no *rules*.
        rules: of datasets, and limits by role; None where one person serves themselves.
        embed: keys of pages elsewhere that choose files for visitors, by name.
        wake: called with the id of a job that was put into the queue.
        streams: downloads that are under way.
        archives: those of orders, kept open.
        capabilities: signs links to archives.
        manifests: those that are served, read once.
        browser: shows folders of what is served.
        sign_in_routes: where visitors go to sign in, and come back to.
        orthanc: a server whose studies visitors can have, or None.
        origin: scheme, host and port by which clients know it; "" for those of each request.
        told: what visitors are told of a text that may say where on the server something is.
        strangers: bytes of forms of those who are not known, all that come in together.
        anonymous: users who are not signed in; None where all have to sign in.
        rates: how often visitors may ask; None without limits.
        trusted: proxies, which say where requests are from.
        robots: whether crawlers may keep pages of what is public.
        log: of what happens.
        downloads_log: the same, of archives.
        sessions: that users have ended.
        metrics: what is counted in this process.
        is_ending: the server is about to end; what is streamed without an end is to end now.
    """

    desk: Desk
    served: Sequence[Served]
    identity: Identity
    hosts: frozenset[str] = frozenset()
    look: Look = field(default_factory=Look)
    sign_in: str = ""
    limits: Limits = field(default_factory=Limits)
    rules: Rules | None = None
    sign_in_routes: Sequence[BaseRoute] = ()
    embed: Mapping[str, EmbedKey] = field(default_factory=dict)
    wake: Callable[[str], object] = lambda job: None
    streams: Streams = field(default_factory=Streams)
    told: Told = as_it_is
    strangers: Room = field(default_factory=partial(Room, 64 << 20))
    archives: OpenArchives = field(init=False)
    capabilities: Capabilities = field(init=False)
    manifests: Manifests = field(init=False)
    browser: Browser = field(init=False)
    orthanc: OrthancServer | None = None
    origin: str = ""
    anonymous: AnonymousUsers | None = None
    rates: Rates | None = None
    trusted: tuple[Network, ...] = ()
    robots: bool = False
    log: PortalLog = field(default_factory=PortalLog)
    downloads_log: DownloadsLog = field(init=False)
    sessions: Sessions = field(init=False)
    metrics: Metrics = field(init=False)
    is_ending: bool = False
    operator: TokenIdentity | None = None

    def __post_init__(self) -> None:
        look_ahead = LookAhead(_FETCHES, shared=True)
        self.archives = OpenArchives(self.desk, look_ahead)
        self.capabilities = Capabilities(self.desk.store)
        self.manifests = Manifests(lambda name: self.desk.places().logins(name))
        self.browser = Browser(self.manifests)
        self.downloads_log = DownloadsLog(self.log)
        self.sessions = Sessions(self.desk.store)
        self.metrics = Metrics(self.desk.store)
        # a mirror that is slow must not keep others from their answers: lookups have threads of
        # their own, and each download may have one
        self.readers = ThreadPoolExecutor(self.streams.of_process, "reader")
        self._lookups = ThreadPoolExecutor(16, "lookup")
        # to open a large order takes a while; pages must not wait for it
        self._openers = ThreadPoolExecutor(8, "opener")

    def find(self, name: str) -> Served | None:
        """What is served under a name."""
        return next((served for served in self.served if served.name == name), None)

    def kept(self, source: str) -> KeptManifest | None:
        """A manifest that is served, by the name of its source; None if there is none.

        Raises:
            ManifestError, FetchError: it is unavailable.
        """
        served = self.find(source)
        return self.manifests.get(served) if served is not None and served.place else None

    async def run(self, work: Callable[..., _T], *args: Any, **kwargs: Any) -> _T:
        """Have a thread do what may take a while."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._lookups, partial(work, *args, **kwargs))

    async def open(self, work: Callable[..., _T], *args: Any) -> _T:
        """Have a thread open an archive, or give it back."""
        return await asyncio.get_running_loop().run_in_executor(self._openers, partial(work, *args))

    def close(self) -> None:
        """Close what is kept open; what is under way ends by itself."""
        self._lookups.shutdown(wait=False, cancel_futures=True)
        self._openers.shutdown(wait=False, cancel_futures=True)
        self.readers.shutdown(wait=False, cancel_futures=True)
        self.archives.close()
