"""An operation that asks for a missing login by itself, once, and begins anew with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from datalad_jsdl.errors import FetchError, JsdlError, reason
from datalad_jsdl.faults import Failed, FaultKind
from datalad_jsdl.model.urls import origin_of
from datalad_jsdl.operations.import_parts import Imported
from datalad_jsdl.operations.values import Failure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from datalad_jsdl.operations.log_in import LoggedIn
    from datalad_jsdl.operations.typed_login import LoginInput

__all__ = ["asking_once", "in_short"]

_T = TypeVar("_T")


def asking_once(run: Callable[[], Iterable[_T]], entered: LoginInput | None) -> Iterator[_T]:
    """The results of an operation; if a login is missing, those of a second run with one.

    Args:
        run: begins the operation, which can be done again.
        entered: where the login comes from; None to ask for none.
    """
    for result in run():
        url = "" if entered is None else _login_wanted(result)
        if url and entered is not None:
            if _is_logged_in(url, entered):
                yield from run()
                return
            entered = None
        yield result


def in_short(done: LoggedIn) -> str:
    """A login that was kept, for a person."""
    who = f" as {done.user}" if done.user else ""
    return f"logged in to {done.origin}{who} ({done.how}); stored in {done.where}"


def _is_logged_in(url: str, entered: LoginInput) -> bool:
    # it loads an HTTP library, which who is asked for nothing does not need
    from datalad_jsdl.operations.log_in import LoggedIn, log_in

    try:
        done = log_in(url, entered)
    except (JsdlError, OSError) as error:
        entered.tell(f"not logged in: {reason(error)}")
        return False
    if not isinstance(done, LoggedIn):
        return False
    entered.tell(f"{in_short(done)[0].upper()}{in_short(done)[1:]}.")
    return True


def _login_wanted(result: object) -> str:
    """The URL that a result says to log in at, or ""."""
    problems: list[object] = []
    if isinstance(result, Failure) and isinstance(result.error, FetchError):
        problems = [result.error.failed]
    elif isinstance(result, Imported):
        problems = list(result.outcome.failures.values())
    for problem in problems:
        for fault in problem.faults if isinstance(problem, Failed) else ():
            if fault.kind is FaultKind.LOGIN and fault.reply and (login := fault.reply.login):
                same = origin_of(fault.url) == origin_of(login)
                return fault.url if same else login
    return ""
