"""The module for browsers, against client-zip, the ideal, and a limit of memory.

::

    python benchmarks/browser.py [--case a,b,c] [--runs N] [--scale F] [--folder F]

Chromium and Firefox ESR are left out where they are not installed, client-zip where the packages
of tests/browser are not (``npm ci`` there). Ours verifies all that it gets, by pieces of 8 MiB in
cases a and c; client-zip verifies nothing. Both are timed until the zip is there to be saved.
Memory is the sum of PSS over all processes of the browser, above that of one with a blank page.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import statistics
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from browsers import CLIENT_ZIP, browser
from measuring import Bench, Measured, compete, ratio, run, table
from servers import make_files, slow_server
from serving import Watch
from working import run_beside_nginx

if TYPE_CHECKING:
    from collections.abc import Callable

    from browsers import Browser

_MIB = 1 << 20
_PIECE = 8 * _MIB
_RATE = 50  # MiB per second at least
_DELAY = 0.05  # seconds
_AT_ONCE = 6
_MOST = 350  # MiB
_BROWSERS = ("chromium", "firefox-esr")


def speed(bench: Bench) -> None:
    """A file of 1 GiB from loopback, against client-zip."""
    size = bench.scaled(1024 * _MIB)
    (file,) = make_files(bench.root, "browser", 1, size)
    url = f"{bench.base}/{file.path}"
    manifest = {"big": {"urls": [url], "size": size, "pieces": _pieces(bench.root / file.path)}}
    ours = {"kind": "ours", "manifest": manifest}
    peer = {"kind": "peer", "files": [{"name": "big", "size": size, "url": url}]}
    for name in _BROWSERS:
        with browser(name, bench.place()) as found:
            if found is None:
                continue
            print(f"  {name}", flush=True)
            contestants = {"ours, verified": _doing(found, ours)}
            if CLIENT_ZIP.is_dir():
                contestants["client-zip"] = _doing(found, peer)
            runs = compete(bench, contestants)
        rate = statistics.median(size / _MIB / one["ours, verified"].wall for one in runs)
        met = "met" if rate >= _RATE else "MISSED"
        print(f"  = verified: {rate:.0f} MiB/s   (target >= {_RATE}: {met})", flush=True)
        if CLIENT_ZIP.is_dir():
            table(runs, "client-zip")
            what = "ours wall / client-zip wall"
            ratio(what, runs, lambda r: r["ours, verified"].wall / r["client-zip"].wall, target=1.1)


def small(bench: Bench) -> None:
    """2,000 files of 4 KiB at 50 ms latency, each by its URL, and out of a zip."""
    count = bench.scaled(2000)
    files = make_files(bench.root, "browser-small", count, 4096)
    members = {
        file.name: {"size": file.size, "digests": {"sha256": file.sha256}, "urls": [file.path]}
        for file in files
    }
    place = bench.place()
    zip_ = _exported(bench, place, members)
    ideal = -(-count // _AT_ONCE) * _DELAY
    with slow_server(bench.root, delay=_DELAY) as base:
        for member in members.values():
            member["urls"] = [f"{base}/{path}" for path in member["urls"]]
        zips = [{"urls": [f"{base}/{zip_}"], "leading_dir": "all"}]
        jobs = {
            "by their URLs": {"kind": "ours", "manifest": members},
            "out of a zip": {"kind": "ours", "manifest": {"/": {"archives": zips}, **members}},
        }
        for name in _BROWSERS:
            with browser(name, bench.place()) as found:
                if found is None:
                    continue
                print(f"  {name}", flush=True)
                runs = compete(bench, {key: _doing(found, job) for key, job in jobs.items()})
            what = f"by their URLs / ideal of six at a time ({ideal:.1f} s)"
            ratio(what, runs, lambda r: r["by their URLs"].wall / ideal, target=1.3)
            what = "out of a zip, seconds"
            ratio(what, runs, lambda r: r["out of a zip"].wall, target=3 * bench.scale)


def memory(bench: Bench) -> None:
    """3 GiB by the element: memory over a blank page, until a click has put the zip on disk."""
    size = bench.scaled(3072 * _MIB)
    path = bench.root / "zeros.dat"
    with path.open("wb") as out:
        out.truncate(size)
    member = {"urls": [path.name], "size": size, "pieces": _pieces(path)}
    zip_ = bench.root / _exported(bench, bench.place(), {"zeros": member}, "--leading-dir", "")
    expected = _digest(zip_)
    zip_.unlink()
    manifest = {"zeros": {**member, "urls": [f"{bench.base}/{path.name}"]}}
    for name in _BROWSERS:
        with browser(name, bench.place(), blank_seconds=10) as found:
            if found is None:
                continue
            with Watch(found.pid) as watch:
                said = found.do({"kind": "element", "manifest": manifest})
                mid = watch.most
                begin = time.perf_counter()
                found.do({"kind": "save"})
                saved = _saved(found.downloads, size)
                handed = time.perf_counter() - begin
            most = (watch.most - found.blank) / _MIB
            met = "met" if most <= _MOST else "MISSED"
            print(
                f"  {name}: blank page {found.blank / _MIB:.0f} MiB; got in {said['wall']:.1f} s, "
                f"{(mid - found.blank) / _MIB:+.0f} MiB; handed over in {handed:.1f} s"
            )
            print(f"  = memory over a blank page: {most:.0f} MiB   (target <= {_MOST}: {met})")
            if _digest(saved) != expected:
                raise SystemExit(f"{name}: the zip is not that of export-archive")
            print("  = the zip that was saved is that of export-archive, by SHA-256", flush=True)
            saved.unlink()


def _doing(found: Browser, job: dict[str, Any]) -> Callable[[Path], Measured]:
    def do(place: Path) -> Measured:
        begin = found.cpu()
        said = found.do(job)
        return Measured(said["wall"], found.cpu() - begin, said)

    return do


def _pieces(path: Path) -> dict[str, Any]:
    """As a manifest has them."""
    with path.open("rb") as file:
        parts = iter(lambda: file.read(_PIECE), b"")
        digests = [hashlib.sha256(part).hexdigest() for part in parts]
    return {"algorithm": "sha256", "length": _PIECE, "digests": digests}


def _exported(bench: Bench, place: Path, members: dict[str, Any], *more: str) -> str:
    """Write the zip of the manifest to the served folder; its name."""
    there = {
        path: {**member, "urls": [f"{bench.base}/{url}" for url in member["urls"]]}
        for path, member in members.items()
    }
    (place / "m.json").write_text(json.dumps(there))
    command = ["datalad", "export-archive", "-t", "zip", *more, "--manifest", "m.json"]
    run(*command, bench.root / "all.zip", cwd=place)
    return "all.zip"


def _digest(path: Path) -> str:
    """Its SHA-256."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while part := file.read(_MIB):
            digest.update(part)
    return digest.hexdigest()


def _saved(folder: Path, size: int) -> Path:
    """What was downloaded, once it is whole."""
    for _ in range(6000):
        files = list(folder.iterdir())
        with contextlib.suppress(OSError):  # renamed meanwhile
            if [file.suffix for file in files] == [".zip"] and files[0].stat().st_size > size:
                return files[0]
        time.sleep(0.1)
    raise SystemExit(f"nothing was saved: {list(folder.iterdir())}")


CASES: dict[str, tuple[Callable[[Bench], None], ...]] = {
    "a": (speed,),
    "b": (small,),
    "c": (memory,),
}


if __name__ == "__main__":
    run_beside_nginx(__doc__, CASES, 3)
