"""What a user looks through before ordering: what is available, and where to ask for the rest."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from datalad_jsdl.archive.prepare import Unprepared, prepare
from datalad_jsdl.errors import DatasetError, OrderError
from datalad_jsdl.faults import Failed
from datalad_jsdl.fetch.phrases import told
from datalad_jsdl.model.entry import Candidate, Entry
from datalad_jsdl.operations.availability import Access, find_availability
from datalad_jsdl.orders.choosing.choice import statistics_of
from datalad_jsdl.orders.choosing.restrictions import state_of_restriction
from datalad_jsdl.orders.contents import opened_contents
from datalad_jsdl.orders.exporting import rate_of
from datalad_jsdl.orders.lists import FileLists
from datalad_jsdl.orders.model import BLOCKED, FileState
from datalad_jsdl.orders.ordering import Limits
from datalad_jsdl.orders.preparing import state_of_error
from datalad_jsdl.orders.states import states_of_list, write_states

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence, Set

    from datalad_jsdl.archive.content import Content, Sources
    from datalad_jsdl.fetch.engine import Engine
    from datalad_jsdl.operations.availability import Availability
    from datalad_jsdl.orders.contents import Opened, Places
    from datalad_jsdl.orders.model import FileRef, ListedFile, Statistics
    from datalad_jsdl.orders.states import Found
    from datalad_jsdl.orders.store.opening import Store

__all__ = ["Fit", "Group", "Review", "check_list", "fitting", "review_list"]


@dataclass(frozen=True)
class Group:
    """Files of a list for which there is one reason, and one thing to do.

    Attributes:
        access: what stands in the way; `Access.OPEN` and `Access.UNKNOWN` can be ordered.
        too_large: each of them alone is larger than an order may be.
        where: where to ask: a URL, or the origins of the mirrors.
        text: what the manifest, or a mirror, says of it.
        files: in the order of the list.
        statistics: of them.
    """

    access: Access
    too_large: bool
    where: str
    text: str
    files: Sequence[ListedFile]
    statistics: Statistics

    @property
    def is_orderable(self) -> bool:
        """Whether an order can have them."""
        return self.access not in BLOCKED and not self.too_large


@dataclass(frozen=True)
class Review:
    """A list, looked through.

    Attributes:
        groups: those that can be ordered first.
        states: what is known of files that are not simply available.
        orderable: how much can be ordered now.
        seconds: the user would have to wait for it, by their last downloads; None if there were
            none.
    """

    groups: Sequence[Group]
    states: dict[FileRef, FileState]
    orderable: Statistics
    seconds: float | None


def review_list(store: Store, user: str, limits: Limits | None = None) -> Review:
    """Group a list by what is known of its files; nobody is asked.

    Raises:
        StoreError: the store cannot be read.
    """
    most = (limits or Limits()).size
    states = states_of_list(store, user)
    found: dict[tuple[Access, bool, str, str], list[ListedFile]] = defaultdict(list)
    for file in FileLists(store).files(user):
        state = states.get(file.ref)
        too_large = most is not None and (file.size or 0) > most
        if state is None:
            found[Access.OPEN, too_large, "", ""].append(file)
        else:
            where = state.url or ", ".join(state.mirrors)
            found[state.access, too_large, where, state.text].append(file)
    groups = [
        Group(access, too_large, where, text, files, statistics_of(files))
        for (access, too_large, where, text), files in found.items()
    ]
    groups.sort(key=lambda group: (group.too_large, list(Access).index(group.access)))
    orderable = statistics_of(
        [file for group in groups if group.is_orderable for file in group.files]
    )
    rate = rate_of(store, user)
    return Review(groups, states, orderable, orderable.size / rate if rate else None)


@dataclass(frozen=True)
class Fit:
    """What of a list one order can have.

    Attributes:
        files: those that fit, in the order of the list.
        statistics: of them.
        left: of those that could be ordered, but for the limits.
    """

    files: Sequence[ListedFile]
    statistics: Statistics
    left: Statistics


def fitting(review: Review, limits: Limits) -> Fit:
    """Propose files of a list for one order: one after the other, as far as they fit."""
    fits: list[ListedFile] = []
    left: list[ListedFile] = []
    size = 0
    for group in review.groups:
        if not group.is_orderable:
            continue
        for file in group.files:
            more = size + (file.size or 0)
            too_many = limits.files is not None and len(fits) >= limits.files
            if too_many or (limits.size is not None and more > limits.size):
                left.append(file)
            else:
                fits.append(file)
                size = more
    return Fit(fits, statistics_of(fits), statistics_of(left))


def check_list(
    store: Store,
    user: str,
    places: Places,
    *,
    tick: Callable[[int, int], object] = lambda done, total: None,
) -> int:
    """Ask the mirrors of a list's files whether they give them, and keep what they say.

    Of more than 1,000 files of a source a sample is asked for. The files of a dataset that is not
    there, or cannot be read, are kept as gone, and the others are asked for.

    Args:
        store: of the list.
        user: whose list.
        places: of its sources.
        tick: told how many questions are answered, and of how many.

    Returns:
        How many files there are on the list.

    Raises:
        StoreError: it cannot be begun, or not be kept.
    """
    store.require_writable()
    before = states_of_list(store, user)
    damaged = {ref for ref, state in before.items() if state.access is Access.DAMAGED}
    files = list(FileLists(store).files(user))
    of_sources: dict[str, list[ListedFile]] = defaultdict(list)
    for file in files:
        of_sources[file.ref.source].append(file)
    for group in of_sources.values():
        try:
            with opened_contents(group, places) as opened:
                write_states(store, _found(opened, damaged, tick))
        except (DatasetError, OrderError) as error:
            lost = _state(Access.GONE, text=str(error))
            write_states(store, [(file.ref, lost) for file in group])
    return len(files)


def _found(
    opened: Opened, damaged: Set[FileRef], tick: Callable[[int, int], object]
) -> Iterator[Found]:
    """What mirrors say; what is here is available, and read again if it was damaged before."""
    remote: dict[int, list[tuple[Content, FileRef]]] = defaultdict(list)
    engines: dict[int, Engine] = {}
    for content, ref in zip(opened.contents, opened.refs, strict=True):
        if not content.is_remote:
            is_damaged = ref in damaged
            yield ref, _reread(content, opened.sources) if is_damaged else None
        elif not content.urls:
            # another clone of the dataset may have it
            text = f"it is not present locally and has no URL (try: datalad get {content.path})"
            yield ref, _state(Access.GONE, text=text)
        else:
            engine = opened.sources.engine(content)
            engines[id(engine)] = engine
            remote[id(engine)].append((content, ref))
    for number, items in remote.items():
        entries = [_entry(content) for content, _ in items]
        answers = find_availability(entries, engines[number], tick=tick)
        for (content, ref), (_, found) in zip(items, answers, strict=True):
            yield ref, _state_of(content, found)


def _reread(content: Content, sources: Sources) -> FileState | None:
    ((_, outcome),) = prepare([content], sources)
    return state_of_error(outcome.error, content) if isinstance(outcome, Unprepared) else None


def _entry(content: Content) -> Entry:
    return Entry(content.path, tuple(map(Candidate, content.urls)), content.size)


def _state_of(content: Content, found: Availability) -> FileState | None:
    """What mirrors have said of a file; where they gave it, the manifest's word counts no more."""
    if found.access is Access.OPEN and not found.is_assumed:
        return None
    if content.restriction is not None and found.access in (Access.OPEN, Access.UNKNOWN):
        return state_of_restriction(content.restriction)
    if found.access is Access.OPEN:
        return None
    if not found.faults:
        return _state(found.access, found.mirrors)
    text = told(Failed(found.faults)) if found.access is Access.REFUSED else ""
    return _state(found.access, found.mirrors, found.faults[0].kind.name, text)


def _state(
    access: Access, mirrors: Sequence[str] = (), fault: str = "", text: str = ""
) -> FileState:
    now = datetime.now(timezone.utc)
    return FileState(access, now, now, fault, tuple(mirrors), text=text)
