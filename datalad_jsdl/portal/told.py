"""What visitors are told of errors: not where on the server something is."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable

    from datalad_jsdl.orders.desk import Desk
    from datalad_jsdl.portal.served import Served

__all__ = ["Told", "as_it_is", "without_places"]

#: A text → what a visitor is told.
Told: TypeAlias = Callable[[str], str]

_SOMEWHERE = "(a place on the server)"


def as_it_is(text: str) -> str:
    """For who runs the portal for themselves."""
    return text


def without_places(desk: Desk, served: Iterable[Served]) -> Told:
    """Have paths of this machine told by the names of what is there.

    Args:
        desk: the store, and the sources that it knows.
        served: what is offered.
    """
    names = {str(Path.home()): _SOMEWHERE, str(Path.cwd()): _SOMEWHERE, "/tmp": _SOMEWHERE}  # noqa: S108
    if file := desk.store.file:
        names[str(file.parent)] = _SOMEWHERE
    places = desk.places()
    names |= {
        source.location: name
        for name, source in places.sources.items()
        if source.location.startswith("/")
    }
    for item in served:
        place = item.root or (item.place.file if item.place else None)
        if place is not None:
            names[str(place)] = names[str(place.resolve())] = item.name
    names.pop("/", None)
    longest_first = sorted(names, key=len, reverse=True)
    either = "|".join(map(re.escape, longest_first))
    known = re.compile(rf"(?<![\w/.])(?:{either})(?![\w-]|\.\w)")  # in no URL, and no longer name
    below = re.compile(rf"{re.escape(_SOMEWHERE)}(?:/[^\s'\":;,]*)?")

    def told(text: str) -> str:
        found = known.sub(lambda match: names[match[0]], text)
        return below.sub(_SOMEWHERE, found)

    return told
