#!/usr/bin/env python3
"""Install the built package alone, on each Python and with each extra, and try it.

::

    python3 tools/run.py matrix [--python FILE ...] [--here] [--write]

The source distribution is built from this checkout, and the wheel from the source distribution.
Each environment is empty but for the wheel and what it requires; ``tools/smoke.py`` runs in it, in
a folder of its own. Pythons are found on PATH and among those of pyenv; ``--python`` names others.
``--here`` tries only the Python that runs, with what a user needs. ``--write`` writes the result to
``packaging/matrix.md``.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from configparser import ConfigParser
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RESULT = ROOT / "packaging" / "matrix.md"
MINORS = range(10, 15)
#: These build on the portal, and are tried with it.
WITH_PORTAL = ("openid", "postgresql", "redis")
_HERE = ("git-annex,portal", "demo,git-annex")
HEAD = """\
# Where the built package was tried

Made by `python3 tools/run.py matrix`: the wheel, built from the source distribution, was
installed into an empty environment for each Python and each extra. Then `tools/smoke.py` imported
every module, downloaded files from a manifest, made a zip of them twice, and with the extra
`portal` opened the portal's pages. The extra `packaging` is left out: it adds nothing to the
package, but has the programs (uv, towncrier) that build a release and make this table.

"""
#: Has no modules that the package imports; see the text above.
_BESIDE = "packaging"


def extras() -> list[str]:
    """As ``pip`` takes them; the first is none."""
    config = ConfigParser()
    config.read(ROOT / "setup.cfg", "utf-8")
    names = sorted(config["options.extras_require"])
    names = [name for name in names if name != _BESIDE]
    return ["", *(f"{name},portal" if name in WITH_PORTAL else name for name in names)]


def pythons(more: list[Path]) -> dict[str, Path]:
    """Programs by their version, such as ``3.12.1``; one for each minor version."""
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    candidates = [Path(sys.executable), *more, *sorted(root.glob("3.*/bin/python"))]
    found_on_path = (shutil.which(f"python3.{minor}") for minor in MINORS)
    candidates += [Path(program) for program in found_on_path if program]
    found: dict[int, tuple[str, Path]] = {}
    for program in candidates:
        if version := _version(program):
            found.setdefault(int(version.split(".")[1]), (version, program))
    return dict(found[minor] for minor in MINORS if minor in found)


def build(folder: Path) -> Path:
    """The wheel, of the source distribution, of this checkout."""
    _run("uv", "build", "-q", "--out-dir", str(folder), str(ROOT), cwd=folder)
    [wheel] = folder.glob("*.whl")
    return wheel


def attempt(python: Path, wheel: Path, extra: str, folder: Path) -> str:
    """What went wrong; empty if nothing did."""
    environment = folder / "environment"
    own = environment / ("Scripts" if os.name == "nt" else "bin") / "python"
    wanted = f"{wheel}[{extra}]" if extra else str(wheel)
    names = extra.split(",") if extra else []
    variables = {**os.environ, "PATH": os.pathsep.join(_path(names, folder))}
    try:
        _run("uv", "venv", "-q", "--clear", "-p", str(python), str(environment), cwd=folder)
        _run("uv", "pip", "install", "-q", "-p", str(own), wanted, cwd=folder)
        smoke = str(ROOT / "tools" / "smoke.py")
        print(_run(str(own), smoke, *names, cwd=folder, variables=variables), end="", flush=True)
        if "demo" in names:
            demo = shutil.copy(ROOT / "demo" / "demo.py", folder)
            path = os.pathsep.join([str(own.parent), variables["PATH"]])
            _run(str(own), demo, cwd=folder, variables={**variables, "PATH": path})
    except subprocess.CalledProcessError as exc:
        return f"{exc.cmd[0]} exited with {exc.returncode}\n{exc.stdout}\n{exc.stderr}"
    return ""


def _version(program: Path) -> str:
    """Without the word in front; empty if it does not run."""
    try:
        done = subprocess.run([program, "--version"], capture_output=True, text=True)
    except OSError:
        return ""
    name, _, version = done.stdout.strip().partition(" ")
    return version if name == "Python" and version.startswith("3.") else ""


def _path(extras: list[str], folder: Path) -> Iterator[str]:
    """Folders of programs: the machine's, and git-annex where the environment brings none."""
    if "git-annex" not in extras and (program := shutil.which("git-annex")):
        links = folder / "git-annex-alone"
        links.mkdir(exist_ok=True)
        (links / "git-annex").unlink(missing_ok=True)
        (links / "git-annex").symlink_to(program)
        yield str(links)
    own = Path(sys.executable).parent
    for name in os.environ["PATH"].split(os.pathsep):
        if Path(name) != own:
            yield name


def _run(*command: str, cwd: Path, variables: dict[str, str] | None = None) -> str:
    done = subprocess.run(
        command, cwd=cwd, env=variables, capture_output=True, text=True, check=True
    )
    return done.stdout


def table(results: dict[str, dict[str, str]]) -> str:
    """Of what went wrong by Python and extra."""
    rows = [f"| extra | {' | '.join(results)} |", f"|---|{'---|' * len(results)}"]
    for extra in next(iter(results.values())):
        cells = ("no" if results[python][extra] else "yes" for python in results)
        rows.append(f"| {extra.replace(',', ' and ') or 'none'} | {' | '.join(cells)} |")
    return HEAD + "\n".join(rows) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--python", type=Path, action="append", default=[], metavar="FILE")
    parser.add_argument("--here", action="store_true")
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    running = {sys.version.split()[0]: Path(sys.executable)}
    tried = running if given.here else pythons(given.python)
    results: dict[str, dict[str, str]] = {}
    with tempfile.TemporaryDirectory(prefix="jsdl-matrix-") as box:
        folder = Path(box)
        wheel = build(folder)
        for version, program in tried.items():
            results[version] = {}
            for extra in _HERE if given.here else extras():
                print(f"Python {version}: ", end="", flush=True)
                failure = attempt(program, wheel, extra, folder)
                results[version][extra] = failure
                if failure:
                    print(f"[{extra}] {failure}", flush=True)
    if given.write:
        RESULT.write_text(table(results), "utf-8")
    if any(failure for row in results.values() for failure in row.values()):
        sys.exit("the package does not work everywhere; see above")


if __name__ == "__main__":
    main()
