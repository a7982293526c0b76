"""What patterns make of any plan and any drawing: nothing waits for itself."""

from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from crews.joining import together
from crews.schema_guard import validate_payload
from runs.engine.contracts import check
from runs.patterns.graph import Edge, Flow, backwards, in_parts, reached
from runs.patterns.plan import Subtask, plan_schema, read_plan
from runs.providers.improvise import improvise

Json = Any
WORKERS = ["ann", "bob"]
SAME = {"id": "t1", "worker": "ann", "task": "work", "depends_on": ["ann"]}
NAMES = st.sampled_from(["a", "b", "c", "d", "e"])
PARTS = st.fixed_dictionaries(
    {"worker": st.sampled_from([*WORKERS, "nobody"]), "task": st.just("work")},
    optional={
        "id": st.sampled_from(["t1", "t2", "t3", "ann"]),
        "depends_on": st.lists(st.sampled_from(["t1", "t2", "t3", "ann", "t9"]), max_size=3),
    },
)


@settings(deadline=None)
@given(st.lists(PARTS, min_size=1, max_size=6))
@example([*[SAME] * 2, {**SAME, "worker": "bob", "depends_on": ["ann", "t1"]}])
def test_no_subtask_waits_for_itself(parts: list[Json]) -> None:
    subtasks = read_plan({"subtasks": parts}, WORKERS)
    assert len(subtasks) == len(parts)
    ended: list[Subtask] = []
    for _ in subtasks:
        ended += [
            part
            for part in subtasks
            if not any(part is done for done in ended)
            and all(any(need is done for done in ended) for need in part.needs)
        ]
    assert len(ended) == len(subtasks)
    assert all(part.worker in WORKERS or part.fault for part in subtasks)


@settings(deadline=None)
@given(st.lists(st.tuples(NAMES, NAMES), max_size=12, unique=True))
def test_a_loop_without_its_ways_back_is_none(edges: list[Edge]) -> None:
    nodes = sorted({name for edge in edges for name in edge})
    parts = in_parts(nodes, edges)
    assert sorted(name for part in parts for name in part) == nodes
    for part in parts:
        inner = [edge for edge in edges if edge[0] in part and edge[1] in part]
        forward = set(inner) - backwards(part, inner, Flow(edges=edges, max_visits=3))
        assert all(name not in reached(forward, name) for name in part)
        others = [other for other in parts if other is not part]
        mutual = [
            o for o in others if o[0] in reached(edges, part[0]) and part[0] in reached(edges, o[0])
        ]
        assert mutual == []


def test_one_schema_asks_for_what_several_want() -> None:
    one = {"type": "object", "required": ["a"], "properties": {"a": {"type": "string"}}}
    other = {"type": "object", "required": ["b", "a"], "properties": {"b": {"type": "integer"}}}
    both = together([one, other])
    assert both is not None
    assert check({"a": "x", "b": 1}, [both]) == []
    assert check({"a": "x"}, [both])
    assert check({"a": 1, "b": 1}, [both])
    assert together([one]) == one
    assert together([]) is None
    assert together([one, {"minProperties": 3}]) == {"allOf": [one, {"minProperties": 3}]}


def test_a_made_up_plan_names_real_workers() -> None:
    schema = plan_schema(WORKERS, 5)
    for seed in range(20):
        written = improvise(schema, seed=str(seed))
        assert check(written, [schema]) == []
        assert all(not part.fault for part in read_plan(written, WORKERS))


def test_joined_schemas_keep_what_their_references_lead_to() -> None:
    named: Json = {
        "type": "object",
        "$defs": {"word": {"type": "string"}},
        "properties": {"default": {"$ref": "#/$defs/word"}, "same": {"const": {"$ref": "#/x"}}},
    }
    inner: Json = {
        "type": "object",
        "properties": {"a": {"type": "integer"}, "b": {"$ref": "#/properties/a"}},
    }
    for schemas in ([named, inner], [inner, named], [inner, {"type": "object"}]):
        joined = together(schemas)
        assert joined is not None
        for value in (
            {"default": 1},
            {"b": "x"},
            {"default": "x", "b": 1, "same": {"$ref": "#/x"}},
        ):
            alone = any(validate_payload(schema, value) for schema in schemas)
            assert bool(validate_payload(joined, value)) == alone, (schemas, value)


def test_what_is_too_much_for_one_schema_is_the_first_alone() -> None:
    large = [
        {"type": "object", "properties": {f"{name}{n}": {"type": "string"} for n in range(1500)}}
        for name in "ab"
    ]
    assert together(large) == large[0]
