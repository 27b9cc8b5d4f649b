"""When it is recorded that content is here: now and then, in the end, and when it is broken off."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import wait
from pathlib import Path
from typing import Any

import pytest

from datalad_jsdl.operations import batches
from datalad_jsdl.operations.batches import Batches, Pace
from datalad_jsdl.operations.engines import Engines
from datalad_jsdl.operations.get_content import (
    ContentOptions,
    FileResult,
    FileState,
    Missing,
    get_content,
)
from datalad_jsdl.operations.import_manifest import import_manifest
from datalad_jsdl.operations.import_options import ImportOptions
from tests.lab import Lab
from tests.operations.plain_datasets import PlainDatasets
from tests.portal import described, git, publish, write_manifest

PATHS = [f"{number}.dat" for number in range(6)]


@pytest.fixture
def dataset(tmp_path: Path, lab: Lab, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Its last file is unavailable. Files come in batches of two, and each batch is waited for."""
    monkeypatch.setattr(batches, "_BATCH", 2)
    done = Batches.done

    def waited(self: Batches[Any]) -> Iterator[Any]:
        wait(self._futures)
        return done(self)

    monkeypatch.setattr(Batches, "done", waited)
    members = {path: described(path, url) for path, url in publish(lab, PATHS).items()}
    lab.put(PATHS[-1], status=404)
    file = write_manifest("m.json", members)
    target = tmp_path / "ds"
    tuple(
        import_manifest(
            ImportOptions(manifest=str(file), file=file, target=target), PlainDatasets()
        )
    )
    return target


def here(dataset: Path) -> set[str]:
    """As git-annex has it on record."""
    own = git(dataset, "config", "annex.uuid")
    return {path for path in PATHS if own in git(dataset, "annex", "whereis", path, check=False)}


def test_whoever_stops_in_between_has_what_came(dataset: Path) -> None:
    results = get_content(ContentOptions(dataset, jobs=1), Engines())
    assert isinstance(next(results), Missing)
    failed = next(results)
    assert isinstance(failed, FileResult)
    assert (failed.path, failed.state) == (PATHS[-1], FileState.FAILED)
    assert not here(dataset)
    results.close()
    assert here(dataset) == set(PATHS[:4])
    git(dataset, "annex", "fsck", "-q", *PATHS[:4])


def test_it_is_recorded_before_all_has_come(dataset: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "_APART", 0.0)
    monkeypatch.setattr(batches, "_SHARE", 0)
    results = get_content(ContentOptions(dataset, jobs=1), Engines())
    assert isinstance(next(results), Missing)
    first = next(results)
    assert isinstance(first, FileResult)
    assert first.state is FileState.FETCHED
    assert here(dataset) == set(PATHS[:2])
    assert len([result for result in results if isinstance(result, FileResult)]) == 5
    assert here(dataset) == set(PATHS[:5])


def test_what_takes_long_is_done_rarely(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(batches.time, "monotonic", lambda: now)
    pace = Pace()
    assert not pace.is_due
    now = 110.0
    assert pace.is_due
    now = 113.0
    pace.took(110.0)
    now = 142.0
    assert not pace.is_due
    now = 143.0
    assert pace.is_due
    pace.took(143.0)
    now = 152.0
    assert not pace.is_due
