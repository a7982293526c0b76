"""A payload on its way from one role to another, through the contract between them."""

import json
from typing import TYPE_CHECKING, Any

from crews.spec import Handoff
from crews.titles import title_of
from runs.engine import contracts
from runs.errors import ActionError

if TYPE_CHECKING:
    from runs.engine.crew import CrewAtWork

Json = Any


async def let_through(
    crew: "CrewAtWork", contract: Handoff | None, source: str, payload: Json
) -> dict[str, Json]:
    """Return `{valid, confidence, passed, payload, reason?}`; a payload in doubt goes to a person.

    Raises ActionError when a person rejects it.
    """
    confidence = payload.get("confidence") if isinstance(payload, dict) else None
    doubt = contracts.confidence_problem(contract, payload)
    if contract is not None and doubt is not None and contract.on_low_confidence != "proceed":
        payload = await _decided(crew, contract, source, payload, str(doubt))
    gate = contract.when if contract else None
    done = {
        "valid": True,
        "confidence": confidence,
        "passed": contracts.gate_holds(gate, payload),
        "payload": payload,
    }
    if not done["passed"] and gate is not None:
        done["reason"] = f"The gate wants {gate.field} = {json.dumps(gate.equals)}."
    return done


async def _decided(
    crew: "CrewAtWork", contract: Handoff, source: str, payload: Json, doubt: str
) -> Json:
    whose = title_of(source, crew.role(source).title)
    decision = await crew.question(
        "escalation",
        source,
        f"The result of {whose} is in doubt. Its {doubt} Let it through?",
        ["approve", "edit", "reject"],
        reason="confidence",
        schema=contract.schema_,
        context=payload,
    )
    if decision["choice"] == "reject":
        message = f"A person rejected the result of '{source}'. {decision['comment']}".strip()
        raise ActionError({"kind": "rejected", "role": source, "message": message})
    return decision["value"] if decision["choice"] == "edit" else payload
