"""Names of orders' archives: what can be a file's name everywhere."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING
from unicodedata import category

from datalad_jsdl.errors import OrderError

if TYPE_CHECKING:
    from datalad_jsdl.orders.model import OrderSummary

__all__ = ["archive_name", "unique_name"]

_LONGEST = 200  # bytes
_UNIQUE = 8  # characters of an id: 48 bits
_CONTROLS = ("Cc", "Zl", "Zp")


def archive_name(name: str, now: float) -> str:
    """The file name of an order's archive, with its ``.zip``.

    Args:
        name: that a user asks for; "" for one made from the time.
        now: seconds since 1970, for that.

    Raises:
        OrderError: it cannot be a file name everywhere.
    """
    if not name:
        return f"files-{datetime.fromtimestamp(now, timezone.utc):%Y%m%d-%H%M%S}.zip"
    name = name if name.lower().endswith(".zip") else f"{name}.zip"
    if any(category(c) == "Cs" for c in name):
        raise OrderError(f"the name of the archive is not valid UTF-8: {name!r}")
    if "/" in name or "\\" in name or any(category(c) in _CONTROLS for c in name):
        raise OrderError("the name of an archive has no slashes and no control characters")
    if name.startswith(".") or name != name.strip():
        raise OrderError("the name of an archive begins with no dot, and has no spaces around it")
    length = len(name.encode())
    if length > _LONGEST:
        raise OrderError(f"the name of the archive has {length} bytes, the most is {_LONGEST}")
    return name


def unique_name(summary: OrderSummary) -> str:
    """The file name of an order's archive that no other order's has.

    Programs that continue a download append to whatever file has its name: with the name that the
    user chose, they would append one order's bytes to another order's archive.
    """
    return f"{summary.archive_name[:-4]}-{summary.id[:_UNIQUE]}.zip"
