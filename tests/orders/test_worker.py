"""Workers: each job is run once and none is lost, whoever is killed, and whatever is not told."""

from __future__ import annotations

import contextlib
import signal
import sqlite3
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

import tests.orders.working as working
from datalad_jsdl.errors import JsdlError, OrderError, StoreError
from datalad_jsdl.orders.jobs.lease import MAX_ATTEMPTS, Lease
from datalad_jsdl.orders.jobs.model import JSON, Job, JobState
from datalad_jsdl.orders.jobs.rows import Jobs
from datalad_jsdl.orders.jobs.waking import Waker
from datalad_jsdl.orders.jobs.worker import drain, run_job
from datalad_jsdl.orders.store.opening import Store
from tests.kill_at import KillAt
from tests.orders.working import KINDS, at_work, ended, until

LEASE = "datalad_jsdl.orders.jobs.lease:Lease"


@pytest.fixture
def jobs(store: Store) -> Jobs:
    return Jobs(store)


@pytest.fixture
def waker(store: Store) -> Iterator[Waker]:
    with Waker(store) as waker:
        yield waker


def has_reported(jobs: Jobs, job: Job) -> bool:
    found = jobs.find(job.id)
    return found.state is JobState.RUNNING and found.progress > 0


class TestOne:
    def test_is_run_here(self, jobs: Jobs, tmp_path: Path) -> None:
        assert run_job(jobs, KINDS) is None
        file = str(tmp_path / "lines")
        queued = [jobs.start("note", "me", {"file": file, "line": n}) for n in range(3)]
        second = run_job(jobs, KINDS, queued[1].id)
        assert second is not None
        assert (second.id, second.state, second.result) == (queued[1].id, JobState.DONE, 1)
        assert drain(jobs, KINDS) == 2
        assert Path(file).read_text().split() == ["1", "0", "2"]

    def test_of_another_kind_is_left(self, jobs: Jobs) -> None:
        job = jobs.start("strange", "me", {})
        assert run_job(jobs, KINDS) is None
        assert run_job(jobs, KINDS, job.id) is None

    @pytest.mark.parametrize(
        ("error", "says"),
        [
            (OrderError("there is no order x"), "there is no order x"),
            (ZeroDivisionError("oh"), r"a bug in datalad-jsdl (ZeroDivisionError: oh in "),
            (SystemExit(3), "a bug in datalad-jsdl (SystemExit: 3 in "),
        ],
    )
    def test_that_fails(self, jobs: Jobs, error: BaseException, says: str) -> None:
        def fail(_: Lease) -> JSON:
            raise error

        jobs.start("fail", "me", {})
        found = run_job(jobs, {"fail": fail})
        assert found is not None
        assert found.state is JobState.FAILED
        assert found.message.startswith(says)

    def test_that_is_interrupted(self, jobs: Jobs) -> None:
        def interrupt(lease: Lease) -> JSON:
            lease.report(5, 10)
            raise KeyboardInterrupt

        job = jobs.start("x", "me", {})
        with pytest.raises(KeyboardInterrupt):
            run_job(jobs, {"x": interrupt})
        found = jobs.find(job.id)
        assert (found.state, found.attempts, found.progress) == (JobState.QUEUED, 0, 5)

    def test_whose_store_refuses_is_tried_again(self, jobs: Jobs) -> None:
        def refuse(_: Lease) -> JSON:
            raise StoreError("the store is away")

        job = jobs.start("x", "me", {})
        assert drain(jobs, {"x": refuse}) == MAX_ATTEMPTS
        found = jobs.find(job.id)
        assert (found.state, found.message) == (JobState.FAILED, "the store is away")

    def test_that_says_itself_how_it_ended(self, jobs: Jobs) -> None:
        jobs.start("x", "me", {})
        found = run_job(jobs, {"x": lambda lease: lease.done("all is well", [1])})
        assert found is not None
        assert (found.message, found.result) == ("all is well", [1])

    def test_that_is_cancelled(self, jobs: Jobs) -> None:
        def cancel(lease: Lease) -> JSON:
            jobs.cancel(lease.job.id)
            lease.report(1, 2)
            raise AssertionError

        jobs.start("x", "me", {})
        found = run_job(jobs, {"x": cancel})
        assert found is not None
        assert found.state is JobState.CANCELLED

    def test_that_another_worker_took_over(self, jobs: Jobs) -> None:
        def late(lease: Lease) -> JSON:
            until(lambda: jobs.claim(lease.job.id, 600.0))
            return "late"

        jobs.start("x", "me", {})
        found = run_job(jobs, {"x": late}, lease=0.001)
        assert found is not None
        assert (found.state, found.result, found.attempts) == (JobState.RUNNING, None, 2)


class TestProcesses:
    @pytest.mark.parametrize("threads", [1, 3])
    def test_two_run_each_job_once(
        self, jobs: Jobs, url: str, tmp_path: Path, threads: int
    ) -> None:
        file = str(tmp_path / "lines")
        queued = [jobs.start("note", "me", {"file": file, "line": n}) for n in range(100)]
        with working.worker(url, threads=threads), working.worker(url, threads=threads):
            with Waker(jobs.store) as waker:
                for n in range(100, 300):  # while they work
                    job = jobs.start("note", "me", {"file": file, "line": n})
                    waker.wake(job.id)
                    queued.append(job)
            for job in queued:
                assert ended(jobs, job).attempts == 1
        assert sorted(map(int, Path(file).read_text().split())) == list(range(300))

    @pytest.mark.parametrize(
        ("step", "again"),
        [
            (KillAt("datalad_jsdl.orders.jobs.rows:Jobs.claim", 1, after=True), True),
            (KillAt(f"{LEASE}.report", 1), True),
            (KillAt(f"{LEASE}.report", 1, after=True), True),
            (KillAt(f"{LEASE}.report", 50), True),
            (KillAt(f"{LEASE}.done", 1), True),
            (KillAt(f"{LEASE}.done", 1, after=True), False),
        ],
        ids=str,
    )
    def test_what_a_killed_one_had_in_hand_is_done(
        self, jobs: Jobs, url: str, tmp_path: Path, step: KillAt, again: bool
    ) -> None:
        job = jobs.start("count", "me", {"file": str(tmp_path / "lines"), "line": 7})
        with working.worker(url, kill=step, lease=1.0) as process:
            assert process.wait() == -signal.SIGKILL
        assert (jobs.find(job.id).state is JobState.RUNNING) is again
        if again:
            until(lambda: run_job(jobs, KINDS))
        found = jobs.find(job.id)
        assert (found.state, found.attempts) == (JobState.DONE, 1 + again)

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    @pytest.mark.parametrize("kind", ["wait", "sulk"])
    def test_one_that_ends_in_order_gives_its_job_back(
        self, jobs: Jobs, url: str, tmp_path: Path, number: int, kind: str
    ) -> None:
        job = jobs.start(kind, "me", {"file": str(tmp_path / "never")})
        with working.worker(url) as process:
            until(lambda: has_reported(jobs, job))
            process.send_signal(number)
            assert process.wait() == 0
        found = jobs.find(job.id)
        assert (found.state, found.attempts) == (JobState.QUEUED, 0)

    def test_a_database_that_is_started_anew(
        self, jobs: Jobs, url: str, tmp_path: Path, request: pytest.FixtureRequest
    ) -> None:
        if jobs.store.is_sqlite:
            pytest.skip("a file is not started")
        file = str(tmp_path / "lines")
        with working.worker(url, threads=2), Waker(jobs.store) as waker:
            held = jobs.start("wait", "me", {"file": str(tmp_path / "go")})
            until(lambda: has_reported(jobs, held))
            for n in range(3):
                away(url, request.getfixturevalue("postgresql"))
                job = jobs.start("note", "me", {"file": file, "line": n})
                waker.wake(job.id)
                assert ended(jobs, job).state is JobState.DONE
            (tmp_path / "go").touch()
            assert ended(jobs, held).attempts == 1


def away(url: str, server: str) -> None:
    """All connections of a database are cut, and for a moment it takes no new ones."""
    name = url.rpartition("/")[2]
    for statement in (
        f"ALTER DATABASE {name} ALLOW_CONNECTIONS false",
        f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'",
        "SELECT pg_sleep(0.3)",
        f"ALTER DATABASE {name} ALLOW_CONNECTIONS true",
    ):
        command = ["psql", "-q", "-o", "/dev/null", f"{server}/postgres", "-c", statement]
        subprocess.run(command, check=True)


class TestWoken:
    def test_by_a_message(self, jobs: Jobs, waker: Waker, tmp_path: Path) -> None:
        args = {"file": str(tmp_path / "lines"), "line": 1}
        first = jobs.start("note", "me", args)
        with at_work(jobs, waker):
            ended(jobs, first)  # which it found at its start
            second = jobs.start("note", "me", args)
            waker.wake(second.id)
            assert ended(jobs, second).state is JobState.DONE

    def test_without_one_a_job_is_found(self, jobs: Jobs, waker: Waker, tmp_path: Path) -> None:
        args = {"file": str(tmp_path / "lines"), "line": 1}
        with at_work(jobs, waker, sweep=0.1):
            ended(jobs, jobs.start("note", "me", args))
            assert ended(jobs, jobs.start("note", "me", args)).state is JobState.DONE

    def test_a_job_whose_worker_is_gone_is_found(
        self, jobs: Jobs, waker: Waker, tmp_path: Path
    ) -> None:
        job = jobs.start("note", "me", {"file": str(tmp_path / "lines"), "line": 1})
        jobs.claim(job.id, 0.5)
        with at_work(jobs, waker, sweep=0.1):
            found = ended(jobs, job)
        assert (found.state, found.attempts) == (JobState.DONE, 2)

    def test_for_a_job_that_is_gone(self, jobs: Jobs, waker: Waker, tmp_path: Path) -> None:
        job = jobs.start("note", "me", {"file": str(tmp_path / "lines"), "line": 1})
        jobs.cancel(job.id)
        for job_id in (job.id, job.id, "nothing"):
            waker.wake(job_id)
        with at_work(jobs, waker, sweep=0.1):
            assert ended(jobs, jobs.start("note", "me", job.args)).state is JobState.DONE

    def test_one_is_cancelled_while_it_runs(self, jobs: Jobs, waker: Waker, tmp_path: Path) -> None:
        job = jobs.start("wait", "me", {"file": str(tmp_path / "never")})
        with at_work(jobs, waker):
            until(lambda: has_reported(jobs, job))
            jobs.cancel(job.id)
            assert ended(jobs, job).state is JobState.CANCELLED

    def test_it_goes_on_after_a_store_that_refuses(
        self, jobs: Jobs, waker: Waker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        told: list[BaseException] = []
        monkeypatch.setattr(
            "datalad_jsdl.orders.jobs.worker.log_trace", lambda _, error: told.append(error)
        )
        with jobs.store.write() as connection:
            connection.exec_driver_sql("ALTER TABLE jobs RENAME TO elsewhere")
        with at_work(jobs, waker, sweep=0.1):
            until(lambda: told)
            with jobs.store.write() as connection:
                connection.exec_driver_sql("ALTER TABLE elsewhere RENAME TO jobs")
            job = jobs.start("note", "me", {"file": str(tmp_path / "lines"), "line": 1})
            assert ended(jobs, job).state is JobState.DONE
        assert all(isinstance(error, StoreError) for error in told)


def messages(store: Store, tmp_path: Path) -> list[bytes]:
    """What is in the queue."""
    if not store.is_sqlite:
        with store.read() as connection:
            found = connection.execute(text("SELECT data FROM huey_task ORDER BY id"))
            return [bytes(row.data) for row in found]
    with contextlib.closing(sqlite3.connect(tmp_path / "orders-huey.sqlite")) as queue:
        return [row[0] for row in queue.execute("SELECT data FROM task ORDER BY id")]


class TestOld:
    def test_jobs_are_removed(self, jobs: Jobs, waker: Waker) -> None:
        old = jobs.start("x", "me", {})
        assert run_job(jobs, {"x": lambda _: 1})
        with jobs.store.write() as connection:
            connection.exec_driver_sql("UPDATE jobs SET updated_on = updated_on - 31 * 86400")
        new = jobs.start("x", "me", {"n": 2})
        with at_work(jobs, waker, {"x": lambda _: 1}):
            ended(jobs, new)
            until(lambda: old.id not in {job.id for job in jobs.of_user("me")})
        assert jobs.find(new.id).result == 1


class TestQueues:
    def test_a_message_is_the_id_of_a_job(self, store: Store, waker: Waker, tmp_path: Path) -> None:
        waker.wake("x1")
        with Waker(store) as other:
            other.wake("x2")
        assert messages(store, tmp_path) == [b'{"job": "x1"}', b'{"job": "x2"}']

    def test_one_that_cannot_be_read_is_passed_over(
        self, jobs: Jobs, waker: Waker, tmp_path: Path
    ) -> None:
        for message in (b"\x80\x04garbage", b"{}", b"[1]"):
            waker._huey.storage.enqueue(message)
        args = {"file": str(tmp_path / "lines"), "line": 1}
        with at_work(jobs, waker):
            until(lambda: not messages(jobs.store, tmp_path))
            job = jobs.start("note", "me", args)
            waker.wake(job.id)
            assert ended(jobs, job).state is JobState.DONE

    def test_one_that_is_broken_does_not_matter(self, jobs: Jobs, waker: Waker) -> None:
        waker._huey.storage.sql(f"DROP TABLE {'task' if jobs.store.is_sqlite else 'huey_task'}")
        waker.wake("x1")
        job = jobs.start("x", "me", {})
        with at_work(jobs, waker, {"x": lambda _: 1}, sweep=0.1):
            assert ended(jobs, job).result == 1

    def test_of_a_file_that_is_named(self, jobs: Jobs, tmp_path: Path) -> None:
        file = tmp_path / "elsewhere.sqlite"
        with Waker(jobs.store, f"sqlite:///{file}") as waker:
            waker.wake("x1")
            job = jobs.start("x", "me", {})
            with at_work(jobs, waker, {"x": lambda _: 1}):
                assert ended(jobs, job).result == 1
        assert file.exists()

    def test_made_by_many_at_once(self, store: Store) -> None:
        errors: list[JsdlError] = []

        def make() -> None:
            try:
                Waker(store).close()
            except JsdlError as error:
                errors.append(error)

        threads = [threading.Thread(target=make) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert errors == []

    @pytest.mark.parametrize(
        ("address", "says"),
        [
            ("nonsense", "cannot read the URL of the queue"),
            ("amqp://me:SECRET@host/x", "Redis, PostgreSQL or SQLite, not in amqp"),
            ("sqlite:////nowhere/at/all", "cannot open the queue sqlite:"),
            ("postgresql://me:SECRET@127.0.0.1:1/x", "cannot open the queue postgresql://127"),
            ("postgresql://127.0.0.1:1/x?password=SECRET", "cannot open the queue"),
        ],
    )
    def test_what_is_none(self, tmp_path: Path, address: str, says: str) -> None:
        with Store(f"sqlite:///{tmp_path / 'x.sqlite'}") as store:
            with pytest.raises(StoreError, match=says) as caught:
                Waker(store, address)
            assert "SECRET" not in str(caught.value)

    @pytest.mark.parametrize("address", ["redis://:SECRET@127.0.0.1:1", "rediss://127.0.0.1:1"])
    def test_redis_needs_a_package(
        self, tmp_path: Path, address: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("huey.storage.Redis", None)  # as where it is not installed
        with (
            Store(f"sqlite:///{tmp_path / 'x.sqlite'}") as store,
            pytest.raises(StoreError, match="pip install redis"),
        ):
            Waker(store, address)
