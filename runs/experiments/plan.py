"""What an experiment is: variants of crews, tasks, and checks of what comes out; without Django."""

import re
from collections.abc import Iterator
from copy import deepcopy
from itertools import islice
from typing import Annotated, Any, Final, Literal, Self

from pydantic import Field, model_validator

from crews.spec import Line, Many, ModelChoice, Part, Slug, Text, refusal
from crews.strict_json import json_dump

Json = Any
MOST_TRIALS: Final = 200
MOST_STEPS: Final = 20
MOST_PUT: Final = 1 << 20
"""Characters that the changes of a variant put in, counted at each place that `*` names."""
_PLACE: Final = re.compile(r"[A-Za-z0-9_*-]+(\.[A-Za-z0-9_*-]+)*")


class Variant(Part):
    """A crew of the team, in a version of it (the draft by default), with what is changed: dotted
    places in its document and what stands there instead; `*` stands for all roles or handoffs."""

    name: Annotated[Line, Field(min_length=1)]
    crew: Slug
    version: int | None = Field(default=None, ge=1)
    changes: dict[str, Json] = {}


class TaskGiven(Part):
    """A task, and what is expected to come out where a check needs it."""

    task: Json
    input: Json = None
    expect: Json = None


class ExactCheck(Part):
    """The result is what the task expects; of text, white space at its ends does not count."""

    kind: Literal["exact"]
    name: Line = "exact"


class PathCheck(Part):
    """A dotted place in the result holds a value: `equals`, else what the task expects."""

    kind: Literal["path"]
    name: Line = "path"
    path: Line
    equals: Json = None


class PythonCheck(Part):
    """A program in a sandbox gets `{task, expect, output}` as JSON on stdin and prints
    `{"passed": true | false, "detail": "…"}`."""

    kind: Literal["python"]
    name: Line = "python"
    source: Text


class JudgeCheck(Part):
    """A model says whether the result passes."""

    kind: Literal["judge"]
    name: Line = "judge"
    model: ModelChoice
    instructions: Text


AnyCheck = Annotated[ExactCheck | PathCheck | PythonCheck | JudgeCheck, Field(discriminator="kind")]


class Plan(Part):
    name: Annotated[str, Field(min_length=1, max_length=100)]
    variants: Many[Variant] = Field(min_length=2, max_length=8)
    tasks: Many[TaskGiven] = Field(min_length=1, max_length=100)
    checks: Many[AnyCheck] = Field(default=(), max_length=10)

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        faults = []
        for field, items in (("variants", self.variants), ("checks", self.checks)):
            names = [item.name for item in items]
            faults += [
                (f"{field}.{n}.name", f"'{name}' is the name of another one")
                for n, name in enumerate(names)
                if name in names[:n]
            ]
        if (count := len(self.variants) * len(self.tasks)) > MOST_TRIALS:
            faults.append(("tasks", f"{count} runs are too many; at most {MOST_TRIALS}"))
        if faults:
            raise refusal(faults)
        return self


def changed(document: Json, changes: dict[str, Json]) -> Json:
    """Return a document with what stands in other places. Raises ValueError naming a place that
    is none."""
    document = deepcopy(document)
    room = MOST_PUT
    for place, value in changes.items():
        steps = place.split(".")
        if not _PLACE.fullmatch(place) or len(steps) > MOST_STEPS:
            raise ValueError(f"'{place[:200]}' is no place; write it like roles.writer.model")
        roles = document.get("roles")
        known = {"*", *roles} if isinstance(roles, dict) else {"*"}
        if steps[0] == "roles" and len(steps) > 2 and steps[1] not in known:
            raise ValueError(f"'{place}': there is no role '{steps[1]}'")
        size = len(json_dump(value)) + len(place)
        for part, key in list(islice(_places(document, steps, place), room // size + 1)):
            room -= size
            if room < 0:
                raise ValueError(f"'{place}': the changes come to more than {MOST_PUT >> 10} KiB")
            part[key] = deepcopy(value)
    return document


def _places(part: Json, steps: list[str], place: str) -> Iterator[tuple[Json, Json]]:
    """Yield what holds the values at a place, and where in it they are."""
    step, *rest = steps
    keys: list[Json]
    if isinstance(part, dict):
        keys = list(part) if step == "*" else [step]
    elif isinstance(part, list):
        keys = [n for n in range(len(part)) if step in ("*", str(n))]
    else:
        keys = []
    if not keys and step != "*":
        raise ValueError(f"'{place}': there is no '{step}'")
    for key in keys:
        if not rest:
            yield part, key
            continue
        if isinstance(part, dict):
            part.setdefault(key, {})
        yield from _places(part[key], rest, place)
