"""The main job on an example: two mirrors, one of them broken, and the same zip twice.

The example's files are real DICOM images that come with the PyPI package pydicom (MIT
licence). Everything happens in a temporary folder and on loopback addresses.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import metadata
from pathlib import Path
from typing import Any

import pydicom

NAMES = [
    "CT_small.dcm",
    "MR_small.dcm",
    "JPEG2000.dcm",
    "SC_rgb_rle.dcm",
    "liver_1frame.dcm",
    "rtdose.dcm",
    "examples_palette.dcm",
    "examples_rgb_color.dcm",
]
FAULTS = ["404", "500", "page", "cut"]

GIT_CONFIG = """\
[user]
    name = Demo
    email = demo@example.com
[init]
    defaultBranch = main
[annex "security"]
    allowed-ip-addresses = 127.0.0.1
[datalad "extensions"]
    load = jsdl
"""


class Good(SimpleHTTPRequestHandler):
    """A mirror that serves a folder."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        pass


class Broken(Good):
    """A mirror that gives every file another fault."""

    def do_GET(self) -> None:
        path = Path(self.translate_path(self.path))
        fault = FAULTS[sorted(p.name for p in path.parent.iterdir()).index(path.name) % 4]
        if fault == "page":
            body, status = b"<!DOCTYPE html><html>Please log in</html>", 200
        else:
            body, status = path.read_bytes(), int(fault) if fault.isdigit() else 200
        self.send_response(status)
        self.send_header("Content-Type", "text/html" if fault == "page" else "application/dicom")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if fault == "cut" else body)
        self.close_connection = True


def serve(handler: type[Good], folder: Path) -> str:
    def make(*arguments: Any) -> Good:
        return handler(*arguments, directory=str(folder))

    server = ThreadingHTTPServer(("127.0.0.1", 0), make)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_address[1]}"


def say(text: str) -> None:
    print(f"\n\033[1m{text}\033[0m" if sys.stdout.isatty() else f"\n== {text}", flush=True)


def run(*command: str, cwd: Path, show: bool = True, **variables: str) -> None:
    prefix = "".join(f"{name}={value} " for name, value in variables.items())
    print(f"$ {prefix}{' '.join(command)}", flush=True)
    done = subprocess.run(
        command,
        cwd=cwd,
        env={**os.environ, **variables},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    if show or done.returncode:
        print("".join(f"    {line}\n" for line in done.stdout.splitlines()), end="", flush=True)
    if done.returncode:
        sys.exit(f"the demo failed: {command[0]} exited with {done.returncode}")


def publish(folder: Path, mirrors: list[str]) -> None:
    """Write the manifest of the files in the portal's folder."""
    source = Path(pydicom.__file__).parent / "data" / "test_files"
    manifest = {}
    for number, name in enumerate(NAMES):
        path = f"sub-{number % 2 + 1:02}/{name}"
        served = folder / "portal" / name
        shutil.copyfile(source / name, served)
        manifest[path] = {
            "urls": [f"{mirror}/{name}" for mirror in mirrors],
            "size": served.stat().st_size,
            "digests": {"sha256": hashlib.sha256(served.read_bytes()).hexdigest()},
            "mtime": f"2024-05-{number + 1:02}T12:00:00Z",
        }
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=1))


def export(folder: Path, clone: str, time_zone: str, umask: int) -> str:
    """Export the zip from a clone; its checksum."""
    old = os.umask(umask)
    try:
        target = f"../zip-of-{clone}/study.zip"
        (folder / f"zip-of-{clone}").mkdir()
        run(
            "datalad", "export-archive", "-t", "zip", target, cwd=folder / clone, TZ=time_zone
        )  # fmt: skip
    finally:
        os.umask(old)
    archive = folder / f"zip-of-{clone}" / "study.zip"
    with zipfile.ZipFile(archive) as opened:
        if opened.testzip() is not None or len(opened.namelist()) != len(NAMES):
            sys.exit("the demo failed: the zip is damaged")
    return hashlib.sha256(archive.read_bytes()).hexdigest()


def demo(folder: Path) -> None:
    begin = time.monotonic()
    (folder / "gitconfig").write_text(GIT_CONFIG)
    os.environ["GIT_CONFIG_GLOBAL"] = str(folder / "gitconfig")
    (folder / "portal").mkdir()
    mirrors = [serve(Broken, folder / "portal"), serve(Good, folder / "portal")]
    publish(folder, mirrors)
    licence = metadata("pydicom").get("License-Expression") or "MIT"
    say(
        f"A portal publishes {len(NAMES)} DICOM files (from pydicom, licence {licence}) at two "
        "mirrors. The first is broken: 404, 500, a login page, a file cut short."
    )
    print("".join((folder / "manifest.json").read_text().splitlines(keepends=True)[:11]) + "  ...")
    say("1. Make a dataset of the manifest: every URL is registered, nothing is downloaded.")
    run("datalad", "download-manifest", "manifest.json", "study", cwd=folder)
    say("2. Get everything: the special remote fails over, verifies, and sets the times.")
    run("git", "annex", "get", "-q", ".", cwd=folder / "study")
    run("git", "annex", "find", "--format=${bytesize} ${file}\\n", cwd=folder / "study")
    run("git", "annex", "fsck", "-q", cwd=folder / "study")
    say("3. Two clones: one gets the content, the other stays empty.")
    for clone in ("full", "empty"):
        run("git", "clone", "-q", "study", clone, cwd=folder)
    run("git", "annex", "get", "-q", ".", cwd=folder / "full")
    say("4. Export the zip from both, in different time zones and with different umasks.")
    print("   The empty clone streams it from the mirrors.")
    sums = {
        "full": export(folder, "full", "America/Los_Angeles", 0o022),
        "empty": export(folder, "empty", "Asia/Kathmandu", 0o077),
    }
    for clone, checksum in sums.items():
        print(f"    sha256 {checksum}  zip-of-{clone}/study.zip")
    if len(set(sums.values())) != 1:
        sys.exit("the demo failed: the checksums differ")
    say(f"The checksums agree. Done in {time.monotonic() - begin:.0f} s; nothing is left behind.")


def main() -> None:
    folder = Path(tempfile.mkdtemp(prefix="jsdl-demo-"))
    try:
        demo(folder)
    finally:
        # the annex write-protects its content
        for path, _, _ in os.walk(folder):
            os.chmod(path, 0o755)
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
