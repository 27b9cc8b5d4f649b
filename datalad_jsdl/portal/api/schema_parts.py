"""What the schemas of the API are made of."""

from __future__ import annotations

from datalad_jsdl.operations.availability import Access
from datalad_jsdl.portal.api.checking import Schema

__all__ = [
    "ACCESS",
    "AMOUNT",
    "AT",
    "COUNT",
    "COUNT_OR_NULL",
    "FLAG",
    "MASK",
    "NAME",
    "NO_NUL",
    "NUMBER_OR_NULL",
    "ONE_OR_MORE",
    "PATH",
    "SUMMARY",
    "TEXT",
    "TEXT_OR_NULL",
    "TIME",
    "TIME_OR_NULL",
    "closed",
    "many",
    "ref",
    "shaped",
]


def ref(name: str) -> Schema:
    """A reference to one of `SCHEMAS`."""
    return {"$ref": f"#/components/schemas/{name}"}


def closed(required: dict[str, Schema], optional: dict[str, Schema] | None = None) -> Schema:
    """An object of requests: what is not known is an error."""
    return {**shaped(required, optional), "additionalProperties": False}


def shaped(required: dict[str, Schema], optional: dict[str, Schema] | None = None) -> Schema:
    """An object of answers: later versions may have more."""
    properties = {**required, **(optional or {})}
    return {"type": "object", "properties": properties, "required": list(required)}


def many(item: Schema) -> Schema:
    """An array."""
    return {"type": "array", "items": item}


NO_NUL = "^[^\\u0000]*$"
TEXT: Schema = {"type": "string"}
NAME: Schema = {"type": "string", "minLength": 1, "maxLength": 1000, "pattern": NO_NUL}
ONE_OR_MORE: Schema = {**NAME, "type": ["string", "array"], "items": NAME, "minItems": 1}
PATH: Schema = {"type": "string", "maxLength": 65_535, "pattern": NO_NUL}
FLAG: Schema = {"type": "boolean"}
COUNT: Schema = {"type": "integer", "minimum": 0}
COUNT_OR_NULL: Schema = {"type": ["integer", "null"], "minimum": 0}
NUMBER_OR_NULL: Schema = {"type": ["number", "null"], "minimum": 0}
TIME: Schema = {"type": "string", "format": "date-time"}
TIME_OR_NULL: Schema = {"type": ["string", "null"], "format": "date-time"}
TEXT_OR_NULL: Schema = {"type": ["string", "null"]}
MASK: Schema = {"type": "integer", "minimum": 0, "maximum": 255}
AT: Schema = {
    **PATH,
    "minLength": 1,
    "description": "NAME of a dataset, or NAME/folder",
}
ACCESS: Schema = {"type": "string", "enum": [*(a.value for a in Access), "too-large"]}

AMOUNT = {
    "numberOfFiles": COUNT,
    "totalSizeBytes": {**COUNT, "description": "of the files whose size is known"},
    "totalSizeMB": {**COUNT, "description": "the same in 10^6 bytes, rounded up"},
    "numberOfFilesOfUnknownSize": COUNT,
}
SUMMARY = {
    "orderId": TEXT,
    "createdOn": TIME,
    "zipFileName": TEXT,
    **AMOUNT,
    "archiveSizeBytes": COUNT_OR_NULL,
    "sha256": {**TEXT_OR_NULL, "description": "of the archive, once it is known"},
}
