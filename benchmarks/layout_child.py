"""The layout of an archive of made-up members, as a program of its own.

::

    python benchmarks/layout_child.py MEMBERS LOOKUPS

Prints a JSON object: seconds of making the members alone, and of making them and adding them
to the layout; bytes of peak memory before and after; median microseconds of finding what lies
at some byte of the archive.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import time
from collections import deque
from typing import TYPE_CHECKING

from peak import peak_memory

from datalad_jsdl.archive.zip.layout import Layout
from datalad_jsdl.archive.zip.members import Member

if TYPE_CHECKING:
    from collections.abc import Iterator

_LARGEST = 1 << 20  # bytes; of a member


def members(count: int) -> Iterator[Member]:
    """In order, with all sorts of sizes."""
    for number in range(count):
        name = b"study/sub-%05d/func/sub-%07d_bold.nii.gz" % (number // 100, number)
        yield Member(name, number * 7919 % _LARGEST, 1_700_000_000 + number)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("members", type=int)
    parser.add_argument("lookups", type=int)
    options = parser.parse_args()
    begin = time.perf_counter()
    deque(members(options.members), maxlen=0)
    made, before = time.perf_counter() - begin, peak_memory()
    begin, cpu = time.perf_counter(), time.process_time()
    layout = Layout(members(options.members))
    wall, cpu = time.perf_counter() - begin, time.process_time() - cpu
    after = peak_memory()
    lookups = []
    for at in (random.randrange(layout.total) for _ in range(options.lookups)):
        begin = time.perf_counter()
        found = list(layout.parts(at, at + 1))
        lookups.append(time.perf_counter() - begin)
        assert len(found) == 1
    took = {
        "made": made,
        "wall": wall,
        "cpu": cpu,
        "before": before,
        "peak": after,
        "lookup": statistics.median(lookups) * 1e6,
    }
    print(json.dumps(took))


if __name__ == "__main__":
    main()
