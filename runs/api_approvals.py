"""The REST API of what runs ask people."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Router, Schema
from pydantic import Field

from crews.rest.shapes import StrictIn
from crews.rest.wire import REFUSALS
from runs import approvals, services
from runs.api import REFUSED, RunOut, fresh
from runs.models import Run
from teams.access import Caller, get_or_404, require

router = Router(tags=["approvals"])


class DecisionIn(StrictIn):
    """`value` comes with the choices `answer`, `edit` and `top_up`, by the question's schema."""

    choice: str = Field(max_length=200)
    value: Any = None
    comment: str = Field(default="", max_length=10_000)


class ApprovalOut(Schema):
    """A question of a run that waits for a person. `proposed` is the value in question, from which
    an edit begins. `mine`: the caller is asked first, as its assignee, or where it has none, as who
    started the run. At the `deadline` the system chooses `default`; without one the question stays
    open."""

    run: UUID
    action: UUID
    crew: str
    title: str
    rehearsal: bool
    started_by: str | None
    status: str
    agent: str
    role: str
    question: str
    reason: str | None
    choices: list[str]
    schema_: dict[str, Any] | None = Field(default=None, alias="schema")
    context: Any = None
    proposed: Any = None
    assignee: str | None
    mine: bool
    asked_at: datetime
    deadline: datetime | None
    default: str | None


class ApprovalsOut(Schema):
    approvals: list[ApprovalOut]


@router.get(
    "/approvals",
    response={200: ApprovalsOut, **REFUSALS},
    by_alias=True,
    operation_id="approvals_list",
)
def approvals_list(request: HttpRequest) -> dict[str, Any]:
    """List the open questions of the team's runs: the caller's first, then what is due first."""
    caller = _caller(request)
    require(caller.user, "runs.view", caller.team)
    return {"approvals": approvals.inbox(caller.team, caller.user)}


@router.post(
    "/approvals/{uuid:run}/{uuid:action}/decide",
    response={200: RunOut, **REFUSED},
    operation_id="approval_decide",
)
def approval_decide(
    request: HttpRequest, run: UUID, action: UUID, body: DecisionIn
) -> dict[str, Any]:
    """Answer a question. Of two answers one wins; the other gets 409."""
    caller = _caller(request)
    row = get_or_404(Run.objects.all(), caller, run, "runs.decide")
    services.decision_make(
        run=row,
        action=str(action),
        user=caller.user,
        choice=body.choice,
        value=body.value,
        comment=body.comment,
    )
    return fresh(row)


def _caller(request: HttpRequest) -> Caller:
    caller: Caller = request.auth  # type: ignore[attr-defined]
    return caller
