"""What the audit page asks of a run: actions that match, and one action in full."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q

from crews.titles import title_of
from runs.journal import store
from runs.journal.entries import Entry
from runs.journal.fold import ActionState, fold
from runs.models import Action, Run
from runs.models import Entry as EntryRow

Json = Any
FOUND = 100
# Asks for the input of so many earlier calls of one conversation at most.
CALLS = 400


@dataclass(frozen=True, kw_only=True)
class Filter:
    """Which actions are looked for; an empty field does not matter."""

    agent: str = ""
    type: str = ""
    status: str = ""
    text: str = ""

    def __bool__(self) -> bool:
        return bool(self.agent or self.type or self.status or self.text)


def actions_found(run: Run, wanted: Filter, after: int = 0) -> tuple[list[Action], bool]:
    """Return up to FOUND matching actions with seq > `after`, in order, and whether there are more.

    The text is looked for in names and previews and in all that was given and answered.
    """
    actions = Action.objects.filter(run=run, seq__gt=after)
    for name in ("agent", "type", "status"):
        if value := getattr(wanted, name):
            actions = actions.filter(**{name: value})
    if wanted.text:
        # Payloads are stored as ASCII JSON.
        escaped = json.dumps(wanted.text)[1:-1]
        spoken = EntryRow.objects.filter(run=run, payload__icontains=escaped, action__isnull=False)
        actions = actions.filter(
            Q(name__icontains=wanted.text)
            | Q(preview__icontains=wanted.text)
            | Q(error__icontains=wanted.text)
            | Q(pk__in=spoken.values("action"))
        )
    found = list(actions.order_by("seq")[: FOUND + 1])
    return found[:FOUND], len(found) > FOUND


def choices_of(run: Run) -> dict[str, list[str]]:
    """Return the agents, types and statuses that occur in a run."""
    rows = Action.objects.filter(run=run).order_by().values_list("agent", "type", "status")
    found = list(rows.distinct())
    return {
        name: sorted(filter(None, {row[place] for row in found}))
        for place, name in enumerate(("agent", "type", "status"))
    }


def titles_of(run: Run) -> dict[str, str]:
    """Return what people call the roles of the document that the run pinned."""
    first = EntryRow.objects.filter(run=run, seq=1)
    payload = next((entry.payload or {} for entry in store.load(first)), {})
    roles = payload.get("document", {}).get("roles", {})
    return {name: title_of(name, role.get("title")) for name, role in roles.items()}


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One attempt at an action. `ended_at` is None where its worker was lost or it goes on."""

    number: int
    seq: int
    started_at: datetime
    ended_at: datetime | None
    status: str
    error: dict[str, Json] | None
    tokens: int
    cost_usd: str | None
    actor: str

    @property
    def took_s(self) -> float | None:
        return (self.ended_at - self.started_at).total_seconds() if self.ended_at else None


@dataclass(frozen=True, kw_only=True)
class Given:
    """A step of the chain that led to an action: who was given what."""

    action: Action
    input: Json


@dataclass(frozen=True, kw_only=True)
class Trace:
    """One action in full.

    `input` is all that it was given; for a model call that is `system`, `tools` and every message
    of its conversation so far, `new` of them since the call before. `chain` leads from the root
    to it.
    """

    action: Action
    state: ActionState
    input: Json
    new: int
    chain: list[Given]
    attempts: list[Attempt]
    entries: list[Entry]
    previous: UUID | None
    next: UUID | None


def trace(run: Run, action: Action) -> Trace:
    """Return an action of a run in full."""
    rows = EntryRow.objects.filter(run=run, action=action.pk).order_by("seq")
    entries = store.load(rows)
    state = fold(entries).actions[str(action.pk)]
    around = Action.objects.filter(run=run).order_by("seq").values_list("pk", flat=True)
    whole, new = _conversation(run, action, state.input)
    return Trace(
        action=action,
        state=state,
        input=whole,
        new=new,
        chain=_chain(run, action),
        attempts=_attempts(entries),
        entries=entries,
        previous=around.filter(seq__lt=action.seq).last(),
        next=around.filter(seq__gt=action.seq).first(),
    )


def _chain(run: Run, action: Action) -> list[Given]:
    """Return the actions above one, the outermost first."""
    above: list[Action] = []
    seen = {action.pk}
    parent = action.parent
    while parent and parent not in seen:
        seen.add(parent)
        found = Action.objects.filter(run=run, pk=parent).first()
        if found is None:
            break
        above.append(found)
        parent = found.parent
    inputs = _inputs(run, [one.pk for one in above])
    return [Given(action=one, input=inputs.get(one.pk)) for one in reversed(above)]


def _inputs(run: Run, ids: list[UUID]) -> dict[UUID, Json]:
    """Return what actions were given at their first attempt; None where it was erased."""
    rows = EntryRow.objects.filter(run=run, action__in=ids, kind="action.started").order_by("seq")
    inputs: dict[UUID, Json] = {}
    for entry in store.load(rows):
        if entry.action is not None:
            inputs.setdefault(UUID(entry.action), (entry.payload or {}).get("input"))
    return inputs


def _conversation(run: Run, action: Action, own: Json) -> tuple[Json, int]:
    """Return the input with, for a model call, the messages before, and how many are new."""
    if action.type != "model_call" or not isinstance(own, dict) or "messages" not in own:
        return own, 0
    # A call that failed for good was told again to the model that stood in for it.
    before = (
        Action.objects.filter(
            run=run, parent=action.parent, type="model_call", agent=action.agent, seq__lt=action.seq
        )
        .exclude(status="failed")
        .order_by("-seq")[:CALLS]
    )
    ids = [one.pk for one in reversed(before)]
    inputs = _inputs(run, ids)
    earlier = [inputs[id] for id in ids if isinstance(inputs.get(id), dict)]
    messages = [message for input in earlier for message in input.get("messages", [])]
    opening = next((input for input in [*earlier, own] if "system" in input), own)
    whole = {name: opening[name] for name in ("system", "tools") if name in opening}
    return {**whole, **own, "messages": [*messages, *own["messages"]]}, len(own["messages"])


def _attempts(entries: list[Entry]) -> list[Attempt]:
    """Return the attempts that an action's entries tell of, in order."""
    attempts: list[Attempt] = []
    for n, entry in enumerate(entries):
        if entry.kind != "action.started":
            continue
        later = entries[n + 1 :]
        until = next((m for m, one in enumerate(later) if one.kind == "action.started"), len(later))
        end = next(
            (one for one in later[:until] if one.kind in ("action.finished", "action.failed")), None
        )
        attempts.append(_attempt(entry, end, lost=until < len(later)))
    return attempts


def _attempt(start: Entry, end: Entry | None, *, lost: bool) -> Attempt:
    told, result = start.payload or {}, (end.payload if end else None) or {}
    usage = result.get("usage") or {}
    status = "lost" if lost else "running"
    if end is not None:
        status = "finished" if end.kind == "action.finished" else "failed"
    return Attempt(
        number=told.get("attempt", 1),
        seq=start.seq,
        started_at=datetime.fromisoformat(start.at),
        ended_at=datetime.fromisoformat(end.at) if end else None,
        status=status,
        error=result.get("error"),
        tokens=usage.get("input_tokens", 0) + usage.get("output_tokens", 0),
        cost_usd=result.get("cost_usd"),
        actor=start.actor,
    )
