"""Who is asked, until when and what then: what a document says of it that cannot come about."""

from collections.abc import Iterator

from crews.problems import Problem, problem
from crews.spec import CrewSpec, Escalation

DELEGATE = "delegate_to_agent"


def escalation_problems(spec: CrewSpec) -> Iterator[Problem]:
    """Yield what is wrong with a crew's escalations and approvals, each with its place."""
    yield from _of("", spec.escalation, spec.escalation)
    for name, role in spec.roles.items():
        yield from _of(f"roles.{name}.", role.escalation, spec.escalation)
    if spec.pattern.options.get("delegation") == "tags":
        yield from _slipping_past(spec)


def _of(at: str, said: Escalation, crew: Escalation) -> Iterator[Problem]:
    if said.assignee is not None and "@" not in said.assignee:
        text = "Give the e-mail address of a member of the team."
        yield problem(f"{at}escalation.assignee", text, value=said.assignee)
    deadline = crew.deadline_s if said.deadline_s is None else said.deadline_s
    if said.default is not None and deadline is None:
        text = "This is decided at the deadline, and there is none: say deadline_s as well."
        yield problem(f"{at}escalation.default", text, value=said.default, severity="warning")


def _slipping_past(spec: CrewSpec) -> Iterator[Problem]:
    """Delegations by tags are no calls of a tool, so nobody would be asked about them."""
    for name, role in spec.roles.items():
        for n, use in enumerate(role.tools):
            if use.name == DELEGATE and use.approval == "always":
                text = "Delegation by tags makes no calls that a person could approve; delegate by"
                text += " tools, or leave the approval out."
                yield problem(f"roles.{name}.tools.{n}.approval", text, value=use.approval)
