"""Jobs as rows: asked for once, claimed by one, kept by who reports, cancelled, found out about."""

from __future__ import annotations

import contextlib
import itertools
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest

from datalad_jsdl.errors import (
    JobCancelledError,
    JobError,
    JobInterruptedError,
    LeaseLostError,
    StoreError,
)
from datalad_jsdl.operations.progress import Standing
from datalad_jsdl.orders.jobs.lease import MAX_ATTEMPTS, Lease
from datalad_jsdl.orders.jobs.model import Job, JobState, Observation, rate
from datalad_jsdl.orders.jobs.rows import Jobs
from datalad_jsdl.orders.store.opening import Store

SHORT = 0.001  # seconds of a lease that is to run out


class Clock:
    """Seconds of a process that stand still until they are moved."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def jobs(store: Store, clock: Clock) -> Jobs:
    return Jobs(store, clock)


def claimed(jobs: Jobs, job_id: str | None = None, lease: float = 600.0) -> Lease:
    held = jobs.claim(job_id, lease)
    assert held is not None
    return held


def taken_over(jobs: Jobs, job_id: str, lease: float = 600.0) -> Lease:
    """Once a short lease has run out."""
    while True:
        held = jobs.claim(job_id, lease)
        if held is not None:
            return held
        time.sleep(0.01)


@contextlib.contextmanager
def refusing(store: Store) -> Iterator[None]:
    """A store that refuses all that is asked about jobs."""
    with store.write() as connection:
        connection.exec_driver_sql("ALTER TABLE jobs RENAME TO elsewhere")
    try:
        yield
    finally:
        with store.write() as connection:
            connection.exec_driver_sql("ALTER TABLE elsewhere RENAME TO jobs")


class TestAskedFor:
    def test_the_same_is_started_once(self, jobs: Jobs) -> None:
        job = jobs.start("a", "me", {"x": 1, "y": [None, "z"]})
        assert (job.state, job.version, job.attempts) == (JobState.QUEUED, 1, 0)
        assert job.args == {"x": 1, "y": [None, "z"]}
        assert jobs.start("a", "me", {"y": [None, "z"], "x": 1}) == job
        others = [
            jobs.start("a", "me", {"x": 2}),
            jobs.start("b", "me", {"x": 1, "y": [None, "z"]}),
            jobs.start("a", "you", {"x": 1, "y": [None, "z"]}),
        ]
        assert len({job.id, *(other.id for other in others)}) == 4

    def test_while_it_runs_but_not_once_it_has_ended(self, jobs: Jobs) -> None:
        job = jobs.start("a", "me", {})
        lease = claimed(jobs)
        assert jobs.start("a", "me", {}).id == job.id
        lease.done()
        assert jobs.start("a", "me", {}).id != job.id

    def test_by_many_at_once(self, jobs: Jobs) -> None:
        with ThreadPoolExecutor(8) as pool:
            found = list(pool.map(lambda _: jobs.start("a", "me", {"x": 1}).id, range(40)))
        assert len(set(found)) == 1

    def test_what_is_found(self, jobs: Jobs) -> None:
        mine = [jobs.start("a", "me", {"n": n}) for n in range(3)]
        jobs.start("a", "you", {})
        assert jobs.of_user("me") == mine[::-1]
        assert jobs.of_user("me", limit=1) == mine[2:]
        assert jobs.find(mine[0].id) == mine[0]
        for ask in (jobs.find, jobs.cancel):
            with pytest.raises(JobError, match="there is no job nothing"):
                ask("nothing")

    def test_places_in_the_queue(self, jobs: Jobs) -> None:
        queued = [jobs.start("a", f"user{n}", {}) for n in range(4)]
        assert [jobs.queue_position(job) for job in queued] == [0, 1, 2, 3]
        claimed(jobs, queued[1].id)
        assert [jobs.queue_position(job) for job in queued] == [0, 0, 1, 2]

    def test_users_take_turns(self, jobs: Jobs) -> None:
        """One who asks for many is no reason for others to wait."""
        many = [jobs.start("a", "greedy", {"n": n}) for n in range(5)]
        claimed(jobs).done()
        one, two = (jobs.start("a", "modest", {"n": n}) for n in range(2))
        late = jobs.start("a", "late", {})
        queued = [*many[1:], one, two, late]
        places = {job.id: jobs.queue_position(job) for job in queued}
        assert sorted(places.values()) == list(range(7))
        order = []
        while held := jobs.claim():
            order.append(held.job.id)
            held.done()
        assert order == sorted(places, key=places.__getitem__)
        names = {**{job.id: f"g{n}" for n, job in enumerate(many)},
                 one.id: "m0", two.id: "m1", late.id: "l"}  # fmt: skip
        assert [names[job] for job in order] == ["g1", "m0", "l", "g2", "m1", "g3", "g4"]

    def test_who_is_served_waits_behind_who_is_not(self, jobs: Jobs) -> None:
        """One user does not occupy several workers while others wait."""
        mine = [jobs.start("a", "me", {"n": n}) for n in range(3)]
        assert claimed(jobs).job.id == mine[0].id
        other = jobs.start("a", "other", {})
        assert [jobs.queue_position(job) for job in (other, mine[1])] == [0, 1]
        assert claimed(jobs).job.id == other.id
        assert claimed(jobs).job.id == mine[1].id

    def test_newcomers_do_not_keep_somebody_waiting(self, jobs: Jobs) -> None:
        mine = [jobs.start("a", "me", {"n": n}) for n in range(2)]
        claimed(jobs).done()
        for n in range(3):
            jobs.start("a", f"new{n}", {})
        assert claimed(jobs).job.id == mine[1].id

    def test_names_that_are_no_text(self, jobs: Jobs) -> None:
        odd = "a\udcffb\0c\u20ac"
        job = jobs.start("a", "me", {"path": odd})
        assert jobs.find(job.id).args == {"path": odd}
        lease = claimed(jobs)
        lease.report(1, 2, odd)
        assert jobs.find(job.id).message == "a\\udcffb\\0c\u20ac"
        lease.done(odd, {"path": odd})
        assert jobs.find(job.id).result == {"path": odd}


class TestClaimed:
    def test_the_oldest_is_first(self, jobs: Jobs) -> None:
        queued = [jobs.start("a", "me", {"n": n}) for n in range(3)]
        assert claimed(jobs, queued[1].id).job.id == queued[1].id
        first = claimed(jobs)
        assert (first.job.id, first.job.state, first.job.attempts) == (
            queued[0].id, JobState.RUNNING, 1,
        )  # fmt: skip
        assert jobs.claim(queued[0].id) is None
        assert jobs.claim("nothing") is None
        assert claimed(jobs).job.id == queued[2].id
        assert jobs.claim() is None

    def test_of_kinds_that_a_worker_knows(self, jobs: Jobs) -> None:
        jobs.start("new", "me", {})
        old = jobs.start("old", "me", {})
        held = jobs.claim(kinds={"old"})
        assert held is not None
        assert held.job.id == old.id
        assert jobs.claim(kinds={"old"}) is None

    def test_by_many_at_once(self, jobs: Jobs, url: str) -> None:
        wanted = {jobs.start("a", "me", {"n": n}).id for n in range(60)}

        def claim_all(_: int) -> list[str]:
            with Store(url) as store:
                own = Jobs(store)
                leases = iter(lambda: own.claim(None, 600.0), None)
                return [lease.job.id for lease in leases if lease]

        with ThreadPoolExecutor(6) as pool:
            found = list(itertools.chain.from_iterable(pool.map(claim_all, range(6))))
        # where others hold all that is left, a claim goes home at once, with nothing
        found += claim_all(0)
        assert sorted(found) == sorted(wanted)

    def test_one_job_by_many_at_once(self, jobs: Jobs) -> None:
        for n in range(10):
            job = jobs.start("a", "me", {"n": n})
            with ThreadPoolExecutor(4) as pool:
                found = list(pool.map(lambda _, job=job: jobs.claim(job.id, 600.0), range(4)))
            assert len([lease for lease in found if lease]) == 1

    def test_a_lease_that_has_run_out(self, jobs: Jobs) -> None:
        job = jobs.start("a", "me", {})
        first = claimed(jobs, lease=SHORT)
        second = taken_over(jobs, job.id)
        assert second.job.attempts == 2
        with pytest.raises(LeaseLostError):
            first.report(1, 2)
        with pytest.raises(LeaseLostError):
            first.done()
        second.done("", "made")
        with pytest.raises(LeaseLostError):
            second.failed("no")
        assert jobs.find(job.id).result == "made"

    def test_one_that_nobody_took_is_renewed(self, jobs: Jobs) -> None:
        jobs.start("a", "me", {})
        lease = claimed(jobs, lease=SHORT)
        time.sleep(2 * SHORT)
        lease.report(1, 2)
        lease.done()

    def test_after_too_many_workers_it_has_failed(self, jobs: Jobs) -> None:
        job = jobs.start("a", "me", {})
        claimed(jobs, lease=SHORT)
        for _ in range(MAX_ATTEMPTS - 1):
            taken_over(jobs, job.id, SHORT)
        while jobs.find(job.id).state is JobState.RUNNING:
            assert jobs.claim() is None
        assert jobs.find(job.id).state is JobState.FAILED
        assert jobs.find(job.id).message.startswith("5 workers began this job")

    def test_one_that_is_given_back_is_no_attempt(self, jobs: Jobs) -> None:
        job = jobs.start("a", "me", {})
        for _ in range(MAX_ATTEMPTS + 1):
            claimed(jobs).give_back()
        found = jobs.find(job.id)
        assert (found.state, found.attempts) == (JobState.QUEUED, 0)

    def test_one_that_is_tried_again(self, jobs: Jobs) -> None:
        job = jobs.start("a", "me", {})
        for _ in range(MAX_ATTEMPTS):
            assert jobs.find(job.id).state is JobState.QUEUED
            claimed(jobs).try_again("the disk is full")
        found = jobs.find(job.id)
        assert (found.state, found.message) == (JobState.FAILED, "the disk is full")


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


def aged(jobs: Jobs, days: float) -> None:
    """All that there is was changed so much earlier."""
    with jobs.store.write() as connection:
        connection.exec_driver_sql(f"UPDATE jobs SET updated_on = updated_on - {days * 86400}")


class TestRemoved:
    def test_are_those_that_ended_long_ago(self, jobs: Jobs) -> None:
        queued, running, done, failed, cancelled = (
            jobs.start("x", "me", {"n": n}) for n in range(5)
        )
        held = claimed(jobs, running.id)
        claimed(jobs, done.id).done()
        claimed(jobs, failed.id).failed("no")
        jobs.cancel(cancelled.id)
        aged(jobs, 29)
        assert jobs.remove_ended(30 * 86400) == 0
        aged(jobs, 2)
        assert jobs.remove_ended(30 * 86400) == 3
        assert {job.id for job in jobs.of_user("me")} == {queued.id, running.id}
        held.done()


def test_the_newest_of_the_same_and_how_many_there_are(jobs: Jobs) -> None:
    assert jobs.newest("prepare", "me", {"order": "a"}) is None
    assert jobs.counts() == {}
    first = jobs.start("prepare", "me", {"order": "a"})
    jobs.start("prepare", "me", {"order": "b"})
    jobs.start("prepare", "you", {"order": "a"})
    assert jobs.newest("prepare", "me", {"order": "a"}) == first
    claimed(jobs, first.id).done()
    second = jobs.start("prepare", "me", {"order": "a"})
    assert jobs.newest("prepare", "me", {"order": "a"}) == second
    assert jobs.counts() == {("prepare", JobState.QUEUED): 3, ("prepare", JobState.DONE): 1}
