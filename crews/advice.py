"""Whether a crew is a good idea, not whether it is right; pure.

Several agents cost more calls and are harder to follow than one, so what speaks for one is said.
"""

from collections.abc import Iterator
from typing import Final

from crews.edges import chain_order
from crews.problems import Problem, listed, problem
from crews.spec import CrewSpec, Handoff, RoleSpec

# More model roles than this are hard to follow; so many tools are well within one agent's reach.
MANY_ROLES: Final = 7
FEW_TOOLS: Final = 10
ORCHESTRATED: Final = ("hierarchical", "plan")
CHOREOGRAPHED: Final = ("events", "mesh", "blackboard")


def crew_advice(spec: CrewSpec) -> list[Problem]:
    """Return advice on the shape of a crew, each with its place."""
    return [*_one_would_do(spec), *_coupled(spec), *_many(spec), *_who_leads(spec), *_unread(spec)]


def _one_would_do(spec: CrewSpec) -> Iterator[Problem]:
    """One agent with all the tools would do where no role differs from the others in anything
    that one agent could not have."""
    roles = _models(spec)
    tools = {use.name for role in roles.values() for use in role.tools}
    if len(roles) != len(spec.roles) or len(roles) < 2 or len(tools) > FEW_TOOLS:
        return
    if spec.pattern.name in ("review", "debate", "parallel", "route", *CHOREOGRAPHED):
        return  # A second look, views at once and a choice of specialists are what these are for.
    alike = len({_engine(role) for role in roles.values()}) == 1
    if alike and not any(edge.schema_ or edge.when for edge in spec.handoffs):
        text = f"One agent with {_tools(len(tools))} would probably do: all {len(roles)} roles use"
        text += " the same model, sandbox and capabilities, and no contract stands between them."
        yield problem("roles", text, severity="advice")


def _coupled(spec: CrewSpec) -> Iterator[Problem]:
    if spec.pattern.name != "pipeline":
        return
    chain = chain_order(spec)
    checked = {edge.from_ for edge in spec.handoffs if edge.schema_ or edge.when}
    free = [name for name in chain[:-1] if spec.roles[name].kind == "model" and name not in checked]
    if len(free) > 1:
        text = (
            f"The stages {listed(free)} are tightly coupled: each needs the whole text of the one"
        )
        text += " before, and nothing checks it. Join them into one role, or give their handoffs a"
        text += " contract."
        yield problem("handoffs", text, severity="advice")


def _many(spec: CrewSpec) -> Iterator[Problem]:
    if (count := len(_models(spec))) > MANY_ROLES:
        text = f"{count} agents are hard to follow and each adds calls. Join roles, or move some"
        text += " into a crew of their own."
        yield problem("roles", text, severity="advice")


def _who_leads(spec: CrewSpec) -> Iterator[Problem]:
    """Orchestration has one role that knows what comes next; choreography has none."""
    name, roles = spec.pattern.name, len(spec.roles)
    if name in CHOREOGRAPHED and roles == 2:
        text = (
            "With two roles, orchestration is easier to follow than choreography: let one of them"
        )
        text += " lead (hierarchical), or judge the other (review)."
        yield problem("pattern.name", text, severity="advice")
    if name in ORCHESTRATED and roles > MANY_ROLES:
        text = "One role leads all others, and every result goes through its prompt. If roles can"
        text += " react to what happens by themselves, choreography (events) costs fewer calls."
        yield problem("pattern.name", text, severity="advice")


def _unread(spec: CrewSpec) -> Iterator[Problem]:
    """A contract must promise what the receiver needs, and its producer be able to keep it."""
    for n, edge in enumerate(spec.handoffs):
        source, target = spec.roles[edge.from_], spec.roles[edge.to]
        place = f"handoffs.{n}.schema"
        if target.kind == "code" and edge.schema_ is None and source.kind == "model":
            text = f"The program of '{edge.to}' reads what '{edge.from_}' says, and nothing says"
            text += " which fields that has. Give the handoff a schema."
            yield problem(place, text, severity="advice")
        for name in _contradictions(edge.schema_ or {}, source.returns or {}):
            text = f"No result of '{edge.from_}' can satisfy this: its own schema wants '{name}' to"
            text += " be of another type."
            yield problem(f"{place}.properties.{name}", text, severity="warning")
        if _is_never_sure(edge, source):
            text = f"Without a schema the result of '{edge.from_}' is text, which has no"
            text += " confidence, so each goes to a person. Give the handoff a schema with a number"
            text += " 'confidence'."
            yield problem(f"handoffs.{n}.required_confidence", text, severity="warning")


def _is_never_sure(edge: Handoff, source: RoleSpec) -> bool:
    """Say whether a contract wants a confidence of mere text; a router is asked for it anyway."""
    wanted = edge.required_confidence and edge.on_low_confidence != "proceed"
    talks = source.kind in ("model", "command", "human") and source.seat != "router"
    return bool(wanted) and talks and edge.schema_ is None and source.returns is None


def _contradictions(first: dict[str, object], second: dict[str, object]) -> Iterator[str]:
    one, other = first.get("properties"), second.get("properties")
    if not isinstance(one, dict) or not isinstance(other, dict):
        return
    for name in sorted(one.keys() & other.keys()):
        types = [part.get("type") for part in (one[name], other[name]) if isinstance(part, dict)]
        known = {text for text in types if isinstance(text, str)}
        if len(known) == 2 and known != {"integer", "number"}:
            yield name


def _models(spec: CrewSpec) -> dict[str, RoleSpec]:
    return {name: role for name, role in spec.roles.items() if role.kind == "model"}


def _engine(role: RoleSpec) -> tuple[object, ...]:
    return (role.model, role.sandbox, frozenset(role.capabilities))


def _tools(count: int) -> str:
    return {0: "clear instructions", 1: "one tool"}.get(count, f"{count} tools")
