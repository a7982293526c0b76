"""What is wrong with the sandboxes of a crew, and with the files that its handoffs name; pure."""

from collections.abc import Iterator

from crews.catalog import Catalog
from crews.globs import glob_fault
from crews.problems import Problem, Severity, problem
from crews.spec import CrewSpec, RoleSpec, SandboxChoice


def sandbox_problems(spec: CrewSpec, catalog: Catalog) -> Iterator[Problem]:
    """Yield what roles that share a sandbox disagree about, credentials that others could read,
    and patterns of files that can fit nothing."""
    yield from _shared(spec)
    for n, edge in enumerate(spec.handoffs):
        for m, pattern in enumerate(edge.artifacts):
            if fault := glob_fault(pattern):
                place = f"handoffs.{n}.artifacts.{m}"
                yield problem(place, f"No file can fit '{pattern}': {fault}.", value=pattern)
        source = spec.roles[edge.from_]
        if edge.artifacts and source.kind != "crew" and not has_sandbox(source, catalog):
            text = f"'{edge.from_}' works in no sandbox, so it has no files to hand over."
            yield problem(f"handoffs.{n}.artifacts", text, severity="warning")


def has_sandbox(role: RoleSpec, catalog: Catalog) -> bool:
    """Say whether a role works in a sandbox."""
    if role.kind in ("code", "command"):
        return True
    tools = (catalog.tool(use.name) for use in role.tools)
    return any(tool.needs_sandbox for tool in tools if tool)


def _shared(spec: CrewSpec) -> Iterator[Problem]:
    first: dict[str, tuple[str, SandboxChoice]] = {}
    for name, role in spec.roles.items():
        box = role.sandbox
        if box is None or not box.shared:
            continue
        if role.command is not None and role.command.credential:
            text = f"Other roles could read this credential in the shared sandbox '{box.shared}'."
            text += " Give the role a sandbox of its own."
            yield problem(f"roles.{name}.command.credential", text)
        other, theirs = first.setdefault(box.shared, (name, box))
        for part in SandboxChoice.model_fields.keys() - {"timeout_s"}:
            if getattr(box, part) != getattr(theirs, part):
                text = f"'{other}' shares the sandbox '{box.shared}', and what it asks for holds:"
                text += f" {getattr(theirs, part)}. Say the same here."
                place, value = f"roles.{name}.sandbox.{part}", str(getattr(box, part))
                # A role without network must not get another one's unawares.
                severity: Severity = "error" if part == "network" else "warning"
                yield problem(place, text, value=value, severity=severity)
