"""What a crew of the right shape needs to run on this installation; pure, without Django.

Errors stop a run; warnings are probably mistakes; advice is advice.
"""

from collections.abc import Iterator

from crews.catalog import Catalog, PatternInfo
from crews.constraints import forbidden_by, rules_of
from crews.edges import edge_problems
from crews.escalations import escalation_problems
from crews.problems import Problem, capped, listed, meant, problem
from crews.sandboxes import sandbox_problems
from crews.schema_guard import SchemaRefused, guard_schema, validate_payload
from crews.spec import CrewSpec, Json, ModelChoice, RoleSpec


def crew_lint(spec: CrewSpec, catalog: Catalog) -> list[Problem]:
    """Return what is wrong with a crew, errors first, each with its place."""
    pattern = catalog.pattern(spec.pattern.name)
    found = [*_schemas(spec), *_roles(spec, catalog, pattern), *_limits(spec)]
    found += escalation_problems(spec)
    found += sandbox_problems(spec, catalog)
    if pattern is None:
        names = tuple(item.name for item in catalog.patterns)
        text = f"There is no pattern '{spec.pattern.name}' here. Choose {listed(names)}."
        text += meant(spec.pattern.name, names)
        found.append(problem("pattern.name", text, value=spec.pattern.name, allowed=names))
    else:
        found += [*_options(spec, pattern), *_seats(spec, pattern)]
        found += edge_problems(spec, pattern)
    order = ("error", "warning", "advice")
    return capped(sorted(found, key=lambda item: order.index(item.severity)))


def _options(spec: CrewSpec, pattern: PatternInfo) -> Iterator[Problem]:
    try:
        for item in validate_payload(pattern.options_schema, spec.pattern.options):
            yield item.under("pattern.options")
    except SchemaRefused as error:
        raise ValueError(f"Pattern '{pattern.name}' declares bad options: {error}") from error
    for path, name in _role_names(pattern.options_schema, spec.pattern.options, "pattern.options"):
        if name not in spec.roles:
            text = f"There is no role '{name}'. The roles are {listed(list(spec.roles))}."
            yield problem(path, text, value=name, allowed=tuple(spec.roles))


def _role_names(schema: Json, value: Json, path: str) -> Iterator[tuple[str, str]]:
    """Yield the strings of a value that its schema says are names of roles, with their paths."""
    if not isinstance(schema, dict):
        return
    if schema.get("format") == "role" and isinstance(value, str):
        yield path, value
    if isinstance(value, list):
        for n, item in enumerate(value):
            yield from _role_names(schema.get("items"), item, f"{path}.{n}")
    if isinstance(value, dict):
        for key, item in value.items():
            below = schema.get("properties", {}).get(key, schema.get("additionalProperties"))
            yield from _role_names(below, item, f"{path}.{key}")


def _seats(spec: CrewSpec, pattern: PatternInfo) -> Iterator[Problem]:
    seats = {seat.name: seat for seat in pattern.seats}
    for name, role in spec.roles.items():
        if role.seat not in seats:
            text = f"'{pattern.name}' has no seat '{role.seat}', so this role is never reached."
            text += f" Its seats are {listed(tuple(seats))}."
            yield problem(f"roles.{name}.seat", text, value=role.seat, allowed=tuple(seats))
    for seat in pattern.seats:
        taken = spec.seated(seat.name)
        if len(taken) < seat.min:
            need = "a role" if seat.min == 1 else f"{seat.min} roles"
            text = f"The seat '{seat.name}' needs {need}; {len(taken) or 'none'} is there."
            yield problem("roles", text)
        for name in taken[seat.max :] if seat.max is not None else ():
            text = f"The seat '{seat.name}' takes {seat.max}, and {taken[0]} has it."
            yield problem(f"roles.{name}.seat", text, value=seat.name)


def _schemas(spec: CrewSpec) -> Iterator[Problem]:
    schemas = {f"roles.{name}.returns": role.returns for name, role in spec.roles.items()}
    schemas |= {f"handoffs.{n}.schema": edge.schema_ for n, edge in enumerate(spec.handoffs)}
    schemas["task.schema"] = spec.task.schema_
    refused = set()
    for path, schema in schemas.items():
        if schema is not None and (found := guard_schema(schema)):
            refused.add(path)
            yield from (item.under(path) for item in found)
    task = spec.task
    if task.schema_ is not None and task.example is not None and "task.schema" not in refused:
        for item in validate_payload(task.schema_, task.example):
            yield item.under("task.example")


def _roles(spec: CrewSpec, catalog: Catalog, pattern: PatternInfo | None) -> Iterator[Problem]:
    kinds = tuple(item.name for item in catalog.kinds)
    for name, role in spec.roles.items():
        path = f"roles.{name}"
        if role.kind not in kinds:
            text = f"Roles of kind '{role.kind}' cannot run here yet; {listed(kinds)} can."
            yield problem(f"{path}.kind", text, value=role.kind, allowed=kinds, severity="warning")
        yield from _tools(path, role, catalog, pattern)
        yield from _constraints(path, role)
        if role.model is not None:
            yield from _model(f"{path}.model", role.model, catalog)
        if role.kind != "model" and role.fallback_instructions:
            text = "Only a role of kind 'model' can be told a simpler approach."
            yield problem(f"{path}.fallback_instructions", text, severity="warning")
        if role.seat == "reactor" and not role.subscribes:
            text = "It subscribes to no event, so it never reacts. Say to which types it does."
            yield problem(f"{path}.subscribes", text, severity="warning")
        if role.kind == "model" and not role.instructions.strip():
            text = "Instructions tell the model what this role is for; there are none yet."
            yield problem(f"{path}.instructions", text, severity="advice")
    for name in spec.layout:
        if name not in spec.roles:
            text = f"There is no role '{name}' to place."
            yield problem(f"layout.{name}", text, severity="warning")


def _tools(
    path: str, role: RoleSpec, catalog: Catalog, pattern: PatternInfo | None
) -> Iterator[Problem]:
    implicit = pattern.implicit_tools.get(role.seat, ()) if pattern else ()
    if role.tools and role.kind != "model":
        text = f"A role of kind '{role.kind}' uses no tools; only models do."
        yield problem(f"{path}.tools", text, value=[use.name for use in role.tools])
        return
    for n, use in enumerate(role.tools):
        name, place, tool = use.name, f"{path}.tools.{n}", catalog.tool(use.name)
        if role.tool_use(name) is not use:
            yield problem(place, f"'{name}' is listed twice.", value=name, severity="warning")
        elif tool is None and name not in implicit:
            names = tuple(item.name for item in catalog.tools)
            text = f"There is no tool '{name}' here. Choose {listed(names)}.{meant(name, names)}"
            yield problem(place, text, value=name, allowed=names)
        elif tool and tool.capability and tool.capability not in role.capabilities:
            text = f"'{name}' needs the capability '{tool.capability}'. Add it to the role"
            yield problem(place, f"{text}, or remove the tool.", value=name)
        elif tool and (rule := forbidden_by(role.constraints, tool)):
            text = f"'{name}' is never offered: the constraint '{rule.name}' forbids it."
            yield problem(place, text, value=name, severity="warning")
        elif tool:
            for item in validate_payload(tool.options_schema, use.options):
                yield item.under(f"{place}.options")


def _constraints(path: str, role: RoleSpec) -> Iterator[Problem]:
    """What a role is must not be what its own constraints forbid."""
    forbidden = {effect for rule in rules_of(role.constraints) for effect in rule.forbids}
    if "code" in forbidden and role.kind in ("code", "command"):
        text = f"A role of kind '{role.kind}' executes code, and its constraints forbid that."
        yield problem(f"{path}.constraints", text)
    if "network" in forbidden and role.sandbox and role.sandbox.network != "none":
        text = "The constraints forbid the network; remove the hosts, or the constraint."
        yield problem(f"{path}.sandbox.network", text)


def _model(path: str, model: ModelChoice, catalog: Catalog) -> Iterator[Problem]:
    names = tuple(item.name for item in catalog.providers)
    if model.provider is not None and model.provider not in names:
        text = f"There is no provider '{model.provider}' here. Choose {listed(names)}."
        yield problem(f"{path}.provider", text, value=model.provider, allowed=names)
    for n, fallback in enumerate(model.fallback):
        yield from _model(f"{path}.fallback.{n}", fallback, catalog)


def _limits(spec: CrewSpec) -> Iterator[Problem]:
    models = any(role.kind == "model" for role in spec.roles.values())
    if models and spec.limits.cost_usd is None and spec.limits.tokens is None:
        text = "Nothing bounds what a run may cost. Set a limit of money or of tokens."
        yield problem("limits", text, severity="advice")
