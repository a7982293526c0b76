"""The crew that most stories are about, and what refuses it."""

from typing import Any

MODEL = {"tier": "balanced"}
DESK: dict[str, Any] = {
    "callsheet": 1,
    "name": "Research desk",
    "pattern": {
        "name": "hierarchical",
        "options": {"max_delegations": 10, "must_review": ["coder"]},
    },
    "roles": {
        "lead": {
            "seat": "orchestrator",
            "title": "Lead",
            "model": MODEL,
            "instructions": "Plan and delegate.",
        },
        "researcher": {"seat": "worker", "title": "Researcher", "model": MODEL},
        "coder": {
            "seat": "worker",
            "title": "Coder",
            "model": MODEL,
            "capabilities": ["code_execution"],
            "tools": ["run_python"],
        },
    },
    "limits": {"cost_usd": "0.50", "tokens": 100_000, "actions": 100, "seconds": 600},
}
LINE: dict[str, Any] = {
    "callsheet": 1,
    "name": "Assembly line",
    "pattern": {"name": "pipeline"},
    "roles": {
        "extract": {"seat": "stage", "model": MODEL},
        "report": {"seat": "stage", "model": MODEL},
    },
    "handoffs": [
        {
            "from": "extract",
            "to": "report",
            "required_confidence": 0.7,
            "schema": {
                "type": "object",
                "required": ["rows", "confidence"],
                "properties": {"rows": {"type": "array"}, "confidence": {"type": "number"}},
            },
        }
    ],
}
OVERLOADED = {
    "kind": "overloaded",
    "message": "The model is overloaded.",
    "advice": "Nothing to do: it is tried again.",
    "role": "lead",
    "provider": "anthropic",
    "host": "api.anthropic.com",
    "status": 529,
}
BAD_KEY = {
    "kind": "bad_key",
    "message": "The provider refused the key.",
    "advice": "Store a valid key in Settings.",
    "role": "lead",
    "provider": "anthropic",
    "host": "api.anthropic.com",
    "status": 401,
}
