"""The pages of what is made of a run: a fork, a restart, a replay, a comparison."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from crews.strict_json import json_load
from runs.audit import titles_of
from runs.comparison import compare
from runs.errors import BadRequest
from runs.fork_edits import EDITABLE
from runs.forks import Edit, model_of_text, role_of, run_fork, run_restart
from runs.journal.fold import ActionState, RunState
from runs.models import Run
from runs.replays import run_replay
from runs.selectors import state_of
from runs.templatetags.runs import shown
from teams.access import TeamRequest, get_or_404, team_required

Json = Any
ROWS = 500


@dataclass(frozen=True, kw_only=True)
class Choice:
    """Something that can be edited in a fork, as the form offers it; `value` None for nothing to
    write."""

    name: str
    title: str
    hint: str
    value: Json
    lines: int = 10

    @property
    def text(self) -> str:
        return shown(self.value)


@require_http_methods(["GET", "POST"])
@team_required(None)
def fork(request: TeamRequest, pk: UUID, action: UUID) -> HttpResponse:
    """Ask what is to be different from an action on, and start the fork."""
    run = _run(request, pk, "runs.start")
    state = state_of(run)
    at = state.actions.get(str(action))
    if at is None:
        raise Http404("This run has no such action")
    choices = _choices(state, at)
    context: dict[str, Any] = {
        "run": run,
        "at": at,
        "titles": titles_of(run),
        "choices": choices,
        "chosen": request.POST.get("what", "again"),
        "written": {c.name: request.POST.get(c.name, c.text) for c in choices},
        "kept": sum(a.status == "finished" and a.seq < at.seq for a in state.actions.values()),
    }
    if request.method == "POST":
        try:
            edit = _edit(request, choices)
            made = run_fork(run=run, action=at.id, edit=edit, user=request.user)
            return redirect("runs:live", made.pk)
        except BadRequest as refused:
            context |= {"error": str(refused), "problems": refused.problems}
    status = 422 if "error" in context else 200
    return render(request, "runs/fork.html", context, status=status)


@require_POST
@team_required(None)
def restart(request: TeamRequest, pk: UUID) -> HttpResponse:
    """Start a failed run again from its last checkpoint and show the new one."""
    run = _run(request, pk, "runs.start")
    try:
        made = run_restart(run=run, user=request.user)
    except BadRequest as refused:
        messages.error(request, str(refused))
        return redirect("runs:live", run.pk)
    return redirect("runs:live", made.pk)


@require_POST
@team_required(None)
def replay(request: TeamRequest, pk: UUID) -> HttpResponse:
    """Replay a run now, and say what was found."""
    run = _run(request, pk, "runs.view")
    try:
        context: dict[str, Any] = {"replayed": run_replay(run)}
    except BadRequest as refused:
        context = {"refused": str(refused)}
    return render(request, "runs/replayed.html", context)


@require_GET
@team_required(None)
def comparison(request: TeamRequest, pk: UUID, other: UUID) -> HttpResponse:
    """Show two runs side by side."""
    a, b = _run(request, pk, "runs.view"), _run(request, other, "runs.view")
    if a.team_id != b.team_id:
        raise Http404("Only runs of one team are compared")
    found = compare(a, b)
    every = request.GET.get("rows") == "all"
    rows = found.rows if every else found.different
    context = {
        "a": a,
        "b": b,
        "found": found,
        "rows": rows[:ROWS],
        "more": max(0, len(rows) - ROWS),
        "every": every,
        "titles": titles_of(a) | titles_of(b),
    }
    return render(request, "runs/compare.html", context)


def _choices(state: RunState, at: ActionState) -> list[Choice]:
    """Return what can be edited at an action."""
    found = [Choice(name="again", title="Nothing", hint="Do it again as it was.", value=None)]
    if at.type in EDITABLE or at.status == "finished":
        found.append(
            Choice(
                name="output",
                title="Its result",
                hint="What follows gets this result; the action itself is not done again.",
                value=_text_of(at, at.output),
            )
        )
    if at.type in EDITABLE:
        found.append(
            Choice(
                name="input",
                title="What it is given",
                hint="The action is done again with this.",
                value=_told(at),
            )
        )
    role = role_of(state.started or {}, at.agent)
    if role is not None and role.get("model"):
        models = (state.started or {}).get("models", {}).get(at.agent) or [{}]
        pinned = f"{models[0].get('provider', '')}/{models[0].get('name', '')}"
        found += [
            Choice(
                name="instructions",
                title="The instructions of its role",
                hint="They hold from this action on.",
                value=role.get("instructions", ""),
            ),
            Choice(
                name="model",
                title="The model of its role",
                hint="provider/name, or a tier: fast, balanced or best. It answers from this"
                " action on.",
                value=pinned,
                lines=1,
            ),
        ]
    return found


def _text_of(at: ActionState, output: Json) -> Json:
    """Return a result as people edit it: as text where it is no more than that."""
    if at.type == "model_call" and isinstance(output, dict) and not output.get("tool_calls"):
        return output.get("text", "")
    return "" if output is None else output


def _told(at: ActionState) -> Json:
    """Return an input as people edit it."""
    own = at.input if isinstance(at.input, dict) else {}
    if at.type == "model_call":
        told = own.get("messages", [])
        if len(told) == 1 and "text" in told[0]:
            return told[0]["text"]
        return {"messages": told}
    if at.type == "ask" and own.keys() == {"task"} and isinstance(own["task"], str):
        return own["task"]
    if at.type == "handoff":
        return {"payload": own.get("payload")}
    return {"stdin": own["stdin"]} if {"source", "stdin"} <= own.keys() else own


def _edit(request: HttpRequest, choices: list[Choice]) -> Edit:
    """Return what the form says. Raises BadRequest."""
    what = request.POST.get("what", "again")
    chosen = next((choice for choice in choices if choice.name == what), None)
    if chosen is None:
        raise BadRequest("Choose what is to be different.")
    if chosen.name == "again":
        return Edit()
    text = request.POST.get(what, "").replace("\r\n", "\n")
    if what == "model":
        return Edit(model=model_of_text(text.strip()))
    if what == "instructions":
        return Edit(instructions=text)
    if isinstance(chosen.value, str):
        return Edit(**{what: text})
    try:
        return Edit(**{what: json_load(text)})
    except ValueError as error:
        raise BadRequest(f"edit.{what}: it is no JSON: {error}") from None


def _run(request: TeamRequest, pk: UUID, permission: str) -> Run:
    runs = Run.objects.select_related("team", "crew", "version", "started_by", "origin")
    return get_or_404(runs, request.user, pk, permission)
