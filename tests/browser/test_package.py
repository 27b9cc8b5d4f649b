"""What is shipped: the files of the wheel, their size, words for all that can fail."""

from __future__ import annotations

import gzip
import json
import os
import re
import runpy
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from setuptools.config.setupcfg import read_configuration

import datalad_jsdl
from tests.node_packages import ENVIRONMENT

ROOT = Path(__file__).parents[2]
BROWSER = Path(datalad_jsdl.__file__).parent / "browser"
PLACE = "datalad_jsdl/browser"
MINIFIED = "jsdl.min.js"
#: Bytes of the module as one file, with its element and English words, compressed.
MOST = 20_000


def test_the_wheel_has_all_files() -> None:
    patterns = read_configuration(ROOT / "setup.cfg")["options"]["package_data"]["datalad_jsdl"]
    package = BROWSER.parent
    shipped = {file for pattern in patterns for file in package.glob(pattern)}
    assert {file for file in BROWSER.rglob("*") if file.is_file()} <= shipped


@pytest.fixture
def clean(tmp_path: Path) -> Path:
    """What a clone has of the package, and nothing that was made since."""
    found = tmp_path / "clean"
    for name in ("datalad_jsdl", "tools", "tests/browser"):
        made = shutil.ignore_patterns("node_modules*", MINIFIED, "__pycache__")
        shutil.copytree(ROOT / name, found / name, ignore=made)
    for file in ROOT.iterdir():
        if file.is_file() and file.name != ".git":
            shutil.copy(file, found)
    return found


def built(folder: Path, **environment: str) -> tuple[set[str], str]:
    """Names in a wheel of *folder*, and what was said."""
    out = folder.parent / "wheels"
    command = [sys.executable, "-m", "pip", "wheel", "-v", "--no-deps", "-w", out, folder]
    env = {**ENVIRONMENT, **environment}
    done = subprocess.run(command, capture_output=True, text=True, env=env)
    if done.returncode and "setuptools" in done.stderr + done.stdout and not os.environ.get("CI"):
        pytest.skip("the registry of packages is out of reach")
    assert done.returncode == 0, done.stderr
    [wheel] = out.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist()), done.stdout + done.stderr


@pytest.mark.slow
def test_a_wheel_has_it_as_one_file(clean: Path, program: Callable[[str], str]) -> None:
    program("npm")
    names, said = built(clean)
    assert {f"{PLACE}/{MINIFIED}", f"{PLACE}/jsdl.js", f"{PLACE}/ui/element.js"} <= names, said
    assert (clean / PLACE / MINIFIED).stat().st_size > 10_000


@pytest.mark.slow
def test_without_node_a_wheel_has_the_modules(clean: Path) -> None:
    """What an earlier build has left may be of older modules."""
    (clean / PLACE / MINIFIED).write_text("old")
    names, said = built(clean, PATH="/nowhere")
    assert f"{PLACE}/{MINIFIED}" not in names
    assert f"{PLACE}/jsdl-element.js" in names
    assert f"{MINIFIED} is left out: npm is not installed" in said


@pytest.mark.slow
def test_an_npm_package_has_it(clean: Path, program: Callable[[str], str]) -> None:
    folder = clean / PLACE
    command = [program("npm"), "pack", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder, env=ENVIRONMENT)
    assert done.returncode == 0, done.stderr
    [package] = json.loads(done.stdout)
    assert MINIFIED in {file["path"] for file in package["files"]}


def test_it_is_small(one_file: bytes) -> None:
    assert len(gzip.compress(one_file)) <= MOST


def texts(node: str, name: str) -> dict[str, str]:
    script = f"import {{ TEXTS }} from '{(BROWSER / 'ui' / name).as_uri()}';"
    script += "process.stdout.write(JSON.stringify(TEXTS));"
    command = [node, "--input-type=module", "-e", script]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, str] = json.loads(done.stdout)
    return found


def test_both_languages_have_all_texts(node: str) -> None:
    """A value that one of them lacks would be left as it is, or not be shown."""
    english, german = texts(node, "texts.js"), texts(node, "german.js")
    assert english.keys() == german.keys()
    for key in english:
        values = [sorted(re.findall(r"\{\w+\}", found[key])) for found in (english, german)]
        assert values[0] == values[1], key


def test_what_fails_on_the_way_has_a_text(node: str) -> None:
    """What is wrong with an entry of a manifest may have the same words for all."""
    files = [*BROWSER.glob("engine/*.js"), *BROWSER.glob("sinks/*.js"), *BROWSER.glob("*.js")]
    kind = re.compile(r'new Fault\("([\w-]+)"|\bneed\([^;]*?, "([\w-]+)"')
    kinds = {a or b for file in files for a, b in kind.findall(file.read_text())}
    assert kinds > {"cut", "space", "incomplete"}
    assert kinds - texts(node, "texts.js").keys() == set()


def test_what_is_renamed_is_known_to_nobody_else(node: str) -> None:
    """A name that stands in quotes, or that people write, would be another after that."""
    renamed = set(runpy.run_path(str(ROOT / "tools" / "bundle.py"))["INTERNAL"].split("|"))
    assert renamed & texts(node, "texts.js").keys() == set()
    code = {file: file.read_text() for file in BROWSER.rglob("*.js") if file.name != MINIFIED}
    bare = re.sub(r"/\*(?s:.*?)\*/", "", "".join(code.values()))
    assert renamed & set(re.findall(r"[\"'](\w+)[\"']", bare)) == set()
    page = (ROOT / "docs" / "browser.rst").read_text("utf-8")
    written = " ".join(re.findall(r"``(?s:.*?)``|^ +.*", page, re.MULTILINE))
    assert renamed & set(re.findall(r"\w+", written)) == set()
    for text in " ".join(code.values()).split("@typedef")[1:]:
        if re.match(r" {object} (Report|Failure|Progress|Own|Kept|Refusal|Access|Pieces)\b", text):
            assert renamed & set(re.findall(r"@property {[^@]*?} \[?(\w+)", text)) == set(), text
    given = re.findall(r"@returns {Promise<{(?s:.*?)}>}", (BROWSER / "jsdl.js").read_text())
    assert "unsized" in " ".join(given)
    assert renamed & set(re.findall(r"\w+", " ".join(given))) == set()


def test_nothing_that_a_strict_policy_forbids() -> None:
    code = "".join(file.read_text() for file in BROWSER.rglob("*.js"))
    assert re.findall(r"\beval\(|new Function|WebAssembly|innerHTML|document\.write", code) == []
