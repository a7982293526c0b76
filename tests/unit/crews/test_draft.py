"""A draft keeps every document, however unfinished."""

from typing import Any

from hypothesis import given, settings

from crews.draft import document_of, draft_of
from crews.strict_json import json_canonical
from tests.unit.crews.examples import desk
from tests.unit.crews.strategies import documents


@settings(max_examples=500)
@given(documents)
def test_apart_and_together_again_is_the_same(document: dict[str, Any]) -> None:
    again = document_of(draft_of(document))
    assert json_canonical(again) == json_canonical({"callsheet": 1, **document})
    for part in ("roles", "layout"):
        if part == "roles" and isinstance(document.get(part), dict):
            assert list(again[part]) == list(document[part])


def test_a_whole_document_fits_the_columns() -> None:
    draft = draft_of(desk())
    assert draft.rest == {}
    assert [role.name for role in draft.roles] == ["lead", "writer"]
    assert (draft.roles[1].seat, draft.roles[1].x) == ("worker", 240.5)
    assert (draft.handoffs[0].source, draft.handoffs[0].target) == ("writer", "lead")
    assert list(document_of(draft)) == list(desk())


def test_a_handoff_to_nowhere_keeps_the_name() -> None:
    draft = draft_of(desk(handoffs=[{"from": "writer", "to": "gone"}]))
    assert (draft.handoffs[0].source, draft.handoffs[0].target) == ("writer", None)
    assert draft.handoffs[0].body == {"to": "gone"}
