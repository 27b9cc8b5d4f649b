"""Python's search for objects that refer to each other, and when it is of no use."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["no_cycles_made"]


@contextmanager
def no_cycles_made() -> Iterator[None]:
    """Do without the search, where millions of values are made that are in no cycle.

    It looks at all of them again and again: a sixth of the time of a large import.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
