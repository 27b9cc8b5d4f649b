"""Cases with a link that has latency and loses packets; see `link`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from annexes import from_afar
from clients import curl_many
from link import CLIENT, inside, link
from measuring import compete, ratio
from servers import far_nginx, make_files

if TYPE_CHECKING:
    from measuring import Bench
    from servers import Served

__all__ = ["connections", "lossy"]


def lossy(bench: Bench) -> None:
    """2,000 files of 4 KiB, round trips of 20 ms, 1 % loss: download-content against others."""
    files = make_files(bench.root, "lossy", bench.scaled(2000), 4096)
    with link(0.01, 0.01) as missing:
        if missing:
            print(f"  left out: {missing}")
            return
        with far_nginx(bench.place(), bench.root) as (base, _):
            from_afar(replace(bench, through=tuple(inside(CLIENT))), files, base)


def connections(bench: Bench) -> None:
    """2,000 files of 4 KiB, round trips of 50 ms: HTTP/2 against HTTP/1.1, 50 at a time.

    Both by curl and with TLS; without loss, and with 1 %. curl puts the requests of HTTP/2 on
    one connection, those of HTTP/1.1 on 50.
    """
    files = make_files(bench.root, "far", bench.scaled(2000), 4096)
    for loss in (0.0, 0.01):
        with link(0.025, loss) as missing:
            if missing:
                print(f"  left out: {missing}")
                return
            with far_nginx(bench.place(), bench.root) as (_, base):
                _two_versions(replace(bench, through=tuple(inside(CLIENT))), files, base, loss)


def _two_versions(bench: Bench, files: list[Served], base: str, loss: float) -> None:
    one, many = (f"{version}, {loss:.0%} loss" for version in ("HTTP/2", "HTTP/1.1"))
    contestants = {
        one: curl_many(bench, files, base, 50, "--insecure", "--http2"),
        many: curl_many(bench, files, base, 50, "--insecure", "--http1.1"),
    }
    runs = compete(
        bench, contestants, lambda took: f"{len(files) / took.wall:6.0f} files/s", count=len(files)
    )
    ratio(f"{one}: wall / {many} wall", runs, lambda r: r[one].wall / r[many].wall)
