"""Made-up answers satisfy their schemas, are the same each time, and always end."""

import json
import re
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, FormatChecker

from runs.providers.improvise import improvise
from runs.providers.regex_words import matching

TEXT = {"type": "string"}
SCHEMAS: list[Any] = [
    {},
    True,
    TEXT,
    {"type": "null"},
    {"type": ["null", "integer"]},
    {"const": {"a": [1, None]}},
    {"enum": ["red", "green", 3]},
    {"type": "string", "minLength": 40},
    {"type": "string", "maxLength": 3},
    {"type": "string", "minLength": 2, "maxLength": 2},
    *(
        {"type": "string", "format": f}
        for f in ("date", "date-time", "email", "uri", "uuid", "ipv4")
    ),
    {"type": "string", "pattern": "^[A-Z]{3}-\\d{4}(?:x|y)?$"},
    {"type": "number", "minimum": 0, "maximum": 1},
    {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1},
    {"type": "number", "maximum": -5},
    {"type": "integer", "minimum": 7, "maximum": 7},
    {"type": "integer", "exclusiveMinimum": 7, "exclusiveMaximum": 9},
    {"type": "integer", "multipleOf": 5, "minimum": 11},
    {"type": "number", "multipleOf": 0.25, "minimum": 0.3, "maximum": 0.6},
    {"type": "array", "items": TEXT, "minItems": 5},
    {"type": "array", "items": {"enum": [1, 2, 3]}, "uniqueItems": True, "minItems": 3},
    {"type": "array", "items": TEXT, "uniqueItems": True, "minItems": 4},
    {"type": "array", "maxItems": 0},
    {"type": "array", "prefixItems": [{"type": "integer"}, TEXT], "items": False},
    {"type": "array", "contains": {"const": "needle"}, "items": TEXT},
    {"type": "array", "contains": {"const": 1}},
    {"type": "object"},
    {"type": "object", "minProperties": 3},
    {"type": "object", "required": ["a"]},
    {"type": "object", "required": ["n"], "additionalProperties": {"type": "integer"}},
    {"type": "object", "required": ["x-a"], "patternProperties": {"^x-": {"type": "boolean"}}},
    {
        "type": "object",
        "properties": {"card": TEXT, "address": TEXT},
        "required": ["card"],
        "dependentRequired": {"card": ["address"]},
    },
    {"properties": {"implied": {"items": {"minimum": 3}}}},
    {"anyOf": [{"type": "null"}, {"type": "object", "required": ["z"]}]},
    {"oneOf": [{"type": "integer"}, {"type": "string", "minLength": 3}]},
    {
        "type": "object",
        "properties": {"kind": {"enum": ["a", "b"]}},
        "required": ["kind"],
        "oneOf": [
            {"properties": {"kind": {"const": "a"}, "x": TEXT}, "required": ["x"]},
            {"properties": {"kind": {"const": "b"}, "y": TEXT}, "required": ["y"]},
        ],
    },
    {
        "allOf": [
            {"required": ["a"]},
            {"properties": {"a": {"type": "integer"}}},
            {"type": "object"},
        ]
    },
    {"allOf": [{"type": "number"}, {"type": "integer"}, {"minimum": 3}, {"minimum": 5}]},
    {
        "type": "object",
        "properties": {"tests_passed": {"type": "boolean"}, "url": TEXT, "reason": TEXT},
        "required": ["tests_passed"],
        "if": {"properties": {"tests_passed": {"const": True}}},
        "then": {"required": ["url"]},
        "else": {"required": ["reason"]},
    },
    {
        "$ref": "#/$defs/a",
        "$defs": {"a": {"type": "array", "items": {"$ref": "#/$defs/b"}}, "b": TEXT},
    },
    {
        "$defs": {
            "node": {
                "type": "object",
                "required": ["name", "children"],
                "properties": {
                    "name": TEXT,
                    "children": {"type": "array", "items": {"$ref": "#/$defs/node"}},
                },
            }
        },
        "$ref": "#/$defs/node",
    },
    {
        "$defs": {
            "list": {"anyOf": [{"type": "null"}, {"$ref": "#/$defs/cell"}]},
            "cell": {
                "type": "object",
                "required": ["next"],
                "properties": {"next": {"$ref": "#/$defs/list"}},
            },
        },
        "$ref": "#/$defs/list",
    },
    {"definitions": {"a~b/c": {"type": "integer"}}, "$ref": "#/definitions/a~0b~1c"},
    {"type": "integer", "examples": [42], "description": "the answer"},
    {"type": "string", "default": "as given"},
]


@pytest.mark.parametrize("schema", SCHEMAS, ids=lambda schema: json.dumps(schema)[:60])
def test_what_comes_out_satisfies_the_schema(schema: Any) -> None:
    for seed in ("a", "b", "c"):
        value = improvise(schema, seed=seed, about="a lunar lander")
        assert json.loads(json.dumps(value, allow_nan=False)) == value
        Draft202012Validator(schema, format_checker=FormatChecker()).validate(value)
        assert improvise(schema, seed=seed, about="a lunar lander") == value


def _schemas() -> st.SearchStrategy[Any]:
    low = st.integers(-50, 50)
    plain = st.one_of(
        st.builds(
            lambda form, least, size: {"type": form, "minimum": least, "maximum": least + size},
            st.sampled_from(["integer", "number"]),
            low,
            st.integers(0, 20),
        ),
        st.builds(
            lambda least, more: {"type": "string", "minLength": least, "maxLength": least + more},
            st.integers(0, 60),
            st.integers(0, 60),
        ),
        st.builds(lambda values: {"enum": values}, st.lists(st.text(), min_size=1)),
        st.sampled_from([{"type": "boolean"}, {"type": "null"}, {}, {"type": ["string", "null"]}]),
    )
    names = st.sampled_from(["id", "errors", "confidence", "depends_on", "x/y", "a~b", "0", ""])

    def deeper(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
        objects = st.builds(
            lambda properties, some: {
                "type": "object",
                "properties": properties,
                "required": sorted(properties)[:some],
            },
            st.dictionaries(names, inner, max_size=4),
            st.integers(0, 4),
        )
        arrays = st.builds(
            lambda items, least, more: {
                "type": "array",
                "items": items,
                "minItems": least,
                "maxItems": least + more,
            },
            inner,
            st.integers(0, 4),
            st.integers(0, 4),
        )
        choices = st.builds(lambda some: {"anyOf": some}, st.lists(inner, min_size=1, max_size=3))
        return st.one_of(objects, arrays, choices, st.builds(lambda one: {"allOf": [one]}, inner))

    return st.recursive(plain, deeper, max_leaves=12)


@settings(max_examples=200, deadline=None)
@given(_schemas(), st.text(max_size=5))
def test_any_schema_of_common_keywords_is_satisfied(schema: Any, seed: str) -> None:
    Draft202012Validator(schema).validate(improvise(schema, seed=seed, about="x"))


def test_a_crew_that_goes_well() -> None:
    names = ("approved", "tests_passed", "needs_human", "has_errors", "escalate")
    schema = {
        "type": "object",
        "properties": {
            **{name: {"type": "boolean"} for name in names},
            "confidence": {"type": "number", "minimum": 0, "maximum": 1},
            "issues": {"type": "array", "items": TEXT},
            "findings": {"type": "array", "items": TEXT},
        },
    }
    value = improvise(schema, seed="s")
    assert [value[name] for name in names] == [True, True, False, False, False]
    assert value["confidence"] >= 0.7
    assert value["issues"] == []
    assert len(value["findings"]) == 2


def test_a_plan_has_distinct_steps_for_different_workers() -> None:
    step = {
        "type": "object",
        "required": ["id", "worker", "depends_on"],
        "properties": {
            "id": TEXT,
            "worker": {"enum": ["coder", "writer"]},
            "depends_on": {"type": "array", "items": TEXT},
        },
    }
    plan = improvise({"type": "array", "items": step, "minItems": 2}, seed="s")
    assert [one["id"] for one in plan] == ["step-1", "step-2"]
    assert {one["worker"] for one in plan} == {"coder", "writer"}
    assert plan[0]["depends_on"] == []


def _nested(depth: int) -> Any:
    schema: Any = TEXT
    for _ in range(depth):
        schema = {"type": "object", "required": ["a"], "properties": {"a": schema}}
    return schema


def _doubled(depth: int) -> Any:
    schema: Any = TEXT
    for _ in range(depth):
        schema = {"anyOf": [schema, schema]}
    return schema


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#"},
        {"allOf": [{"$ref": "#"}]},
        {
            "type": "object",
            "required": ["a", "b"],
            "properties": {"a": {"$ref": "#"}, "b": {"$ref": "#"}},
        },
        {"type": "array", "minItems": 10, "items": {"$ref": "#"}},
        {"type": "array", "minItems": 10**9, "items": TEXT},
        {"type": "string", "minLength": 10**9},
        {"type": "object", "minProperties": 10**9},
        {"type": "string", "pattern": "^(a{1,999}){999}$"},
        {"type": "string", "pattern": "(("},
        {"type": "string", "pattern": "^(a+)+$"},
        {"type": "integer", "minimum": 5, "maximum": 1},
        {"enum": []},
        {"$ref": "https://example.com/schema.json"},
        {"$ref": "#/nowhere"},
        _nested(200),
        _doubled(18),
    ],
    ids=lambda schema: json.dumps(schema)[:60],
)
def test_hostile_and_contradictory_schemas_end_soon(schema: Any) -> None:
    began = time.monotonic()
    assert len(json.dumps(improvise(schema, seed="s"))) < 2_000_000
    assert time.monotonic() - began < 2


@pytest.mark.parametrize(
    "pattern",
    [
        "^a+$",
        "[^a-z]",
        "^\\d{2,4}[a-f0-9]*$",
        "^(?P<x>foo|bar)-\\w+$",
        "^.$",
        "\\S\\s\\D\\W",
        "a??b",
    ],
)
def test_words_for_patterns(pattern: str) -> None:
    word = matching(pattern)
    assert word is not None
    assert re.search(pattern, word)
