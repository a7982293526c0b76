"""JSON Schemas from strangers: which are accepted, and payloads checked against them.

Accepted is the part of draft 2020-12 whose check takes time in proportion to schema and payload:
references stay inside the schema and never come back to themselves, the schema with all
references written out stays small, patterns run in a linear-time engine (RE2).
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice
from typing import Any, Final
from urllib.parse import unquote

import re2

from crews.payload_rules import PayloadValidator, linear_regex, told
from crews.problems import Problem, problem
from crews.schema_shape import DEFS, LISTS, MAPS, ONE, shape_faults
from crews.strict_json import Json, Refused, check_json, json_canonical

MAX_DEPTH: Final = 32
MAX_BYTES: Final = 64_000
MAX_FAULTS: Final = 20
# Subschemas when every reference is written out: what one value may have to be checked against.
MAX_EXPANDED: Final = 2_000
# Values of a payload times subschemas; a check does about 200,000 of these in a second.
MAX_WORK: Final = 1_000_000
_REFUSED = {
    "$id": "it could lead outside of the schema",
    "$anchor": "refer to it as #/$defs/name",
    "$dynamicRef": "use $ref",
    "$dynamicAnchor": "use $ref",
    "$recursiveRef": "use $ref",
    "unevaluatedProperties": "use additionalProperties",
    "unevaluatedItems": "use items",
}


class SchemaRefused(ValueError):
    """The JSON Schema is not acceptable. `problems` say why."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("; ".join(str(item) for item in problems[:3]))
        self.problems = problems


def guard_schema(schema: Json) -> list[Problem]:
    """Return why a JSON Schema is not accepted, with paths inside of it; [] if it is."""
    try:
        check_json(schema, MAX_DEPTH)
    except Refused as error:
        return [problem(error.where, f"The JSON Schema was refused. {error}")]
    if not isinstance(schema, dict):
        return [problem("", "This must be a JSON Schema of type object.", value=schema)]
    return list(_compiled(json_canonical(schema)).problems)


def validate_payload(schema: dict[str, Json], value: Json) -> list[Problem]:
    """Check a value against a schema: [] if it fits, else at most 20 problems with their paths.

    Raises:
        SchemaRefused: the schema itself is not acceptable.
    """
    compiled = _compiled(json_canonical(schema))
    if compiled.problems:
        raise SchemaRefused(list(compiled.problems))
    try:
        check_json(value)
    except Refused as error:
        return [problem(error.where, str(error))]
    if compiled.size * _count(value) > MAX_WORK:
        return [problem("", "This is too large to be checked against its schema.")]
    return [told(error) for error in islice(compiled.validator.iter_errors(value), MAX_FAULTS)]


@dataclass(frozen=True, slots=True)
class _Compiled:
    problems: tuple[Problem, ...]
    size: int
    validator: Any


@lru_cache(maxsize=256)
def _compiled(text: str) -> _Compiled:
    if len(text) > MAX_BYTES:
        found = problem("", f"The JSON Schema is larger than {MAX_BYTES // 1000} kB.")
        return _Compiled((found,), 0, None)
    schema = json.loads(text)
    walk = _Walk(schema)
    size = 0 if walk.problems else walk.size("", 0)
    if walk.problems:
        return _Compiled(tuple(walk.problems[:MAX_FAULTS]), size, None)
    return _Compiled((), size, PayloadValidator(schema))


def _count(value: Json) -> int:
    """Return how many values there are in a value, itself included."""
    if isinstance(value, dict):
        return 1 + sum(map(_count, value.values()))
    if isinstance(value, list):
        return 1 + sum(map(_count, value))
    return 1


@dataclass
class _Walk:
    """Finds the subschemas of a schema by their JSON pointers, and their faults."""

    schema: dict[str, Json]
    parts: dict[str, Json] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    _sizes: dict[str, tuple[int, int]] = field(default_factory=dict)
    _open: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        waiting = [("", self.schema)]
        while waiting:
            pointer, part = waiting.pop()
            self.parts[pointer] = part
            faults = list(shape_faults(part)) if isinstance(part, dict) else []
            for keyword, text in faults:
                self._tell(f"{pointer}/{keyword}", text, part[keyword])
            if not faults:
                waiting += [(pointer + below, item) for below, item in _below(part, DEFS)]
        if self.problems:
            return
        for pointer, part in self.parts.items():
            if isinstance(part, dict):
                self._look(pointer, part)

    def _look(self, pointer: str, part: dict[str, Json]) -> None:
        for name, remedy in _REFUSED.items():
            if name in part:
                self._tell(pointer, f"'{name}' is not accepted; {remedy}.")
        if (ref := part.get("$ref")) is not None and _target(ref) not in self.parts:
            self._tell(
                pointer, "A $ref must lead to a part of this schema, like #/$defs/name.", ref
            )
        patterns = [*part.get("patternProperties", ()), *filter(None, [part.get("pattern")])]
        for pattern in patterns:
            try:
                linear_regex(pattern)
            except re2.error as error:
                text = f"This pattern is not accepted ({_reason(error)})."
                self._tell(pointer, f"{text} Look-around and back-references are not.", pattern)

    def _tell(self, pointer: str, message: str, value: Json = None) -> None:
        self.problems.append(problem(pointer.strip("/").replace("/", "."), message, value=value))

    def size(self, pointer: str, depth: int) -> int:
        """Return the number of subschemas at a pointer with references written out."""
        return self._measure(pointer, depth)[0]

    def _measure(self, pointer: str, depth: int) -> tuple[int, int]:
        """Return size and height; tells at most one problem."""
        if pointer in self._open:
            return self._too("comes back to itself by $ref", pointer)
        size, height = self._sizes.get(pointer, (0, 0))
        if not size:
            if depth > 2 * MAX_DEPTH:
                return self._too("is nested too deeply by $ref", pointer)
            self._open.add(pointer)
            size = 1
            for below in self._next(pointer):
                more, higher = self._measure(below, depth + 1)
                size, height = size + more, max(height, 1 + higher)
            self._open.discard(pointer)
            self._sizes[pointer] = size, height
        if size > MAX_EXPANDED:
            return self._too(f"has more than {MAX_EXPANDED} parts with every $ref written out", "")
        if depth + height > 2 * MAX_DEPTH:
            return self._too("is nested too deeply by $ref", pointer)
        return size, height

    def _next(self, pointer: str) -> Iterator[str]:
        part = self.parts[pointer]
        yield from (pointer + below for below, _ in _below(part))
        if isinstance(part, dict) and _target(part.get("$ref")) in self.parts:
            yield _target(part["$ref"])

    def _too(self, what: str, pointer: str) -> tuple[int, int]:
        if not any(what in item.message for item in self.problems):
            self._tell(pointer, f"The schema {what}.")
        return 1, 0


def _below(part: Json, extra: tuple[str, ...] = ()) -> Iterator[tuple[str, Json]]:
    """Return the subschemas directly in a schema, with the pointers to them from it."""
    if not isinstance(part, dict):
        return
    for key in ONE:
        if key in part:
            yield f"/{key}", part[key]
    for key in LISTS:
        yield from ((f"/{key}/{n}", item) for n, item in enumerate(part.get(key, ())))
    for key in (*MAPS, *extra):
        yield from ((f"/{key}/{_escaped(n)}", item) for n, item in part.get(key, {}).items())


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


def _target(ref: Json) -> str:
    return unquote(ref[1:]) if isinstance(ref, str) and ref.startswith("#") else "no pointer"


def _reason(error: Exception) -> str:
    text = error.args[0] if error.args else ""
    return text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)
