"""Downloads from a portal, beside many clients that read slowly, and against nginx.

::

    python benchmarks/portal.py [--case a,b,...] [--runs 3] [--folder DIR] [--scale 1.0]

a  the archive of one file of 1.1 GiB, which is here: curl from the portal against curl from
   nginx, which has the same zip as a file
b  200 readers of 50 KB/s at once, the file being here: memory of the portal, and what a fast
   client gets beside them against what it gets alone; directly, and through nginx
c  as b, with a mirror as the only one that has the file

nginx in front of the portal has Debian's settings and the server that the documentation shows.
Memory is the sum of PSS over the portal and the processes that it has started, above what that
was before the first byte of an archive was asked for.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from measuring import Bench, compete, ratio, timed
from serving import Watch, before, make_portal, memory_of
from working import run_beside_nginx

if TYPE_CHECKING:
    from collections.abc import Callable

    from measuring import Measured
    from serving import Portal

_SIZE = 1_100 << 20  # bytes
_READERS = 200
_RATE = 50_000  # bytes a second
_READERS_PROGRAM = Path(__file__).with_name("slow_readers.py")
#: Seconds after which the buffers between portal and readers are full, so that the readers take
#: what they take, and no more. Until then all 200 are as fast as the machine is.
_FULL = 8
_MOST = 200  # MB above what is taken when nobody reads


def as_nginx(bench: Bench) -> None:
    """One archive: the portal against nginx with the same zip as a file."""
    with make_portal(bench, bench.scaled(_SIZE), is_here=True) as portal:
        subprocess.run(portal.curl(portal.base, bench.root / "same.zip"), check=True)
        stored = ["curl", "-sSf", "-o", "/dev/null", f"{bench.base}/same.zip"]
        runs = compete(
            bench,
            {
                "portal": lambda place: timed(*portal.curl(portal.base), cwd=place),
                "nginx": lambda place: timed(*stored, cwd=place),
            },
        )
        (bench.root / "same.zip").unlink()
    ratio("portal wall / nginx wall", runs, lambda r: r["portal"].wall / r["nginx"].wall, target=2)


def slow_here(bench: Bench) -> None:
    """Slow readers of an archive whose content is here."""
    _slow(bench, is_here=True)


def slow_mirror(bench: Bench) -> None:
    """Slow readers of an archive whose content a mirror has."""
    _slow(bench, is_here=False)


def _slow(bench: Bench, *, is_here: bool) -> None:
    for is_behind in (False, True):
        with make_portal(bench, bench.scaled(_SIZE), is_here=is_here) as portal:
            if not is_behind:
                _beside(bench, portal, portal.base, "directly")
                continue
            folder = bench.place()
            with before(portal, folder) as (base, log):
                _beside(bench, portal, base, "through nginx")
                files = log.read_text().count("to a temporary file")
            print(f"  nginx wrote {files} temporary files   (target 0: {_met(not files)})")


def _beside(bench: Bench, portal: Portal, base: str, how: str) -> None:
    """A fast client alone, and beside slow ones."""

    def fast(place: Path) -> Measured:
        return timed(*portal.curl(base), cwd=place)

    subprocess.run([*portal.curl(base), "-I"], check=True)
    idle = memory_of(portal.pid)
    alone = sorted(fast(bench.folder).wall for _ in range(bench.runs))
    after = memory_of(portal.pid)
    with Watch(portal.pid) as watch, _Slow(base + portal.path, portal.token) as slow:
        threading.Event().wait(_FULL)
        beside = sorted(fast(bench.folder).wall for _ in range(bench.runs))
        threading.Event().wait(20 * bench.scale)
        said = slow.end()
    megabytes = (watch.most - idle) / 1e6
    one, other = alone[len(alone) // 2], beside[len(beside) // 2]
    least = said["least"] / said["seconds"] / 1e3
    bench.found.note(
        how=how, idle=idle, memory=megabytes * 1e6, alone=one, beside=other, slowest=least * 1e3
    )
    runs = ", ".join(f"{wall:.2f}" for wall in beside)
    lines = (
        f"  {how}: idle {idle / 1e6:.0f} MB, after one client {(after - idle) / 1e6:+.0f} MB",
        f"  all slow ones had a first byte after {slow.first} s; the slowest got {least:.0f} KB/s; "
        f"{said['broken']} broken off",
        f"  = memory above idle: {megabytes:.0f} MB   (target <= {_MOST}: "
        f"{_met(megabytes <= _MOST)})",
        f"  = fast client alone {one:.2f} s, beside them {other:.2f} s ({runs}): "
        f"{one / other:.2f} of its speed   (target >= 0.5: {_met(one / other >= 0.5)})",
    )
    print("\n".join(lines), flush=True)


class _Slow:
    """The slow readers, once all of them have begun."""

    def __init__(self, url: str, token: Path) -> None:
        command = [sys.executable, _READERS_PROGRAM, str(_READERS), str(_RATE), url, token]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def __enter__(self) -> _Slow:
        assert self._process.stdout is not None
        self.first = self._process.stdout.readline().strip()
        return self

    def end(self) -> dict[str, float]:
        said, _ = self._process.communicate()
        found: dict[str, float] = json.loads(said)
        return found

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()


def _met(is_met: bool) -> str:
    return "met" if is_met else "MISSED"


CASES: dict[str, tuple[Callable[[Bench], None], ...]] = {
    "a": (as_nginx,),
    "b": (slow_here,),
    "c": (slow_mirror,),
}


if __name__ == "__main__":
    run_beside_nginx(__doc__, CASES, 3)
