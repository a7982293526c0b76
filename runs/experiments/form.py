"""The plan that a new experiment begins with."""

from typing import Any

from crews.strict_json import json_dump

Json = Any
JUDGE = """\
  - name: good enough
    kind: judge
    model: {tier: balanced}
    instructions: The result does what the task asks for, and claims nothing that it cannot know.
"""
PYTHON = """\
  - name: not empty
    kind: python
    source: |
      import json, sys
      given = json.load(sys.stdin)
      print(json.dumps({"passed": bool(given["output"]), "detail": ""}))
"""
TIERS = {"fast": "fast", "best": "best"}
SECONDS = {"one minute": "60", "ten minutes": "600"}


def plan_text(slug: str, document: Json) -> str:
    """Return an example of a plan for a crew, of whatever kinds its roles are."""
    example = (document.get("task") or {}).get("example") or "The task"
    task = json_dump(example) if not isinstance(example, str) else _text(example)
    name, values, check = "Fast or best models", TIERS, JUDGE
    places = _models(document.get("roles") or {})
    if not places:
        name, values, check = "One minute or ten", SECONDS, PYTHON
        places = ["limits.seconds: {}"]
    return f"""\
name: {name}
variants:
{"".join(_variant(variant, slug, places, value) for variant, value in values.items())}\
tasks:
  - task: {task}
checks:
{check}"""


def _models(roles: Json) -> list[str]:
    """Return the changes that give the roles a tier: one for all where all have one already."""
    models = {name: role["model"] for name, role in roles.items() if role.get("model")}
    if models and len(models) == len(roles) and all("tier" in m for m in models.values()):
        return ["roles.*.model.tier: {}"]
    return [f"roles.{name}.model: {{{{tier: {{}}}}}}" for name in models]


def _variant(name: str, slug: str, places: list[str], value: str) -> str:
    changes = "".join(f"      {place.format(value)}\n" for place in places)
    return f"  - name: {name}\n    crew: {slug}\n    changes:\n{changes}"


def _text(text: str) -> str:
    lines = "\n".join(f"      {line}".rstrip() for line in text.strip().splitlines())
    return f"|\n{lines}"
