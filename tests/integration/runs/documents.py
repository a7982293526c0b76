"""Crew documents that no template has, built for one question each."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

Json = Any
OPENAI = {"provider": "openai", "name": "gpt-4.1-mini", "max_tokens": 200}
ANTHROPIC = {"provider": "anthropic", "name": "claude-sonnet-4-5", "max_tokens": 200}
COUNTER = (
    "import json, sys\nd = json.load(sys.stdin)\nprint(json.dumps({'words': len(str(d).split())}))"
)


def model_role(seat: str, model: Json = OPENAI, **fields: Json) -> dict[str, Json]:
    return {"seat": seat, "model": model, **fields}


def code_role(seat: str, source: str = COUNTER, **fields: Json) -> dict[str, Json]:
    return {"seat": seat, "kind": "code", "program": {"source": source}, **fields}


def pipeline(roles: dict[str, Json], edges: dict[int, Json] | None = None, **fields: Json) -> Json:
    """A pipeline of the roles in their order; `edges` adds to the n-th handoff's contract."""
    names = list(roles)
    handoffs = [
        {"from": a, "to": b, **(edges or {}).get(n, {})} for n, (a, b) in enumerate(pairwise(names))
    ]
    return document("pipeline", roles, handoffs=handoffs, **fields)


def steps(count: int, model: Json = OPENAI, **fields: Json) -> Json:
    """A pipeline of so many model roles, s0, s1, …"""
    roles = {
        f"s{n}": model_role("stage", model, instructions=f"You are step {n}.") for n in range(count)
    }
    return pipeline(roles, **fields)


def desk(
    workers: Sequence[str] | dict[str, Json] = ("coder",),
    options: dict[str, Json] | None = None,
    model: Json = OPENAI,
    lead: dict[str, Json] | None = None,
    **fields: Json,
) -> Json:
    """An orchestrator `lead` with workers: names, or roles by name."""
    if not isinstance(workers, dict):
        workers = {
            name: model_role("worker", model, instructions=f"You are {name}.") for name in workers
        }
    roles = {"lead": model_role("orchestrator", model, instructions="You lead.", **(lead or {}))}
    return document("hierarchical", {**roles, **workers}, options=options, **fields)


def document(
    pattern: str, roles: dict[str, Json], *, options: dict[str, Json] | None = None, **fields: Json
) -> Json:
    return {
        "callsheet": 1,
        "name": fields.pop("name", "A crew never seen before"),
        "pattern": {"name": pattern, "options": options or {}},
        "roles": roles,
        **fields,
    }


def delegate(worker: str, task: str, **more: Json) -> Json:
    """A call of the lead's tool, as the fake model makes it."""
    return {"name": "delegate_to_agent", "arguments": {"agent_name": worker, "task": task, **more}}
