"""How actions are named in OpenTelemetry: the semantic conventions for generative AI, here alone.

https://opentelemetry.io/docs/specs/semconv/gen-ai/ (status: development). What was said is not
told, only who did what, how long it took and what it used.
"""

from collections.abc import Mapping
from typing import Any

from runs.journal.fold import ActionState, RunState

Attributes = dict[str, str | int | float | bool]
_OPERATIONS = {"model_call": "chat", "tool_call": "execute_tool", "ask": "invoke_agent"}


def span_name(action: ActionState) -> str:
    """Return a span's name: the operation and what it is about."""
    operation = _OPERATIONS.get(action.type)
    if operation == "chat":
        return f"chat {action.model or action.name}"
    if operation == "invoke_agent":
        return f"invoke_agent {action.agent}"
    return f"{operation or action.type} {action.name}"


def action_attributes(run: str, action: ActionState, usage: Mapping[str, int]) -> Attributes:
    """Return what a span says of an action; `usage` adds up its attempts."""
    found: Attributes = {
        "gen_ai.conversation.id": run,
        "callsheet.action.id": action.id,
        "callsheet.action.key": action.key,
        "callsheet.action.type": action.type,
        "callsheet.action.attempts": action.attempt,
    }
    if operation := _OPERATIONS.get(action.type):
        found["gen_ai.operation.name"] = operation
    if action.agent:
        found["gen_ai.agent.name"] = action.agent
    if action.type == "tool_call":
        found["gen_ai.tool.name"] = action.name
    if action.provider:
        found["gen_ai.provider.name"] = action.provider
        found["gen_ai.request.model"] = action.model
    for name in ("input_tokens", "output_tokens"):
        if name in usage:
            found[f"gen_ai.usage.{name}"] = usage[name]
    if action.cost_usd is not None:
        found["callsheet.cost_usd"] = float(action.cost_usd)
    if action.error is not None:
        found["error.type"] = str(action.error.get("kind", "error"))
    return found


def run_attributes(run: str, state: RunState) -> Attributes:
    """Return what the span of a whole run says."""
    started: dict[str, Any] = state.started or {}
    crew = started.get("crew") or {}
    found: Attributes = {
        "gen_ai.conversation.id": run,
        "callsheet.run.status": state.status,
        "callsheet.crew": str(crew.get("name", "")),
        "callsheet.crew.version": int(crew.get("version") or 0),
        "callsheet.rehearsal": bool(started.get("rehearsal")),
        "callsheet.tokens": state.tokens,
        "callsheet.cost_usd": float(state.cost_usd),
        "callsheet.calls": state.calls,
        "callsheet.failures": state.failures,
    }
    if state.error is not None:
        found["error.type"] = str(state.error.get("kind", "error"))
    return found
