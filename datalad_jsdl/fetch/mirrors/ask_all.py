"""Each mirror is asked for some of its files before a download, a few at a time.

One that does not answer, wants to be left alone, or refuses whatever it is asked for is asked
no more. One that gives files is asked for a part of one in the end.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections import Counter, deque
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from datalad_jsdl.bugs import LOGGER, bug
from datalad_jsdl.faults import Fault, FaultKind
from datalad_jsdl.fetch.log_words import Said, Shown
from datalad_jsdl.fetch.mirrors.probe import Answer, Asker, State, probe, sample
from datalad_jsdl.fetch.mirrors.survey import list_mirrors

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from datalad_jsdl.fetch.engine import Engine
    from datalad_jsdl.fetch.mirrors.survey import Mirror, Survey, Wanted
    from datalad_jsdl.fetch.operation import Operation

__all__ = ["survey"]

lgr = logging.getLogger(f"{LOGGER}.mirrors.ask_all")

_MOST_ASKED = 1000  # files
_AT_ONCE = 16  # requests
_OF_ONE = 4  # of them to one mirror
_SAMPLES = 3  # to be asked for, until one comes
_STRIKES = 3  # until a mirror is asked no more
_COSTLY = 50  # questions to a mirror that begins to send the whole file with each
_SAMPLE = 1 << 20  # bytes
_WORTH_A_SAMPLE = 64 << 10  # bytes; fewer say nothing of a rate
_PAUSE = 1.0  # seconds until a passing fault may be over
_TICK = 0.2  # seconds

_DENIALS = (State.LOGIN, State.TERMS, State.REFUSED, State.UNFIT)


@dataclass
class _Line:
    """The questions to one mirror.

    Attributes:
        mirror: who is asked.
        queue: number of a file and one of its URLs.
        head: HEAD is worth asking by.
        given: number and URL of a file that it gives → bytes, or None; empty ones are not here.
        samples: how many it may still be asked for.
        active: questions under way.
        strikes: no answer, or an answer that is the mirror's own fault, in a row.
        proof: what it gave and is asked for again, to tell whether the mirror or only some of
            its files are at fault.
        denials: answers that would be the same to any question.
        rests: how often it asked to be left alone.
        resting_until: as it asked (monotonic seconds).
    """

    mirror: Mirror
    queue: deque[tuple[int, str]] = field(default_factory=deque)
    head: bool = True
    given: dict[tuple[int, str], int | None] = field(default_factory=dict)
    samples: int = _SAMPLES
    active: int = 0
    strikes: int = 0
    proof: tuple[int, str] | None = None
    denials: int = 0
    rests: int = 0
    resting_until: float = 0.0


@dataclass(frozen=True)
class _Question:
    """For one URL of a file; a sample is to tell of ranges and rate."""

    line: _Line
    number: int
    url: str
    sample: bool
    ask: Callable[[Asker], Answer]


def survey(
    wanted: Sequence[Wanted],
    engine: Engine,
    tick: Callable[[int, int], object],
    most: int = _MOST_ASKED,
    operation: Operation | None = None,
) -> Survey:
    """Ask the mirrors of *wanted*; what is learned of them, the engine learns, too.

    Args:
        wanted: files.
        engine: to ask with.
        tick: told, now and then, how many questions are answered, and of how many.
        most: files to ask for; of more than that, a sample spread over the mirrors.
        operation: that this is a part of, and that ends it if it is interrupted: then the survey
            has what was found until then. None if it is one of its own.
    """
    found = list_mirrors(wanted, lambda url: engine.origins.of(url).name, most)
    with nullcontext(operation) if operation else engine.operation() as part_of:
        _Asking(found, engine, part_of, tick).run()
    return found


class _Asking:
    """The questions under way; what is to be done is decided in the thread that calls `run`."""

    def __init__(
        self,
        found: Survey,
        engine: Engine,
        operation: Operation,
        tick: Callable[[int, int], object],
    ) -> None:
        self._found = found
        self._engine = engine
        self._operation = operation
        self._tick = tick
        self._lines = {name: _Line(mirror) for name, mirror in found.mirrors.items()}
        for number in found.chosen:
            for url in dict.fromkeys(found.wanted[number].urls):
                self._lines[found.name_of(url)].queue.append((number, url))
        self._all = self._left()
        self._again: set[tuple[int, str]] = set()
        self._under_way = 0
        self._questions: queue.SimpleQueue[_Question | None] = queue.SimpleQueue()
        self._answers: queue.SimpleQueue[tuple[_Question, Answer]] = queue.SimpleQueue()
        self._of_one = min(_OF_ONE, engine.settings.connections_per_host or _OF_ONE)
        self._threads = min(_AT_ONCE, engine.settings.connections or _AT_ONCE, self._all)

    def run(self) -> None:
        """Ask until all is answered, or nobody is left to be asked."""
        for _ in range(self._threads):
            # daemons: one that hangs in connecting does not keep the process
            threading.Thread(target=self._work, name="probe", daemon=True).start()
        try:
            while not self._operation.stop.is_set():
                self._dispatch()
                self._tick(self._all - self._left() - self._under_way, self._all)
                resting = [line.resting_until for line in self._lines.values() if line.queue]
                if not self._under_way and not resting:
                    return
                if not self._under_way:
                    pause = min(resting) - time.monotonic()
                    self._operation.sleep(min(_TICK, max(0.0, pause)))
                    continue
                try:
                    self._learn(*self._answers.get(timeout=_TICK))
                except queue.Empty:
                    continue
        finally:
            for _ in range(self._threads):
                self._questions.put(None)

    def _left(self) -> int:
        return sum(len(line.queue) for line in self._lines.values())

    def _work(self) -> None:
        while (question := self._questions.get()) is not None:
            try:
                answer = question.ask(self._asker(question))
            except Exception as error:  # no answer can cause it; the others go on
                answer = Answer(Fault(FaultKind.BUG, question.url, detail=bug(error)))
            self._answers.put((question, answer))

    def _asker(self, question: _Question) -> Asker:
        # one that has files which nobody else has is given more time
        longer = question.line.mirror.only > 0
        patience = self._engine.origins.patience(question.url, longer=longer)
        return Asker(self._engine, self._operation, patience)

    def _dispatch(self) -> None:
        now = time.monotonic()
        for line in self._lines.values():
            room = 1 if line.rests else self._of_one
            while line.queue and line.active < room and line.resting_until <= now:
                if self._under_way >= self._threads:
                    return
                number, url = line.queue.popleft()
                expected = self._found.wanted[number].expected
                ask = partial(probe, url, expected, head=line.head)
                self._put(_Question(line, number, url, False, ask))
            if line.queue or line.active or self._under_way >= self._threads:
                continue
            if question := self._sample(line):
                self._all += 1
                self._put(question)

    def _put(self, question: _Question) -> None:
        question.line.active += 1
        self._under_way += 1
        self._questions.put(question)

    def _sample(self, line: _Line) -> _Question | None:
        """For the largest file that the mirror gives; None if there is nothing to be learned."""
        if not line.given or not line.samples or line.mirror.stopped:
            return None
        number, url = max(line.given, key=lambda i: (line.given[i] or 0, -i[0], i[1]))
        size = line.given[number, url]
        small = size is not None and size < _WORTH_A_SAMPLE
        score = self._engine.origins.of(url).score
        known = score.rate > 0
        # HEAD may be answered at once, and a file be fetched from tape
        if (small or known) and line.mirror.ranges.known is not None and score.latency:
            return None
        line.samples -= 1
        expected, length = self._found.wanted[number].expected, 1 if small or known else _SAMPLE
        ask = partial(sample, url, expected, length=length)
        return _Question(line, number, url, True, ask)

    def _learn(self, question: _Question, answer: Answer) -> None:
        line, number, url = question.line, question.number, question.url
        line.active -= 1
        self._under_way -= 1
        line.head = line.head and answer.head
        if lgr.isEnabledFor(logging.DEBUG):
            said = Said(answer.fault) if answer.fault else answer.state.value
            lgr.debug("%s answers (%s)", Shown(url), said)
        self._teach_engine(line.mirror, url, answer)
        silent = answer.fault.silent if answer.fault else 0.0
        if silent and line.mirror.only and silent < self._engine.origins.most_patience:
            self._put(question)  # it is waited for longer, as a download does
            return
        if silent and question.sample:
            line.strikes = _STRIKES  # nothing else that it gives need be waited for
        elif answer.passing and self._may_ask_again(line, (number, url), answer):
            return
        if question.sample and answer.state is State.OK:
            line.samples = 0
            return
        answers = self._found.answers.setdefault(number, {})
        if before := answers.get(url):  # it is not given after all
            line.mirror.answers -= Counter([before.state])
        answers[url] = answer
        line.mirror.answers[answer.state] += 1
        if answer.fault:
            line.mirror.said.setdefault(answer.state, answer.fault)
        line.given.pop((number, url), None)
        size = answer.size if answer.size is not None else self._found.size(number)
        if answer.state is State.OK and size != 0:
            line.given[number, url] = size
        self._judge(line, (number, url), answer)

    def _teach_engine(self, mirror: Mirror, url: str, answer: Answer) -> None:
        origins, fault = self._engine.origins, answer.fault
        if answer.state is State.REFUSED:
            return
        origin = origins.of(url)
        score = origin.score
        origin.count(fault if fault and fault.mirror else None)
        mirror.ranges = max(mirror.ranges, answer.ranges)
        if mirror.ranges.known is not None:
            score.ranges = mirror.ranges.known
        if fault and fault.silent:
            origins.fell_silent(url, fault.silent)
        if answer.latency:
            origins.began(url, answer.latency)
            unknown = not score.rate
            origins.measured(url, answer.received, answer.seconds, answer.latency)
            mirror.sampled = mirror.sampled or (unknown and score.rate > 0)

    def _may_ask_again(self, line: _Line, item: tuple[int, str], answer: Answer) -> bool:
        """Whether a passing fault gets a second chance, after a pause."""
        now, longest = time.monotonic(), self._engine.settings.max_wait
        pause = answer.wait if answer.wait is not None else _PAUSE
        if answer.state is State.BUSY:
            line.rests += now >= line.resting_until  # many at once are refused for one reason
            if line.rests > 1 or pause > longest:
                return False
        elif item in self._again or line.strikes + 1 >= _STRIKES:
            return False
        else:
            line.strikes += 1
        self._again.add(item)
        line.resting_until = max(line.resting_until, now + min(pause, longest))
        rest = line.resting_until - now
        lgr.debug("%s rests for %.1f s, and is asked again", line.mirror.name, rest)
        line.queue.append(item)  # last: others may tell more of the mirror
        return True

    def _judge(self, line: _Line, item: tuple[int, str], answer: Answer) -> None:
        """Whether the mirror is to be asked on."""
        mirror = line.mirror
        if answer.state is State.DEAD:
            line.strikes += 1
        else:
            line.strikes = 0
            line.denials += answer.state in _DENIALS
        if item == line.proof:
            line.proof = None
        elif line.strikes >= _STRIKES and self._may_prove(line, answer):
            return
        useless = line.denials >= _STRIKES and not mirror.answers[State.OK]
        if answer.state is State.BUSY or line.strikes >= _STRIKES or useless:
            mirror.stopped = mirror.stopped or answer.state
            text = "%s is asked no more (%s): %d URLs are left"
            lgr.debug(text, mirror.name, mirror.stopped.value, len(line.queue))
            line.queue.clear()
        elif not line.head and mirror.ranges.known is False and mirror.answers.total() >= _COSTLY:
            lgr.debug("%s is asked no more: each answer may cost a whole file", mirror.name)
            line.queue.clear()

    def _may_prove(self, line: _Line, answer: Answer) -> bool:
        """Whether one that gave files is asked for one of them again before it is given up."""
        silent = answer.fault and answer.fault.silent
        if line.proof is None and line.given and not silent:
            line.proof = min(line.given)
            lgr.debug("%s is asked again for what it gave before", line.mirror.name)
            line.queue.appendleft(line.proof)
            line.strikes = _STRIKES - 1
            self._all += 1
        return line.proof is not None and not silent
