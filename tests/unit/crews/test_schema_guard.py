"""JSON Schemas and payloads: hostile ones are refused quickly, faults are told in plain words."""

from time import perf_counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from crews.schema_guard import SchemaRefused, guard_schema, validate_payload
from crews.schema_shape import RULES, shape_faults
from tests.unit.crews.strategies import values

FINDINGS: dict[str, Any] = {
    "type": "object",
    "required": ["sources", "confidence"],
    "additionalProperties": False,
    "properties": {
        "sources": {
            "type": "array",
            "minItems": 1,
            "uniqueItems": True,
            "items": {
                "type": "object",
                "required": ["url"],
                "properties": {"url": {"type": "string", "pattern": "^https?://"}},
            },
        },
        "confidence": {"type": "number", "minimum": 0, "maximum": 1},
        "kind": {"enum": ["fact", "opinion"]},
    },
}


def doubled(levels: int) -> dict[str, Any]:
    """Return a small schema that a check would walk 2 ** levels times."""
    parts: dict[str, Any] = {"a0": {"type": "string"}}
    for n in range(1, levels):
        below = {"$ref": f"#/$defs/a{n - 1}"}
        parts[f"a{n}"] = {"anyOf": [below, below]}
    return {"$defs": parts, "$ref": f"#/$defs/a{levels - 1}"}


def nested(levels: int) -> dict[str, Any]:
    schema: dict[str, Any] = {}
    for _ in range(levels):
        schema = {"properties": {"a": schema}}
    return schema


def chain(length: int) -> dict[str, Any]:
    parts: dict[str, Any] = {f"a{n}": {"$ref": f"#/$defs/a{n + 1}"} for n in range(length)}
    return {"$defs": parts | {f"a{length}": {}}, "$ref": "#/$defs/a0"}


@pytest.mark.parametrize(
    ("schema", "reason"),
    [
        ({"$ref": "#"}, "comes back to itself"),
        ({"$defs": {"a": {"items": {"$ref": "#/$defs/a"}}}, "$ref": "#/$defs/a"}, "to itself"),
        (doubled(18), "more than 2000 parts"),
        (chain(1500), "nested too deeply by $ref"),
        (nested(1000), "nested deeper than 32 levels"),
        ({"enum": ["x" * 70_000]}, "larger than 64 kB"),
        ({"$ref": "https://example.com/schema"}, "must lead to a part of this schema"),
        ({"$ref": "#/nowhere"}, "must lead to a part of this schema"),
        ({"$id": "https://example.com/", "$ref": "a"}, "'$id' is not accepted"),
        ({"$dynamicRef": "#a"}, "'$dynamicRef' is not accepted"),
        ({"properties": {"a": {"unevaluatedItems": False}}}, "'unevaluatedItems'"),
        ({"pattern": "(?=a)b"}, "This pattern is not accepted"),
        ({"pattern": "(a)\\1"}, "This pattern is not accepted"),
        ({"patternProperties": {"(?<!a)b": {}}}, "This pattern is not accepted"),
        ({"type": "text"}, "'type' must be one of null, boolean"),
        ({"properties": []}, "'properties' must be an object of schemas"),
        ({"items": {"required": ["a", "a"]}}, "'required' must be a list of different names"),
        ({"minimum": float("nan")}, "NaN"),
        ([], "must be a JSON Schema of type object"),
        (True, "must be a JSON Schema of type object"),
    ],
)
def test_what_is_refused(schema: Any, reason: str) -> None:
    start = perf_counter()
    found = guard_schema(schema)
    assert reason in found[0].message
    assert perf_counter() - start < 2


def test_what_is_accepted() -> None:
    assert guard_schema(FINDINGS) == []
    assert guard_schema(doubled(8)) == []
    assert guard_schema(nested(14)) == []
    assert guard_schema({"$defs": {"a/b~": {}}, "$ref": "#/$defs/a~1b~0"}) == []
    assert guard_schema({"properties": {"a": True, "b": {"$ref": "#/properties/a"}}}) == []


def test_a_refused_schema_checks_nothing() -> None:
    with pytest.raises(SchemaRefused, match="to itself"):
        validate_payload({"$ref": "#"}, 1)


@pytest.mark.parametrize(
    ("payload", "path", "message"),
    [
        ({"sources": [{"url": "http://a"}]}, "confidence", "'confidence' is missing."),
        ({}, "sources", "'sources' is missing."),
        ([], "", "This must be an object."),
        ({"sources": [{"url": "a"}], "confidence": 1}, "sources.0.url", "must match the pattern"),
        ({"sources": [], "confidence": 1}, "sources", "This needs 1 items, it has 0."),
        ({"sources": [{"url": "http://a"}], "confidence": 2}, "confidence", "1 or less"),
        ({"sources": [{"url": "http://a"}], "confidence": True}, "confidence", "a number"),
        ({"sources": [{"url": "http://a"}], "confidence": 1, "x": 1}, "", "Unknown field 'x'"),
        ({"sources": [{"url": "http://a"}], "confidence": 1, "kind": 1}, "kind", '"fact" or "op'),
        ({"sources": [{"url": "http://a"}] * 2, "confidence": 1}, "sources", "must differ"),
        ({"sources": [{"url": "http://a"}], "confidence": float("nan")}, "confidence", "NaN"),
        ({"a": "\x00"}, "a", "NUL"),
        ({"a": "\ud800"}, "a", "surrogate"),
    ],
)
def test_faults_are_told_with_their_path(payload: Any, path: str, message: str) -> None:
    assert any(
        item.path == path and message in item.message
        for item in validate_payload(FINDINGS, payload)
    )


def test_deep_and_large_payloads_are_refused() -> None:
    deep: Any = []
    for _ in range(5000):
        deep = [deep]
    assert "nested deeper" in validate_payload({}, deep)[0].message
    many = {"items": {"anyOf": [{"const": n} for n in range(1000)]}}
    assert "too large" in validate_payload(many, list(range(100_000)))[0].message


def test_patterns_take_linear_time() -> None:
    schema = {
        "pattern": "^(a+)+$",
        "propertyNames": {"pattern": "^(a+)+$"},
        "patternProperties": {"^(a|a)+$": {}},
        "additionalProperties": False,
    }
    start = perf_counter()
    assert validate_payload(schema, "a" * 50_000 + "!")
    assert validate_payload(schema, {"a" * 50_000 + "!": 1})
    assert perf_counter() - start < 2


def test_numbers() -> None:
    assert validate_payload({"multipleOf": 0.1}, 0.3) == []
    assert validate_payload({"multipleOf": 0.1}, 0.35)
    assert validate_payload({"multipleOf": 1e-300}, 10**29) == []
    assert validate_payload({"type": "integer"}, 3.0) == []


@settings(max_examples=200)
@given(values)
def test_it_agrees_with_the_usual_validator(payload: Any) -> None:
    schema = {"anyOf": [{"type": "object", "minProperties": 2}, {"type": ["string", "null"]}]}
    usual = Draft202012Validator(schema).is_valid(payload)
    assert (validate_payload(schema, payload) == []) == usual


_ATOMS: st.SearchStrategy[Any] = st.sampled_from(
    [None, True, False, 0, 1, -1, 1.0, 1.5, "x", "string", "", [], {}]
)
_ITEMS = st.lists(_ATOMS | st.sampled_from([{}, "object", "null", ["a"], ["a", "a"]]), max_size=3)
_KEYWORDS = st.sampled_from([*RULES, "unknown", "default", "const"])
_VALUES = (
    _ATOMS | _ITEMS | st.dictionaries(st.sampled_from(["a", "b"]), _ATOMS | _ITEMS, max_size=2)
)


@settings(max_examples=2000)
@given(_KEYWORDS, _VALUES)
def test_the_shape_is_that_of_the_meta_schema(keyword: str, value: Any) -> None:
    part = {keyword: value}
    valid = Draft202012Validator(Draft202012Validator.META_SCHEMA).is_valid(part)
    assert (list(shape_faults(part)) == []) == valid
