"""Crews that stand for a role of another crew: their actions are children of that role's, in the
same journal, on the same budget."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from crews.schema_guard import validate_payload
from crews.spec import CrewSpec, RoleSpec
from runs.engine import prompts
from runs.engine.escalation import combined
from runs.engine.options import with_defaults
from runs.engine.recorder import Scope
from runs.engine.specs import spec_of
from runs.errors import ActionError
from runs.patterns import pattern_get

if TYPE_CHECKING:
    from runs.engine.asking import Asking
    from runs.engine.crew import CrewAtWork

Json = Any
# How many crews may stand inside each other.
DEPTH = 5


def with_roles_inside(spec: CrewSpec, crews: Mapping[str, Json]) -> CrewSpec:
    """Return a crew with the roles of the crews inside it as well, under their names in the
    journal (`role/role`): whose limits hold, and whose sandboxes there are."""
    roles: dict[str, RoleSpec] = dict(spec.roles)
    for path, pinned in crews.items():
        inner = spec_of(pinned["document"])
        for name, role in inner.roles.items():
            rules = combined(inner.escalation, role.escalation)
            roles[f"{path}/{name}"] = role.model_copy(update={"escalation": rules})
    return spec.model_copy(update={"roles": roles})


async def play_inside(crew: "CrewAtWork", scope: Scope, asked: "Asking") -> Json:
    """Let the crew that stands for a role do what the role is asked and return its result."""
    path, given = asked.agent, asked.given
    spec = spec_of(crew.crews[path]["document"])
    pattern = pattern_get(spec.pattern.name)
    inner = replace(
        crew,
        spec=spec,
        task=_task(crew, asked, spec),
        input={item.source: item.payload for item in given} or crew.input,
        options=with_defaults(pattern.info.options_schema, spec.pattern.options),
        scope=scope,
        inside=f"{path}/",
    )
    return await pattern.play(inner)


def _task(crew: "CrewAtWork", asked: "Asking", spec: CrewSpec) -> Json:
    """Return the inner crew's task: text with what is given, or by its task schema what it is
    given, else the task itself."""
    if spec.task.schema_ is None:
        return prompts.brief(crew.marks, asked.task, asked.given, asked.words)
    problems = []
    alone = [item.payload for item in asked.given] if len(asked.given) == 1 else []
    for candidate in (*alone, asked.task):
        if not (problems := validate_payload(spec.task.schema_, candidate)):
            return candidate
    message = f"'{asked.name}' is the crew '{spec.name}', and this is no task for it: {problems[0]}"
    raise ActionError({"kind": "invalid_task", "role": asked.name, "message": message})
