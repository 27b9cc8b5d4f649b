"""What is shipped: the files of the wheel, their size, words for all that can fail."""

from __future__ import annotations

import gzip
import json
import re
import subprocess
from pathlib import Path

from setuptools.config.setupcfg import read_configuration

import datalad_jsdl

ROOT = Path(__file__).parents[2]
BROWSER = Path(datalad_jsdl.__file__).parent / "browser"
#: Bytes of the module as one file, with its element and both languages, compressed.
MOST = 24_400


def test_the_wheel_has_all_files() -> None:
    patterns = read_configuration(ROOT / "setup.cfg")["options"]["package_data"]["datalad_jsdl"]
    package = BROWSER.parent
    shipped = {file for pattern in patterns for file in package.glob(pattern)}
    assert {file for file in BROWSER.rglob("*") if file.is_file()} <= shipped


def test_it_is_small(one_file: bytes) -> None:
    assert len(gzip.compress(one_file)) <= MOST


def test_both_languages_have_all_texts(node: str) -> None:
    """A value that one of them lacks would be left as it is, or not be shown."""
    script = f"import {{ TEXTS }} from '{(BROWSER / 'ui' / 'texts.js').as_uri()}';"
    script += "process.stdout.write(JSON.stringify(TEXTS));"
    command = [node, "--input-type=module", "-e", script]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    for key, (english, german) in json.loads(done.stdout).items():
        values = [sorted(re.findall(r"\{\w+\}", text)) for text in (english, german)]
        assert values[0] == values[1], key


def test_what_fails_on_the_way_has_a_text() -> None:
    """What is wrong with an entry of a manifest may have the same words for all."""
    texts = (BROWSER / "ui" / "texts.js").read_text()
    files = [*BROWSER.glob("engine/*.js"), *BROWSER.glob("sinks/*.js"), *BROWSER.glob("*.js")]
    kinds = {
        kind for file in files for kind in re.findall(r'new Fault\("([\w-]+)"', file.read_text())
    }
    assert {kind for kind in kinds if not re.search(rf'"?{kind}"?: \["', texts)} == set()


def test_nothing_that_a_strict_policy_forbids() -> None:
    code = "".join(file.read_text() for file in BROWSER.rglob("*.js"))
    assert re.findall(r"\beval\(|new Function|WebAssembly|innerHTML|document\.write", code) == []
