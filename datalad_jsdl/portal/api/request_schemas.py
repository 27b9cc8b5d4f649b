"""The objects of requests, as JSON schemas."""

from __future__ import annotations

from datalad_jsdl.portal.api.checking import Schema
from datalad_jsdl.portal.api.schema_parts import (
    AT,
    FLAG,
    MASK,
    NAME,
    NO_NUL,
    ONE_OR_MORE,
    PATH,
    closed,
    many,
    ref,
)

__all__ = ["REQUESTS"]

#: Of requests.
REQUESTS: dict[str, Schema] = {
    "FileHandleAssociation": closed({"dataset": NAME, "path": {**PATH, "minLength": 1}}),
    "FileHandleAssociations": many(ref("FileHandleAssociation")),
    "Query": {
        **closed(
            {},
            {
                "glob": {**ONE_OR_MORE, "description": "on paths, as --include"},
                "table": {**NAME, "maxLength": 4000, "description": "age > 30 and sex == 'F'"},
                "metadata": {
                    **ONE_OR_MORE,
                    "description": "FIELD=GLOB or FIELD>NUMBER, as git annex find --metadata",
                },
            },
        ),
        "minProperties": 1,
    },
    "AddFolderRequest": closed(
        {"concreteType": {"type": "string", "const": "AddFolderRequest"}, "parentId": AT},
        {"recursive": {**FLAG, "description": "with what is in folders below"}},
    ),
    "AddQueryRequest": closed(
        {
            "concreteType": {"type": "string", "const": "AddQueryRequest"},
            "dataset": NAME,
            "query": ref("Query"),
        },
        {"paths": {**many(PATH), "minItems": 1}},
    ),
    "AddFilesRequest": closed(
        {
            "concreteType": {"type": "string", "const": "AddFilesRequest"},
            "dataset": NAME,
            "paths": {**many(PATH), "minItems": 1},
        },
        {"recursive": FLAG},
    ),
    "AddRequest": {
        "oneOf": [ref("AddFolderRequest"), ref("AddQueryRequest"), ref("AddFilesRequest")],
        "discriminator": {"propertyName": "concreteType"},
    },
    "DownloadOrderRequest": closed(
        {},
        {
            "subSet": {**ref("FileHandleAssociations")},
            "zipFileName": {"type": "string", "maxLength": 200, "pattern": NO_NUL},
        },
    ),
    "EntityChildrenRequest": closed(
        {},
        {
            "parentId": {"type": ["string", "null"], "maxLength": 65_535, "pattern": NO_NUL},
            "partMask": {**MASK, "description": "0x01 count, 0x02 totalFileSizeMB"},
            "nextPageToken": {"type": ["string", "null"], "pattern": "^[0-9]{1,9}$"},
        },
    ),
    "QueryBundleRequest": closed(
        {"dataset": NAME, "query": ref("Query")},
        {
            "partMask": {
                **MASK,
                "description": "0x01 queryResult, 0x02 queryCount, 0x20 sizeOfAllFilesMB",
            },
            "limit": {"type": "integer", "minimum": 1, "maximum": 10_000},
            "offset": {"type": "integer", "minimum": 0, "maximum": 1_000_000_000},
        },
    ),
    "Selection": closed(
        {},
        {
            "paths": {**many(PATH), "minItems": 1},
            "recursive": FLAG,
            "query": ref("Query"),
        },
    ),
    "AcceptedTerms": closed({"version": NAME}),
    "RepeatRequest": closed(
        {}, {"zipFileName": {"type": "string", "maxLength": 200, "pattern": NO_NUL}}
    ),
}
