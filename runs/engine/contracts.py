"""Answers read as payloads, and payloads checked by contracts."""

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from crews.problems import Problem
from crews.schema_guard import validate_payload
from crews.spec import Gate, Handoff, JsonSchema, RoleSpec
from runs.providers.answers import storable

Json = Any
NOTHING = Problem(path="", message="It is empty.")
_FENCED = re.compile(r"```(?:json)?[ \t\r]*\n(.*?)```", re.DOTALL)


def schemas_of(
    role: RoleSpec, contract: Handoff | None, returns: JsonSchema | None = None
) -> list[JsonSchema]:
    """Return the JSON Schemas a role's result must satisfy: its contract's first, then its own,
    then its pattern's (`returns`)."""
    schemas = [contract.schema_ if contract else None, role.returns, returns]
    return [
        schema
        for n, schema in enumerate(schemas)
        if schema is not None and schema not in schemas[:n]
    ]


def read_answer(text: str, schemas: Sequence[JsonSchema]) -> tuple[Json, list[Problem]]:
    """Return a model's answer as payload with what is wrong with it: plain text where no schema
    asks for more, else the JSON value in it (alone, in a code fence, or the one object in the
    text)."""
    if not schemas:
        return text, []
    try:
        value = _find_json(text)
    except ValueError as error:
        return None, [Problem(path="", message=f"It is not JSON: {error}.")]
    return value, check(value, schemas)


def read_program_output(stdout: str, schemas: Sequence[JsonSchema]) -> tuple[Json, list[Problem]]:
    """Return a program's standard output as payload: it must be one JSON value and nothing else."""
    try:
        value = json.loads(stdout, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        return None, [
            Problem(path="", message=f"The program's output is not one JSON value: {error}.")
        ]
    return value, check(value, schemas)


def check(value: Json, schemas: Sequence[JsonSchema]) -> list[Problem]:
    """Return what is wrong with a payload; without a schema it must still be storable JSON."""
    found = [problem for schema in schemas or [{}] for problem in validate_payload(schema, value)]
    return [replace(p, path=storable(p.path), message=storable(p.message)) for p in found]


def confidence_problem(contract: Handoff | None, payload: Json) -> Problem | None:
    """Return what is wrong with a payload's confidence where the contract requires one: an error
    where there is none, a warning where it is low."""
    if contract is None or contract.required_confidence is None:
        return None
    confidence = payload.get("confidence") if isinstance(payload, dict) else None
    required = contract.required_confidence
    if isinstance(confidence, bool) or not isinstance(confidence, int | float):
        return Problem(
            path="confidence", message=f"The contract requires a number (at least {required})."
        )
    if confidence < required:
        message = f"{confidence} is below the required {required}."
        return Problem(path="confidence", message=message, severity="warning")
    return None


def gate_holds(gate: Gate | None, payload: Json) -> bool:
    """Say whether a gate lets a payload through: its field (dotted) has the value."""
    if gate is None:
        return True
    value = payload
    for name in gate.field.split("."):
        if not isinstance(value, dict) or name not in value:
            return False
        value = value[name]
    return bool(value == gate.equals and isinstance(value, bool) == isinstance(gate.equals, bool))


def _find_json(text: str) -> Json:
    text = text.strip()
    candidates = [text, *(match.strip() for match in _FENCED.findall(text))]
    starts = [n for n in (text.find("{"), text.find("[")) if n >= 0]
    if starts:
        candidates.append(text[min(starts) : max(text.rfind("}"), text.rfind("]")) + 1])
    error = "it is empty"
    for candidate in candidates:
        try:
            return json.loads(candidate, parse_constant=_no_constant)
        except RecursionError:
            raise ValueError("it is nested too deeply") from None
        except ValueError as failed:
            error = error if candidate is not text else str(failed)
    raise ValueError(error)


def _no_constant(name: str) -> Json:
    raise ValueError(f"{name} is no JSON")
