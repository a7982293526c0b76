"""Whether the keywords of a JSON Schema (draft 2020-12) have values of the right kind.

It says what the meta-schema of the draft says, about one subschema at a time and a hundred times
faster than checking against the meta-schema does.
"""

from collections.abc import Callable, Iterator
from typing import Final

from crews.strict_json import Json

TYPES: Final = ("null", "boolean", "object", "array", "number", "string", "integer")
ONE: Final = (
    "not",
    "if",
    "then",
    "else",
    "items",
    "contains",
    "additionalProperties",
    "propertyNames",
)
LISTS: Final = ("allOf", "anyOf", "oneOf", "prefixItems")
MAPS: Final = ("properties", "patternProperties", "dependentSchemas")
DEFS: Final = ("$defs", "definitions")


def shape_faults(part: dict[str, Json]) -> Iterator[tuple[str, str]]:
    """Yield the keywords of a subschema, not of those below it, whose value is wrong, and why."""
    for keyword, value in part.items():
        rule = RULES.get(keyword)
        if rule and not rule[0](value):
            yield keyword, f"'{keyword}' must be {rule[1]}."


def _is_schema(value: Json) -> bool:
    return isinstance(value, dict | bool)


def _is_number(value: Json) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_count(value: Json) -> bool:
    return _is_number(value) and value >= 0 and value == int(value)


def _is_text(value: Json) -> bool:
    return isinstance(value, str)


def _is_flag(value: Json) -> bool:
    return isinstance(value, bool)


def _are_names(value: Json) -> bool:
    return isinstance(value, list) and all(map(_is_text, value)) and len(set(value)) == len(value)


def _is_type(value: Json) -> bool:
    if isinstance(value, list):
        return _are_names(value) and bool(value) and all(name in TYPES for name in value)
    return isinstance(value, str) and value in TYPES


def _map_of(rule: Callable[[Json], bool]) -> Callable[[Json], bool]:
    return lambda value: isinstance(value, dict) and all(map(rule, value.values()))


def _are_schemas(value: Json) -> bool:
    return isinstance(value, list) and bool(value) and all(map(_is_schema, value))


_COUNTS = (
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "minProperties",
    "maxProperties",
    "minContains",
    "maxContains",
)
_NUMBERS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
_TEXTS = ("pattern", "$ref", "$schema", "$comment", "title", "description", "format")
_FLAGS = ("uniqueItems", "deprecated", "readOnly", "writeOnly")
RULES: Final[dict[str, tuple[Callable[[Json], bool], str]]] = {
    "type": (_is_type, f"one of {', '.join(TYPES)}, or a list of them"),
    "enum": (lambda value: isinstance(value, list), "a list"),
    "examples": (lambda value: isinstance(value, list), "a list"),
    "required": (_are_names, "a list of different names"),
    "dependentRequired": (_map_of(_are_names), "an object of lists of different names"),
    "multipleOf": (lambda value: _is_number(value) and value > 0, "a number above 0"),
    **dict.fromkeys(ONE, (_is_schema, "a schema: an object, true or false")),
    **dict.fromkeys(LISTS, (_are_schemas, "a list of one or more schemas")),
    **dict.fromkeys((*MAPS, *DEFS), (_map_of(_is_schema), "an object of schemas")),
    **dict.fromkeys(_COUNTS, (_is_count, "a whole number from 0")),
    **dict.fromkeys(_NUMBERS, (_is_number, "a number")),
    **dict.fromkeys(_TEXTS, (_is_text, "text")),
    **dict.fromkeys(_FLAGS, (_is_flag, "true or false")),
}
