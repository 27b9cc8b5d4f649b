"""Whether content is still there, and how large it is, without fetching it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datalad_jsdl.faults import Failed, Fault, FaultKind
from datalad_jsdl.fetch.phrases import failure
from datalad_jsdl.model.content import Expected

if TYPE_CHECKING:
    from collections.abc import Iterable

    from datalad_jsdl.fetch.engine import Engine

__all__ = ["announced_size", "is_present"]

# what is at the URL is something else, or nothing
_ABSENT = (FaultKind.GONE, FaultKind.SIZE, FaultKind.LONGER)
_NOTHING = Expected()


def is_present(urls: Iterable[str], expected: Expected, engine: Engine) -> bool:
    """Whether any URL offers content of the expected size.

    Returns:
        False only if every URL says that it has no such content.

    Raises:
        FetchError: none offers it, and some could not be asked; it names them.
    """
    from datalad_jsdl.fetch.mirrors.probe import Asker, probe  # what is here needs no HTTP

    doubts: list[Fault] = []
    with engine.operation() as operation:
        asker = Asker(engine, operation, engine.settings.read_timeout, again=False)
        for url in engine.origins.rank(list(urls), 1):
            fault = probe(url, expected, asker).fault
            if fault is None:
                return True
            # a page of another size than the file's is in its place
            page = fault.kind is FaultKind.WEB_PAGE and expected.size is not None
            if not page and fault.kind not in _ABSENT:
                doubts.append(fault)
    if doubts:
        raise failure(Failed(tuple(doubts)))
    return False


def announced_size(
    urls: Iterable[str], engine: Engine, expected: Expected = _NOTHING
) -> int | None:
    """The size in bytes that the first URL to tell one tells; None if none does.

    Args:
        urls: candidates.
        engine: to ask with.
        expected: what is known of the content besides.
    """
    from datalad_jsdl.fetch.mirrors.probe import Asker, probe  # likewise

    with engine.operation() as operation:
        asker = Asker(engine, operation, engine.settings.read_timeout)
        for url in engine.origins.rank(list(urls), None):
            answer = probe(url, expected, asker)
            if answer.fault is None and answer.size is not None:
                return answer.size
    return None
