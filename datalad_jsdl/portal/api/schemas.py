"""The objects of the API, as JSON schemas. The names of those of the first table are Synapse's."""

from __future__ import annotations

from datalad_jsdl.operations.availability import Access
from datalad_jsdl.orders.comparing import Change
from datalad_jsdl.orders.jobs.model import JobState
from datalad_jsdl.portal.api.checking import Schema
from datalad_jsdl.portal.order_actions import Phase

__all__ = ["SCHEMAS", "ref"]


def ref(name: str) -> Schema:
    """A reference to one of `SCHEMAS`."""
    return {"$ref": f"#/components/schemas/{name}"}


def _closed(required: dict[str, Schema], optional: dict[str, Schema] | None = None) -> Schema:
    """An object of requests: what is not known is an error."""
    return {**_open(required, optional), "additionalProperties": False}


def _open(required: dict[str, Schema], optional: dict[str, Schema] | None = None) -> Schema:
    """An object of answers: later versions may have more."""
    properties = {**required, **(optional or {})}
    return {"type": "object", "properties": properties, "required": list(required)}


def _many(item: Schema) -> Schema:
    return {"type": "array", "items": item}


_NO_NUL = "^[^\\u0000]*$"
_TEXT: Schema = {"type": "string"}
_NAME: Schema = {"type": "string", "minLength": 1, "maxLength": 1000, "pattern": _NO_NUL}
_ONE_OR_MORE: Schema = {**_NAME, "type": ["string", "array"], "items": _NAME, "minItems": 1}
_PATH: Schema = {"type": "string", "maxLength": 65_535, "pattern": _NO_NUL}
_FLAG: Schema = {"type": "boolean"}
_COUNT: Schema = {"type": "integer", "minimum": 0}
_COUNT_OR_NULL: Schema = {"type": ["integer", "null"], "minimum": 0}
_NUMBER_OR_NULL: Schema = {"type": ["number", "null"], "minimum": 0}
_TIME: Schema = {"type": "string", "format": "date-time"}
_TIME_OR_NULL: Schema = {"type": ["string", "null"], "format": "date-time"}
_TEXT_OR_NULL: Schema = {"type": ["string", "null"]}
_MASK: Schema = {"type": "integer", "minimum": 0, "maximum": 255}
_AT: Schema = {
    **_PATH,
    "minLength": 1,
    "description": "NAME of a dataset, or NAME/folder",
}
_ACCESS: Schema = {"type": "string", "enum": [*(a.value for a in Access), "too-large"]}

_AMOUNT = {
    "numberOfFiles": _COUNT,
    "totalSizeBytes": {**_COUNT, "description": "of the files whose size is known"},
    "totalSizeMB": {**_COUNT, "description": "the same in 10^6 bytes, rounded up"},
    "numberOfFilesOfUnknownSize": _COUNT,
}
_SUMMARY = {
    "orderId": _TEXT,
    "createdOn": _TIME,
    "zipFileName": _TEXT,
    **_AMOUNT,
    "archiveSizeBytes": _COUNT_OR_NULL,
    "sha256": {**_TEXT_OR_NULL, "description": "of the archive, once it is known"},
}
#: Of requests.
_REQUESTS: dict[str, Schema] = {
    "FileHandleAssociation": _closed({"dataset": _NAME, "path": {**_PATH, "minLength": 1}}),
    "FileHandleAssociations": _many(ref("FileHandleAssociation")),
    "Query": {
        **_closed(
            {},
            {
                "glob": {**_ONE_OR_MORE, "description": "on paths, as --include"},
                "table": {**_NAME, "maxLength": 4000, "description": "age > 30 and sex == 'F'"},
                "metadata": {
                    **_ONE_OR_MORE,
                    "description": "FIELD=GLOB or FIELD>NUMBER, as git annex find --metadata",
                },
            },
        ),
        "minProperties": 1,
    },
    "AddFolderRequest": _closed(
        {"concreteType": {"type": "string", "const": "AddFolderRequest"}, "parentId": _AT},
        {"recursive": {**_FLAG, "description": "with what is in folders below"}},
    ),
    "AddQueryRequest": _closed(
        {
            "concreteType": {"type": "string", "const": "AddQueryRequest"},
            "dataset": _NAME,
            "query": ref("Query"),
        },
        {"paths": {**_many(_PATH), "minItems": 1}},
    ),
    "AddFilesRequest": _closed(
        {
            "concreteType": {"type": "string", "const": "AddFilesRequest"},
            "dataset": _NAME,
            "paths": {**_many(_PATH), "minItems": 1},
        },
        {"recursive": _FLAG},
    ),
    "AddRequest": {
        "oneOf": [ref("AddFolderRequest"), ref("AddQueryRequest"), ref("AddFilesRequest")],
        "discriminator": {"propertyName": "concreteType"},
    },
    "DownloadOrderRequest": _closed(
        {},
        {
            "subSet": {**ref("FileHandleAssociations")},
            "zipFileName": {"type": "string", "maxLength": 200, "pattern": _NO_NUL},
        },
    ),
    "EntityChildrenRequest": _closed(
        {},
        {
            "parentId": {"type": ["string", "null"], "maxLength": 65_535, "pattern": _NO_NUL},
            "partMask": {**_MASK, "description": "0x01 count, 0x02 totalFileSizeMB"},
            "nextPageToken": {"type": ["string", "null"], "pattern": "^[0-9]{1,9}$"},
        },
    ),
    "QueryBundleRequest": _closed(
        {"dataset": _NAME, "query": ref("Query")},
        {
            "partMask": {
                **_MASK,
                "description": "0x01 queryResult, 0x02 queryCount, 0x20 sizeOfAllFilesMB",
            },
            "limit": {"type": "integer", "minimum": 1, "maximum": 10_000},
            "offset": {"type": "integer", "minimum": 0, "maximum": 1_000_000_000},
        },
    ),
    "Selection": _closed(
        {},
        {
            "paths": {**_many(_PATH), "minItems": 1},
            "recursive": _FLAG,
            "query": ref("Query"),
        },
    ),
    "AcceptedTerms": _closed({"version": _NAME}),
    "RepeatRequest": _closed(
        {}, {"zipFileName": {"type": "string", "maxLength": 200, "pattern": _NO_NUL}}
    ),
}

#: Of answers.
_ANSWERS: dict[str, Schema] = {
    "Problem": _open(
        {"title": _TEXT, "status": _COUNT, "detail": _TEXT},
        {
            "field": {**_TEXT, "description": "of the request, that is wrong"},
            "filesOver": {**_COUNT, "description": "so many files too many for one order"},
            "bytesOver": {**_COUNT, "description": "so many bytes too many for one order"},
            "order": _TEXT,
            "terms": {
                "type": "object",
                "additionalProperties": _TEXT,
                "description": "that have to be accepted: dataset to version",
            },
        },
    ),
    "ListedFile": _open(
        {
            "dataset": _TEXT,
            "path": _TEXT,
            "sizeBytes": _COUNT_OR_NULL,
            "access": _ACCESS,
            "reason": {**_TEXT, "description": "what the manifest, or a mirror, says"},
            "where": {**_TEXT, "description": "to ask: a URL, or mirrors"},
        },
        {"link": {**_TEXT, "description": "to the original, if it was asked for"}},
    ),
    "DownloadList": _open(
        {
            "filesToDownload": _many(ref("ListedFile")),
            "updatedOn": _TIME_OR_NULL,
            **_AMOUNT,
        }
    ),
    "Group": _open(
        {
            "access": _ACCESS,
            "reason": _TEXT,
            "where": _TEXT,
            "isOrderable": _FLAG,
            **_AMOUNT,
        }
    ),
    "Review": _open(
        {
            "groups": _many(ref("Group")),
            "orderable": _open(_AMOUNT),
            "fitting": {**_open(_AMOUNT), "description": "that one order can have"},
            "left": {**_open(_AMOUNT), "description": "of those, for a later order"},
            "fits": _many(ref("FileHandleAssociation")),
            "limits": _open({"files": _COUNT_OR_NULL, "bytes": _COUNT_OR_NULL}),
            "seconds": {**_NUMBER_OR_NULL, "description": "to download, by the last downloads"},
        }
    ),
    "Removed": _open({"numberOfFiles": _COUNT}),
    "DownloadOrder": _open(
        {**_SUMMARY, "createdBy": _TEXT, "files": _many(ref("OrderedFile"))},
    ),
    "OrderedFile": _open(
        {"dataset": _TEXT, "path": _TEXT, "version": _TEXT, "sizeBytes": _COUNT_OR_NULL}
    ),
    "DownloadOrderSummary": _open(_SUMMARY),
    "PaginatedDownloadOrderSummary": _open(
        {
            "results": _many(ref("DownloadOrderSummary")),
            "totalNumberOfResults": _COUNT,
            "limit": _COUNT,
            "offset": _COUNT,
        }
    ),
    "AsyncJobId": _open({"token": _TEXT}),
    "Job": _open(
        {
            "jobId": _TEXT,
            "jobState": {"type": "string", "enum": [state.value for state in JobState]},
            "progressCurrent": _COUNT,
            "progressTotal": _COUNT_OR_NULL,
            "progressMessage": _TEXT,
            "remainingSeconds": _NUMBER_OR_NULL,
            "queuePosition": _COUNT,
            "version": _COUNT,
        }
    ),
    "BulkFileDownloadResponse": _open(
        {
            "downloadUrl": {**_TEXT_OR_NULL, "description": "that needs no login"},
            "expiresOn": _TIME_OR_NULL,
            "sha256": _TEXT_OR_NULL,
            "files": _many(
                _open(
                    {
                        "dataset": _TEXT,
                        "path": _TEXT,
                        "status": {"type": "string", "enum": ["SUCCESS", "FAILURE"]},
                        "reason": _TEXT,
                    }
                )
            ),
        }
    ),
    "OrderState": _open(
        {
            **_SUMMARY,
            "phase": {"type": "string", "enum": [phase.value for phase in Phase]},
            "message": _TEXT,
            "job": {"anyOf": [ref("Job"), {"type": "null"}]},
            "failed": _many(
                _open({"dataset": _TEXT, "path": _TEXT, "access": _ACCESS, "reason": _TEXT})
            ),
        }
    ),
    "Comparison": _open(
        {
            **{change.value: _COUNT for change in Change},
            "files": _many(
                _open(
                    {
                        "dataset": _TEXT,
                        "path": _TEXT,
                        "change": {"type": "string", "enum": [c.value for c in Change]},
                    }
                )
            ),
        }
    ),
    "Dataset": _open(
        {
            "name": _TEXT,
            "kind": {"type": "string", "enum": ["dataset", "manifest"]},
            **_AMOUNT,
            "numberOfMissingSubdatasets": _COUNT,
            "problem": _TEXT_OR_NULL,
        },
    ),
    "Datasets": _open({"datasets": _many(ref("Dataset"))}),
    "Row": _open(
        {
            "name": _TEXT,
            "path": _TEXT,
            "isFolder": _FLAG,
            "sizeBytes": _COUNT_OR_NULL,
            "numberOfFiles": _COUNT,
            "numberOfFilesOfUnknownSize": _COUNT,
            "numberOfMissingSubdatasets": _COUNT,
            "modifiedOn": _TIME_OR_NULL,
        }
    ),
    "Page": _open(
        {
            "folder": ref("Row"),
            "rows": _many(ref("Row")),
            "page": _COUNT,
            "pages": _COUNT,
            "totalNumberOfRows": _COUNT,
        }
    ),
    "Statistics": _open(
        {
            **_AMOUNT,
            "numberOfRestrictedFiles": _COUNT,
            "missing": _many(_open({"path": _TEXT, "reason": _TEXT})),
        }
    ),
    "Terms": _open({"version": _TEXT, "text": _TEXT, "acceptedOn": _TIME_OR_NULL}),
    "EntityChildrenResponse": _open(
        {
            "page": _many(
                _open(
                    {
                        "id": _TEXT,
                        "name": _TEXT,
                        "type": {"type": "string", "enum": ["dataset", "folder", "file"]},
                        "sizeBytes": _COUNT_OR_NULL,
                    }
                )
            ),
            "nextPageToken": _TEXT_OR_NULL,
        },
        {
            "count": {**_COUNT, "description": "of the files in the folder, not below"},
            "totalFileSizeMB": _COUNT,
            "totalFileSizeBytes": _COUNT,
        },
    ),
    "QueryResultBundle": _open(
        {},
        {
            "queryResult": _open({"files": _many(ref("FileHandleAssociation"))}),
            "queryCount": _COUNT,
            "sizeOfAllFilesMB": _COUNT,
            "sizeOfAllFilesBytes": _COUNT,
        },
    ),
}

SCHEMAS: dict[str, Schema] = {**_REQUESTS, **_ANSWERS}
