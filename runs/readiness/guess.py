"""How many tokens a run may take, guessed from the document where no run says better."""

from decimal import Decimal
from typing import Final

from crews.spec import CrewSpec, RoleSpec

BYTES_PER_TOKEN: Final = 4
# What a call reads besides its own prompt (task, what it is given), and what it writes.
MATERIAL: Final = 800
ANSWER: Final = 500
# How often a role with tools calls its model again, to act on what they brought.
TOOL_TURNS: Final = 3
# How often a role of a seat is asked in a usual run; seats that are not named are asked once.
VISITS: Final = {
    "planner": 2,
    "proposer": 2,
    "critic": 2,
    "producer": 2,
    "reviewer": 2,
    "peer": 3,
    "writer": 3,
    "reactor": 2,
}


def guessed_tokens(spec: CrewSpec) -> dict[str, Decimal]:
    """Return the tokens that each model role may use in a run."""
    return {
        name: Decimal(_calls(spec, role) * _per_call(role))
        for name, role in spec.roles.items()
        if role.kind == "model"
    }


def _calls(spec: CrewSpec, role: RoleSpec) -> int:
    if role.seat == "orchestrator":
        return len(spec.seated("worker")) + 1
    visits = VISITS.get(role.seat, 1)
    return visits * (1 + (TOOL_TURNS if role.tools else 0))


def _per_call(role: RoleSpec) -> int:
    told = " ".join((role.instructions, *role.responsibilities, *role.constraints))
    return len(told.encode()) // BYTES_PER_TOKEN + MATERIAL + ANSWER
