#!/usr/bin/env python3
"""Make the browser module one small file; a wheel or an npm package that is built does so.

::

    python3 tools/bundle.py [FILE]     (datalad_jsdl/browser/jsdl.min.js)

The file is the element, all functions, and the worker, as which it starts itself. Needs node and
npm, which installs the packages of tests/browser where they are not yet.
"""

from __future__ import annotations

import os
import re
import shutil
import ssl
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BROWSER = ROOT / "datalad_jsdl" / "browser"
MINIFIED = BROWSER / "jsdl.min.js"
_PACKAGES = ROOT / "tests" / "browser"
_ESBUILD = _PACKAGES / "node_modules" / "esbuild" / "bin" / "esbuild"
_TERSER = _PACKAGES / "node_modules" / "terser" / "bin" / "terser"
_MOST_SECONDS = 120  # a registry that cannot be reached is waited for by npm for long
_ALL = 'export * from "./jsdl-element.js"; import "./jsdl-worker.js";'
#: What modules name, and where it is for the one file; ``""`` is that itself.
_PLACES = {'"../jsdl-worker.js"': '""', '"./german.js"': '"./ui/german.js"'}

#: Properties that nobody but the modules has: not of what callers give and get, not of manifests,
#: not of what is kept on disk, and no keys of texts.
INTERNAL = (
    "answered|blame|blocked|candidate|central|centralOffset|complete|completed|"
    "context|crc|dead|descriptor|enter|environment|faults|finish|frame|given|"
    "hasher|hurry|isBroken|isOnline|isStrict|isWhole|lastModified|layout|leadingDir|"
    "leave|local|member|members|offsets|onFetched|onRetry|onWritten|origins|"
    "ownMtime|position|ranged|readyAt|reset|resize|sleep|states|stored|succeeded|"
    "tries|unit|unitIs|update|verifies|waiting"
)

#: What terser does only if told, as other code might be made wrong by it: no function is a class,
#: and no property is read to have something done.
_SAFE_HERE = "unsafe,unsafe_arrows,pure_getters"

_STYLE = re.compile(r"\s:host[^`]*")


class NotBundledError(Exception):
    """A program or a package is missing, or one of them failed."""


def bundle(file: Path) -> None:
    """Write the module, minified, to *file*.

    Raises:
        NotBundledError: it could not be made.
    """
    _need_packages()
    # those of one folder are alike, and are shorter one after the other once they are compressed
    modules = sorted(BROWSER.glob("*/*.js"))
    given = (
        "".join(f'import "./{file.relative_to(BROWSER).as_posix()}";' for file in modules) + _ALL
    )
    esbuild = [_ESBUILD, "--bundle", "--minify", "--format=esm", "--log-level=error"]
    text = _output(*esbuild, "--external:./german.js", given=given)
    for name, place in _PLACES.items():
        if text.count(name) != 1:
            raise NotBundledError(f"{name} is not in the module once")
        text = text.replace(name, place)
    text = _STYLE.sub(lambda found: _smaller(found[0]), text, count=1)
    # what it saves beyond esbuild is a fortieth
    terser = [_TERSER, "--module", "--ecma", "2022", "--mangle"]
    compress = f"passes=3,keep_fargs=false,lhs_constants=false,{_SAFE_HERE}"
    terser += ["--compress", compress, "--mangle-props"]
    names = f"regex=/^({INTERNAL})$/,builtins=true,keep_quoted=strict"
    text = _output("node", *terser, names, given=text)
    file.write_text(text, "utf-8")


def is_repository() -> bool:
    """Whether the tools are here; a source distribution has the file instead."""
    return (_PACKAGES / "package-lock.json").is_file()


def _need_packages() -> None:
    if _ESBUILD.is_file() and _TERSER.is_file():
        return
    _output("npm", "ci", "--no-audit", "--no-fund", "--prefix", _PACKAGES)


def _output(*command: str | Path, given: str = "") -> str:
    """What a program writes.

    Raises:
        NotBundledError
    """
    program = shutil.which(command[0])
    if program is None:
        raise NotBundledError(f"{command[0]} is not installed")
    # what isolates the build is not for npm, which may be a program in Python
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    # the authorities that Python trusts, too: Node.js has a list of its own
    if authorities := ssl.get_default_verify_paths().cafile:
        environment.setdefault("NODE_EXTRA_CA_CERTS", authorities)
    try:
        done = subprocess.run(
            [program, *command[1:]],
            input=given, capture_output=True, text=True, cwd=BROWSER, env=environment,
            timeout=_MOST_SECONDS,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise NotBundledError(f"{command[0]} took more than {_MOST_SECONDS} seconds") from None
    if done.returncode:
        raise NotBundledError(done.stderr)
    return done.stdout


def _smaller(style: str) -> str:
    """The sheet without the spaces that are for people."""
    return re.sub(r"\s*([{};,])\s*|(?<=:)\s", r"\1", style).replace(";}", "}").strip()


if __name__ == "__main__":
    try:
        bundle(Path(sys.argv[1]) if len(sys.argv) > 1 else MINIFIED)
    except NotBundledError as exc:
        sys.exit(str(exc))
