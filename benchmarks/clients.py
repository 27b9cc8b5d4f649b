"""The engine and its peers, each as a program that is given a list of files."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from measuring import timed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from measuring import Bench, Measured
    from servers import Served

    Client = Callable[[Path], Measured]

__all__ = ["aria2", "curl", "curl_many", "engine", "hash_pass", "rclone"]

_ENGINE = Path(__file__).with_name("engine_child.py")
_HASH = """\
import hashlib, sys
digest = hashlib.sha256()
with open(sys.argv[1], "rb") as file:
    while block := file.read(1 << 18):
        digest.update(block)
assert digest.hexdigest() == sys.argv[2]
"""


def engine(
    bench: Bench,
    files: Iterable[Served],
    bases: Iterable[str],
    workers: int | None,
    *,
    discard: bool = False,
    archive: str = "",
) -> Client:
    """Ours; verifies what it fetches.

    Args:
        bench: has room for the listing.
        files: to be fetched.
        bases: of the servers that have all of them.
        workers: files at a time; 0 for no threads, None for as many as pay.
        discard: delete each file once it is there.
        archive: URL of a zip that has the files by their names; "" for none.
    """
    listing = bench.place() / "listing.tsv"
    with listing.open("w") as out:
        for file in files:
            urls = "\t".join(f"{base}/{file.path}" for base in bases)
            out.write(f"{file.size}\t{file.sha256}\t{file.name}\t{urls}\n")
    more = ["--discard"] * discard + [f"--archive={archive}"] * bool(archive)
    number = "auto" if workers is None else str(workers)
    command = [*bench.through, sys.executable, _ENGINE, listing]

    def fetch(place: Path) -> Measured:
        return timed(*command, place, number, *more, cwd=place)

    return fetch


def curl(url: str) -> Client:
    """One file, as ``content``."""

    def fetch(place: Path) -> Measured:
        return timed("curl", "-q", "-sS", "--fail", "-o", "content", url, cwd=place)

    return fetch


def hash_pass(path: Path, sha256: str) -> Client:
    """Read a file again, and hash it."""

    def fetch(place: Path) -> Measured:
        return timed(sys.executable, "-I", "-S", "-c", _HASH, path, sha256, cwd=place)

    return fetch


def curl_many(
    bench: Bench, files: Iterable[Served], base: str, parallel: int, *more: str
) -> Client:
    """``curl -Z``: many files over connections that are kept; nothing is verified.

    Args:
        bench: has room for the listing.
        files: to be fetched.
        base: of the server that has them.
        parallel: files at a time.
        more: options.
    """
    config = bench.place() / "curl.config"
    with config.open("w") as out:
        for file in files:
            out.write(f'url = "{base}/{file.path}"\noutput = "{file.name}"\n')
    command = [
        *bench.through, "curl", "-q", "-sS", "--fail", "-Z", "--parallel-max", str(parallel),
        *more, "-K", config,
    ]  # fmt: skip

    def fetch(place: Path) -> Measured:
        return timed(*command, cwd=place)

    return fetch


def aria2(
    bench: Bench,
    files: Iterable[Served],
    bases: list[str],
    parallel: int | None,
    *,
    segments: int = 1,
) -> Client | None:
    """aria2, at its fastest: nothing is verified or allocated; None if it is not installed.

    Args:
        bench: has room for the listing.
        files: to be fetched.
        bases: of the servers that have all of them.
        parallel: files at a time; None for its own default.
        segments: connections to each server for one file.
    """
    if shutil.which("aria2c") is None:
        print("  aria2c: not installed")
        return None
    listing = bench.place() / "aria2.list"
    with listing.open("w") as out:
        for file in files:
            urls = "\t".join(f"{base}/{file.path}" for base in bases)
            out.write(f"{urls}\n  out={file.name}\n")
    command = [
        *bench.through,
        "aria2c", "--no-conf", "--quiet", "--file-allocation=none", "--download-result=hide",
        f"--max-connection-per-server={segments}", f"--split={segments * len(bases)}",
        "--min-split-size=1M", f"--input-file={listing}",
        *([f"--max-concurrent-downloads={parallel}"] if parallel else []),
    ]  # fmt: skip

    def fetch(place: Path) -> Measured:
        return timed(*command, cwd=place)

    return fetch


def rclone(bench: Bench, files: Iterable[Served], base: str) -> Client | None:
    """rclone's copyurl of a list at its defaults, four files at a time; None if it cannot.

    Versions before 1.70 or so take one URL only.
    """
    program = shutil.which("rclone")
    known = program and subprocess.run([program, "copyurl", "--help"], capture_output=True)
    if not known or b"--urls" not in known.stdout:
        print("  rclone copyurl --urls: not installed")
        return None
    listing = bench.place() / "rclone.csv"
    listing.write_text("".join(f"{base}/{file.path},{file.name}\n" for file in files))
    command = [*bench.through, "rclone", "copyurl", "-q", "--config", "", "--urls", listing, "."]

    def fetch(place: Path) -> Measured:
        return timed(*command, cwd=place)

    return fetch
