"""The objects of the API, as JSON schemas; names that Synapse has are Synapse's."""

from __future__ import annotations

from datalad_jsdl.portal.api.answer_schemas import ANSWERS
from datalad_jsdl.portal.api.checking import Schema
from datalad_jsdl.portal.api.request_schemas import REQUESTS
from datalad_jsdl.portal.api.schema_parts import ref

__all__ = ["SCHEMAS", "ref"]

SCHEMAS: dict[str, Schema] = {**REQUESTS, **ANSWERS}
