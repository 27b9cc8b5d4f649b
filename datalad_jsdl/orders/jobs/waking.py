"""Waking those who run jobs, by Huey.

A message is the id of a job, and nothing else. It may get lost: the row is the truth, and every
worker looks at the rows from time to time.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from huey import PostgresHuey, RedisHuey, SqliteHuey
from huey.consumer import Consumer
from huey.consumer import Worker as HueyWorker
from huey.exceptions import ConfigurationError
from huey.registry import Message
from huey.serializer import Serializer
from sqlalchemy import text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from datalad_jsdl.bugs import log_trace
from datalad_jsdl.errors import StoreError
from datalad_jsdl.model.urls import redact, redact_text
from datalad_jsdl.orders.store.file_modes import make, narrow

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from datalad_jsdl.orders.store.opening import Store

__all__ = ["Threads", "Waker"]

_NAME = "jsdl-jobs"
_MAKING = 0x6A73646D  # of PostgreSQL's advisory locks
_LOOK = 1.0  # seconds: the most between two looks at a queue that cannot wake
_CONNECT = 5  # seconds that Redis has to accept a connection


class Waker:
    """A queue of ids of jobs. Safe for threads; a context manager that closes it."""

    def __init__(self, store: Store, url: str = "") -> None:
        """Open the queue, and make it if need be.

        Args:
            store: whose jobs they are.
            url: ``redis://HOST``, ``postgresql://…`` or ``sqlite:///FILE``; "" for the store's
                own database if that is PostgreSQL, else for a file beside the store.

        Raises:
            StoreError: it cannot be opened, or needs a package that is not installed.
        """
        address = _understood(url) if url else _default(store)
        self.shown = _shown(address)
        try:
            self._huey = _huey(store, address)
        except ConfigurationError:
            missing = _POSTGRESQL if address.get_backend_name() == "postgresql" else _REDIS
            raise StoreError(missing) from None
        except Exception as error:  # of the database's own driver
            log_trace("a queue cannot be opened", error)
            raise StoreError(
                f"cannot open the queue {self.shown}: {redact_text(str(error))}"
            ) from None
        self._work: Callable[[], None] = _nothing
        self._task = self._huey.task(name=_TASK)(self._woken)

    def __enter__(self) -> Waker:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections of this thread, and those that threads share."""
        _close(self._huey.storage)

    def wake(self, job_id: str) -> None:
        """Wake somebody to run a job. That this fails is no error: the job is found later."""
        try:
            self._task(job_id)
        except Exception as error:  # of any database's driver
            log_trace(f"nobody could be woken by {self.shown}", error)

    def threads(self, number: int, work: Callable[[], None], every: float) -> Threads:
        """Threads that do *work* when they are woken, at their start, and from time to time.

        Args:
            number: how many.
            work: what they do; it handles its errors.
            every: seconds after which they do it without being woken.
        """
        self._work = work
        return Threads(self._huey, number, work, every)

    def _woken(self, job_id: str) -> None:
        """Do what there is: the job of the message is among it, or somebody else has it."""
        self._work()


class Threads:
    """Huey's consumer, which leaves signals to the program.

    Made by `Waker.threads`.
    """

    def __init__(self, huey: Any, number: int, work: Callable[[], None], every: float) -> None:
        self._consumer = _Consumer(huey, number, work, every)

    def start(self) -> None:
        """Start them."""
        self._consumer.start()

    def revive(self) -> None:
        """Replace those that have died."""
        self._consumer.check_worker_health()

    def end(self, within: float) -> bool:
        """Let them end after what they do now; False if they did not, in so many seconds."""
        self._consumer.stop_flag.set()
        deadline = time.monotonic() + within
        threads = [thread for _, thread in self._consumer.worker_threads]
        for thread in [*threads, self._consumer.scheduler]:
            thread.join(max(deadline - time.monotonic(), 0))
        return not any(thread.is_alive() for thread in threads)


class _Consumer(Consumer):
    def __init__(self, huey: Any, number: int, work: Callable[[], None], every: float) -> None:
        self._between = (work, every)
        super().__init__(huey, workers=number, periodic=False, scheduler_interval=60)

    def _create_worker(self) -> _Thread:
        return _Thread(self.huey, self.stop_flag, *self._between)

    def _set_signal_handlers(self) -> None:
        """None: the program has its own."""


class _Thread(HueyWorker):
    def __init__(self, huey: Any, stop_flag: Any, work: Callable[[], None], every: float) -> None:
        super().__init__(huey, stop_flag, default_delay=0.1, max_delay=_LOOK, backoff=1.15)
        self._sweep, self._every = work, every
        self._next = time.monotonic()

    def loop(self, now: Any = None) -> None:
        if time.monotonic() >= self._next:
            self._sweep()
            self._next = time.monotonic() + self._every
        super().loop(now)

    def shutdown(self) -> None:
        super().shutdown()
        _close(self.huey.storage)


class _Ids(Serializer):
    """A message is JSON with the id of a job: nothing that could run code when it is read."""

    def _serialize(self, data: Any) -> bytes:
        (job_id,) = data.args
        return json.dumps({"job": job_id}).encode()

    def _deserialize(self, data: Any) -> Any:
        job_id = str(json.loads(bytes(data))["job"])
        return Message(id=str(uuid4()), name=f"{__name__}.{_TASK}", args=(job_id,), kwargs={})


_TASK = "run"

_REDIS = "the queue in Redis needs a package; to install it, run: pip install redis"
_POSTGRESQL = "PostgreSQL needs psycopg; to install it, run: pip install 'psycopg[binary]'"


def _understood(url: str) -> URL:
    try:
        address = make_url(url)
    except (ArgumentError, ValueError):  # the latter for its port
        raise StoreError("cannot read the URL of the queue; expected redis://HOST") from None
    if url != url.encode(errors="replace").decode():
        raise StoreError("the URL of the queue is not valid UTF-8")
    if address.get_backend_name() not in ("redis", "rediss", "postgresql", "sqlite"):
        raise StoreError(
            f"a queue is in Redis, PostgreSQL or SQLite, not in {address.get_backend_name()}"
        )
    return address


def _shown(address: URL) -> str:
    if address.get_backend_name() == "sqlite":
        return f"sqlite:///{address.database}"  # of whatever bytes
    plain = address.set(drivername=address.get_backend_name())
    return redact(plain.render_as_string(hide_password=True))


def _default(store: Store) -> URL:
    if not store.is_sqlite:
        return store.url
    file = Path(store.url.database or "orders.sqlite")
    beside = file.with_name(f"{file.stem}-huey.sqlite")
    return URL.create("sqlite", database=str(beside))


def _huey(store: Store, address: URL) -> Any:
    options = {"serializer": _Ids(), "results": False}
    if address.get_backend_name() == "sqlite":
        if address.database:
            make(Path(address.database), private=True)
        queue = SqliteHuey(_NAME, filename=address.database, **options)
        if address.database:
            narrow(Path(address.database), "which wakes workers up")
        return queue
    if address.get_backend_name() == "postgresql":
        plain = address.set(drivername="postgresql").render_as_string(hide_password=False)
        with store.write() as connection:
            if not store.is_sqlite:  # two at once cannot both make a table
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MAKING})
            return PostgresHuey(_NAME, dsn=plain, **options)
    if "socket_connect_timeout" not in address.query:
        address = address.update_query_dict({"socket_connect_timeout": str(_CONNECT)})
    return RedisHuey(_NAME, url=address.render_as_string(hide_password=False), **options)


def _close(storage: Any) -> None:
    close = getattr(storage, "close", None)  # Redis has none: its pool closes itself
    if close is not None:
        close()


def _nothing() -> None:
    """What a queue does that only wakes others."""
