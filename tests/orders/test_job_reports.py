"""Jobs tell how far they are, how fast, and hear that they are cancelled."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest

from datalad_jsdl.errors import (
    JobCancelledError,
    JobInterruptedError,
    LeaseLostError,
    StoreError,
)
from datalad_jsdl.operations.progress import Standing
from datalad_jsdl.orders.jobs.model import Job, JobState, Observation, rate
from datalad_jsdl.orders.jobs.rows import Jobs
from datalad_jsdl.orders.store.opening import Store
from tests.orders.jobs_kit import SHORT, Clock, claimed, refusing


class TestReports:
    def test_are_written_once_a_second(self, jobs: Jobs, clock: Clock) -> None:
        job = jobs.start("a", "me", {})
        lease = claimed(jobs)
        before = lease.job.version
        for n in range(300):  # in three seconds
            clock.now = 1000.0 + n / 100
            lease.report(n, 300)
        found = jobs.find(job.id)
        assert found.version == before + 3
        assert found.progress == 200
        lease.done()  # has what was not written
        assert jobs.find(job.id).progress == 299

    def test_are_kept_for_the_next_worker(self, jobs: Jobs) -> None:
        job = jobs.start("a", "me", {})
        lease = claimed(jobs)
        lease.report(50, 100, "half")
        found = jobs.find(job.id)
        assert (found.progress, found.total, found.message) == (50, 100, "half")
        lease.give_back()
        assert jobs.find(job.id).progress == 50

    def test_a_lease_is_kept_without_them(self, store: Store) -> None:
        jobs = Jobs(store, lambda: 100 * time.monotonic())
        job = jobs.start("a", "me", {})
        lease = claimed(jobs)
        with lease.keep() as stop:
            before = jobs.find(job.id)
            while jobs.find(job.id).version < before.version + 3:
                time.sleep(0.01)
            assert not stop.is_set()
        assert jobs.find(job.id).updated_on > before.updated_on
        lease.done()

    def test_a_store_that_refuses_for_a_moment(
        self, jobs: Jobs, store: Store, clock: Clock
    ) -> None:
        job = jobs.start("a", "me", {})
        lease = claimed(jobs, lease=10.0)
        with refusing(store):
            lease.report(1, 10)
        clock.now += 1
        lease.report(2, 10)
        assert jobs.find(job.id).progress == 2
        with refusing(store):
            clock.now += 11
            with pytest.raises(LeaseLostError, match="the store refused"):
                lease.report(3, 10)

    def test_an_end_is_written_once_the_store_does_not_refuse(
        self, store: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        jobs = Jobs(store)
        job = jobs.start("a", "me", {})
        lease = claimed(jobs)
        refused = threading.Event()
        monkeypatch.setattr("datalad_jsdl.orders.jobs.lease.log_trace", lambda *_: refused.set())
        with ThreadPoolExecutor(1) as pool:
            with refusing(store):
                end = pool.submit(lease.done, "", 7)
                assert refused.wait(60)
            end.result(60)
        assert jobs.find(job.id).result == 7

    def test_an_end_is_not_written_for_ever(self, jobs: Jobs, store: Store, clock: Clock) -> None:
        jobs.start("a", "me", {})
        lease = claimed(jobs)
        clock.now += 700
        with refusing(store), pytest.raises(StoreError):
            lease.done()


class TestCancelled:
    def test_one_that_is_queued(self, jobs: Jobs) -> None:
        job = jobs.start("a", "me", {})
        assert jobs.cancel(job.id).state is JobState.CANCELLED
        assert jobs.cancel(job.id).version == 2
        assert jobs.claim() is None

    def test_one_that_runs(self, jobs: Jobs, clock: Clock) -> None:
        job = jobs.start("a", "me", {})
        lease = claimed(jobs)
        lease.report(1, 2)
        found = jobs.cancel(job.id)
        assert (found.state, found.is_cancelling) == (JobState.RUNNING, True)
        lease.report(1, 2)  # not written yet
        clock.now += 1
        for _ in range(2):
            with pytest.raises(JobCancelledError):
                lease.report(1, 2)
        lease.cancelled()
        found = jobs.find(job.id)
        assert (found.state, found.is_cancelling) == (JobState.CANCELLED, False)

    def test_one_that_has_ended_stays(self, jobs: Jobs) -> None:
        job = jobs.start("a", "me", {})
        claimed(jobs).done()
        assert jobs.cancel(job.id) == jobs.find(job.id)
        assert jobs.find(job.id).state is JobState.DONE

    def test_and_wanted_again(self, jobs: Jobs) -> None:
        job = jobs.start("a", "me", {})
        lease = claimed(jobs)
        jobs.cancel(job.id)
        with pytest.raises(JobCancelledError):
            lease.report(1, 2)
        assert not jobs.start("a", "me", {}).is_cancelling
        lease.cancelled()
        assert jobs.find(job.id).state is JobState.QUEUED

    @pytest.mark.parametrize("by", ["cancel", "claim"])
    def test_one_whose_worker_is_gone(self, jobs: Jobs, by: str) -> None:
        job = jobs.start("a", "me", {})
        lease = claimed(jobs, lease=SHORT if by == "cancel" else 0.5)
        if by == "cancel":
            time.sleep(2 * SHORT)
        jobs.cancel(job.id)
        while jobs.find(job.id).state is JobState.RUNNING:
            assert jobs.claim() is None
        assert jobs.find(job.id).state is JobState.CANCELLED
        with pytest.raises(LeaseLostError):
            lease.done()

    def test_one_that_is_given_back(self, jobs: Jobs) -> None:
        job = jobs.start("a", "me", {})
        lease = claimed(jobs)
        jobs.cancel(job.id)
        lease.give_back()
        assert jobs.find(job.id).state is JobState.CANCELLED

    def test_a_step_that_does_not_report_is_told(self, store: Store) -> None:
        jobs = Jobs(store, lambda: 100 * time.monotonic())
        job = jobs.start("a", "me", {})
        lease = claimed(jobs)

        def step() -> None:
            with lease.keep() as stop:
                jobs.cancel(job.id)
                assert stop.wait(60)

        with pytest.raises(JobCancelledError):
            step()

    def test_a_worker_that_is_to_end(self, jobs: Jobs) -> None:
        stop = threading.Event()
        jobs.start("a", "me", {})
        lease = jobs.claim(worker_stop=stop)
        assert lease is not None
        lease.report(1, 2)

        def step() -> None:
            with lease.keep() as told:
                stop.set()
                assert told.wait(60)

        with pytest.raises(JobInterruptedError):
            step()
        with pytest.raises(JobInterruptedError):
            lease.report(1, 2)


NOW = datetime(2026, 1, 1, tzinfo=timezone.utc)


def running(progress: int, total: int | None, before: Observation | None, seconds: float) -> Job:
    """As it was 20 seconds after it was observed, looked at *seconds* later."""
    reported = NOW + timedelta(seconds=20)
    return Job(
        "id", "a", "me", {}, JobState.RUNNING, progress, total, "", None, NOW, NOW, reported, 1,
        False, 1, before, reported + timedelta(seconds=seconds),
    )  # fmt: skip


class TestSpeed:
    def test_of_two_observations(self) -> None:
        first = Observation(NOW, 100)
        assert rate(first, Observation(NOW + timedelta(seconds=4), 300)) == 50
        assert rate(first, Observation(NOW + timedelta(seconds=4), 100)) is None
        assert rate(first, Observation(NOW, 300)) is None

    @pytest.mark.parametrize(
        ("job", "seconds"),
        [
            (running(300, 1100, Observation(NOW, 100), 0), 80),
            (running(300, 1100, Observation(NOW, 100), 5), 100),
            (running(300, 1100, Observation(NOW, 100), 11), None),  # the worker says nothing
            (running(300, 200, Observation(NOW, 100), 0), 0),
            (running(300, None, Observation(NOW, 100), 0), None),
            (running(100, 1100, Observation(NOW, 100), 0), None),
            (running(100, 1100, None, 0), None),
        ],
    )
    def test_what_remains(self, job: Job, seconds: float | None) -> None:
        assert job.remaining == seconds
        assert replace(job, state=JobState.DONE).remaining is None

    def test_is_that_of_the_last_seconds(self, jobs: Jobs, clock: Clock) -> None:
        job = jobs.start("a", "me", {})
        lease = claimed(jobs)
        lease.report(700, 10_000)
        assert jobs.find(job.id).rate is None
        lease.give_back()
        lease = claimed(jobs)
        for second in range(40):  # what another worker did costs no time
            lease.report(1000 + 10 * second, 10_000)
            clock.now += 1
        assert jobs.find(job.id).rate == pytest.approx(10, rel=0.1)
        for second in range(20):
            lease.report(1400 + 100 * second, 10_000)
            clock.now += 1
        found = jobs.find(job.id)
        assert found.rate == pytest.approx(100, rel=0.1)
        assert found.remaining == pytest.approx((10_000 - found.progress) / 100, rel=0.1)

    def test_of_a_job_that_stands_still_is_none(self, jobs: Jobs, clock: Clock) -> None:
        job = jobs.start("a", "me", {})
        lease = claimed(jobs)
        for second in range(10):
            lease.report(100 * second, 10_000)
            clock.now += 1
        assert jobs.find(job.id).rate is not None
        for _ in range(6):
            lease.report(900, 10_000)
            clock.now += 1
        found = jobs.find(job.id)
        assert (found.progress, found.rate, found.remaining) == (900, None, None)

    def test_is_of_what_was_moved(self, store: Store) -> None:
        """A step is looked at meanwhile; what was there before is no part of its rate."""
        jobs = Jobs(store, lambda: 20 * time.monotonic())
        job = jobs.start("a", "me", {})
        begun = time.monotonic()

        def look() -> Standing:
            moved = round(1000 * (time.monotonic() - begun))
            return Standing(1_000_000 + moved, 2_000_000, moved=moved)

        with claimed(jobs).keep(look):
            while (found := jobs.find(job.id)).rate is None:
                time.sleep(0.01)
        assert found.progress > 1_000_000
        assert found.rate < 1000
