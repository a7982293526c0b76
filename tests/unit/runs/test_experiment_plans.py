"""Plans of experiments, changes to documents, and checks that need no run."""

from typing import Any

import pytest

from crews.library import LibraryEntry, library_entries
from crews.spec import CrewSpec
from runs.experiments.checks import verdict_at_once
from runs.experiments.form import plan_text
from runs.experiments.plan import ExactCheck, PathCheck, TaskGiven, changed
from runs.experiments.service import plan_read

Json = Any
CREW: Json = {
    "roles": {"a": {"model": {"tier": "best"}}, "b": {"model": {"tier": "best"}}},
    "handoffs": [{"from": "a", "to": "b"}],
}


def test_changes_put_values_in_other_places_and_leave_the_rest() -> None:
    places = {"roles.*.model.tier": "fast", "handoffs.0.to": "c", "limits.cost_usd": "1.00"}
    after = changed(CREW, places)
    assert [role["model"]["tier"] for role in after["roles"].values()] == ["fast", "fast"]
    assert after["handoffs"] == [{"from": "a", "to": "c"}]
    assert after["limits"] == {"cost_usd": "1.00"}
    assert CREW["roles"]["a"]["model"]["tier"] == "best"


@pytest.mark.parametrize(
    "place", ["roles.nobody.model.tier", "handoffs.7.to", "roles.a.model.tier.x", "a b", ""]
)
def test_a_place_that_is_none_is_named(place: str) -> None:
    with pytest.raises(ValueError, match="no"):
        changed(CREW, {place: 1})


@pytest.mark.parametrize(
    "changes",
    [
        {"roles": None, "roles.a.title": "x"},
        {"roles": 5, "roles.a.title": "x"},
        {"*": "x", "roles.a.title": "x"},
        {".".join(["a"] * 5_000): 1},
        {"x": {str(n): 0 for n in range(1_000)}}
        | {place: {str(n): 0 for n in range(1_000)} for place in ("x.*", "x.*.*")},
    ],
)
def test_changes_that_lead_nowhere_or_grow_without_end_are_refused(changes: Json) -> None:
    with pytest.raises(ValueError, match=r"there is no|is no place|more than 1024 KiB"):
        changed({"roles": {"a": {}}}, changes)


@pytest.mark.parametrize("path", ["²", "items.²", "items.٣", "items." + "9" * 5_000])
def test_a_path_with_odd_numbers_leads_nowhere(path: str) -> None:
    check = PathCheck.model_construct(kind="path", name="path", path=path, equals=1)
    told = verdict_at_once(check, TaskGiven(task="t"), {"items": [1, 2]})
    assert told is not None
    assert "The result has no" in told[1]


@pytest.mark.parametrize(
    ("output", "expect", "passed"),
    [(" yes\n", "yes", True), ("no", "yes", False), ({"n": 1}, {"n": 1}, True), (1, True, False)],
)
def test_exact(output: Json, expect: Json, passed: bool) -> None:
    told = verdict_at_once(ExactCheck(kind="exact"), TaskGiven(task="t", expect=expect), output)
    assert told is not None
    assert told[0] is passed


def test_a_path_in_the_result() -> None:
    check = PathCheck(kind="path", path="items.1.name", equals="tea")
    given = TaskGiven(task="t")
    assert verdict_at_once(check, given, {"items": [{}, {"name": "tea"}]}) == (True, "")
    missing = verdict_at_once(check, given, {"items": []})
    assert missing is not None
    assert "The result has no '1'" in missing[1]


@pytest.mark.parametrize("entry", library_entries(), ids=lambda entry: entry.slug)
def test_the_plan_to_begin_with_fits_every_crew(entry: LibraryEntry) -> None:
    document = entry.spec.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    plan = plan_read(plan_text(entry.slug, document).encode())
    assert len(plan.variants) == 2
    for variant in plan.variants:
        assert variant.crew == entry.slug
        after = changed(document, variant.changes)
        assert after != document
        CrewSpec.model_validate(after)
