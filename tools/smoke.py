#!/usr/bin/env python3
"""What somebody does first, with an installation alone: import, download, zip, and the portal.

::

    ENVIRONMENT/bin/python tools/smoke.py [EXTRA ...]

Run by the Python of an environment that has the package, from any folder outside of a checkout.
Needs git, and git-annex on PATH where the extra ``git-annex`` is not named. Everything else is the
environment's own; whatever is not, ends it with a message.
"""

from __future__ import annotations

import hashlib
import http.cookiejar
import importlib
import json
import os
import pkgutil
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import urllib.request
import zipfile
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import version
from pathlib import Path

#: A module that only an installation with the extra can import.
MODULES = {
    "benchmarks": "stream_zip",
    "browser": "pycookiecheat",
    "completion": "argcomplete",
    "demo": "pydicom",
    "docs": "sphinx",
    "git-annex": "git_annex",
    "lint": "mypy",
    "openid": "authlib",
    "portal": "datalad_jsdl.portal.serving",
    "postgresql": "psycopg",
    "redis": "redis",
    "tests": "hypothesis",
}

_BIN = Path(sys.executable).parent
_FILES = {"sub-01/a.txt": b"first", "sub-02/b.bin": bytes(range(256)) * 400}
_GIT_CONFIG = """\
[user]
    name = Smoke
    email = smoke@example.com
[annex "security"]
    allowed-ip-addresses = 127.0.0.1
[datalad "extensions"]
    load = jsdl
"""


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


def main(extras: list[str]) -> None:
    with tempfile.TemporaryDirectory(prefix="jsdl-smoke-") as box:
        folder = Path(box)
        for name in [name for name in os.environ if name.startswith("PYTHON")]:
            del os.environ[name]
        os.environ["HOME"] = box
        os.environ["GIT_CONFIG_GLOBAL"] = str(folder / "gitconfig")
        os.environ["PATH"] = os.pathsep.join([str(_BIN), os.environ["PATH"]])
        (folder / "gitconfig").write_text(_GIT_CONFIG)
        os.chdir(folder)
        try:
            _modules(extras)
            _commands(extras)
            _download_and_zip(folder)
            if "portal" in extras:
                _portal(folder)
        finally:
            # the annex write-protects its content
            for path, _, _ in os.walk(folder):
                os.chmod(path, 0o755)  # noqa: S103 - no one else can reach it
    print(f"datalad-jsdl {version('datalad-jsdl')} works: {', '.join(extras) or 'no extra'}")


def _need(holds: object, message: str) -> None:
    if not holds:
        sys.exit(message)


def _modules(extras: list[str]) -> None:
    for extra in extras:
        importlib.import_module(MODULES[extra])
    import datalad_jsdl

    place = Path(datalad_jsdl.__file__).parent
    _need(place.is_relative_to(sys.prefix), f"{place} is not in the environment")
    _need((place / "browser" / "jsdl.js").is_file(), "the browser module is missing")
    left = [] if "portal" in extras else ["datalad_jsdl.portal"]
    left += [] if "openid" in extras else ["datalad_jsdl.portal.accounts.openid"]
    for module in pkgutil.walk_packages([str(place)], "datalad_jsdl."):
        if not f"{module.name}.".startswith(tuple(f"{name}." for name in left)):
            importlib.import_module(module.name)


def _commands(extras: list[str]) -> None:
    shown = _run("datalad", "download-manifest", "--help-np")
    _need("--checksums" in shown, f"no help of download-manifest: {shown}")
    pages = Path(sys.prefix, "share", "man", "man1")
    _need((pages / "datalad-download-manifest.1").is_file(), f"no man pages in {pages}")
    annex = shutil.which("git-annex")
    _need(annex, "git-annex is not on PATH")
    _need("git-annex" not in extras or Path(str(annex)).parent == _BIN, f"{annex} is another")
    told = _run("git-annex-remote-jsdl", given="GETCOST\n")
    _need("COST 150" in told.splitlines(), f"the special remote says {told}")


def _download_and_zip(folder: Path) -> None:
    """As the demo does: a dataset of a manifest, and the same zip from it and an empty clone."""
    handler = partial(_Quiet, directory=str(folder / "served"))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    manifest = {}
    for path, content in _FILES.items():
        file = folder / "served" / path
        file.parent.mkdir(parents=True)
        file.write_bytes(content)
        manifest[path] = {
            "urls": [f"http://127.0.0.1:{server.server_port}/{path}"],
            "size": len(content),
            "digests": {"sha256": hashlib.sha256(content).hexdigest()},
        }
    (folder / "manifest.json").write_text(json.dumps(manifest))
    _run("datalad", "download-manifest", "manifest.json", "study")
    _run("git", "clone", "-q", "study", "empty")
    _run("git", "-C", "study", "annex", "get", "-q", ".")
    archives = []
    for clone in ("study", "empty"):
        (folder / f"zip-of-{clone}").mkdir()
        archive = folder / f"zip-of-{clone}" / "study.zip"
        _run("datalad", "export-archive", "-t", "zip", str(archive), cwd=folder / clone)
        archives.append(archive)
    full, empty = (archive.read_bytes() for archive in archives)
    _need(full == empty, "the zip of an empty clone is another")
    with zipfile.ZipFile(archives[0]) as opened:
        got = {name.partition("/")[2]: opened.read(name) for name in opened.namelist()}
    _need(got == _FILES, f"the zip has {sorted(got)}")
    server.shutdown()


def _portal(folder: Path) -> None:
    """A page, what it is drawn with, the browser module, the API, and files of a dataset."""
    command = [str(_BIN / "datalad"), "serve-downloads", "--no-open", "--port", "0", "study"]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True) as process:
        address = (process.stdout or sys.stdin).readline().strip()
        try:
            cookies = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
            opener = urllib.request.build_opener(cookies)
            page = opener.open(address, timeout=60).read().decode()
            _need("sub-01" in page, f"the portal's page is {page}")
            origin = address.partition("/?")[0]
            for place, expected in {
                "/static/portal.css": b"{",
                "/static/jsdl/jsdl.js": b"export",
                "/api/v1/openapi.json": b'"openapi"',
                "/api/v1/datasets/study/files": b"sub-02",
            }.items():
                got = opener.open(origin + place, timeout=60).read()
                _need(expected in got, f"{place} is {got[:200]!r}")
        finally:
            process.send_signal(signal.SIGINT)
            code = process.wait(60)
    _need(code == 0, f"the portal ended with {code}")


def _run(program: str, *arguments: str, cwd: Path | None = None, given: str = "") -> str:
    done = subprocess.run(
        [program, *arguments], cwd=cwd, input=given, capture_output=True, text=True
    )
    said = f"{program} {' '.join(arguments)}\n{done.stdout}\n{done.stderr}"
    _need(done.returncode == 0, said)
    return done.stdout


if __name__ == "__main__":
    main(sys.argv[1:])
