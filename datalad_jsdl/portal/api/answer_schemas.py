"""The objects of answers, as JSON schemas."""

from __future__ import annotations

from datalad_jsdl.orders.comparing import Change
from datalad_jsdl.orders.jobs.model import JobState
from datalad_jsdl.portal.api.checking import Schema
from datalad_jsdl.portal.api.schema_parts import (
    ACCESS,
    AMOUNT,
    COUNT,
    COUNT_OR_NULL,
    FLAG,
    NUMBER_OR_NULL,
    SUMMARY,
    TEXT,
    TEXT_OR_NULL,
    TIME_OR_NULL,
    many,
    ref,
    shaped,
)
from datalad_jsdl.portal.order_actions import Phase

__all__ = ["ANSWERS"]

PHASE: Schema = {"type": "string", "enum": [phase.value for phase in Phase]}
#: Of answers.
ANSWERS: dict[str, Schema] = {
    "Problem": shaped(
        {"title": TEXT, "status": COUNT, "detail": TEXT},
        {
            "field": {**TEXT, "description": "of the request, that is wrong"},
            "filesOver": {**COUNT, "description": "so many files too many for one order"},
            "bytesOver": {**COUNT, "description": "so many bytes too many for one order"},
            "order": TEXT,
            "job": {**TEXT, "description": "that prepares the order"},
            "phase": {**PHASE, "description": "of the order, that is in the way"},
            "failed": {
                **many(shaped({"dataset": TEXT, "path": TEXT, "reason": TEXT})),
                "description": "files that cannot be read: the first of them",
            },
            "numberOfFailed": {**COUNT, "description": "so many files cannot be read in all"},
            "terms": {
                "type": "object",
                "additionalProperties": TEXT,
                "description": "that have to be accepted: dataset to version",
            },
        },
    ),
    "ListedFile": shaped(
        {
            "dataset": TEXT,
            "path": TEXT,
            "sizeBytes": COUNT_OR_NULL,
            "access": ACCESS,
            "reason": {**TEXT, "description": "what the manifest, or a mirror, says"},
            "where": {**TEXT, "description": "to ask: a URL, or mirrors"},
        },
        {"link": {**TEXT, "description": "to the original, if it was asked for"}},
    ),
    "DownloadList": shaped(
        {
            "filesToDownload": many(ref("ListedFile")),
            "updatedOn": TIME_OR_NULL,
            **AMOUNT,
        }
    ),
    "Group": shaped(
        {
            "access": ACCESS,
            "reason": TEXT,
            "where": TEXT,
            "isOrderable": FLAG,
            **AMOUNT,
        }
    ),
    "Review": shaped(
        {
            "groups": many(ref("Group")),
            "orderable": shaped(AMOUNT),
            "fitting": {**shaped(AMOUNT), "description": "that one order can have"},
            "left": {**shaped(AMOUNT), "description": "of those, for a later order"},
            "fits": many(ref("FileHandleAssociation")),
            "limits": shaped({"files": COUNT_OR_NULL, "bytes": COUNT_OR_NULL}),
            "seconds": {**NUMBER_OR_NULL, "description": "to download, by the last downloads"},
        }
    ),
    "Removed": shaped({"numberOfFiles": COUNT}),
    "DownloadOrder": shaped(
        {**SUMMARY, "createdBy": TEXT, "files": many(ref("OrderedFile"))},
    ),
    "OrderedFile": shaped(
        {"dataset": TEXT, "path": TEXT, "version": TEXT, "sizeBytes": COUNT_OR_NULL}
    ),
    "DownloadOrderSummary": shaped(SUMMARY),
    "PaginatedDownloadOrderSummary": shaped(
        {
            "results": many(ref("DownloadOrderSummary")),
            "totalNumberOfResults": COUNT,
            "limit": COUNT,
            "offset": COUNT,
        }
    ),
    "AsyncJobId": shaped({"token": TEXT}),
    "Job": shaped(
        {
            "jobId": TEXT,
            "jobState": {"type": "string", "enum": [state.value for state in JobState]},
            "progressCurrent": COUNT,
            "progressTotal": COUNT_OR_NULL,
            "progressMessage": TEXT,
            "remainingSeconds": NUMBER_OR_NULL,
            "queuePosition": COUNT,
            "version": COUNT,
        }
    ),
    "BulkFileDownloadResponse": shaped(
        {
            "downloadUrl": {**TEXT_OR_NULL, "description": "that needs no login"},
            "expiresOn": TIME_OR_NULL,
            "sha256": TEXT_OR_NULL,
            "files": many(
                shaped(
                    {
                        "dataset": TEXT,
                        "path": TEXT,
                        "status": {"type": "string", "enum": ["SUCCESS", "FAILURE"]},
                        "reason": TEXT,
                    }
                )
            ),
        }
    ),
    "OrderState": shaped(
        {
            **SUMMARY,
            "phase": PHASE,
            "message": TEXT,
            "job": {"anyOf": [ref("Job"), {"type": "null"}]},
            "failed": many(
                shaped({"dataset": TEXT, "path": TEXT, "access": ACCESS, "reason": TEXT})
            ),
        }
    ),
    "Comparison": shaped(
        {
            **{change.value: COUNT for change in Change},
            "files": many(
                shaped(
                    {
                        "dataset": TEXT,
                        "path": TEXT,
                        "change": {"type": "string", "enum": [c.value for c in Change]},
                    }
                )
            ),
        }
    ),
    "Dataset": shaped(
        {
            "name": TEXT,
            "kind": {"type": "string", "enum": ["dataset", "manifest"]},
            **AMOUNT,
            "numberOfMissingSubdatasets": COUNT,
            "problem": TEXT_OR_NULL,
        },
    ),
    "Datasets": shaped({"datasets": many(ref("Dataset"))}),
    "Row": shaped(
        {
            "name": TEXT,
            "path": TEXT,
            "isFolder": FLAG,
            "sizeBytes": COUNT_OR_NULL,
            "numberOfFiles": COUNT,
            "numberOfFilesOfUnknownSize": COUNT,
            "numberOfMissingSubdatasets": COUNT,
            "modifiedOn": TIME_OR_NULL,
        }
    ),
    "Page": shaped(
        {
            "folder": ref("Row"),
            "rows": many(ref("Row")),
            "page": COUNT,
            "pages": COUNT,
            "totalNumberOfRows": COUNT,
        }
    ),
    "Statistics": shaped(
        {
            **AMOUNT,
            "numberOfRestrictedFiles": COUNT,
            "missing": many(shaped({"path": TEXT, "reason": TEXT})),
        }
    ),
    "Terms": shaped({"version": TEXT, "text": TEXT, "acceptedOn": TIME_OR_NULL}),
    "EntityChildrenResponse": shaped(
        {
            "page": many(
                shaped(
                    {
                        "id": TEXT,
                        "name": TEXT,
                        "type": {"type": "string", "enum": ["dataset", "folder", "file"]},
                        "sizeBytes": COUNT_OR_NULL,
                    }
                )
            ),
            "nextPageToken": TEXT_OR_NULL,
        },
        {
            "count": {**COUNT, "description": "of the files in the folder, not below"},
            "totalFileSizeMB": COUNT,
            "totalFileSizeBytes": COUNT,
        },
    ),
    "QueryResultBundle": shaped(
        {},
        {
            "queryResult": shaped({"files": many(ref("FileHandleAssociation"))}),
            "queryCount": COUNT,
            "sizeOfAllFilesMB": COUNT,
            "sizeOfAllFilesBytes": COUNT,
        },
    ),
}
