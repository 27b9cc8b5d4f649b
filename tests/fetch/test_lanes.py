"""Small files from a mirror next door stand in line, from one far away they do not."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from datalad_jsdl.fetch.bulk import Job, fetch_file
from datalad_jsdl.fetch.engine import Engine
from datalad_jsdl.fetch.http.address_policy import AddressPolicy
from datalad_jsdl.model.content import Expected, Fetched
from tests.lab import Lab
from tests.portal import content_of

DELAY = 0.2  # seconds, of each answer; what is known of the mirror says otherwise


@pytest.mark.parametrize(
    ("latency", "lanes", "turns"), [(0.001, 1, 4), (0.001, 2, 2), (0.05, 1, 1)]
)
def test_lanes(lab: Lab, latency: float, lanes: int, turns: int) -> None:
    engine = Engine(AddressPolicy(allow_all=True), lanes=lanes)
    jobs = []
    for number in range(4):
        content = content_of(f"f{number}")
        url = lab.put(f"f{number}", content, delay=DELAY)
        jobs.append(Job(url, (url,), Expected(len(content)), Path(f"f{number}")))
    engine.origins.of(jobs[0].urls[0]).score.latency = latency
    began = time.monotonic()
    with ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(lambda job: fetch_file(job, engine), jobs))
    seconds = time.monotonic() - began
    assert all(isinstance(outcome, Fetched) for outcome in outcomes)
    assert turns * DELAY <= seconds
    assert turns == len(jobs) or seconds < len(jobs) * DELAY
