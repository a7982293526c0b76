"""Documents from strangers: what is read, and how what is refused is told."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crews.parse import DocumentRefused, crew_parse, document_dump, document_load, spec_check
from crews.strict_json import json_canonical
from crews.yaml_text import yaml_dump, yaml_load
from tests.unit.crews.examples import desk
from tests.unit.crews.strategies import texts, values


def refused(data: bytes | str, format: Any = None) -> str:
    with pytest.raises(DocumentRefused) as caught:
        crew_parse(data, format)
    return "\n".join(str(item) for item in caught.value.problems)


def told(document: dict[str, Any]) -> dict[str, str]:
    """Return the problems of a document's shape: path to message."""
    spec, problems = spec_check(document)
    assert spec is None
    return {item.path: item.message for item in problems}


@settings(max_examples=300)
@given(values)
def test_yaml_gives_back_what_it_was_given(value: Any) -> None:
    assert json_canonical(yaml_load(yaml_dump(value))) == json_canonical(value)


@settings(max_examples=200)
@given(st.dictionaries(texts, values, max_size=5), st.sampled_from(["yaml", "json"]))
def test_an_export_is_read_back(document: dict[str, Any], format: Any) -> None:
    text = document_dump(document, format)
    again = document_load(text, format)
    assert json_canonical(again) == json_canonical(document)
    assert list(again) == list(document)
    assert document_load(text.encode()) == again


@settings(max_examples=200)
@given(st.text(max_size=200) | st.binary(max_size=200))
def test_any_text_is_read_or_refused(data: bytes | str) -> None:
    try:
        document = document_load(data)
    except DocumentRefused as error:
        problems = error.problems
    else:
        problems = spec_check(document)[1]
    assert problems


@pytest.mark.parametrize("name", ["  ", "\u200b", "\n", "\u202e\u2066"])
def test_a_name_that_nobody_can_see_is_refused(name: str) -> None:
    assert "can be seen" in told(desk() | {"name": name})["name"]


def test_values_of_another_type_are_told_in_plain_words() -> None:
    odd = {"seat": "worker", "tools": "x", "limits": [], "instructions": ["x"], "cache": 7}
    found = told(desk() | {"roles": {"a": odd}, "limits": {"actions": 1.5, "seconds": "abc"}})
    assert found["roles.a.tools"] == "This must be a list."
    assert found["roles.a.limits"] == "This must be names with values: 'name: value'."
    assert found["roles.a.instructions"] == "This must be text."
    assert found["roles.a.cache"] == "This must be true or false."
    assert found["limits.actions"] == found["limits.seconds"] == "This must be a whole number."


@pytest.mark.parametrize("name", ["Desk\nUrgent", "Desk \u202egnp"])
def test_a_name_that_shows_as_another_is_refused(name: str) -> None:
    assert "one line" in told(desk() | {"name": name})["name"]


def test_a_document_in_both_formats() -> None:
    for format in ("yaml", "json"):
        spec = crew_parse(document_dump(desk(), format))
        assert spec.name == "Research desk"
        assert spec.seated("worker") == ["writer"]
        assert str(spec.limits.cost_usd) == "2.00"


def test_the_pinned_document_reads_back_to_the_same_spec() -> None:
    spec = crew_parse(json.dumps(desk()))
    again = crew_parse(json.dumps(spec.document()))
    assert again == spec
    assert again.document() == spec.document()


def test_yaml_words_stay_text_and_core_values_are_values() -> None:
    text = """
    plain: [on, no, yes, 2024-01-01, 12:30, 1_000, 0b1]
    core: [true, ~, null, 12, -3, 0x1f, 0o17, 1e3, .5]
    """
    assert yaml_load(text) == {
        "plain": ["on", "no", "yes", "2024-01-01", "12:30", "1_000", "0b1"],
        "core": [True, None, None, 12, -3, 31, 15, 1000.0, 0.5],
    }


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a: &x 1\nb: *x", "Anchors"),
        ("a: !!python/object:os.system 1", "Tags"),
        ("a: !custom 1", "Tags"),
        ("a: 1\na: 2", "The key 'a' is there twice"),
        ("1: a", "A key must be text"),
        ("true: a", "A key must be text"),
        ("? [a]\n: b", "A key must be text"),
        ("a: 1\n---\nb: 2", "more than one document"),
        ("a: .inf", ".inf is not a number that JSON knows"),
        ("a: .NaN", ".NaN is not a number that JSON knows"),
        ("a: 1e999", "out of bounds"),
        ("a: " + "9" * 31, "more than 30 digits"),
        ("a: 0x" + "f" * 31, "more than 30 digits"),
        ("a: " + "[" * 500_000, "nested deeper than 64 levels"),
        ("- " * 400_000, "nested deeper than 64 levels"),
        ("a: [", "not valid YAML"),
        ("a: \x00", "not valid YAML"),
        ('a: "\\0"', "NUL"),
        ("a: " + "x" * 1_100_000, "larger than 1024 KiB"),
        ("just text", "This is not a document"),
        ("", "This is not a document"),
        ("[]", "This is not a document"),
    ],
)
def test_hostile_yaml_is_refused_with_a_reason(text: str, reason: str) -> None:
    assert reason in refused(text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"a": 1, "a": 2}', "The key 'a' is there twice"),
        ('{"a": NaN}', "NaN is not JSON"),
        ('{"a": -Infinity}', "-Infinity is not JSON"),
        ('{"a": 1e999}', "out of bounds"),
        ('{"a": ' + "9" * 5000 + "}", "more than 30 digits"),
        ('{"a":' * 100_000, "nested deeper than 64 levels"),
        ('{"a": "\\u0000"}', "NUL"),
        ('{"a": "\\ud800"}', "half a surrogate pair"),
        ('{"\\udfff": 1}', "half a surrogate pair"),
        ('{"a": }', "not valid JSON"),
        (b"\xff\xfe", "not UTF-8"),
    ],
)
def test_hostile_json_is_refused_with_a_reason(text: bytes | str, reason: str) -> None:
    assert reason in refused(text, "json")


def test_a_byte_order_mark_is_fine() -> None:
    assert document_load("\ufeff{}".encode()) == {}
    assert document_load("\ufeffa: 1") == {"a": 1}


def test_an_unknown_field_names_the_allowed_ones() -> None:
    document = desk()
    document["roles"]["lead"]["modle"] = {}
    document["roles"]["writer"]["model"]["teir"] = "best"
    document["handoffs"][0]["from_"] = "lead"
    problems = {item.path: item for item in spec_check(document)[1]}
    assert "model" in (problems["roles.lead.modle"].allowed or ())
    assert problems["roles.lead.modle"].message.endswith("Did you mean 'model'?")
    assert problems["roles.lead.modle"].role == "lead"
    assert "tier" in (problems["roles.writer.model.teir"].allowed or ())
    assert problems["handoffs.0.from_"].handoff == 0
    assert "from" in (problems["handoffs.0.from_"].allowed or ())


def test_very_many_problems_are_counted() -> None:
    problems = spec_check(desk() | {f"field{n}": 1 for n in range(1000)})[1]
    assert len(problems) == 200
    assert problems[-1].message == "There are 801 more problems."


def test_money_is_text() -> None:
    assert told(desk(limits={"cost_usd": 0.5}))["limits.cost_usd"] == (
        'Write money as text, in quotes: "0.5".'
    )
    for amount in ("-1", "1e3", "NaN", "1,5", "0.1234567", " 1", ""):
        assert "limits.cost_usd" in told(desk(limits={"cost_usd": amount}))


def test_shapes_that_are_wrong() -> None:
    role = {"seat": "worker", "model": {"tier": "fast"}}
    for version in (2, True, 1.0, "1", None):
        assert told(desk(callsheet=version))["callsheet"] == "This must be 1."
    assert "missing" in told({"callsheet": 1})["roles"]
    assert "starts with a small letter" in told(desk(roles={"Lead": role}))["roles.Lead"]
    kind = told(desk(roles={"a": role | {"kind": "robot"}}))["roles.a.kind"]
    assert kind == "This must be model, code, command, human or crew."
    code = told(desk(roles={"a": {"seat": "worker", "kind": "code", "model": {"tier": "fast"}}}))
    assert "'model' belongs to roles of kind 'model'" in code["roles.a.model"]
    assert code["roles.a.program"] == "A role of kind 'code' needs 'program'."
    both = {"seat": "worker", "model": {"tier": "fast", "provider": "x", "name": "y"}}
    assert "or 'tier'" in told(desk(roles={"a": both}))["roles.a.model"]
    network = role | {"sandbox": {"network": "all"}}
    assert 'Give "none"' in told(desk(roles={"a": network}))["roles.a.sandbox.network"]
    ends = told(desk(handoffs=[{"from": "lead", "to": "nobody"}, {"from": "no", "to": "lead"}]))
    assert ends["handoffs.0.to"] == "There is no role 'nobody'; the roles are lead, writer."
    assert "handoffs.1.from" in ends


def test_a_gate_keeps_the_value_it_wants() -> None:
    for value in (1, True, 0, False, "x", None):
        handoff = {"from": "writer", "to": "lead", "when": {"field": "a", "equals": value}}
        spec = crew_parse(json.dumps(desk(handoffs=[handoff])))
        kept = spec.document()["handoffs"][0]["when"]["equals"]
        assert json.dumps(kept) == json.dumps(value)
