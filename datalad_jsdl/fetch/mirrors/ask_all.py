"""Each mirror is asked for some of its files before a download, a few at a time.

Where that makes its answers no slower, it is asked for more at a time.

One that does not answer, asks for a second pause, or refuses whatever it is asked for is asked
no more (`questions`). One that gives files is asked for a part of one in the end.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections import Counter
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from datalad_jsdl.bugs import LOGGER, bug
from datalad_jsdl.faults import Fault, FaultKind
from datalad_jsdl.fetch.log_words import Said, Shown
from datalad_jsdl.fetch.mirrors.probe import Asker, probe, sample
from datalad_jsdl.fetch.mirrors.questions import Item, MirrorQuestions
from datalad_jsdl.fetch.mirrors.states import Answer, State
from datalad_jsdl.fetch.mirrors.survey import list_mirrors

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from datalad_jsdl.fetch.engine import Engine
    from datalad_jsdl.fetch.mirrors.survey import Mirror, Survey, Wanted
    from datalad_jsdl.fetch.operation import Operation

__all__ = ["survey"]

lgr = logging.getLogger(f"{LOGGER}.mirrors.ask_all")

_MOST_ASKED = 1000  # files
_AT_ONCE = 32  # requests
_TICK = 0.2  # seconds


@dataclass(frozen=True)
class _Question:
    """For one URL of a file; a sample is to tell of ranges and rate."""

    to: MirrorQuestions
    item: Item
    is_sample: bool
    ask: Callable[[Asker], Answer]
    began: float  # monotonic seconds


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
        limit = engine.settings.connections_per_host
        self._mirrors = {
            name: MirrorQuestions(mirror, most=limit) if limit else MirrorQuestions(mirror)
            for name, mirror in found.mirrors.items()
        }
        for number in found.chosen:
            for url in dict.fromkeys(found.wanted[number].urls):
                self._mirrors[found.name_of(url)].queue.append(Item(number, url))
        self._all = self._left()
        self._under_way = 0
        self._questions: queue.SimpleQueue[_Question | None] = queue.SimpleQueue()
        self._answers: queue.SimpleQueue[tuple[_Question, Answer]] = queue.SimpleQueue()
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
                paused = [m.paused_until for m in self._mirrors.values() if m.queue]
                if not self._under_way and not paused:
                    return
                if not self._under_way:
                    pause = min(paused) - time.monotonic()
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
        return sum(len(questions.queue) for questions in self._mirrors.values())

    def _work(self) -> None:
        while (question := self._questions.get()) is not None:
            try:
                answer = question.ask(self._asker(question))
            except Exception as error:  # no answer can cause it; the others go on
                answer = Answer(Fault(FaultKind.BUG, question.item.url, detail=bug(error)))
            self._answers.put((question, answer))

    def _asker(self, question: _Question) -> Asker:
        # one that has files which nobody else has is given more time
        longer = question.to.mirror.only > 0
        patience = self._engine.origins.patience(question.item.url, longer=longer)
        return Asker(self._engine, self._operation, patience)

    def _dispatch(self) -> None:
        now = time.monotonic()
        for questions in self._mirrors.values():
            room = 1 if questions.pauses else questions.room
            while questions.queue and questions.active < room and questions.paused_until <= now:
                if self._under_way >= self._threads:
                    return
                item = questions.queue.popleft()
                expected = self._found.wanted[item.number].expected
                ask = partial(probe, item.url, expected, head=questions.head)
                self._put(_Question(questions, item, False, ask, now))
            if questions.queue or questions.active or self._under_way >= self._threads:
                continue
            self._ask_for_sample(questions)

    def _ask_for_sample(self, questions: MirrorQuestions) -> None:
        """Of the largest file that the mirror gives, if anything is to be learned from it."""
        url = next(iter(questions.given)).url if questions.given else ""
        score = self._engine.origins.of(url).score if url else None
        if found := questions.next_sample(score):
            item, length = found
            expected = self._found.wanted[item.number].expected
            self._all += 1
            ask = partial(sample, item.url, expected, length=length)
            self._put(_Question(questions, item, True, ask, time.monotonic()))

    def _put(self, question: _Question) -> None:
        question.to.active += 1
        self._under_way += 1
        self._questions.put(question)

    def _learn(self, question: _Question, answer: Answer) -> None:
        questions, item = question.to, question.item
        mirror = questions.mirror
        questions.active -= 1
        self._under_way -= 1
        questions.head = questions.head and answer.head
        if not question.is_sample:
            questions.took(time.monotonic() - question.began)
        if lgr.isEnabledFor(logging.DEBUG):
            said = Said(answer.fault) if answer.fault else answer.state.value
            lgr.debug("%s answers (%s)", Shown(item.url), said)
        self._teach_engine(mirror, item.url, answer)
        silent = answer.fault.silent if answer.fault else 0.0
        if silent and mirror.only and silent < self._engine.origins.most_patience:
            self._put(question)  # it is waited for longer, as a download does
            return
        if silent and question.is_sample:
            questions.fall_silent()
        elif answer.passing:
            now, longest = time.monotonic(), self._engine.settings.max_wait
            if questions.asks_again(item, answer, now, longest):
                return
        if question.is_sample and answer.state is State.OK:
            questions.samples = 0
            return
        self._note(questions, item, answer)
        self._all += questions.judge(item, answer)

    def _note(self, questions: MirrorQuestions, item: Item, answer: Answer) -> None:
        """Keep an answer for whoever wants to know."""
        mirror = questions.mirror
        answers = self._found.answers.setdefault(item.number, {})
        if before := answers.get(item.url):  # it is not given after all
            mirror.answers -= Counter([before.state])
        answers[item.url] = answer
        mirror.answers[answer.state] += 1
        if answer.fault:
            mirror.said.setdefault(answer.state, answer.fault)
        questions.given.pop(item, None)
        size = answer.size if answer.size is not None else self._found.size(item.number)
        if answer.state is State.OK and size != 0:
            questions.given[item] = size

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
