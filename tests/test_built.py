"""The package that is built works alone, and has all that it needs beside its code."""

from __future__ import annotations

import importlib
import json
import os
import re
import subprocess
import sys
from configparser import ConfigParser
from pathlib import Path

import pytest
import yaml

from tests.conftest import run

ROOT = Path(__file__).parents[1]


@pytest.fixture(autouse=True)
def tools(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "tools"))


@pytest.mark.slow
def test_a_wheel_alone_runs_the_demo_and_the_portal() -> None:
    """Built of the source distribution, in an empty environment, outside of the repository."""
    done = subprocess.run(
        [sys.executable, str(ROOT / "tools" / "matrix.py"), "--here"],
        capture_output=True, text=True,
    )  # fmt: skip
    said = done.stdout + done.stderr
    if done.returncode and "fetch" in said and not os.environ.get("CI"):
        pytest.skip("the registry of packages is out of reach")
    assert done.returncode == 0, said
    assert [line.partition("works: ")[2] for line in done.stdout.splitlines()] == [
        "git-annex, portal",
        "demo, git-annex",
    ]


def test_the_page_on_pythons_is_about_each_of_them() -> None:
    """Made by a program that takes minutes; this tells when that is due again."""
    matrix = importlib.import_module("matrix")
    text = (ROOT / "packaging" / "matrix.md").read_text("utf-8")
    rows = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| ")]
    assert text.startswith(matrix.HEAD)  # what is left out, and why
    named = [row[0] for row in rows[1:]]
    assert named == [name.replace(",", " and ") or "none" for name in matrix.extras()]
    assert {cell for row in rows[1:] for cell in row[1:]} == {"yes"}
    tried = {version.rpartition(".")[0] for version in rows[0][1:]}
    config = ConfigParser()
    config.read(ROOT / "setup.cfg", "utf-8")
    others = {name for name in config["options.extras_require"] if f"`{name}` is left out" in text}
    extras = {part for name in matrix.extras() for part in name.split(",") if part}
    assert others | extras == set(config["options.extras_require"])
    assert tried == set(re.findall(r":: (3\.\d+)", config["metadata"]["classifiers"]))


def test_each_extra_is_tried_by_a_module_of_it() -> None:
    matrix, smoke = importlib.import_module("matrix"), importlib.import_module("smoke")
    assert {name.partition(",")[0] for name in matrix.extras() if name} == smoke.MODULES.keys()


def test_the_man_pages_are_those_of_the_commands(tmp_path: Path) -> None:
    """They are in the package, and made by ``python3 tools/run.py packaging``."""
    importlib.import_module("man_pages").write_man_pages(tmp_path, shipped=True)
    made = {file.name: file.read_text("utf-8").split() for file in tmp_path.iterdir()}
    folder = ROOT / "packaging" / "man"
    assert made == {file.name: file.read_text("utf-8").split() for file in folder.iterdir()}


def test_all_that_is_required_is_locked_and_has_a_licence() -> None:
    """Made by ``python3 tools/run.py packaging``; this tells when that is due again."""
    deployment = importlib.import_module("deployment")
    folder = ROOT / "packaging"
    rows = re.findall(
        r"^\| ([a-z0-9-]+) \| (.+) \| (.+) \|$", (folder / "licences.md").read_text(), re.M
    )
    said = {name: (licence, by) for name, licence, by in rows if name != "package"}
    # where a Python has it built in, a package is none
    required = deployment.required()
    assert {name for name in required if name not in said} <= {"backports-zstd"}
    assert {name: by for name, (_, by) in said.items() if by != "other packages"} == {
        name: deployment.shown(extras) for name, extras in required.items() if name in said
    }
    assert not {licence for licence, _ in said.values()} & {"", "UNKNOWN"}
    bill = json.loads((folder / "portal.cdx.json").read_text())
    known = {deployment.normal(part["name"]): part["version"] for part in bill["components"]}
    locked = (folder / "portal.lock").read_text()
    for name, extras in required.items():
        if extras & {"", *deployment.EXTRAS}:
            versions = re.findall(rf"^{name}==([^ ;]+)", locked, re.MULTILINE)
            assert known[name] in versions, name


def test_each_locked_file_has_a_digest_and_no_registry_is_named() -> None:
    locked = (ROOT / "packaging" / "portal.lock").read_text()
    pinned = re.split(r"^(?=[a-z0-9])", locked, flags=re.MULTILINE)[1:]
    assert len(pinned) > 50
    assert [entry for entry in pinned if "--hash=sha256:" not in entry] == []
    for name in ("portal.lock", "portal.cdx.json", "licences.md", "matrix.md"):
        text = (ROOT / "packaging" / name).read_text()
        named = set(re.findall(r"[a-z]+://[^/\s\"]*|--\w*(?:index|find-links)\w*", text))
        assert named <= {"http://cyclonedx.org"}, name


def test_the_conda_recipe_requires_what_the_package_does() -> None:
    recipe = yaml.safe_load((ROOT / "packaging" / "conda" / "recipe.yaml").read_text())
    wanted = {line.partition(" ")[0]: line for line in recipe["requirements"]["run"]}
    named = {"isal": "python-isal"}
    config = ConfigParser()
    config.read(ROOT / "setup.cfg", "utf-8")
    lines = [line.partition(";")[0].strip() for line in requirements(config)]
    for line in lines:
        name, least = re.fullmatch(r"([a-z0-9-]+)(?:>=([0-9.]+))?", line).groups()  # type: ignore
        has = wanted.pop(named.get(name, name))
        assert has.partition(">=")[2].startswith(least or ""), name
    assert wanted.keys() == {"python", "git-annex"}


def requirements(config: ConfigParser) -> list[str]:
    lines = config["options"]["install_requires"].splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def test_the_container_runs_the_portal_with_options_that_it_has() -> None:
    text = (ROOT / "packaging" / "Containerfile").read_text()
    start, more = (json.loads(line) for line in re.findall(r"^(?:ENTRYPOINT|CMD) (.*)", text, re.M))
    assert start[:2] == ["datalad", "serve-downloads"]
    known = run("datalad", "serve-downloads", "--help-np")
    given = [word for word in start + more if word.startswith("--")]
    assert len(given) == 4
    assert [option for option in given if f" {option} " not in known] == []
    for source in re.findall(r"^COPY ([a-z]\S+)", text, re.MULTILINE):
        assert (ROOT / source).exists()
