"""An engine whose waits take no time: its clock is put forward instead."""

from __future__ import annotations

import time
from typing import Any

from datalad_jsdl.fetch.engine import Engine
from datalad_jsdl.fetch.http.address_policy import AddressPolicy
from datalad_jsdl.fetch.mirrors.probe import Asker, probe, sample
from datalad_jsdl.fetch.mirrors.states import Answer
from datalad_jsdl.fetch.settings import Settings
from datalad_jsdl.model.content import Expected


class Waits:
    """Stands for the passing of time, so that tests need not wait for half a minute."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.seconds.append(seconds)

    def now(self) -> float:
        return time.monotonic() + sum(self.seconds)


def new_engine(waits: Waits | None = None, **options: Any) -> Engine:
    """An engine that may connect to 127.0.0.1.

    It waits long for an answer, so that a busy machine makes no fault of its own: a test of
    silence gives another ``read_timeout``.
    """
    policy = AddressPolicy.from_config({"annex.security.allowed-ip-addresses": "127.0.0.1"})
    memory = options.pop("memory", None)
    settings = Settings(**({"read_timeout": 20.0} | options))
    engine = Engine(policy, settings, memory=memory, sleep=waits.sleep if waits else None)
    if waits:
        engine.origins.clock = waits.now
    return engine


def probed(url: str, expected: Expected, engine: Engine, *, head: bool = True) -> Answer:
    """What one question to a mirror comes to."""
    with engine.operation() as operation:
        asker = Asker(engine, operation, engine.settings.read_timeout)
        return probe(url, expected, asker, head=head)


def sampled(url: str, expected: Expected, engine: Engine, length: int) -> Answer:
    """What the first bytes from a mirror come to."""
    with engine.operation() as operation:
        asker = Asker(engine, operation, engine.settings.read_timeout)
        return sample(url, expected, asker, length)
