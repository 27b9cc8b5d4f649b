"""The questions to one mirror before a download, and when it is asked no more."""

from __future__ import annotations

import logging
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from datalad_jsdl.bugs import LOGGER
from datalad_jsdl.fetch.mirrors.states import State
from datalad_jsdl.fetch.retries import FAILED_QUESTIONS, QUESTION_PAUSE

if TYPE_CHECKING:
    from datalad_jsdl.fetch.mirrors.scores import Score
    from datalad_jsdl.fetch.mirrors.states import Answer
    from datalad_jsdl.fetch.mirrors.survey import Mirror

__all__ = ["Item", "MirrorQuestions"]

lgr = logging.getLogger(f"{LOGGER}.mirrors.questions")

_FIRST = 4  # questions to one mirror at a time, to begin with
_MOST = 16
_SLOWER = 1.5  # times as long for an answer: more questions would only wait for each other
_SAMPLES = 3  # to be asked for, until one comes
_COSTLY = 50  # questions to a mirror that begins to send the whole file with each
_SAMPLE = 1 << 20  # bytes
_WORTH_A_SAMPLE = 64 << 10  # bytes; fewer say nothing of a rate

_DENIALS = (State.LOGIN, State.TERMS, State.REFUSED, State.UNFIT)


class Item(NamedTuple):
    """What is asked for: one URL of a file.

    Attributes:
        number: of the file among those that are wanted.
        url: at the mirror.
    """

    number: int
    url: str


@dataclass
class MirrorQuestions:
    """Those to one mirror; for one thread.

    Attributes:
        mirror: who is asked.
        queue: what for.
        head: HEAD is worth asking by.
        given: what it gives → bytes, or None; empty files are not here.
        samples: how many it may still be asked for.
        active: questions under way.
        failures: no answer, or an answer that is the mirror's own fault, in a row.
        control: what it gave and is asked for again, to tell whether the mirror or only some of
            its files are at fault.
        denials: answers that would be the same to any question.
        pauses: how often it asked for one.
        paused_until: as it asked (monotonic seconds).
        most: questions at a time.
        room: questions at a time, by now.
    """

    mirror: Mirror
    queue: deque[Item] = field(default_factory=deque)
    head: bool = True
    given: dict[Item, int | None] = field(default_factory=dict)
    samples: int = _SAMPLES
    active: int = 0
    failures: int = 0
    control: Item | None = None
    denials: int = 0
    pauses: int = 0
    paused_until: float = 0.0
    most: int = _MOST
    room: int = _FIRST
    _grows: bool = True
    _answers: int = 0  # since the number at a time is what it is
    _seconds: float = 0.0  # that they took, in all
    _usual: float = 0.0  # seconds of an answer to the first questions
    _late: int = 0  # answers to come that were asked for when there were too many
    _is_late: bool = False
    _repeated: set[Item] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.room = min(self.room, self.most)

    def next_sample(self, score: Score | None) -> tuple[Item, int] | None:
        """Of which file to ask for how many bytes; None if there is nothing to be learned.

        Args:
            score: what is known of the mirror.
        """
        if not self.given or not self.samples or self.mirror.stopped or score is None:
            return None
        item = max(self.given, key=lambda i: (self.given[i] or 0, -i.number, i.url))
        size = self.given[item]
        small = size is not None and size < _WORTH_A_SAMPLE
        known = score.rate > 0
        # HEAD may be answered at once, and a file be fetched from tape
        if (small or known) and self.mirror.ranges.known is not None and score.latency:
            return None
        self.samples -= 1
        return item, 1 if small or known else _SAMPLE

    def took(self, seconds: float) -> None:
        """An answer took so long; more are asked for at a time where that makes none slower."""
        self._is_late, self._late = self._late > 0, max(0, self._late - 1)
        if not self.head:  # each answer may cost a whole file
            self.room = min(self.room, _FIRST)
            return
        self._answers += 1
        self._seconds += seconds
        if not self._grows or self._answers < 2 * self.room:
            return
        mean = self._seconds / self._answers
        if self._usual and mean > _SLOWER * self._usual:
            self.room = max(self.room // 2, min(_FIRST, self.most))
            self._grows = False
        else:
            self._usual = self._usual or mean
            self.room = min(2 * self.room, self.most)
        self._answers, self._seconds = 0, 0.0

    def asks_again(self, item: Item, answer: Answer, now: float, longest: float) -> bool:
        """Whether a passing fault gets a second chance, after a pause; it is queued then.

        Args:
            item: what was asked for.
            answer: what came.
            now: monotonic seconds.
            longest: seconds of a pause, at most.
        """
        pause = answer.wait if answer.wait is not None else QUESTION_PAUSE
        before, self.room, self._grows = self.room, min(self.room, _FIRST), False
        if answer.state is State.BUSY:
            if before > self.room:  # it did not mind fewer
                self._late = self.active
            elif not self._is_late:
                self.pauses += now >= self.paused_until  # many at once are refused for one reason
            if self.pauses > 1 or pause > longest:
                return False
        elif item in self._repeated or self.failures + 1 >= FAILED_QUESTIONS:
            return False
        else:
            self.failures += 1
        self._repeated.add(item)
        self.paused_until = max(self.paused_until, now + min(pause, longest))
        text = "%s is asked again after a pause of %.1f s"
        lgr.debug(text, self.mirror.name, self.paused_until - now)
        self.queue.append(item)  # last: others may tell more of the mirror
        return True

    def fall_silent(self) -> None:
        """A sample was waited for in vain: nothing else that it gives need be waited for."""
        self.failures = FAILED_QUESTIONS

    def judge(self, item: Item, answer: Answer) -> bool:
        """Decide whether the mirror is to be asked on; whether one more question is queued."""
        mirror = self.mirror
        if answer.state is State.DEAD:
            self.failures += 1
        else:
            self.failures = 0
            self.denials += answer.state in _DENIALS
        if item == self.control:
            self.control = None
        elif self.failures >= FAILED_QUESTIONS and not (answer.fault and answer.fault.silent):
            if self.control is not None:
                return False
            if self.given:
                self._ask_control()
                return True
        useless = self.denials >= FAILED_QUESTIONS and not mirror.answers[State.OK]
        if answer.state is State.BUSY or self.failures >= FAILED_QUESTIONS or useless:
            mirror.stopped = mirror.stopped or answer.state
            text = "%s is not asked any more (%s): %d URLs left"
            lgr.debug(text, mirror.name, mirror.stopped.value, len(self.queue))
            self.queue.clear()
        elif not self.head and mirror.ranges.known is False and mirror.answers.total() >= _COSTLY:
            lgr.debug("%s is not asked any more: each answer may cost a whole file", mirror.name)
            self.queue.clear()
        return False

    def _ask_control(self) -> None:
        """One that gave files is asked for one of them again before it is given up."""
        self.control = min(self.given)
        lgr.debug("%s is asked again for a file that it delivered before", self.mirror.name)
        self.queue.appendleft(self.control)
        self.failures = FAILED_QUESTIONS - 1
