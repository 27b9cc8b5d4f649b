"""What is loaded when: git-annex starts the special remote once per job."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from tests.conftest import run

if TYPE_CHECKING:
    from pathlib import Path

HEAVY = {"datalad", "requests", "urllib3", "ssl", "http", "certifi", "fasteners"}


_COMMANDS = (
    *("download-manifest", "download-content", "export-archive-jsdl"),
    *("download-list", "download-order"),
)


def modules_after(statement: str) -> set[str]:
    code = f"import sys; {statement}; print(*{{m.partition('.')[0] for m in sys.modules}})"
    return set(run(sys.executable, "-c", code).split())


def test_the_package_loads_nothing() -> None:
    code = "import sys; old = set(sys.modules); import datalad_jsdl; print(*set(sys.modules) - old)"
    assert run(sys.executable, "-c", code).split() == ["datalad_jsdl"]


def test_the_remote_starts_without_datalad_and_requests() -> None:
    loaded = modules_after("import datalad_jsdl.special_remote.remote")
    assert not loaded & HEAVY
    assert "annexremote" in loaded


def test_it_fetches_without_the_formats_of_manifests() -> None:
    code = (
        "import sys, datalad_jsdl.special_remote.remote, datalad_jsdl.operations.engines,"
        " datalad_jsdl.fetch.bulk;"
        "print(*(name for name in sys.modules if name.startswith('datalad_jsdl.')))"
    )
    loaded = set(run(sys.executable, "-c", code).split())
    assert "datalad_jsdl.model.digests" in loaded
    assert "datalad_jsdl.manifest.reading" not in loaded
    assert not [name for name in loaded if "formats" in name]


def test_it_fetches_without_what_only_errors_and_certificates_need() -> None:
    loaded = modules_after("import datalad_jsdl.fetch.engine, datalad_jsdl.fetch.file.download")
    assert "urllib3" in loaded
    assert not loaded & {"certifi", "difflib", "requests", "datalad"}


def test_the_suite_replaces_cores_command_once() -> None:
    code = (
        "import datalad.api as api; from datalad_jsdl import command_suite;"
        "from datalad.distribution.dataset import Dataset;"
        "print(api.export_archive.__module__, Dataset.export_archive.__module__)"
    )
    ours = "datalad_jsdl.commands.export_archive"
    assert set(run(sys.executable, "-c", code).split()) <= {ours, "datalad.interface.base"}
    listed = run("datalad", "--help", anew=True)  # with the suite loaded by DataLad itself
    assert "export-archive-jsdl" in listed
    assert "download-manifest" in listed


@pytest.mark.parametrize("command", _COMMANDS)
def test_help_loads_nothing_that_the_work_needs(command: str) -> None:
    code = f"""
import sys
sys.argv = ["datalad", {command!r}, "--help-np"]
from datalad.cli.main import main
try:
    main()
except SystemExit:
    print(*sys.modules)
"""
    loaded = set(run(sys.executable, "-c", code).splitlines()[-1].split())
    assert "datalad_jsdl.commands._options" in loaded
    assert not loaded & {"urllib3", "sqlalchemy", "datalad_jsdl.manifest.reading"}
    assert "datalad_jsdl.operations.engines" not in loaded


def test_an_import_from_a_file_loads_no_http_library(tmp_path: Path) -> None:
    manifest = tmp_path / "m.json"
    manifest.write_text('{"a": ["https://h.example/a"]}')
    code = f"""
import sys
from datalad.cli.main import main
try:
    main(["datalad", "download-manifest", {str(manifest)!r}, {str(tmp_path / "ds")!r}])
except SystemExit:
    print(*sys.modules)
"""
    loaded = set(run(sys.executable, "-c", code).splitlines()[-1].split())
    assert "datalad_jsdl.operations.import_manifest" in loaded
    assert not loaded & {"urllib3", "datalad_jsdl.fetch.engine", "datalad_jsdl.operations.check"}


def test_an_archive_of_what_is_here_loads_no_http_library(tmp_path: Path) -> None:
    dataset = tmp_path / "ds"
    run("datalad", "create", dataset)
    (dataset / "a").write_text("a")
    run("datalad", "save", cwd=dataset)
    command = ["datalad", "export-archive-jsdl", "-d", str(dataset), str(tmp_path / "a.zip")]
    code = f"""
import sys
from datalad.cli.main import main
try:
    main({command!r})
except SystemExit:
    print(*sys.modules)
"""
    loaded = set(run(sys.executable, "-c", code).splitlines()[-1].split())
    assert (tmp_path / "a.zip").exists()
    assert "datalad_jsdl.archive.export" in loaded
    assert not loaded & {"urllib3", "datalad_jsdl.fetch.http.answers"}


def test_the_words_of_download_order_are_its_actions() -> None:
    from datalad_jsdl.commands._order_actions import ACTIONS
    from datalad_jsdl.commands.download_order import DownloadOrder

    assert DownloadOrder._params_["action"].cmd_kwargs["choices"] == tuple(ACTIONS)
