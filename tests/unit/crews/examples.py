"""A catalog and a document that fit each other."""

from copy import deepcopy
from typing import Any

from crews.catalog import Catalog, PatternInfo, ProviderInfo, Seat, ToolInfo

NOTHING: dict[str, Any] = {"type": "object", "additionalProperties": False}

CATALOG = Catalog(
    patterns=(
        PatternInfo(
            name="hierarchical",
            title="Hierarchical",
            summary="A lead delegates.",
            seats=(Seat(name="orchestrator"), Seat(name="worker", max=None)),
            options_schema={
                "type": "object",
                "additionalProperties": False,
                "properties": {
                    "max_delegations": {"type": "integer", "minimum": 1, "default": 10},
                    "must_review": {
                        "type": "array",
                        "items": {"type": "string", "format": "role"},
                    },
                },
            },
            implicit_tools={"orchestrator": ("delegate_to_agent",)},
        ),
        PatternInfo(
            name="pipeline",
            title="Pipeline",
            summary="Stage after stage.",
            seats=(Seat(name="stage", min=2, max=None),),
            edges="chain",
        ),
        PatternInfo(
            name="plan",
            title="Plan",
            summary="Without loops.",
            seats=(Seat(name="step", max=None),),
            edges="dag",
        ),
        PatternInfo(
            name="graph",
            title="Graph",
            summary="Free dataflow.",
            seats=(Seat(name="node", max=None),),
            edges="free",
            options_schema={
                "type": "object",
                "properties": {"max_visits": {"type": ["integer", "null"], "default": 3}},
            },
        ),
    ),
    tools=(
        ToolInfo(
            name="run_python",
            title="Run Python",
            description="Runs a program.",
            parameters=NOTHING,
            capability="code_execution",
            needs_sandbox=True,
        ),
        ToolInfo(name="ask_human", title="Ask", description="Asks.", parameters=NOTHING),
    ),
    providers=(ProviderInfo(name="anthropic", title="Anthropic"),),
)

_DESK: dict[str, Any] = {
    "callsheet": 1,
    "name": "Research desk",
    "description": "Looks things up.\nThen writes.",
    "pattern": {"name": "hierarchical", "options": {"must_review": ["writer"]}},
    "task": {"example": "Compare two databases"},
    "roles": {
        "lead": {
            "seat": "orchestrator",
            "kind": "model",
            "instructions": "Delegate.",
            "model": {"tier": "balanced"},
        },
        "writer": {
            "seat": "worker",
            "instructions": "Write.",
            "capabilities": ["code_execution"],
            "model": {"provider": "anthropic", "name": "claude-x", "temperature": 0.3},
            "tools": ["run_python", "ask_human"],
            "limits": {"cost_usd": "0.50"},
        },
    },
    "handoffs": [
        {
            "from": "writer",
            "to": "lead",
            "schema": {"type": "object", "required": ["text"]},
            "required_confidence": 0.7,
        }
    ],
    "limits": {"cost_usd": "2.00"},
    "layout": {"lead": {"x": 0, "y": 0}, "writer": {"x": 240.5, "y": 120}},
}


def desk(**changes: Any) -> dict[str, Any]:
    """Return a document that `CATALOG` accepts without a word, with changed fields."""
    return deepcopy(_DESK) | changes
