"""Whether a result passes: told at once, or by a run of its own that executes or judges."""

import re
from typing import Any

from crews.strict_json import json_dump
from runs.experiments.plan import (
    ExactCheck,
    JudgeCheck,
    PathCheck,
    PythonCheck,
    TaskGiven,
)

Json = Any
VERDICT = {
    "type": "object",
    "required": ["passed", "detail"],
    "properties": {
        "passed": {"type": "boolean"},
        "detail": {"type": "string", "description": "Why, in a sentence."},
    },
}
SEEN = 300
_NUMBER = re.compile("[0-9]{1,9}")


def verdict_at_once(
    check: ExactCheck | PathCheck, given: TaskGiven, output: Json
) -> tuple[bool, str]:
    """Return whether a result passes and why, for a check that takes no run."""
    if isinstance(check, ExactCheck):
        return _same(output, given.expect)
    wanted = given.expect if check.equals is None else check.equals
    try:
        return _same(_at(output, check.path), wanted)
    except LookupError as missing:
        return False, str(missing)


def check_document(check: PythonCheck | JudgeCheck) -> Json:
    """Return the crew of one role that looks at a result; its task is `subject`."""
    if isinstance(check, PythonCheck):
        role: Json = {
            "seat": "node",
            "kind": "code",
            "title": "Check",
            "program": {"language": "python", "source": _READ_TASK + check.source},
            "returns": VERDICT,
        }
    else:
        role = {
            "seat": "node",
            "title": "Judge",
            "instructions": check.instructions,
            "constraints": ["judge only what is in front of you"],
            "model": check.model.model_dump(mode="json", exclude_defaults=True),
            "returns": VERDICT,
        }
    return {
        "callsheet": 1,
        "name": f"Check: {check.name}"[:100],
        "pattern": {"name": "graph"},
        "task": {"schema": {"type": "object", "required": ["task", "output"]}},
        "roles": {"check": role},
        "limits": {"actions": 20, "seconds": 300, "on_reached": "end"},
    }


def subject(given: TaskGiven, output: Json) -> Json:
    """Return what a check looks at."""
    return {"task": given.task, "expect": given.expect, "output": output}


# A program of a crew gets its task inside an object; a check's program gets the subject itself.
_READ_TASK = """\
import io as _io, json as _json, sys as _sys
_sys.stdin = _io.StringIO(_json.dumps(_json.load(_sys.stdin)["task"]))
"""


def _same(value: Json, wanted: Json) -> tuple[bool, str]:
    if isinstance(value, str) and isinstance(wanted, str):
        value, wanted = value.strip(), wanted.strip()
    if value == wanted and isinstance(value, bool) == isinstance(wanted, bool):
        return True, ""
    if wanted is None:
        return False, "The task has nothing under 'expect' to compare with."
    return False, f"It is {_shown(value)} and should be {_shown(wanted)}."


def _shown(value: Json) -> str:
    text = value if isinstance(value, str) else json_dump(value)
    return f"'{text[:SEEN]}{'…' if len(text) > SEEN else ''}'"


def _at(value: Json, path: str) -> Json:
    for step in path.split("."):
        if isinstance(value, dict) and step in value:
            value = value[step]
        elif isinstance(value, list) and _NUMBER.fullmatch(step) and int(step) < len(value):
            value = value[int(step)]
        else:
            raise LookupError(f"The result has no '{step}' ({path}).")
    return value
