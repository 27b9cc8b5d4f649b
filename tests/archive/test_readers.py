"""What other programs make of an archive: the table of tests/archive/readers."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

import pytest

from tests.archive.readers.cases import CASES
from tests.archive.readers.kit import Kit, NotAtHandError
from tests.archive.readers.known import KNOWN, NOT_RUN, UNTESTED, known
from tests.archive.readers.table import READERS, TIME
from tests.archive.readers.trial import Archives

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

CELLS = [
    pytest.param(reader, case, marks=pytest.mark.slow if CASES[case].slow else ())
    for case in CASES
    for reader in READERS
    if (reader, case) not in NOT_RUN | UNTESTED
]


@pytest.fixture(scope="session")
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where packages and compiled programs are kept from one run of the tests to the next."""
    cache = getattr(request.config, "cache", None)
    return tmp_path_factory.mktemp("kit") if cache is None else cache.mkdir("readers")


@pytest.fixture(scope="session")
def archives() -> Iterator[Archives]:
    with Archives() as archives:
        yield archives


def trial(
    kit: Kit, archives: Archives, program: Callable[[str], str], reader: str, case: str
) -> str:
    """See `Archives.trial`; without the reader skipped at home, failed in CI."""
    if READERS[reader].program:
        program(READERS[reader].program)
    try:
        return archives.trial(kit, reader, case)
    except NotAtHandError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(error))


@pytest.mark.parametrize(("reader", "case"), CELLS)
def test_reader(
    folder: Path, archives: Archives, program: Callable[[str], str], reader: str, case: str
) -> None:
    result = trial(Kit(folder), archives, program, reader, case)
    failure = known(reader, case)
    if failure is None:
        assert result == ""
    else:
        assert re.search(failure.says, result), f"expected {failure.says!r}, got {result!r}"


@pytest.mark.parametrize("reader", [name for name, row in READERS.items() if TIME in row.keeps])
def test_times_are_the_same_in_another_zone(
    folder: Path, archives: Archives, program: Callable[[str], str], reader: str
) -> None:
    assert trial(Kit(folder, "WEST+11"), archives, program, reader, "times") == ""


def test_known_failures_are_those_of_the_table() -> None:
    for row in KNOWN:
        assert {*row.readers} <= {*READERS}
        assert {*row.cases} <= {*CASES}
        # one that no test sees would never be missed
        tested = any(
            (reader, case) not in NOT_RUN | UNTESTED for reader in row.readers for case in row.cases
        )
        assert tested or row.readers == ("zip.js-pipe",)
