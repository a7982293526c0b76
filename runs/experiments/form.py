"""The plan that a new experiment begins with."""

from typing import Any

from crews.models import Crew
from crews.selectors import crew_document
from crews.strict_json import json_dump

Json = Any


def plan_text(crew: Crew | None) -> str:
    """Return an example of a plan, for a crew where there is one."""
    slug, example, place = "your-crew", "The task", "roles.*.model.tier"
    if crew is not None:
        document = crew_document(crew)
        slug = crew.slug
        example = (document.get("task") or {}).get("example") or example
    task = json_dump(example) if not isinstance(example, str) else _text(example)
    return f"""\
name: Fast or best models
variants:
  - name: fast
    crew: {slug}
    changes:
      {place}: fast
  - name: best
    crew: {slug}
    changes:
      {place}: best
tasks:
  - task: {task}
checks:
  - name: good enough
    kind: judge
    model: {{tier: balanced}}
    instructions: The result does what the task asks for, and claims nothing that it cannot know.
"""


def _text(text: str) -> str:
    lines = "\n".join(f"      {line}".rstrip() for line in text.strip().splitlines())
    return f"|\n{lines}"
