"""What is shipped: the files of the wheel, their size, words for all that can fail."""

from __future__ import annotations

import gzip
import re
import subprocess
from pathlib import Path

from setuptools.config.setupcfg import read_configuration

import datalad_jsdl

ROOT = Path(__file__).parents[2]
BROWSER = Path(datalad_jsdl.__file__).parent / "browser"
#: Bytes of the module and its element, minified and compressed, each module once.
MOST = 27_000


def test_the_wheel_has_all_files() -> None:
    patterns = read_configuration(ROOT / "setup.cfg")["options"]["package_data"]["datalad_jsdl"]
    package = BROWSER.parent
    shipped = {file for pattern in patterns for file in package.glob(pattern)}
    assert {file for file in BROWSER.rglob("*") if file.is_file()} <= shipped


def test_it_is_small(packages: Path, tmp_path: Path) -> None:
    entries = [BROWSER / "jsdl-element.js", BROWSER / "jsdl-worker.js"]
    options = ["--bundle", "--splitting", "--minify", "--format=esm", f"--outdir={tmp_path}"]
    command = [packages / "esbuild" / "bin" / "esbuild", *entries, *options]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    sizes = {file.name: len(gzip.compress(file.read_bytes())) for file in tmp_path.iterdir()}
    assert sum(sizes.values()) <= MOST, sizes


def test_both_languages_have_all_texts() -> None:
    text = (BROWSER / "ui" / "texts.js").read_text()
    english, german = text.split("de: {")
    keys = [set(re.findall(r'[,{\n]\s*"?([\w-]+)"?: "', part)) for part in (english, german)]
    assert keys[0] == keys[1]


def test_what_fails_on_the_way_has_a_text() -> None:
    """What is wrong with an entry of a manifest may have the same words for all."""
    texts = (BROWSER / "ui" / "texts.js").read_text()
    files = [*BROWSER.glob("engine/*.js"), *BROWSER.glob("sinks/*.js"), *BROWSER.glob("*.js")]
    kinds = {
        kind for file in files for kind in re.findall(r'new Fault\("([\w-]+)"', file.read_text())
    }
    assert {kind for kind in kinds if not re.search(rf'"?{kind}"?: "', texts)} == set()


def test_nothing_that_a_strict_policy_forbids() -> None:
    code = "".join(file.read_text() for file in BROWSER.rglob("*.js"))
    assert re.findall(r"\beval\(|new Function|WebAssembly|innerHTML|document\.write", code) == []
