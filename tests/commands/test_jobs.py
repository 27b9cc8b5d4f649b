"""--jobs and the setting are understood, and refused, alike by every command."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.portal import content_of, datalad, described, git, write_manifest
from tests.wire import Wire

SENTENCE = "expected a whole number from 1 to 1000, or auto"


@pytest.fixture
def dataset(tmp_path: Path, ready: Callable[..., Path]) -> Path:
    return ready({"a": described("a", "https://a.example/")}, tmp_path / "ds")


def commands(dataset: Path) -> list[tuple[str | Path, ...]]:
    return [
        ("download-manifest", "m.json", dataset),
        ("download-manifest", "--check", "m.json", dataset),
        ("download-content", "-d", dataset),
        ("export-archive", "-d", dataset, "-t", "zip", "x.zip"),
    ]


def message(records: list[dict[str, Any]]) -> str:
    (record,) = records
    assert record["status"] == "error"
    return str(record["message"])


def test_what_is_no_number_of_jobs(dataset: Path) -> None:
    for command in commands(dataset):
        assert message(datalad(*command, "--jobs=0", code=1)) == f"--jobs is '0': {SENTENCE}"
    command = commands(dataset)[2]
    for value in ("-1", "x", "1.5", "", "1001", "9" * 5000):
        assert SENTENCE in message(datalad(*command, f"--jobs={value}", code=1))


def test_the_setting(dataset: Path) -> None:
    git(dataset, "config", "datalad.jsdl.jobs", "0")
    expected = f"git config datalad.jsdl.jobs is '0': {SENTENCE}"
    for command in [*commands(dataset)[1:], ("enable-jsdl", "-d", dataset)]:
        assert message(datalad(*command, code=1)) == expected


def test_from_python(dataset: Path) -> None:
    from datalad.api import download_content, download_manifest, export_archive

    options: dict[str, Any] = {
        "on_failure": "ignore", "result_renderer": "disabled", "return_type": "list",
    }  # fmt: skip
    for value in (0, -1, 1.5, "x", "", True, 10**9):
        found = download_content(dataset=dataset, jobs=value, **options)
        assert message(found) == f"--jobs is {str(value)!r}: {SENTENCE}"
    found = download_manifest("m.json", dataset, jobs=0, **options)
    assert message(found) == f"--jobs is '0': {SENTENCE}"
    found = export_archive("x.zip", dataset=dataset, archivetype="zip", jobs=0, **options)
    assert message(found) == f"--jobs is '0': {SENTENCE}"


@pytest.mark.parametrize("jobs", ["1", "auto", "1000"])
def test_what_is_one(tmp_path: Path, jobs: str) -> None:
    with Wire({"/a": content_of("a")}) as wire:
        manifest = write_manifest("m.json", {"a": described("a", f"{wire.url}/a")})
        datalad("download-manifest", "--get", "-J", jobs, manifest, "ds")
    assert Path("ds/a").read_bytes() == content_of("a")
