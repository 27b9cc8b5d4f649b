"""Values of lists and orders as the API's objects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from datalad_jsdl.orders.jobs.model import Job
    from datalad_jsdl.orders.model import FileRef, ListedFile, Order, OrderSummary, Statistics
    from datalad_jsdl.orders.ordering import Limits
    from datalad_jsdl.orders.review import Fit, Group, Review
    from datalad_jsdl.portal.order_actions import OrderState
    from datalad_jsdl.portal.rows import Page, Row

__all__ = [
    "amount",
    "association",
    "job_object",
    "list_object",
    "megabytes",
    "order_object",
    "page_object",
    "review_object",
    "row_object",
    "state_object",
    "summary_object",
    "time",
]

JSONObject = dict[str, Any]

_MB = 1_000_000


def megabytes(size: int) -> int:
    """Bytes in units of 10^6, rounded up."""
    return -(-size // _MB)


def time(when: datetime | None) -> str | None:
    """A time, as RFC 3339 has it."""
    return None if when is None else when.isoformat().replace("+00:00", "Z")


def amount(found: Statistics) -> JSONObject:
    """How much files are together."""
    return {
        "numberOfFiles": found.files,
        "totalSizeBytes": found.size,
        "totalSizeMB": megabytes(found.size),
        "numberOfFilesOfUnknownSize": found.unsized,
    }


def association(ref: FileRef) -> JSONObject:
    """A file, by where it is."""
    return {"dataset": ref.source, "path": ref.path}


def list_object(
    review: Review, total: Statistics, updated_on: datetime | None, links: Mapping[FileRef, str]
) -> JSONObject:
    """A list with all its files."""
    files = [
        _listed(file, group, links.get(file.ref)) for group in review.groups for file in group.files
    ]
    files.sort(key=lambda file: (file["dataset"], file["path"]))
    return {"filesToDownload": files, "updatedOn": time(updated_on), **amount(total)}


def _listed(file: ListedFile, group: Group, link: str | None) -> JSONObject:
    more = {} if link is None else {"link": link}
    said = {"access": _access(group), "reason": group.text, "where": group.where}
    return {**association(file.ref), "sizeBytes": file.size, **said, **more}


def _access(group: Group) -> str:
    return "too-large" if group.too_large else group.access.value


def review_object(review: Review, fit: Fit, limits: Limits) -> JSONObject:
    """A list, looked through."""
    return {
        "groups": [
            {
                "access": _access(group),
                "reason": group.text,
                "where": group.where,
                "isOrderable": group.is_orderable,
                **amount(group.statistics),
            }
            for group in review.groups
        ],
        "orderable": amount(review.orderable),
        "fitting": amount(fit.statistics),
        "left": amount(fit.left),
        "fits": [association(file.ref) for file in fit.files],
        "limits": {"files": limits.files, "bytes": limits.size},
        "seconds": review.seconds,
    }


def summary_object(summary: OrderSummary) -> JSONObject:
    """An order without its files."""
    return {
        "orderId": summary.id,
        "createdOn": time(summary.created_on),
        "zipFileName": summary.archive_name,
        **amount(summary.statistics),
        "archiveSizeBytes": summary.archive_size,
        "sha256": summary.archive_sha256 or None,
    }


def order_object(order: Order) -> JSONObject:
    """An order with its files."""
    files = [
        {**association(file.ref), "version": file.ref.version, "sizeBytes": file.size}
        for file in order.files
    ]
    summary = order.summary
    return {**summary_object(summary), "createdBy": summary.user, "files": files}


def job_object(job: Job, position: int = 0) -> JSONObject:
    """A job; its total and progress are in bytes, or files."""
    return {
        "jobId": job.id,
        "jobState": job.state.value,
        "progressCurrent": job.progress,
        "progressTotal": job.total,
        "progressMessage": job.message,
        "remainingSeconds": job.remaining,
        "queuePosition": position,
        "version": job.version,
    }


def state_object(state: OrderState) -> JSONObject:
    """How far an order is."""
    failed = [
        {**association(ref), "access": why.access.value, "reason": why.text}
        for ref, why in sorted(state.failed.items())
    ]
    return {
        **summary_object(state.summary),
        "archiveSizeBytes": state.size,
        "phase": state.phase.value,
        "message": state.message,
        "job": None if state.job is None else job_object(state.job, state.position),
        "failed": failed,
    }


def row_object(row: Row) -> JSONObject:
    """A name in a folder."""
    return {
        "name": row.name,
        "path": row.path,
        "isFolder": row.is_folder,
        "sizeBytes": row.size,
        "numberOfFiles": row.files,
        "numberOfFilesOfUnknownSize": row.unsized,
        "numberOfMissingSubdatasets": row.missing,
        "modifiedOn": time(row.mtime),
    }


def page_object(page: Page) -> JSONObject:
    """A page of a folder."""
    return {
        "folder": row_object(page.folder),
        "rows": _objects(page.rows),
        "page": page.number,
        "pages": page.pages,
        "totalNumberOfRows": page.total,
    }


def _objects(rows: Iterable[Row]) -> list[JSONObject]:
    return [row_object(row) for row in rows]
