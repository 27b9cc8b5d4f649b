"""Small files from a mirror next door stand in line, from one far away they do not."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from datalad_jsdl.fetch.bulk import Job, fetch_file
from datalad_jsdl.fetch.engine import Engine
from datalad_jsdl.fetch.http.address_policy import AddressPolicy
from datalad_jsdl.model.content import Expected, Fetched
from tests.lab import Lab
from tests.portal import content_of
from tests.wire import Talk


class Gauge:
    """Answers only when so many are asked for at once; the most that ever were."""

    def __init__(self, parties: int) -> None:
        self.most = self._now = 0
        self._lock = threading.Lock()
        self._together = threading.Barrier(parties)

    def answer(self, talk: Talk, content: bytes) -> None:
        with self._lock:
            self._now += 1
            self.most = max(self.most, self._now)
        self._together.wait(60)
        talk.pause(0.05)  # for one more that should not come
        with self._lock:
            self._now -= 1
        talk.file(content)


@pytest.mark.parametrize(
    ("latency", "lanes", "at_once"), [(0.001, 1, 1), (0.001, 2, 2), (0.05, 1, 4)]
)
def test_lanes(lab: Lab, latency: float, lanes: int, at_once: int) -> None:
    gauge = Gauge(at_once)
    engine = Engine(AddressPolicy(allow_all=True), lanes=lanes)
    jobs = []
    for number in range(4):
        content = content_of(f"f{number}")
        url = lab.put(f"f{number}", content, answer=gauge.answer)
        jobs.append(Job(url, (url,), Expected(len(content)), Path(f"f{number}")))
    engine.origins.of(jobs[0].urls[0]).score.latency = latency
    with ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(lambda job: fetch_file(job, engine), jobs))
    assert all(isinstance(outcome, Fetched) for outcome in outcomes)
    assert gauge.most == at_once
