"""What visitors do with lists and orders, without HTTP."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from datalad_jsdl.errors import NothingThereError, OrderError, QueryError
from datalad_jsdl.operations.availability import Access
from datalad_jsdl.orders.choosing.choice import Choice, statistics_of
from datalad_jsdl.orders.comparing import Change
from datalad_jsdl.orders.jobs.rows import Jobs
from datalad_jsdl.orders.model import Statistics
from datalad_jsdl.orders.ordering import Limits
from datalad_jsdl.portal import actions
from datalad_jsdl.portal.order_actions import (
    Phase,
    archive_path,
    compare,
    order,
    order_state,
    prepare,
    repeat,
)
from datalad_jsdl.portal.site import Site
from tests.lab import Lab
from tests.portal import content_of, datalad, write_manifest
from tests.web.conftest import work

ME = "me"


def filled(site: Site, **choice: Any) -> int:
    (served,) = site.served
    chosen = actions.choose(site, served, Choice(**{"recursive": True, **choice}))
    return actions.add(site, ME, chosen)


def test_a_selection_is_counted_before_it_is_added(site: Site) -> None:
    (served,) = site.served
    chosen = actions.choose(site, served, Choice(recursive=True))
    assert statistics_of(chosen.files) == Statistics(6, 15_000, 1)
    assert site.desk.lists.statistics(ME).files == 0
    folder = actions.choose(site, served, Choice(("a",)))
    assert [file.ref.path for file in folder.files] == ["a/f1", "a/f2"]
    glob = actions.choose(site, served, Choice(globs=("*f3",)))
    assert [file.ref.path for file in glob.files] == ["a/b/f3"]
    with pytest.raises(NothingThereError):
        actions.choose(site, served, Choice(("nothing",)))
    with pytest.raises(QueryError):
        actions.choose(site, served, Choice(where="age > 3"))


def test_a_dataset_has_no_file_of_that_name(portal: Callable[..., Site], lab: Lab) -> None:
    datalad("download-manifest", write_manifest("m.json", {"a/f": {"urls": [lab.put("f")]}}), "ds")
    site = portal("ds")
    (served,) = site.served
    assert len(actions.choose(site, served, Choice(("a",))).files) == 1
    for path in ("b", "../ds", "/a", "a/../a"):
        with pytest.raises(NothingThereError):
            actions.choose(site, served, Choice((path,)))


def test_add_remove_undo_clear(site: Site) -> None:
    lists = site.desk.lists
    assert lists.updated_on(ME) is None
    assert filled(site) == 6
    assert filled(site) == 0
    assert lists.updated_on(ME) is not None
    assert lists.below(ME, "m") == {"a": 3, "c": 2, "top.txt": 1}
    assert lists.below(ME, "m", "a") == {"f1": 1, "f2": 1, "b": 1}
    assert lists.below(ME, "other") == lists.below("you", "m") == {}
    assert actions.remove(site, ME, [("m", "a/f1"), ("m", "nothing"), ("other", "a/f2")]) == 1
    assert actions.remove_below(site, ME, "m", ["c", "top.txt"]) == 3
    assert actions.remove_below(site, ME, "other", ["a"]) == 0
    assert actions.undo(site, ME) == 3
    assert actions.undo(site, ME) == 1
    assert actions.clear(site, ME) == 6
    assert lists.statistics(ME).files == 0


def test_files_are_added_by_a_worker(site: Site) -> None:
    (served,) = site.served
    job = actions.add_later(site, ME, served, Choice(("a",), recursive=True))
    assert actions.add_later(site, ME, served, Choice(("a",), recursive=True)).id == job.id
    assert work(site) == 1
    ended = Jobs(site.desk.store).find(job.id)
    assert ended.result == {"chosen": 3, "added": 3, "missing": []}
    assert site.desk.lists.statistics(ME).files == 3
    failing = actions.add_later(site, ME, served, Choice(("nothing",)))
    work(site)
    assert "nothing at nothing" in Jobs(site.desk.store).find(failing.id).message


def test_from_the_list_to_the_archive_and_again(site: Site, lab: Lab) -> None:
    woken = []
    site.wake = woken.append
    filled(site)
    review, fit = actions.review(site, ME)
    assert [group.access for group in review.groups] == [Access.OPEN, Access.TERMS]
    assert (fit.statistics.files, fit.left.files) == (5, 0)
    with pytest.raises(OrderError, match="no file can be ordered"):
        order(site, ME, chosen=[("m", "c/f4")])
    placed = order(site, ME, "some", [("m", "a/f1"), ("m", "c/unknown"), ("m", "nothing")])
    assert [file.ref.path for file in placed.files] == ["a/f1", "c/unknown"]
    assert placed.summary.archive_name == "some.zip"
    state = order_state(site, placed.summary)
    assert state.phase is Phase.QUEUED
    assert state.job is not None
    assert woken == [state.job.id]
    work(site)
    state = order_state(site, site.desk.orders.summary(placed.summary.id))
    assert (state.phase, state.failed, state.message) == (Phase.READY, {}, "")
    assert state.summary.archive_sha256
    assert prepare(site, state.summary).id == state.job.id  # type: ignore[union-attr]
    again = repeat(site, state.summary, "again")
    assert again.files == placed.files
    assert {change for _, change in compare(site, again.summary)} == {Change.UNCHANGED}
    path, _ = archive_path(site, again.summary)
    assert path.startswith(f"/d/{again.summary.id}.")


def test_a_file_that_cannot_be_read(site: Site, lab: Lab) -> None:
    lab.put("a/f1", b"other content")
    filled(site, paths=("a",))
    placed = order(site, ME)
    assert order_state(site, placed.summary).phase is Phase.QUEUED
    work(site)
    state = order_state(site, placed.summary)
    assert state.phase is Phase.FAILED
    ((ref, why),) = state.failed.items()
    assert (ref.path, why.access) == ("a/f1", Access.DAMAGED)
    rest = repeat(site, placed.summary)
    assert [file.ref.path for file in rest.files] == ["a/b/f3", "a/f2"]
    lab.put("a/f1", content_of("a/f1"))
    prepare(site, placed.summary)
    work(site)
    state = order_state(site, placed.summary)
    assert (state.phase, state.failed) == (Phase.READY, {})


def test_an_order_that_is_too_large(portal: Callable[..., Site], members: dict[str, Any]) -> None:
    members["large"] = {"urls": ["https://a.example/large"], "size": 50_000}
    write_manifest("m.json", members)
    site = portal(limits=Limits(files=10, size=7000))
    filled(site)
    review, fit = actions.review(site, ME)
    assert [group.too_large for group in review.groups] == [False, False, True]
    assert (fit.statistics, fit.left) == (Statistics(3, 6000, 1), Statistics(2, 6000, 0))
    with pytest.raises(OrderError, match="too much for one order") as caught:
        order(site, ME)
    assert caught.value.bytes_over == 5000
    assert site.desk.lists.statistics(ME).files == 7
    placed = order(site, ME, chosen=[(file.ref.source, file.ref.path) for file in fit.files])
    assert placed.summary.statistics.files == 3
    assert Path("portal.sqlite").exists()
