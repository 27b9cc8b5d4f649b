"""Fetching, against other programs that download, in one run.

::

    python benchmarks/fetch.py [--case a,b,...] [--runs 3] [--folder DIR] [--scale 1.0]

a  one file of 2 GiB: the engine against curl, and against curl and a pass of sha256 after
   it; git annex get through jsdl against web
b  10,000 files of 4 KiB: the engine against curl -Z
c  200 files of 5 MiB: the engine against curl -Z and aria2
d  2,000 small files at 50 ms latency: the engine against curl -Z and aria2, at their defaults, and
   with 8 and 32 at a time
e  64 MiB over mirrors of 5 and 1 MB/s a connection: the engine against aria2 and the ideal
f  2,000 files of 4 KiB into a dataset: download-content against git annex get (web, jsdl,
   uncurl) and datalad get
g  memory: 20 MiB against 2 GiB, 1,000 files against 100,000
h  2,000 files of 4 KiB out of a zip, at 50 and 200 ms latency: the engine and download-content
   against curl -Z of the single files
i  2,000 files of 4 KiB, at 50 ms latency: download-content into a dataset, against git annex
   get -J8 into the same, and curl -Z, aria2 and rclone at their defaults
k  as i, over a link with round trips of 20 ms that loses 1 % of the packets
l  2,000 files of 4 KiB, round trips of 50 ms, TLS: HTTP/2 against 50 connections of HTTP/1.1
m  40 MiB from two mirrors, one of which dies half way: the bytes of each, over time

Ours and its peers take turns. Wall seconds, CPU seconds (user and system, with child
processes, start of the program included); each ratio is the median of the runs'. The engine
verifies all it fetches, curl and aria2 nothing. Needs nginx and curl; a peer that is not
installed is left out, and that is said. Cases k and l need root. Case g makes 100,000
requests: it takes minutes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from annexes import dataset_large, dataset_late, dataset_small, dataset_zip
from failover import failover
from far import connections, lossy
from measuring import Bench
from memory import memory
from transfers import latency, many_small, medium, mirrors, one_large
from working import run_beside_nginx

if TYPE_CHECKING:
    from collections.abc import Callable

CASES: dict[str, tuple[Callable[[Bench], None], ...]] = {
    "a": (one_large, dataset_large),
    "b": (many_small,),
    "c": (medium,),
    "d": (latency,),
    "e": (mirrors,),
    "f": (dataset_small,),
    "g": (memory,),
    "h": (dataset_zip,),
    "i": (dataset_late,),
    "k": (lossy,),
    "l": (connections,),
    "m": (failover,),
}


if __name__ == "__main__":
    run_beside_nginx(__doc__, CASES, 3)
