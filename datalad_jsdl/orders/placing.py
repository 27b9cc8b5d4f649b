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

__all__ = ["available", "place_again", "place_order"]


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
    """Order files of an order once more, but those that are unavailable as far as is known.

    Raises what `Orders.repeat` raises.
    """
    refs = {file.ref for file in available(desk, base) if is_chosen(file)}
    order = desk.orders.repeat(base, name, is_chosen=lambda file: file.ref in refs, limits=limits)
    pin(order, desk.places())
    return order


def available(desk: Desk, order: Order) -> list[ListedFile]:
    """The files of an order that could be ordered again, as far as is known."""
    states = states_of_order(desk.store, order.summary.id)
    blocked = {ref for ref, state in states.items() if state.access in BLOCKED}
    return [file for file in order.files if file.ref not in blocked]
