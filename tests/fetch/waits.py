"""An engine whose waits take no time: its clock is put forward instead."""

from __future__ import annotations

import time
from typing import Any

from datalad_jsdl.fetch.addresses import AddressPolicy
from datalad_jsdl.fetch.engine import Engine
from datalad_jsdl.fetch.probe import Answer, Asker, probe
from datalad_jsdl.fetch.settings import Settings
from datalad_jsdl.fetch.values import Expected


class Waits:
    """Stands for the passing of time, so that tests need not wait for half a minute."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.seconds.append(seconds)

    def now(self) -> float:
        return time.monotonic() + sum(self.seconds)


def new_engine(waits: Waits | None = None, **options: Any) -> Engine:
    """An engine that may connect to 127.0.0.1."""
    policy = AddressPolicy.from_config({"annex.security.allowed-ip-addresses": "127.0.0.1"})
    memory = options.pop("memory", None)
    settings = Settings(**({"read_timeout": 0.5} | options))
    engine = Engine(policy, settings, memory=memory, sleep=waits.sleep if waits else None)
    if waits:
        engine.origins.clock = waits.now
    return engine


def probed(url: str, expected: Expected, engine: Engine, *, head: bool = True) -> Answer:
    """What a mirror answers before a download."""
    with engine.operation() as operation:
        return probe(
            url, expected, Asker(engine, operation, engine.settings.read_timeout), head=head
        )
