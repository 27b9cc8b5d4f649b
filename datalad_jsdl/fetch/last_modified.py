"""When contents were changed, as their mirrors say (Last-Modified; RFC 9110, section 8.8.2)."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from datalad_jsdl.fetch.mirrors.probe import Asker, probe
from datalad_jsdl.fetch.mirrors.states import State
from datalad_jsdl.fetch.retries import ATTEMPTS_OF_A_QUESTION, FAILED_QUESTIONS, QUESTION_PAUSE
from datalad_jsdl.model.content import Expected

if TYPE_CHECKING:
    from collections.abc import Iterable

    from datalad_jsdl.fetch.engine import Engine
    from datalad_jsdl.fetch.mirrors.states import Answer
    from datalad_jsdl.fetch.operation import Operation

__all__ = ["LastModified"]

_NOTHING = Expected()


class LastModified:
    """Asks for times, from any number of threads.

    Args:
        engine: to ask with.
        operation: that the questions are a part of.
    """

    def __init__(self, engine: Engine, operation: Operation) -> None:
        self._engine = engine
        self._operation = operation
        self._asker = Asker(engine, operation, engine.settings.read_timeout, again=False)
        self._failed: Counter[str] = Counter()  # questions in a row, by mirror

    def of(self, urls: Iterable[str], expected: Expected = _NOTHING) -> int | None:
        """When the content was changed, as the first URL that answers says.

        They are asked in the given order, whatever is known of their mirrors, and again where
        a mirror is busy: so the answer is the same as long as the first one is up.

        Args:
            urls: candidates.
            expected: what is known of the content besides.

        Returns:
            Seconds since 1970 UTC; None if it does not say, or none answers.
        """
        for url in urls:
            mirror = self._engine.origins.of(url).name
            if self._failed[mirror] >= FAILED_QUESTIONS:
                continue
            answer = self._ask(url, expected)
            dead = answer.state in (State.DEAD, State.BUSY)
            self._failed[mirror] = self._failed[mirror] + 1 if dead else 0
            if answer.fault is None:
                return answer.modified
        return None

    def _ask(self, url: str, expected: Expected) -> Answer:
        longest = self._engine.settings.max_wait
        for left in reversed(range(ATTEMPTS_OF_A_QUESTION)):
            answer = probe(url, expected, self._asker)
            pause = QUESTION_PAUSE if answer.wait is None else answer.wait
            silent = answer.fault is not None and answer.fault.silent
            if not left or not answer.passing or silent or pause > longest:
                break
            self._operation.sleep(pause)
        return answer
