"""All operations of the API: one row each. Routes and document are made from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datalad_jsdl.portal.access import own_order, required_visitor
from datalad_jsdl.portal.api import datasets, jobs, lists, orders
from datalad_jsdl.portal.api.checking import Schema
from datalad_jsdl.portal.api.document import DocumentEndpoint
from datalad_jsdl.portal.api.events import Events
from datalad_jsdl.portal.api.operations import Operation, Parameter
from datalad_jsdl.portal.archive_endpoint import ArchiveEndpoint, Grant
from datalad_jsdl.portal.clients import address_of
from datalad_jsdl.portal.limited import counted_as
from datalad_jsdl.portal.rows import Sort

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Scope

    from datalad_jsdl.portal.site import Site

__all__ = ["OPERATIONS"]


def _archive(site: Site) -> ASGIApp:
    async def granted(scope: Scope) -> Grant:
        visitor = required_visitor(scope)
        return Grant(
            await own_order(site, visitor, scope["path_params"]["order"]),
            counted_as(visitor, address_of(scope, site.trusted)),
        )

    return ArchiveEndpoint(site, granted)


_LIST = "/download/list/{user}"
_ORDER = "/download/order/{order}"
_OWN = "/orders/{order}"


def _integer(default: int, least: int, most: int) -> Schema:
    return {"type": "integer", "default": default, "minimum": least, "maximum": most}


_TEXT: Schema = {"type": "string", "default": "", "maxLength": 4096}
_FLAG: Schema = {"type": "boolean", "default": False}
_SORT: Schema = {"type": "string", "default": "name", "enum": [sort.value for sort in Sort]}
_VIEW = (
    Parameter("folder", _TEXT, "path of the folder; all that is in the dataset without it"),
    Parameter("search", _TEXT, "part of the names, in the folder and below"),
    Parameter("sort", _SORT),
    Parameter("descending", _FLAG),
    Parameter("page", _integer(1, 1, 1_000_000_000)),
    Parameter("pageSize", _integer(100, 1, 10_000)),
)
_PAGING = (
    Parameter("limit", _integer(50, 1, 1000)),
    Parameter("offset", _integer(0, 0, 1_000_000_000)),
)
_LINKS = (Parameter("links", _FLAG, "look up where the originals are, too"),)


def _of_order(operation: str) -> dict[str, object]:
    return {"operationId": operation, "parameters": {"order": "$response.body#/orderId"}}


def _of_job(operation: str, parameter: str) -> dict[str, object]:
    parameters = {"job": "$response.body#/token", parameter: f"$request.path.{parameter}"}
    return {"operationId": operation, "parameters": parameters}


_TO_JOB = {202: "AsyncJobId"}
_ORDERED = {201: {"get": _of_order("getOrder"), "state": _of_order("getOrderState"),
                  "prepare": _of_order("startPreparation"), "archive": _of_order("getArchive"),
                  "curl": _of_order("getCurl")}}  # fmt: skip

OPERATIONS: tuple[Operation, ...] = (
    # the seed's
    Operation("GET", _LIST, "getList", "The list of a user",
              {200: "DownloadList"}, lists.show, query=_LINKS),
    Operation("DELETE", _LIST, "clearList", "Take all files off the list",
              {204: ""}, lists.clear),
    Operation("POST", f"{_LIST}/add", "addFile", "Put one file on the list",
              {200: "DownloadList"}, lists.add, body="FileHandleAssociation"),
    Operation("POST", f"{_LIST}/add/async/start", "startAdding",
              "Have the files of a folder, or of a query, put on the list",
              _TO_JOB, lists.add_start, body="AddRequest",
              links={202: {"get": _of_job("getAdded", "user")}}),
    Operation("GET", f"{_LIST}/add/async/get/{{job}}", "getAdded",
              "The list, once the files are on it; how far that is, until then",
              {200: "DownloadList", 202: "Job"}, lists.add_result),
    Operation("POST", f"{_LIST}/remove", "removeFiles", "Take files off the list",
              {200: "DownloadList"}, lists.remove, body="FileHandleAssociations"),
    Operation("PUT", f"{_LIST}/order", "createOrder",
              "Move the list's available files, or some of them, into a new order",
              {201: "DownloadOrder"}, lists.order, body="DownloadOrderRequest", links=_ORDERED),
    Operation("GET", _ORDER, "getOrder", "An order with its files",
              {200: "DownloadOrder"}, orders.show),
    Operation("POST", f"{_ORDER}/async/start", "startPreparation",
              "Have an order's archive prepared, or its failed files tried again",
              _TO_JOB, orders.start, links={202: {"get": _of_job("getPrepared", "order")}}),
    Operation("GET", f"{_ORDER}/async/get/{{job}}", "getPrepared",
              "Where the archive is, once it is prepared; how far that is, until then",
              {200: "BulkFileDownloadResponse", 202: "Job"}, orders.result),
    Operation("POST", f"{_ORDER}/async/get/{{job}}", "getPreparedByPost", "The same",
              {200: "BulkFileDownloadResponse", 202: "Job"}, orders.result),
    Operation("GET", "/download/order/{user}/history", "getHistory",
              "The orders of a user, newest first",
              {200: "PaginatedDownloadOrderSummary"}, orders.history, query=_PAGING),
    Operation("POST", "/entity/children", "getChildren",
              "What is in a folder, with the number and the size of its files",
              {200: "EntityChildrenResponse"}, datasets.children, body="EntityChildrenRequest"),
    Operation("POST", "/query", "query", "The files that a query finds, and their size",
              {200: "QueryResultBundle"}, datasets.query, body="QueryBundleRequest"),
    # our own
    Operation("GET", "/datasets", "getDatasets", "All that is served",
              {200: "Datasets"}, datasets.served),
    Operation("GET", "/datasets/{name}/files", "getFiles", "A page of a folder",
              {200: "Page"}, datasets.files, query=_VIEW),
    Operation("POST", "/datasets/{name}/statistics", "getStatistics",
              "How much a selection is, before it is put on the list",
              {200: "Statistics"}, datasets.statistics, body="Selection"),
    Operation("GET", "/datasets/{name}/terms", "getTerms",
              "What has to be accepted before files of a dataset are ordered",
              {200: "Terms"}, datasets.terms),
    Operation("POST", "/datasets/{name}/terms", "acceptTerms", "Accept them, as they were read",
              {200: "Terms"}, datasets.accept_terms, body="AcceptedTerms"),
    Operation("POST", f"{_LIST}/undo", "undo", "Bring back what was taken off the list last",
              {200: "DownloadList"}, lists.undo),
    Operation("GET", f"{_LIST}/review", "getReview",
              "The list by what stands in the way of its files, and what fits into one order",
              {200: "Review"}, lists.review),
    Operation("POST", f"{_LIST}/review/async/start", "startReview",
              "Have the mirrors of the list's files asked whether they are available",
              _TO_JOB, lists.check, links={202: {"get": _of_job("getReviewed", "user")}}),
    Operation("GET", f"{_LIST}/review/async/get/{{job}}", "getReviewed",
              "The review, once the mirrors were asked; how far that is, until then",
              {200: "Review", 202: "Job"}, lists.check_result),
    Operation("GET", _OWN, "getOrderState", "How far an order is",
              {200: "OrderState"}, orders.state),
    Operation("GET", f"{_OWN}/events", "getEvents",
              "The same as it changes: server-sent events, each an OrderState",
              {200: "text/event-stream", 204: ""}, raw=Events),
    Operation("GET", f"{_OWN}/archive", "getArchive",
              "The zip of an order, or any ranges of it",
              {200: "application/zip", 206: "application/zip", 304: ""}, raw=_archive),
    Operation("GET", f"{_OWN}/archive.sha256", "getChecksum",
              "The SHA-256 of the archive, as sha256sum -c takes it",
              {200: "text/plain"}, orders.sha256),
    Operation("GET", f"{_OWN}/manifest", "getManifest",
              "A manifest by which anybody makes the same archive",
              {200: "application/json"}, orders.manifest),
    Operation("GET", f"{_OWN}/curl", "getCurl",
              "A configuration by which curl downloads the archive without a login: curl -K FILE",
              {200: "text/plain"}, orders.curl),
    Operation("POST", f"{_OWN}/links/revoke", "revokeLinks",
              "Have no link to the archive work any more that was made until now",
              {204: ""}, orders.revoke),
    Operation("POST", f"{_OWN}/repeat", "repeatOrder",
              "Order the same files once more, but the unavailable ones",
              {201: "DownloadOrder"}, orders.repeat, body="RepeatRequest"),
    Operation("GET", f"{_OWN}/comparison", "compareOrder",
              "What has become of an order's files since",
              {200: "Comparison"}, orders.compare),
    Operation("GET", "/openapi.json", "getDocument", "This document", {200: "application/json"},
              raw=lambda site: DocumentEndpoint(OPERATIONS), needs_login=False),
    Operation("GET", "/jobs/{job}", "getJob", "How far a job is", {200: "Job"}, jobs.show),
    Operation("DELETE", "/jobs/{job}", "cancelJob", "Cancel a job", {200: "Job"}, jobs.cancel),
)  # fmt: skip
