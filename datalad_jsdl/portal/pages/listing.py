"""The visitor's list: what can be ordered, what stands in the way of the rest, and the order."""

from __future__ import annotations

import hashlib
import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import partial
from http import HTTPStatus
from itertools import groupby
from typing import TYPE_CHECKING

from datalad_jsdl.errors import OrderError, TermsError
from datalad_jsdl.orders.archive_names import archive_name
from datalad_jsdl.orders.choosing.choice import statistics_of
from datalad_jsdl.orders.jobs.model import JobState
from datalad_jsdl.orders.jobs.rows import Jobs
from datalad_jsdl.orders.model import BLOCKED
from datalad_jsdl.orders.tasks import REVIEW
from datalad_jsdl.portal import actions, order_actions
from datalad_jsdl.portal.access import is_id
from datalad_jsdl.portal.pages.browse import added_text
from datalad_jsdl.portal.pages.names import packed, query_of, unpacked
from datalad_jsdl.portal.pages.reasons import reason_of
from datalad_jsdl.portal.pages.terms import terms_address
from datalad_jsdl.portal.pages.words import STATES, Word, bytes_text, files_text, on, share
from datalad_jsdl.portal.terms import unaccepted

if TYPE_CHECKING:
    from collections.abc import Sequence, Set
    from typing import Any

    from starlette.responses import Response

    from datalad_jsdl.orders.model import FileRef, FileState, ListedFile, Statistics
    from datalad_jsdl.orders.review import Fit, Group, Review
    from datalad_jsdl.portal.pages.forms import Fields
    from datalad_jsdl.portal.pages.turn import Turn

__all__ = ["change", "check", "order", "review", "undo"]

_ROWS = 100  # on a page
_NAMES = 200  # orders whose names are not given again
_TOO_LARGE = Word("Too large", "warn", "big")


@dataclass(frozen=True)
class _Row:
    token: str
    path: str
    name: str
    size: int | None
    state: Word


@dataclass(frozen=True)
class _Part:
    """Files of one folder that follow each other."""

    source: str
    folder: str
    rows: Sequence[_Row]


@dataclass(frozen=True)
class _Terms:
    """A dataset whose terms are left to be accepted."""

    name: str
    href: str
    statistics: Statistics


async def review(turn: Turn) -> Response:
    """The list, looked through."""
    return await _shown(turn)


async def change(turn: Turn) -> Response:
    """Take files off the list: those that are ticked, one, those of a reason, or all."""
    site, user, form = turn.site, turn.user, turn.form
    if form.one("clear"):
        gone = await site.run(actions.clear, site, user)
    else:
        if wanted := form.one("reason"):
            found, _ = await site.run(actions.review, site, user, turn.limits)
            group = next((group for group in found.groups if _id(group) == wanted), None)
            refs = [file.ref for file in group.files] if group else []
            files = [(ref.source, ref.path) for ref in refs]
        else:
            tokens = [form.one("only")] if form.one("only") else form.all("file")
            files = [_file_of(token) for token in tokens]
        gone = await site.run(actions.remove, site, user, files)
    return turn.go("/list", removed=gone or None)


async def undo(turn: Turn) -> Response:
    """Bring back what was taken off last."""
    back = await turn.site.run(actions.undo, turn.site, turn.user)
    return turn.go("/list", back=back or None)


async def check(turn: Turn) -> Response:
    """Have the mirrors asked."""
    await turn.site.run(actions.ask_mirrors, turn.site, turn.user)
    return turn.go("/list")


async def order(turn: Turn) -> Response:
    """Order what is on the list, or as much of it as fits."""
    site, user, name = turn.site, turn.user, turn.form.one("name").strip()
    try:
        archive_name(name, time.time())
    except OrderError as error:
        return await _shown(turn, name=name, name_problem=str(error))
    chosen = None
    if turn.form.one("fit"):
        _, fit = await site.run(actions.review, site, user, turn.limits)
        chosen = [(file.ref.source, file.ref.path) for file in fit.files]
    try:
        made = await site.run(
            order_actions.order, site, user, name, chosen, turn.limits, turn.sources
        )
    except TermsError as error:
        return turn.go(terms_address(next(iter(error.terms))))
    except OrderError as error:
        return await _shown(turn, name=name, problem=site.told(str(error)))
    return turn.go(f"/orders/{made.summary.id}")


async def _shown(
    turn: Turn, *, name: str | None = None, name_problem: str = "", problem: str = ""
) -> Response:
    site, query = turn.site, turn.query
    found, fit = await site.run(actions.review, site, turn.user, turn.limits)
    files = sorted(
        (file for group in found.groups for file in group.files),
        key=lambda file: (*_folder_of(file), file.ref.path),
    )
    pages = max(1, -(-len(files) // _ROWS))
    number = min(query.number("page"), pages)
    shown = files[(number - 1) * _ROWS : number * _ROWS]
    large = {file.ref for group in found.groups if group.too_large for file in group.files}
    orders, _ = await site.run(site.desk.orders.history, turn.user, limit=_NAMES)
    if name is None:
        name = _name(fit, {order.archive_name for order in orders})
    status = HTTPStatus.CONFLICT if name_problem or problem else HTTPStatus.OK
    checking, asked = await site.run(_asked, turn, found)
    terms = await site.run(_terms, turn, found)
    return await turn.render(
        "list.html",
        status,
        here="list",
        served=len(turn.served),
        last_order=orders[0] if orders else None,
        problem=problem,
        name_problem=name_problem,
        zip_name=name,
        total_rows=len(files),
        pages=pages,
        number=number,
        address=lambda page: f"/list{query_of(page=page)}",
        groups=_parts(shown, found.states, large),
        removed=query.number("removed", 0),
        back=query.number("back", 0),
        **_added(query),
        checking=checking,
        asked=asked,
        terms=terms,
        refresh=3 if checking else None,
        **_amounts(turn, found, fit),
    )


def _added(query: Fields) -> dict[str, Any]:
    """What a page elsewhere has put on the list just now."""
    # an address may say anything; what it says is part of another one
    chosen = query.one("chosen") if is_id(query.one("chosen")) else ""
    text = added_text(query) if chosen else ""
    return {"chosen": chosen, "chosen_added": query.number("added", 0), "chosen_text": text}


def _amounts(turn: Turn, found: Review, fit: Fit) -> dict[str, Any]:
    limits = turn.limits
    said = [files_text(limits.files)] if limits.files is not None else []
    said += [bytes_text(limits.size)] if limits.size is not None else []
    blocked = [group for group in found.groups if group.access in BLOCKED or group.too_large]
    return {
        "blocked": sum(group.statistics.files for group in blocked),
        "reasons": [reason_of(_id(group), group, limits) for group in blocked],
        "orderable": found.orderable,
        "fitting": fit.statistics,
        "over": bytes_text(fit.left.size),
        "limit": f"at most {' and '.join(said)}" if said else "",
        "sources": sorted({file.ref.source for file in fit.files}),
        "seconds": _seconds(found, fit),
    }


def _seconds(found: Review, fit: Fit) -> float | None:
    if found.seconds is None or not found.orderable.size:
        return None
    return found.seconds * fit.statistics.size / found.orderable.size


def _asked(turn: Turn, found: Review) -> tuple[str, str]:
    """How far the asking of mirrors is, and what came of it; "" for what does not hold."""
    job = Jobs(turn.site.desk.store).newest(REVIEW, turn.user, {})
    if job is None or job.state is JobState.CANCELLED:
        return "", ""
    if job.state is JobState.FAILED:
        return "", f"{on(job.updated_on)}: the mirrors could not be asked. {job.message}"
    if job.state is JobState.DONE:
        assert isinstance(job.result, Mapping)  # noqa: S101 - the task says so
        number = int(job.result["files"])  # type: ignore[arg-type]  # it is a number
        whose = "1 file" if number == 1 else f"all {number:,} files that were on the list"
        is_blocked = any(group.access in BLOCKED for group in found.groups)
        outcome = "what is unavailable is named above" if is_blocked else "all are available"
        return "", f"The mirrors were asked for {whose} ({on(job.updated_on)}): {outcome}"
    percent = share(job.progress, job.total)
    return "waiting for its turn" if percent is None else f"{percent}\u00a0%", ""


def _terms(turn: Turn, found: Review) -> list[_Terms]:
    """Datasets whose terms are left to be accepted, of those that files are on the list of."""
    files: dict[str, list[ListedFile]] = defaultdict(list)
    for group in found.groups:
        for file in group.files:
            files[file.ref.source].append(file)
    return [
        _Terms(name, terms_address(name), statistics_of(files[name]))
        for name in unaccepted(turn.site, turn.user, files)
    ]


def _name(fit: Fit, taken: Set[str]) -> str:
    """A name for the zip that says what is in it.

    No two have the same: who continues one with the file of another spoils it.
    """
    sources = {file.ref.source for file in fit.files}
    what = sources.pop() if len(sources) == 1 else "files"
    stem = f"{what}-{datetime.now(timezone.utc):%Y-%m-%d}"
    names = (f"{stem}{more}.zip" for more in ("", *(f"-{n}" for n in range(2, _NAMES + 2))))
    try:
        return archive_name(next(name for name in names if name not in taken), time.time())
    except OrderError:
        return ""


def _parts(
    files: Sequence[ListedFile], states: dict[FileRef, FileState], large: set[FileRef]
) -> list[_Part]:
    row = partial(_row, states=states, large=large)
    return [
        _Part(source, folder, [row(file) for file in group])
        for (source, folder), group in groupby(files, key=_folder_of)
    ]


def _folder_of(file: ListedFile) -> tuple[str, str]:
    return file.ref.source, file.ref.path.rpartition("/")[0]


def _row(file: ListedFile, states: dict[FileRef, FileState], large: set[FileRef]) -> _Row:
    ref = file.ref
    state = states.get(ref)
    word = STATES[state.access] if state is not None else _READY
    if ref in large:
        word = _TOO_LARGE
    return _Row(_token(ref), ref.path, ref.path.rpartition("/")[2], file.size, word)


_READY = Word("Available", "ok", "check")


def _token(ref: FileRef) -> str:
    """A file as a value of a form."""
    return f"{packed(ref.source)}/{packed(ref.path)}"


def _file_of(token: str) -> tuple[str, str]:
    source, _, path = token.partition("/")
    return unpacked(source), unpacked(path)


def _id(group: Group) -> str:
    said = repr((group.access, group.too_large, group.where, group.text))
    return hashlib.sha256(said.encode("utf-8", "surrogateescape")).hexdigest()[:16]
