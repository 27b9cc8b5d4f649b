"""Ways to answer that are seen in the wild: what tests go through, and what docs/http.rst is about.

One row a member of each kind that RFC 9110, 9112 and 3986 allow, or that servers get wrong.
Unlike the faults of `tests.fault_table`, these are no faults of the mirror's content: most
clients get the file, and whatever wget and curl both get, we get.
"""

from __future__ import annotations

from tests.wire_heads import HEADS
from tests.wire_others import CODINGS, COOKIES, PROXIES, WAITS
from tests.wire_parts import PARTS
from tests.wire_row import WireRow
from tests.wire_targets import TARGETS

__all__ = ["GROUPS", "WIRE"]

GROUPS: dict[str, dict[str, WireRow]] = {
    "Heads, lengths and chunks": HEADS,
    "Parts": PARTS,
    "Targets and redirects": TARGETS,
    "Content codings": CODINGS,
    "Waits, and then the file": WAITS,
    "Cookies along redirects": COOKIES,
    "Proxies": PROXIES,
}

WIRE: dict[str, WireRow] = {name: row for group in GROUPS.values() for name, row in group.items()}
