"""What is loaded when: git-annex starts the special remote once per job."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

import datalad_jsdl
from tests.conftest import run

HEAVY = {"datalad", "requests", "urllib3", "ssl", "http", "certifi", "fasteners"}


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
        "print(*(name for name in sys.modules if name.startswith('datalad_jsdl.manifest')))"
    )
    loaded = set(run(sys.executable, "-c", code).split())
    assert "datalad_jsdl.model.digests" in loaded
    assert "datalad_jsdl.manifest.reading" not in loaded
    assert not [name for name in loaded if "formats" in name]


def test_it_fetches_without_what_only_errors_and_certificates_need() -> None:
    loaded = modules_after("import datalad_jsdl.operations.engines, datalad_jsdl.fetch.bulk")
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
    listed = run("datalad", "--help")
    assert "export-archive-jsdl" in listed
    assert "download-manifest" in listed


LAYERS = ["errors", "manifest", "dataset", "fetch", "archive", "annex", "commands"]
BARRED = {
    "manifest": {"datalad", "dataset", "fetch", "requests"},
    "dataset": {"datalad", "fetch", "requests", "urllib3"},
    "fetch": {"datalad", "dataset"},
    "archive": {"datalad"},
    "annex": {"datalad", "archive", "commands"},
}


@pytest.mark.parametrize("layer", BARRED)
def test_arrows_go_down_only(layer: str) -> None:
    """What a layer may know of is drawn in docs/design.md."""
    above = set(LAYERS[LAYERS.index(layer) + 1 :]) - {"fetch"}
    barred = BARRED[layer] | (above if layer != "annex" else set())
    for file in Path(datalad_jsdl.__file__).parent.joinpath(layer).rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            for name in names:
                ours, _, rest = name.partition(".")
                known = rest.partition(".")[0] if ours == "datalad_jsdl" else ours
                assert known not in barred, f"{file.name} imports {name}"
