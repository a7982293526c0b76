"""The JSON Schema keywords whose usual check can be slow or fail, and errors in plain words."""

from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import lru_cache
from typing import Any, Final

import re2
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend

from crews.problems import Problem, listed, preview, problem
from crews.strict_json import Json, json_canonical

Errors = Iterator[ValidationError]


@lru_cache(maxsize=256)
def linear_regex(pattern: str) -> Any:
    """Compile a pattern for an engine without backtracking.

    Raises:
        re2.error: the engine does not know it (look-around, back-references) or it is too large.
    """
    options = re2.Options()
    options.log_errors = False
    options.max_mem = 1 << 20
    return re2.compile(pattern, options)


def _pattern(_: Any, pattern: str, instance: Json, schema: Json) -> Errors:
    if isinstance(instance, str) and not linear_regex(pattern).search(instance):
        yield ValidationError("pattern")


def _pattern_properties(validator: Any, patterns: Json, instance: Json, schema: Json) -> Errors:
    if not isinstance(instance, dict):
        return
    for pattern, subschema in patterns.items():
        regex = linear_regex(pattern)
        for key, value in instance.items():
            if regex.search(key):
                yield from validator.descend(value, subschema, path=key, schema_path=pattern)


def _additional_properties(validator: Any, rule: Json, instance: Json, schema: Json) -> Errors:
    if not isinstance(instance, dict):
        return
    known = schema.get("properties", {})
    extras = [key for key in instance if key not in known]
    for pattern in schema.get("patternProperties", ()):
        extras = [key for key in extras if not linear_regex(pattern).search(key)]
    if isinstance(rule, dict):
        for key in extras:
            yield from validator.descend(instance[key], rule, path=key)
    elif rule is False and extras:
        yield ValidationError("additionalProperties", context=(), cause=None)


def _unique_items(_: Any, wanted: bool, instance: Json, schema: Json) -> Errors:
    items = instance if wanted and isinstance(instance, list) else []
    if len({json_canonical(item) for item in items}) < len(items):
        yield ValidationError("uniqueItems")


def _multiple_of(_: Any, step: float, instance: Json, schema: Json) -> Errors:
    is_number = isinstance(instance, int | float) and not isinstance(instance, bool)
    # By their decimal spelling: 0.3 is a multiple of 0.1.
    if is_number and Fraction(repr(instance)) % Fraction(repr(step)):
        yield ValidationError("multipleOf")


PayloadValidator: Final[Any] = extend(  # type: ignore[no-untyped-call]
    Draft202012Validator,
    {
        "pattern": _pattern,
        "patternProperties": _pattern_properties,
        "additionalProperties": _additional_properties,
        "uniqueItems": _unique_items,
        "multipleOf": _multiple_of,
    },
)


def told(error: Any) -> Problem:
    """Return an error of a check as a problem; its path is the way into the payload."""
    path = ".".join(str(part) for part in error.absolute_path)
    wanted, value = error.validator_value, error.instance
    if error.validator == "required":
        # jsonschema names the property at the start of its message, in quotes.
        name = next(name for name in wanted if error.message.startswith(repr(name)))
        return problem(f"{path}.{name}".strip("."), f"'{name}' is missing.")
    if error.validator == "additionalProperties":
        known = tuple(error.schema.get("properties", ()))
        extra = [key for key in value if key not in known][:5]
        text = f"Unknown field {listed([repr(key) for key in extra])}. Allowed: {listed(known)}."
        return problem(path, text, allowed=known)
    if error.validator == "enum":
        choices = tuple(preview(item) for item in wanted[:20])
        return problem(path, f"This must be {listed(choices)}.", value=value, allowed=choices)
    if say := _SAYINGS.get(error.validator):
        return problem(path, say(wanted, value), value=value)
    return problem(path, f"This does not fit '{error.validator}'.", value=value)


_NAMES = {"object": "an object", "array": "a list", "string": "text", "integer": "a whole number"}
_NAMES |= {"number": "a number", "boolean": "true or false", "null": "null"}


def _type_name(wanted: Json) -> str:
    names = wanted if isinstance(wanted, list) else [wanted]
    return listed([_NAMES.get(name, str(name)) for name in names])


_SAYINGS: Final[dict[str, Callable[[Json, Json], str]]] = {
    "type": lambda wanted, _: f"This must be {_type_name(wanted)}.",
    "const": lambda wanted, _: f"This must be {preview(wanted)}.",
    "minimum": lambda wanted, _: f"This must be {wanted} or more.",
    "maximum": lambda wanted, _: f"This must be {wanted} or less.",
    "exclusiveMinimum": lambda wanted, _: f"This must be more than {wanted}.",
    "exclusiveMaximum": lambda wanted, _: f"This must be less than {wanted}.",
    "minLength": lambda wanted, value: f"This needs {wanted} characters, it has {len(value)}.",
    "maxLength": lambda wanted, value: f"This may have {wanted} characters, it has {len(value)}.",
    "minItems": lambda wanted, value: f"This needs {wanted} items, it has {len(value)}.",
    "maxItems": lambda wanted, value: f"This may have {wanted} items, it has {len(value)}.",
    "minProperties": lambda wanted, value: f"This needs {wanted} fields, it has {len(value)}.",
    "maxProperties": lambda wanted, value: f"This may have {wanted} fields, it has {len(value)}.",
    "pattern": lambda wanted, _: f"This must match the pattern {preview(wanted)}.",
    "uniqueItems": lambda _, __: "The items must differ from each other.",
    "multipleOf": lambda wanted, _: f"This must be a multiple of {wanted}.",
    "anyOf": lambda wanted, _: f"This fits none of the {len(wanted)} allowed forms.",
    "oneOf": lambda wanted, _: f"This must fit exactly one of the {len(wanted)} allowed forms.",
    "not": lambda _, __: "This has a form that is not allowed.",
    "contains": lambda _, __: "No item has the needed form.",
}
