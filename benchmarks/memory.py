"""Case that tells whether the engine's memory grows with sizes and counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clients import engine
from measuring import compete
from servers import make_files, tiny_files

if TYPE_CHECKING:
    from measuring import Bench

__all__ = ["memory"]

_MIB = 1 << 20


def memory(bench: Bench) -> None:
    """Peak memory: 20 MiB against 2 GiB, 1,000 files against 100,000."""
    sizes = (bench.scaled(20 * _MIB), bench.scaled(2048 * _MIB))
    counts = (bench.scaled(1000), bench.scaled(100_000))
    contestants = {}
    for size in sizes:
        files = make_files(bench.root, "large", 1, size)
        contestants[f"1 file of {size / _MIB:g} MiB"] = engine(
            bench, files, [bench.base], 0, discard=True
        )
    for count in counts:
        contestants[f"{count} tiny files, 8 workers"] = engine(
            bench, tiny_files(count), [bench.base], 8, discard=True
        )
    runs = compete(
        bench, contestants, lambda took: f"peak memory {took.said['peak'] / _MIB:.1f} MiB"
    )
    one, large, few, many = contestants
    for less, more in ((one, large), (few, many)):
        most = max(r[more].said["peak"] - r[less].said["peak"] for r in runs) / _MIB
        print(f"  = {more}, more than {less}: {most:+.1f} MiB (most of the runs)", flush=True)
