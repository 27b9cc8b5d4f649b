"""Any bytes of an order's archive, from a store in either database."""

from __future__ import annotations

import hashlib
import json
import random
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from datalad_jsdl.archive.pieces import Verified
from datalad_jsdl.errors import OrderError, UnpreparedError
from datalad_jsdl.operations.manifest_contents import Listed
from datalad_jsdl.operations.manifest_place import place_of
from datalad_jsdl.operations.progress import Standing
from datalad_jsdl.orders.archives import order_archive
from datalad_jsdl.orders.choosing.choice import Choice
from datalad_jsdl.orders.choosing.manifests import choose_from_manifest
from datalad_jsdl.orders.desk import Desk
from datalad_jsdl.orders.jobs.model import JobState
from datalad_jsdl.orders.jobs.rows import Jobs
from datalad_jsdl.orders.jobs.worker import run_job
from datalad_jsdl.orders.model import Order
from datalad_jsdl.orders.preparing import prepare_order
from datalad_jsdl.orders.store.opening import Store
from datalad_jsdl.orders.tasks import PREPARE, tasks
from tests.lab import Lab, sha256
from tests.portal import content_of, datalad, described

LARGE = 20_000_000  # bytes: three pieces


@pytest.fixture(autouse=True)
def allowed(home: Path) -> None:
    """Servers of this machine may be asked."""


def ordered(store: Store, members: dict[str, Any], name: str = "all") -> tuple[Desk, Order]:
    Path("m.json").write_text(json.dumps(members))
    desk = Desk(store)
    place = place_of("m.json", Path("m.json").absolute(), None, None, ())
    chosen = choose_from_manifest(Listed(place), desk.manifest(place), Choice(recursive=True))
    desk.add("me", chosen)
    return desk, desk.orders.create("me", name)


def members_of(lab: Lab, *, known: bool) -> dict[str, Any]:
    large = content_of("large", LARGE)
    found = {f"f{n}": described(f"f{n}", lab.put(f"f{n}", content_of(f"f{n}"))) for n in range(20)}
    found["large"] = {"urls": [lab.put("large", large)]}
    if known:
        found["large"] |= {"size": LARGE, "digests": {"md5": hashlib.md5(large).hexdigest()}}
    return found


def exported(desk: Desk, order: Order, lab: Lab) -> bytes:
    command = ["export-archive-jsdl", "--manifest", "m.json", "-t", "zip"]
    datalad(*command, order.summary.archive_name)
    return Path(order.summary.archive_name).read_bytes()


def test_ranges_of_a_prepared_order(store: Store, lab: Lab) -> None:
    desk, order = ordered(store, members_of(lab, known=False))
    whole = exported(desk, order, lab)
    with (
        pytest.raises(UnpreparedError, match=r"1 file of order .*, such as large, have no size"),
        order_archive(store, order, desk.places()),
    ):
        pass
    done = prepare_order(store, order, desk.places())
    assert (done.prepared, done.failed, done.archive_size) == (21, {}, len(whole))
    lab.requests.clear()
    with order_archive(store, order, desk.places()) as lent:
        archive = lent.archive
        assert archive.etag.startswith('"')
        chance = random.Random(1)
        for _ in range(20):
            start = chance.randrange(len(whole) - 1)
            stop = min(start + (1 << 20), len(whole))
            assert b"".join(archive.range(start, stop)) == whole[start:stop]
            assert archive.verified(start, stop) in (Verified.DIGEST, Verified.PIECES)
        # nothing but what lies in the range, and the rest of its pieces, was asked for
        asked = [request for request in lab.requests if request.path == "/large"]
        assert all(request.headers.get("Range") for request in asked)


def test_with_sizes_and_digests_it_can_be_read_at_once(store: Store, lab: Lab) -> None:
    desk, order = ordered(store, members_of(lab, known=True))
    whole = exported(desk, order, lab)
    with order_archive(store, order, desk.places()) as lent:
        assert sha256(b"".join(lent.archive.range())) == sha256(whole)


def test_what_one_order_has_prepared_no_other_reads_again(store: Store, lab: Lab) -> None:
    members = members_of(lab, known=False)
    desk, first = ordered(store, members, "first")
    prepare_order(store, first, desk.places())
    _, second = ordered(store, members, "second")
    lab.requests.clear()
    assert prepare_order(store, second, desk.places()).prepared == 21
    assert lab.requests == []


def test_a_job_prepares_and_tells_what_failed(store: Store, lab: Lab) -> None:
    members = members_of(lab, known=False)
    desk, order = ordered(store, members)
    lab.put("f3", b"other content")
    jobs = Jobs(store)
    job = jobs.start(PREPARE, "me", {"order": order.summary.id})
    ended = run_job(jobs, tasks(desk), job.id)
    assert ended is not None
    assert ended.state is JobState.DONE
    assert isinstance(ended.result, dict)
    assert ended.result["prepared"] == 20
    (failed,) = ended.result["failed"]  # type: ignore[misc]
    assert failed["path"] == "f3"
    assert "the manifest says 3000 bytes, but the server has 13" in failed["text"]


def test_another_archive_is_never_passed_off_as_the_order(store: Store, lab: Lab) -> None:
    desk, order = ordered(store, members_of(lab, known=True))
    desk.orders.record_archive(order.summary.id, 5, "ab" * 32)
    desk.orders.record_archive(order.summary.id, 5, "ab" * 32)
    with pytest.raises(OrderError, match=r"was abab.* and is cdcd"):
        desk.orders.record_archive(order.summary.id, 5, "cd" * 32)


def test_a_mirror_that_is_wrong_in_the_midst_of_a_file(store: Store, lab: Lab) -> None:
    """What was read of it counts neither for the file nor for the archive."""
    members = members_of(lab, known=True)
    large = content_of("large", LARGE)
    bad = lab.put("bad", large[: LARGE // 2] + b"x" + large[LARGE // 2 + 1 :])
    members["large"]["urls"].insert(0, bad)
    desk, order = ordered(store, members)
    done = prepare_order(store, order, desk.places())
    assert done.archive_sha256 == sha256(exported(desk, order, lab))
    with order_archive(store, order, desk.places()) as lent:
        (content,) = [c for c in lent.archive.contents if c.path == "large"]
        assert content.expected.pieces is not None
        assert content.expected.pieces.hexdigests == tuple(
            sha256(large[start : start + (8 << 20)]) for start in range(0, LARGE, 8 << 20)
        )


def test_a_preparation_that_is_stopped_goes_on(store: Store, lab: Lab) -> None:
    desk, order = ordered(store, members_of(lab, known=False))
    looks: list[Callable[[], Standing]] = []

    class Stop(threading.Event):
        """Set once so much is here."""

        def is_set(self) -> bool:
            if looks and looks[0]().done > 30_000:
                self.set()
            return super().is_set()

    first = prepare_order(store, order, desk.places(), watch=looks.append, stop=Stop())
    assert first.is_stopped
    assert 0 < first.prepared < 21
    assert first.failed == {}
    lab.requests.clear()
    second = prepare_order(store, order, desk.places(), watch=looks.append)
    found = looks[1]()
    assert (found.done, found.files) == (found.total, found.of_files)
    assert (found.moved or 0) < found.done  # what was known already is here, and is not moved
    assert (second.prepared, second.is_stopped) == (21, False)
    # what the first had in flight may be told of late, so each counts once
    assert len({r.path for r in lab.requests} - {"/large"}) == 21 - first.prepared - 1
