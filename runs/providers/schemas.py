"""JSON Schemas as the vendors' constrained decoding takes them."""

from collections.abc import Iterator
from typing import cast

from runs.providers.base import Json

_NOT_STRICT = {
    *("allOf", "oneOf", "not", "if", "then", "else", "contains", "prefixItems", "uniqueItems"),
    *("dependentRequired", "dependentSchemas", "patternProperties", "propertyNames", "default"),
    *("unevaluatedProperties", "unevaluatedItems", "minProperties", "maxProperties"),
    *("minLength", "maxLength"),
}
MAX_DEPTH = 5


def closed(schema: dict[str, Json]) -> bool:
    """Whether every object in the schema lists its properties and can so be closed to others.

    Constrained decoding allows no other properties; for an object that is meant to hold
    any, that would force it to be empty.
    """
    if schema.get("type") != "object":
        return False
    return all(_typed(node) and _lists_properties(node) for node in _schemas(schema))


def strict(schema: dict[str, Json]) -> dict[str, Json] | None:
    """The schema as OpenAI's strict mode takes it, or None where strictness would change it.

    Every answer to the result satisfies the original: only "no other properties" is added.
    """
    if not closed(schema) or _depth(schema) > MAX_DEPTH:
        return None
    for node in _schemas(schema):
        if _NOT_STRICT & node.keys():
            return None
        if set(node.get("properties", {})) != set(node.get("required", [])):
            return None
    return cast(dict[str, Json], _close(schema))


def _lists_properties(node: dict[str, Json]) -> bool:
    if node.get("type") != "object" and "properties" not in node:
        return True
    open_ended = node.get("additionalProperties") not in (None, False)
    return isinstance(node.get("properties"), dict) and not open_ended


def _typed(node: dict[str, Json]) -> bool:
    one = isinstance(node.get("type"), str)
    return one or any(word in node for word in ("enum", "const", "anyOf", "$ref"))


def _schemas(schema: Json) -> Iterator[dict[str, Json]]:
    """The schema and all schemas in it (not what merely looks like one in `enum` or `default`)."""
    if not isinstance(schema, dict):
        return
    yield schema
    for word in ("properties", "$defs", "definitions", "patternProperties", "dependentSchemas"):
        inner = schema.get(word)
        for item in inner.values() if isinstance(inner, dict) else ():
            yield from _schemas(item)
    for word in ("anyOf", "oneOf", "allOf", "prefixItems"):
        inner = schema.get(word)
        for item in inner if isinstance(inner, list) else ():
            yield from _schemas(item)
    for word in ("items", "additionalProperties", "not", "if", "then", "else", "contains"):
        yield from _schemas(schema.get(word))


def _close(node: Json) -> Json:
    """A copy in which every object is closed."""
    if not isinstance(node, dict):
        return node
    copy = {word: part for word, part in node.items() if word != "examples"}
    for word in ("properties", "$defs", "definitions"):
        if isinstance(copy.get(word), dict):
            copy[word] = {name: _close(item) for name, item in copy[word].items()}
    if isinstance(copy.get("anyOf"), list):
        copy["anyOf"] = [_close(item) for item in copy["anyOf"]]
    if "items" in copy:
        copy["items"] = _close(copy["items"])
    if copy.get("type") == "object":
        copy["additionalProperties"] = False
    return copy


def _depth(schema: Json) -> int:
    if not isinstance(schema, dict):
        return 0
    inner = [*schema.get("properties", {}).values(), *schema.get("anyOf", []), schema.get("items")]
    below = max((_depth(item) for item in inner), default=0)
    return below + (1 if schema.get("type") == "object" else 0)
