"""One operation over many datasets has one limit, and one knowledge of mirrors."""

from __future__ import annotations

from pathlib import Path

import pytest

from datalad_jsdl.operations.engines import Engines
from datalad_jsdl.operations.get_content import ContentOptions, Total, get_content
from datalad_jsdl.operations.import_manifest import import_manifest
from datalad_jsdl.operations.import_options import ImportOptions
from tests.conftest import run
from tests.lab import Lab
from tests.operations.plain_datasets import PlainDatasets
from tests.portal import content_of, described, write_manifest


def imported(lab: Lab, dead: Lab, number: int) -> list[Path]:
    """A dataset with subdatasets, each with files whose first mirror resets every connection."""
    members = {}
    for path in (f"s{n}//{i}" for n in range(number) for i in range(3)):
        name = path.replace("//", "/")
        urls = dead.put(name, content_of(path), reset_at=0), lab.put(name, content_of(path))
        members[path] = described(path, *urls)
    file = write_manifest("m.json", members)
    options = ImportOptions(manifest=str(file), file=file, target=Path(f"ds{number}").absolute())
    assert len(list(import_manifest(options, PlainDatasets()))) == number + 1
    return [options.target / f"s{n}" for n in range(number)]


def download(datasets: list[Path], engines: Engines) -> None:
    for dataset in datasets:
        *_, total = get_content(ContentOptions(dataset), engines)
        assert isinstance(total, Total)
        assert total.fetched == 3


@pytest.mark.slow
def test_a_dead_mirror_is_learned_of_once(lab: Lab, other_lab: Lab) -> None:
    """However many datasets there are."""
    asked = []
    for number in (1, 20):
        datasets = imported(lab, other_lab, number)
        other_lab.requests.clear()
        engines = Engines()
        # on a slow machine it would be time to try again
        engines.open(datasets[0] / ".git").origins.clock = lambda: 1000.0
        download(datasets, engines)
        asked.append(len(other_lab.requests))
    assert asked[1] <= asked[0] + 1, asked


def test_the_lowest_bandwidth_holds_for_all(lab: Lab, other_lab: Lab) -> None:
    datasets = imported(lab, other_lab, 3)
    for dataset, limit in zip(datasets, ("0", "3000000", "2000000"), strict=True):
        run("git", "config", "remote.jsdl.bandwidth", limit, cwd=dataset)
    engines = Engines()
    opened = [engines.open(dataset / ".git") for dataset in datasets]
    assert [engine.throttle for engine in opened] == [opened[0].throttle] * 3
    assert opened[0].throttle.rate == 2_000_000
