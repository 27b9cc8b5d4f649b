"""Operations on a visitor's orders."""

from __future__ import annotations

from collections import Counter
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import quote

from datalad_jsdl.orders.archive_names import unique_name
from datalad_jsdl.orders.comparing import Change
from datalad_jsdl.orders.store.rows import utc
from datalad_jsdl.orders.tasks import PREPARE
from datalad_jsdl.portal import order_actions
from datalad_jsdl.portal.access import (
    find_job,
    find_order,
    find_past_order,
    limits_of,
    sources_of,
)
from datalad_jsdl.portal.api.lists import pending, zip_name
from datalad_jsdl.portal.api.operations import Answer, as_json
from datalad_jsdl.portal.api.values import (
    association,
    order_object,
    state_object,
    summary_object,
    time,
)
from datalad_jsdl.portal.order_actions import Phase
from datalad_jsdl.portal.problems import ProblemError

if TYPE_CHECKING:
    from datalad_jsdl.orders.model import OrderSummary
    from datalad_jsdl.portal.api.operations import Asked
    from datalad_jsdl.portal.order_actions import OrderState

__all__ = [
    "compare",
    "curl",
    "history",
    "manifest",
    "repeat",
    "result",
    "revoke",
    "sha256",
    "show",
    "start",
    "state",
]

_PLAIN = "text/plain; charset=utf-8"


def show(asked: Asked) -> Answer:
    """An order with its files."""
    return as_json(order_object(asked.site.desk.orders.find(_summary(asked).id)))


def start(asked: Asked) -> Answer:
    """Have an order prepared."""
    job = order_actions.prepare(asked.site, _summary(asked), whole=True)
    return as_json({"token": job.id}, HTTPStatus.ACCEPTED)


def result(asked: Asked) -> Answer:
    """Where the archive is, once it is prepared, and the files that it cannot have."""
    summary = _summary(asked)
    job = find_job(asked.site, asked.who, asked.path["job"], PREPARE)
    if job.args.get("order") != summary.id:
        raise ProblemError(HTTPStatus.NOT_FOUND, f"there is no such job {job.id} of this order")
    if answer := pending(asked, job):
        return answer
    found = order_actions.order_state(asked.site, summary)
    is_ready = found.phase is Phase.READY
    path, expires = order_actions.archive_path(asked.site, summary)
    files = [
        {
            **association(file.ref),
            "status": "FAILURE" if (why := found.failed.get(file.ref)) else "SUCCESS",
            "reason": why.text or why.access.value if why else "",
        }
        for file in asked.site.desk.orders.find(summary.id).files
    ]
    return as_json(
        {
            "downloadUrl": asked.origin + path if is_ready else None,
            "expiresOn": time(utc(expires)) if is_ready else None,
            "sha256": summary.archive_sha256 or None,
            "files": files,
        }
    )


def history(asked: Asked) -> Answer:
    """A visitor's orders, newest first."""
    limit, offset = asked.query["limit"], asked.query["offset"]
    found, total = asked.site.desk.orders.history(asked.user, limit=limit, offset=offset)
    results = [summary_object(summary) for summary in found]
    page = {"results": results, "totalNumberOfResults": total, "limit": limit, "offset": offset}
    return as_json(page)


def state(asked: Asked) -> Answer:
    """How far an order is."""
    return as_json(state_object(order_actions.order_state(asked.site, _summary(asked))))


def repeat(asked: Asked) -> Answer:
    """Order the same files once more, those that the visitor may still have."""
    site, visitor, name = asked.site, asked.who, zip_name(asked.body)
    limits, sources = limits_of(site, visitor), sources_of(site, visitor)
    base = find_past_order(site, visitor, asked.path["order"])
    placed = order_actions.repeat(site, base, name, limits, sources)
    where = f"/api/v1/download/order/{placed.summary.id}"
    return as_json(order_object(placed), HTTPStatus.CREATED, location=where)


def compare(asked: Asked) -> Answer:
    """What has become of an order's files since."""
    changes = order_actions.compare(asked.site, _summary(asked))
    counts = Counter(change for _, change in changes)
    files = [
        {**association(ref), "change": change.value}
        for ref, change in changes
        if change is not Change.UNCHANGED
    ]
    return as_json({**{change.value: counts[change] for change in Change}, "files": files})


def sha256(asked: Asked) -> Answer:
    """The archive's checksum, as ``sha256sum -c`` takes it."""
    summary = _summary(asked)
    if not summary.archive_sha256:
        found = order_actions.order_state(asked.site, summary)
        raise ProblemError(
            HTTPStatus.CONFLICT,
            f"the SHA-256 of the archive is not known yet: {_why_no_sha256(found)}",
            {"retry-after": "10"},
            phase=found.phase.value,
        )
    name = unique_name(summary)
    return _file(f"{summary.archive_sha256}  {name}\n", f"{name}.sha256", _PLAIN)


def _why_no_sha256(found: OrderState) -> str:
    preparing = f"POST /api/v1/download/order/{found.summary.id}/async/start"
    if found.phase in (Phase.QUEUED, Phase.PREPARING):
        return "the order is being prepared; ask again once it is ready"
    if found.phase is Phase.READY:
        return (
            "the files were read for another order. Download the whole archive once, or have it "
            f"computed ahead: {preparing}"
        )
    if found.phase is Phase.FAILED:
        return f"{found.message}. To try these files again: {preparing}"
    return f"the order is not prepared. To prepare it: {preparing}"


def manifest(asked: Asked) -> Answer:
    """The order as a manifest, by which anybody makes the same archive."""
    summary = _summary(asked)
    text, unlisted = order_actions.manifest_text(asked.site, summary)
    answer = _file(text, f"{_stem(summary)}.json", "application/json")
    more = {"x-unlisted-files": str(unlisted)} if unlisted else {}
    return Answer(answer.body, headers={**answer.headers, **more})


def curl(asked: Asked) -> Answer:
    """A configuration of curl; ``curl -K FILE`` downloads the archive, or continues."""
    summary = _summary(asked)
    path, expires = order_actions.archive_path(asked.site, summary)
    name = unique_name(summary).replace("\\", "\\\\").replace('"', '\\"')
    text = (
        f"# valid until {time(utc(expires))}; to go on after an interruption, use it again\n"
        f'url = "{asked.origin}{path}"\n'
        f'output = "{name}"\n'
        "continue-at = -\n"
        "fail\n"
    )
    return _file(text, f"{_stem(summary)}.curl", _PLAIN)


def revoke(asked: Asked) -> Answer:
    """Have no link to the archive work any more that was made until now."""
    summary = find_past_order(asked.site, asked.who, asked.path["order"])
    asked.site.capabilities.revoke(summary.id)
    return Answer(status=HTTPStatus.NO_CONTENT)


def _summary(asked: Asked) -> OrderSummary:
    return find_order(asked.site, asked.who, asked.path["order"])


def _stem(summary: OrderSummary) -> str:
    return summary.archive_name[: -len(".zip")]


def _file(text: str, name: str, media_type: str) -> Answer:
    shown = f"attachment; filename*=UTF-8''{quote(name, safe='')}"
    return Answer(text.encode(), headers={"content-disposition": shown}, media_type=media_type)
