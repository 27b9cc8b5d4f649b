"""Importing a manifest, against git-annex's own batch commands, in one run.

::

    python benchmarks/import_manifest.py [--entries 10000] [--runs 3]

Peer: ``git annex fromkey --batch`` and ``git annex registerurl --batch`` (two URLs an
entry, location logs left uncompacted, its fastest setting) and ``git commit``. Ours is
``datalad download-manifest`` as a user runs it, creation of the dataset and start of the
program included. Wall seconds; the ratio is the median of the runs'.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def entries(count: int) -> list[tuple[str, str, list[str]]]:
    """Path, key and URLs of made-up files."""
    made = []
    for number in range(count):
        path = f"sub-{number // 100:04d}/sub-{number:07d}_bold.nii.gz"
        digest = hashlib.sha256(path.encode()).hexdigest()
        urls = [f"https://{host}.example/{path}" for host in ("a", "b")]
        made.append((path, f"SHA256E-s{number}--{digest}.nii.gz", urls))
    return made


def run(*args: str, cwd: Path, stdin: str | None = None) -> None:
    subprocess.run(args, cwd=cwd, input=stdin, text=True, check=True, stdout=subprocess.DEVNULL)


def ours(folder: Path, files: list[tuple[str, str, list[str]]]) -> float:
    manifest = {
        path: {
            "urls": urls,
            "size": int(key.partition("-s")[2].partition("-")[0]),
            "digests": {"sha256": key.partition("--")[2].partition(".")[0]},
        }
        for path, key, urls in files
    }
    (folder / "manifest.json").write_text(json.dumps(manifest))
    begin = time.perf_counter()
    run("datalad", "download-manifest", "manifest.json", "dataset", cwd=folder)
    return time.perf_counter() - begin


def peer(folder: Path, files: list[tuple[str, str, list[str]]]) -> float:
    begin = time.perf_counter()
    run("git", "init", "-q", "peer", cwd=folder)
    dataset = folder / "peer"
    run("git", "annex", "init", "-q", cwd=dataset)
    fast = ("-c", "annex.alwayscompact=false")
    listing = "".join(f"{key} {path}\n" for path, key, _ in files)
    run("git", "annex", "fromkey", *fast, "--force", "--batch", cwd=dataset, stdin=listing)
    urls = "".join(f"{key} {url}\n" for _, key, listed in files for url in listed)
    run("git", "annex", "registerurl", *fast, "--batch", cwd=dataset, stdin=urls)
    run("git", "commit", "-q", "-m", "import", cwd=dataset)
    return time.perf_counter() - begin


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--entries", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    files = entries(options.entries)
    os.environ["PATH"] = os.pathsep.join(
        [str(Path(sys.executable).parent), os.environ.get("PATH", "")]
    )
    folder = Path(tempfile.mkdtemp(prefix="jsdl-benchmark-"))
    try:
        ratios = measure(folder, files, options.runs)
    finally:
        # only now: ext4 on a disk with discard makes files ten times as slowly for a
        # while after many were deleted
        shutil.rmtree(folder, ignore_errors=True)
    print(f"download-manifest is {statistics.median(ratios):.1f} times as fast (median)")


def measure(folder: Path, files: list[tuple[str, str, list[str]]], runs: int) -> list[float]:
    ratios = []
    for number in range(1, runs + 1):
        place = folder / str(number)
        place.mkdir()
        mine, theirs = ours(place, files), peer(place, files)
        ratios.append(theirs / mine)
        print(
            f"run {number}: {len(files)} entries, download-manifest {mine:.1f} s, "
            f"fromkey + registerurl {theirs:.1f} s, ratio {ratios[-1]:.1f}",
            flush=True,
        )
    return ratios


if __name__ == "__main__":
    main()
