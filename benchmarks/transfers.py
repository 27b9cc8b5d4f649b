"""Cases that compare the engine with other programs that download."""

from __future__ import annotations

import shutil
from contextlib import ExitStack
from typing import TYPE_CHECKING

from clients import aria2, curl, curl_many, engine, hash_pass, rclone
from measuring import compete, ratio, warm
from servers import make_files, slow_server

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from measuring import Bench, Measured, Run

    Client = Callable[[Path], Measured]

__all__ = ["latency", "many_small", "medium", "mirrors", "one_large"]

_MIB = 1 << 20


def one_large(bench: Bench) -> None:
    """2 GiB: the engine against curl, and against curl and a pass of sha256 after it."""
    (file,) = make_files(bench.root, "large", 1, bench.scaled(2048 * _MIB))
    url = f"{bench.base}/{file.path}"
    runs = compete(
        bench,
        {
            "engine": _tidy(engine(bench, [file], [bench.base], 0), file.size),
            "curl": _tidy(curl(url), file.size),
            "sha256 pass": hash_pass(bench.root / file.path, file.sha256),
        },
        _fetching,
    )
    ratio("engine CPU / curl CPU", runs, lambda r: r["engine"].cpu / r["curl"].cpu)
    ratio(
        "engine CPU / (curl CPU + sha256 pass CPU)",
        runs,
        lambda r: r["engine"].cpu / (r["curl"].cpu + r["sha256 pass"].cpu),
    )
    ratio(
        "engine wall / (curl wall + sha256 pass wall)",
        runs,
        lambda r: r["engine"].wall / (r["curl"].wall + r["sha256 pass"].wall),
    )


def many_small(bench: Bench) -> None:
    """10,000 files of 4 KiB: the engine with 8 workers and 1 against curl -Z."""
    count = bench.scaled(10_000)
    files = make_files(bench.root, "small", count, 4096)
    runs = compete(
        bench,
        {
            "engine, 8 workers": engine(bench, files, [bench.base], 8),
            "engine, 1 worker": engine(bench, files, [bench.base], 1),
            "curl -Z, 8": curl_many(bench, files, bench.base, 8),
        },
        lambda took: _rates(count, took),
    )
    for name in ("engine, 8 workers", "engine, 1 worker"):
        ratio(f"{name}: CPU / curl -Z CPU", runs, _of("cpu", name, "curl -Z, 8"))
        ratio(f"{name}: wall / curl -Z wall", runs, _of("wall", name, "curl -Z, 8"))


def medium(bench: Bench) -> None:
    """200 files of 5 MiB: the engine against curl -Z and aria2, 8 at a time."""
    count = bench.scaled(200)
    files = make_files(bench.root, "medium", count, 5 * _MIB)
    size = count * 5 * _MIB
    contestants = {
        "engine, 8 workers": _tidy(engine(bench, files, [bench.base], 8), size),
        "curl -Z, 8": _tidy(curl_many(bench, files, bench.base, 8), size),
        "aria2c -j8": _tidy(aria2(bench, files, [bench.base], 8), size),
    }
    _against_all(bench, contestants, count)


def latency(bench: Bench) -> None:
    """2,000 small files, each answer 50 ms late: as many at a time as pay, 8, and 32."""
    count = bench.scaled(2000)
    files = make_files(bench.root, "late", count, 4096)
    with slow_server(bench.root, delay=0.05) as base:
        defaults = {
            "engine": engine(bench, files, [base], None),
            "curl -Z": curl_many(bench, files, base, 50),  # its own default
            "aria2c": aria2(bench, files, [base], None),
            "rclone copyurl": rclone(bench, files, base),
        }
        _against_all(bench, defaults, count)
        for workers in (8, 32):
            contestants = {
                f"engine, {workers} workers": engine(bench, files, [base], workers),
                f"curl -Z, {workers}": curl_many(bench, files, base, workers),
                f"aria2c -j{workers}": aria2(bench, files, [base], workers),
            }
            _against_all(bench, contestants, count)


def mirrors(bench: Bench) -> None:
    """64 MiB over mirrors of 5 and 1 MB/s a connection: the engine against aria2, the ideal.

    Ideal are four connections to each from the first moment to the last, the default limit of
    the engine and what aria2 is told to use.
    """
    rates, connections = (5e6, 1e6), 4
    (file,) = make_files(bench.root, "mirrored", 1, bench.scaled(64 * _MIB))
    ideal = file.size / (connections * sum(rates))
    print(f"  ideal: {ideal:.2f} s")
    with ExitStack() as stack:
        bases = [stack.enter_context(slow_server(bench.root, rate=rate)) for rate in rates]
        contestants = {
            "engine": engine(bench, [file], bases, 0),
            "engine, slow first": engine(bench, [file], bases[::-1], 0),
            "aria2c": aria2(bench, [file], bases, 1, segments=connections),
        }
        present = {name: client for name, client in contestants.items() if client}
        runs = compete(
            bench, present, lambda took: f"{took.wall / ideal:5.2f} x ideal   {_fetching(took)}"
        )
    for name in present:
        ratio(f"{name}: wall / ideal", runs, lambda r, n=name: r[n].wall / ideal)
        if name != "aria2c":
            what = f"{name}: wall without the start of Python / ideal"
            ratio(what, runs, lambda r, n=name: r[n].said["wall"] / ideal, target=1.15)


def _against_all(bench: Bench, contestants: dict[str, Client | None], count: int) -> None:
    """The first against each of the others that is installed."""
    present = {name: client for name, client in contestants.items() if client}
    runs = compete(bench, present, lambda took: _rates(count, took), count=count)
    ours, *peers = present
    for peer in peers:
        ratio(f"{ours}: wall / {peer} wall", runs, _of("wall", ours, peer))
        ratio(f"{ours}: CPU / {peer} CPU", runs, _of("cpu", ours, peer))


def _of(what: str, ours: str, peer: str) -> Callable[[Run], float]:
    return lambda run: getattr(run[ours], what) / getattr(run[peer], what)


def _rates(count: int, took: Measured) -> str:
    each = f"{count / took.wall:7.0f} files/s   {count / took.cpu:7.0f} files per CPU second"
    return f"{each}   {_fetching(took)}"


def _fetching(took: Measured) -> str:
    """The rest is the start of Python."""
    if not took.said:
        return ""
    return f"(fetching alone: wall {took.said['wall']:.2f} s, CPU {took.said['cpu']:.2f} s)"


def _tidy(client: Client | None, size: int) -> Client | None:
    """Delete what was fetched at once: it is *size* bytes in few files."""
    if client is None:
        return None

    def fetch(place: Path) -> Measured:
        warm(place, size)
        took = client(place)
        shutil.rmtree(place)
        return took

    return fetch
