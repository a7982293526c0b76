"""How far the tasks of a run are: what was delegated, or where nobody delegates what each role was
asked. Read off the journal's state alone; static/src/journal/progress.ts says the same on the run
page, and the golden journals hold the two together."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from runs.journal.fold import FINAL, ActionState, RunState

Json = Any
Status = Literal["queued", "in_progress", "completed", "failed"]
TASK_SHOWN = 300
# A task under way is never said to be nearer to its end.
NEARLY = 95
NEVER = "The run ended before."


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskProgress:
    """One task. `percent` is 0 to 100: of a task under way, the share of the steps known so far
    that have ended. `output` is whole, `error` a message; `action` is None until it begins."""

    action: str | None
    agent: str
    by: str
    task: str
    status: Status
    percent: int
    output: Json = None
    error: str = ""


def progress(state: RunState) -> list[TaskProgress]:
    """Return the tasks of a run in the order in which they began, then those that are queued."""
    steps = _steps(state)
    begun = [a for a in state.actions.values() if a.type == "delegation"]
    delegates = bool(begun) or any(a.type == "plan" for a in state.actions.values())
    if not delegates:
        begun = [a for a in state.actions.values() if a.type == "ask" and not _within(state, a)]
    told = [_told(action, *steps.get(action.id, (0, 0))) for action in begun]
    left = _planned(state, begun) if delegates else _stages(state, begun)
    return [*told, *left]


def _told(action: ActionState, ended: int, known: int) -> TaskProgress:
    asked = action.input if isinstance(action.input, dict) else {}
    output = action.output if isinstance(action.output, dict) else {}
    so_far = min(NEARLY, 100 * ended // (known + 1))
    status: Status = "in_progress"
    percent, error = so_far, ""
    if action.status == "finished":
        status, percent = "completed", 100
        if output.get("status") in ("skipped", "held back"):
            status, percent, error = "failed", so_far, str(output.get("reason", ""))
    elif action.status == "failed":
        status, error = "failed", str((action.error or {}).get("message", ""))
    elif action.status == "cancelled":
        status, error = "failed", NEVER
    delegated = action.type == "delegation"
    return TaskProgress(
        action=action.id,
        agent=str(asked.get("to", "")) if delegated else action.agent,
        by=str(asked.get("from", "")) if delegated else "",
        task=_text(asked.get("task")),
        status=status,
        percent=percent,
        output=action.output,
        error=error,
    )


def _planned(state: RunState, begun: list[ActionState]) -> Iterator[TaskProgress]:
    """Yield the subtasks of plans that have not begun."""
    ids = [a.input.get("id") for a in begun if isinstance(a.input, dict)]
    for action in state.actions.values():
        output = action.output if isinstance(action.output, dict) else {}
        if action.type != "plan" or not isinstance(output.get("subtasks"), list):
            continue
        for part in output["subtasks"]:
            name = part.get("id") or part.get("worker")
            if name in ids:
                ids.remove(name)
            else:
                yield _queued(state, part.get("worker", ""), action.agent, _text(part.get("task")))


def _stages(state: RunState, begun: list[ActionState]) -> Iterator[TaskProgress]:
    """Yield the stages of a pipeline that have not begun."""
    started = state.started or {}
    document = started.get("document") or {}
    if (document.get("pattern") or {}).get("name") != "pipeline":
        return
    following = {edge["from"]: edge["to"] for edge in document.get("handoffs", [])}
    stage = begun[-1].agent if begun else None
    seen = {stage}
    while stage is not None and (stage := following.get(stage)) not in seen:
        seen.add(stage)
        if stage is not None:
            yield _queued(state, stage, "", _text(started.get("task")))


def _queued(state: RunState, agent: str, by: str, task: str) -> TaskProgress:
    ended = state.status in FINAL
    return TaskProgress(
        action=None,
        agent=agent,
        by=by,
        task=task,
        status="failed" if ended else "queued",
        percent=0,
        error=NEVER if ended else "",
    )


def _steps(state: RunState) -> dict[str, tuple[int, int]]:
    """Return for each action how many of those within it have ended, and how many there are."""
    steps: dict[str, tuple[int, int]] = {}
    for action in state.actions.values():
        ended = action.status in ("finished", "failed", "cancelled")
        for above in _above(state, action):
            done, known = steps.get(above.id, (0, 0))
            steps[above.id] = (done + ended, known + 1)
    return steps


def _within(state: RunState, action: ActionState) -> bool:
    return any(above.type == "ask" for above in _above(state, action))


def _above(state: RunState, action: ActionState) -> Iterator[ActionState]:
    while action.parent is not None and (above := state.actions.get(action.parent)) is not None:
        yield above
        action = above


def _text(task: Json) -> str:
    text = task.get("task") if isinstance(task, dict) else task
    return text[:TASK_SHOWN] if isinstance(text, str) else ""
