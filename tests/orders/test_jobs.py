"""Jobs as rows: asked for once, claimed by one, kept by who reports, cancelled, found out about."""

from __future__ import annotations

import itertools
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from datalad_jsdl.errors import (
    JobError,
    LeaseLostError,
)
from datalad_jsdl.orders.jobs.lease import MAX_ATTEMPTS
from datalad_jsdl.orders.jobs.model import JobState
from datalad_jsdl.orders.jobs.rows import Jobs
from datalad_jsdl.orders.store.opening import Store
from tests.orders.jobs_kit import SHORT, claimed, taken_over


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
