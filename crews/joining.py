"""JSON Schemas joined into one, for a model's provider or a form."""

from collections.abc import Sequence
from typing import Any

from crews.schema_guard import guard_schema
from crews.spec import JsonSchema

Json = Any
_PLAIN = {"type", "properties", "required", "title", "description", "additionalProperties"}
# What holds schemas by names that are no keywords, and what holds values and no schemas.
_BY_NAME = ("properties", "patternProperties", "dependentSchemas", "$defs")
_VALUES = ("const", "enum", "default", "examples")


def together(schemas: Sequence[JsonSchema]) -> JsonSchema | None:
    """Return one schema for all: an object with the properties of each where that says the same;
    the first one alone where all are too much for one."""
    if len(schemas) < 2:
        return schemas[0] if schemas else None
    plain = all(schema.get("type") == "object" and not schema.keys() - _PLAIN for schema in schemas)
    if not plain or any(_moved(schema, "/x") != schema for schema in schemas):
        joined: JsonSchema = {"allOf": [_moved(s, f"/allOf/{n}") for n, s in enumerate(schemas)]}
    else:
        joined = _merged(schemas)
    return schemas[0] if guard_schema(joined) else joined


def _merged(schemas: Sequence[JsonSchema]) -> JsonSchema:
    properties: dict[str, Json] = {}
    for schema in schemas:
        for name, part in schema.get("properties", {}).items():
            same = properties.get(name, part) == part
            properties[name] = part if same else {"allOf": [properties[name], part]}
    required = [name for schema in schemas for name in schema.get("required", [])]
    joined = {"type": "object", "properties": properties, "required": [*dict.fromkeys(required)]}
    closed = any(schema.get("additionalProperties") is False for schema in schemas)
    return joined | {"additionalProperties": False} if closed else joined


def _moved(schema: Json, place: str) -> Json:
    """Return a schema as it reads at another place: its references lead to what has moved too."""
    if isinstance(schema, list):
        return [_moved(item, place) for item in schema]
    if not isinstance(schema, dict):
        return schema
    moved = dict(schema)
    for name, value in schema.items():
        if name == "$ref" and isinstance(value, str) and value.startswith("#"):
            moved[name] = f"#{place}{value[1:]}"
        elif name in _BY_NAME and isinstance(value, dict):
            moved[name] = {key: _moved(part, place) for key, part in value.items()}
        elif name not in _VALUES:
            moved[name] = _moved(value, place)
    return moved
