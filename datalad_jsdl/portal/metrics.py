"""Numbers for operators, as Prometheus reads them: ``/metrics``.

Of several processes on one machine each has its own numbers. If ``PROMETHEUS_MULTIPROC_DIR`` names
a folder when they start, whichever process is asked tells those of all.
"""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from datalad_jsdl.errors import StoreError
from datalad_jsdl.orders.jobs.rows import Jobs
from datalad_jsdl.portal.refusals import REFUSALS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from prometheus_client import Metric
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from datalad_jsdl.orders.store.opening import Store
    from datalad_jsdl.portal.accounts.proxy import Network

__all__ = ["Counted", "Metrics"]

_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
_METHODS = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})


class Metrics:
    """What is counted in this process.

    Args:
        store: whose jobs are counted when somebody asks.
    """

    def __init__(self, store: Store) -> None:
        self._jobs = _JobCounts(store)
        self._registry = CollectorRegistry()
        self._downloads = Gauge(
            "jsdl_downloads_under_way", "Archives, or ranges of them, on their way to clients",
            registry=self._registry, multiprocess_mode="livesum",
        )  # fmt: skip
        self._sent = Counter(
            "jsdl_archive_sent_bytes", "Bytes of archives sent", registry=self._registry
        )
        self._broken_off = Counter(
            "jsdl_archives_broken_off", "Answers that ended before their end, by whose fault",
            ["fault"], registry=self._registry,
        )  # fmt: skip
        self._requests = Counter(
            "jsdl_requests", "Requests, by route and status", ["route", "method", "status"],
            registry=self._registry,
        )  # fmt: skip

    @contextmanager
    def download(self) -> Iterator[None]:
        """While one is under way."""
        with self._downloads.track_inprogress():
            yield

    def sent(self, size: int) -> None:
        """So many bytes of an archive more."""
        self._sent.inc(size)

    def broken_off(self, fault: str) -> None:
        """An archive's answer ended before its end: by the fault of its "source" or "client"."""
        self._broken_off.labels(fault).inc()

    def request(self, route: str, method: str, status: str) -> None:
        """A request was answered."""
        self._requests.labels(route, method, status).inc()

    def text(self) -> bytes:
        """All of it, as Prometheus reads it."""
        registry = self._registry
        if os.environ.get(_FOLDER):
            registry = CollectorRegistry()
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        jobs = CollectorRegistry()
        jobs.register(self._jobs)
        return generate_latest(registry) + generate_latest(jobs)


class _JobCounts(Collector):
    """Jobs of the store by kind and state; none while the store refuses."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def collect(self) -> Iterable[Metric]:
        family = GaugeMetricFamily("jsdl_jobs", "Jobs in the store", labels=["kind", "state"])
        with suppress(StoreError):
            for (kind, state), number in Jobs(self._store).counts().items():
                family.add_metric([kind, state.value], number)
        yield family


class Counted:
    """Counts the requests that an application answers, and has those told that it refuses.

    Args:
        app: the application.
        metrics: where they are counted.
        trusted: proxies, which say where requests are from.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics, trusted: tuple[Network, ...] = ()) -> None:
        self._app = app
        self._metrics = metrics
        self._trusted = trusted

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See the specification of ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = "none"

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = str(message["status"])
            await send(message)

        try:
            await self._app(scope, receive, noted)
        finally:
            route = getattr(scope.get("route"), "path", "none")
            method = scope["method"] if scope["method"] in _METHODS else "other"
            self._metrics.request(route, method, status)
            REFUSALS.answer(scope, status, self._trusted)
