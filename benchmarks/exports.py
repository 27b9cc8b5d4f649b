"""Case that compares whole commands that export a dataset."""

from __future__ import annotations

from typing import TYPE_CHECKING

from annexes import GIT_CONFIG
from measuring import compete, run, table, timed, versus
from servers import make_files

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from measuring import Bench, Measured

__all__ = ["whole_commands"]

_OURS = "export-archive, ours"
_CORE = "export-archive, core"


def whole_commands(bench: Bench) -> None:
    """2,000 annexed files of 64 KiB: datalad export-archive -t zip, ours against core's own."""
    dataset = _make_dataset(bench, bench.scaled(2000), 64 << 10)
    config = bench.place() / "gitconfig"
    config.write_text(GIT_CONFIG)
    core = {"GIT_CONFIG_GLOBAL": str(config), "DATALAD_EXTENSIONS_LOAD": ""}
    ours = {**core, "DATALAD_EXTENSIONS_LOAD": "jsdl"}
    contestants = {
        f"{_CORE}, -c ''": _exporting(dataset, core, "-c", ""),
        _OURS: _exporting(dataset, ours),
        f"{_CORE} (gz)": _exporting(dataset, core),
        f"{_OURS}, -c gz": _exporting(dataset, ours, "-c", "gz"),
    }
    for export in contestants.values():
        export(bench.place())
    runs = compete(bench, contestants)
    stored, _, deflated, deflated_ours = contestants
    table(runs, stored)
    versus(runs, _OURS, stored)
    versus(runs, _OURS, deflated)
    versus(runs, deflated_ours, deflated)


def _make_dataset(bench: Bench, count: int, size: int) -> Path:
    place = bench.place()
    dataset = place / "dataset"
    run("datalad", "-f", "disabled", "create", dataset, cwd=place)
    make_files(dataset, "files", count, size)
    run("git", "annex", "add", "--quiet", "--backend=SHA256E", "files", cwd=dataset)
    run("git", "commit", "-q", "-m", "Files", cwd=dataset)
    return dataset


def _exporting(
    dataset: Path, environment: Mapping[str, str], *options: str
) -> Callable[[Path], Measured]:
    """The command as a user types it; its archive is deleted at once."""

    def export(place: Path) -> Measured:
        output = place / "archive.zip"
        command = ("datalad", "-f", "disabled", "export-archive", "-t", "zip", *options)
        took = timed(*command, output, cwd=dataset, environment=environment)
        output.unlink()
        return took

    return export
