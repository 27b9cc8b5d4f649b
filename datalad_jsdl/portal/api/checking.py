"""Whether a value is what a JSON schema says: of such schemas as the API's document has.

Known are: ``type``, ``enum``, ``const``, ``properties``, ``required``, ``additionalProperties``,
``minProperties``, ``items``, ``minItems``, ``minLength``, ``maxLength``, ``pattern``,
``minimum``, ``maximum``, ``$ref``, and ``oneOf`` with a ``discriminator``.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["FieldError", "Schema", "check", "parsed"]

Schema = dict[str, Any]


class FieldError(Exception):
    """A value is not as it should be.

    Attributes:
        field: which one, as in ``subSet[3].path``; "" for the whole.
        text: what is wrong with it.
    """

    def __init__(self, field: str, text: str) -> None:
        super().__init__(f"{field}: {text}" if field else text)
        self.field = field
        self.text = text


_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "null": (type(None),),
}


def check(value: Any, schema: Schema, known: Mapping[str, Schema], field: str = "") -> None:
    """Compare a value with a schema.

    Args:
        value: of JSON.
        schema: that it has to fit.
        known: the schemas that others refer to, by name.
        field: what the value is, for messages.

    Raises:
        FieldError: it does not fit.
    """
    schema = _resolved(value, schema, known, field)
    _check_type(value, schema, field)
    if "const" in schema and value != schema["const"]:
        raise FieldError(field, f"expected {schema['const']}")
    if "enum" in schema and value not in schema["enum"]:
        raise FieldError(field, f"expected one of {', '.join(map(str, schema['enum']))}")
    if isinstance(value, dict):
        _check_object(value, schema, known, field)
    elif isinstance(value, list):
        if len(value) < schema.get("minItems", 0):
            raise FieldError(field, f"expected at least {schema['minItems']}")
        for number, item in enumerate(value):
            check(item, schema.get("items", {}), known, f"{field}[{number}]")
    elif isinstance(value, str):
        _check_string(value, schema, field)
    elif isinstance(value, int) and not isinstance(value, bool):
        _check_number(value, schema, field)


def parsed(text: str, schema: Schema) -> Any:
    """What stands in a query as the value that its schema wants, if it can be one."""
    if schema.get("type") == "integer" and re.fullmatch(r"-?[0-9]{1,18}", text):
        return int(text)
    if schema.get("type") == "boolean" and text in ("true", "false"):
        return text == "true"
    return text


def _resolved(value: Any, schema: Schema, known: Mapping[str, Schema], field: str) -> Schema:
    if "$ref" in schema:
        return _resolved(value, known[schema["$ref"].rpartition("/")[2]], known, field)
    if "oneOf" not in schema:
        return schema
    if not isinstance(value, dict):
        raise FieldError(field, "expected an object")
    name = schema["discriminator"]["propertyName"]
    choices = {option["$ref"].rpartition("/")[2]: option for option in schema["oneOf"]}
    chosen = value.get(name)
    if not isinstance(chosen, str) or chosen not in choices:
        where = f"{field}.{name}" if field else name
        raise FieldError(where, f"expected one of {', '.join(choices)}")
    return _resolved(value, choices[chosen], known, field)


def _check_type(value: Any, schema: Schema, field: str) -> None:
    wanted = schema.get("type", [])
    names = [wanted] if isinstance(wanted, str) else wanted
    fits = [isinstance(value, _TYPES[name]) and (name == "boolean") >= isinstance(value, bool)
            for name in names]  # fmt: skip
    if names and not any(fits):
        raise FieldError(field, f"expected {_with_article(names)}")


def _with_article(names: list[str]) -> str:
    return " or ".join(f"{'an' if name[0] in 'aoi' else 'a'} {name}" for name in names)


def _check_object(
    value: dict[str, Any], schema: Schema, known: Mapping[str, Schema], field: str
) -> None:
    start = f"{field}." if field else ""
    fields = schema.get("properties", {})
    for name in schema.get("required", ()):
        if name not in value:
            raise FieldError(start + name, "is missing")
    for name, item in value.items():
        if name in fields:
            check(item, fields[name], known, start + name)
        elif schema.get("additionalProperties") is False:
            raise FieldError(start + name, f"unknown; there are: {', '.join(fields)}")
    if len(value) < schema.get("minProperties", 0):
        raise FieldError(field, f"expected at least one of {', '.join(fields)}")


def _check_string(value: str, schema: Schema, field: str) -> None:
    if len(value) < schema.get("minLength", 0):
        raise FieldError(field, "is too short" if value else "is empty")
    if len(value) > schema.get("maxLength", len(value)):
        raise FieldError(field, f"has {len(value)} characters, the most is {schema['maxLength']}")
    if "pattern" in schema and not re.search(schema["pattern"], value):
        raise FieldError(field, f"does not match {schema['pattern']}")


def _check_number(value: int, schema: Schema, field: str) -> None:
    if value < schema.get("minimum", value):
        raise FieldError(field, f"expected {schema['minimum']} or more")
    if value > schema.get("maximum", value):
        raise FieldError(field, f"expected {schema['maximum']} or less")
