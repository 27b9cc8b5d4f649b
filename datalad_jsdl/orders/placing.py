"""Orders as people place them: commits that they are of are kept, too."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datalad_jsdl.orders.model import BLOCKED
from datalad_jsdl.orders.pinning import pin
from datalad_jsdl.orders.states import states_of_order

if TYPE_CHECKING:
    from collections.abc import Callable

    from datalad_jsdl.orders.desk import Desk
    from datalad_jsdl.orders.model import ListedFile, Order
    from datalad_jsdl.orders.ordering import Limits

__all__ = ["place_again", "place_order"]


def place_order(
    desk: Desk,
    user: str,
    name: str = "",
    *,
    is_chosen: Callable[[ListedFile], bool] | None = None,
    limits: Limits | None = None,
) -> Order:
    """Order what is on a list; see `Orders.create`."""
    order = desk.orders.create(user, name, is_chosen=is_chosen, limits=limits)
    pin(order, desk.places())
    return order


def place_again(
    desk: Desk,
    base: Order,
    name: str = "",
    *,
    is_chosen: Callable[[ListedFile], bool] = lambda file: True,
    limits: Limits | None = None,
) -> Order:
    """Order the files of an order once more, but those that are unavailable as far as is known.

    Raises what `Orders.repeat` raises.
    """
    states = states_of_order(desk.store, base.summary.id)
    blocked = {ref for ref, state in states.items() if state.access in BLOCKED}
    order = desk.orders.repeat(
        base,
        name,
        is_chosen=lambda file: file.ref not in blocked and is_chosen(file),
        limits=limits,
    )
    pin(order, desk.places())
    return order
