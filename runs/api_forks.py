"""The REST API of what is made of a run: a replay, a fork, a restart."""

from dataclasses import asdict
from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Header, Router, Schema, Status
from pydantic import Field

from crews.rest.shapes import StrictIn
from crews.rest.wire import REFUSALS
from runs import forks
from runs.api import REFUSED, RunOut, fresh
from runs.models import Run
from runs.replays import run_replay
from teams.access import Caller, get_or_404

router = Router(tags=["runs"])
Key = Annotated[str | None, Header(alias="Idempotency-Key", max_length=200)]


class EditIn(StrictIn):
    """What is different in the fork: the action's `output` or `input`, or from it on the
    `instructions` or the `model` of a role (of the action's agent, unless `role` names another).
    Without any, the action is done again as it was."""

    output: Any = None
    input: Any = None
    instructions: str | None = Field(default=None, max_length=100_000)
    model: dict[str, Any] | None = None
    role: str | None = Field(default=None, max_length=255)


class ForkIn(StrictIn):
    """At which action (its id, or its key), and what is edited."""

    action: str = Field(min_length=1, max_length=2000)
    edit: EditIn = Field(default_factory=EditIn)


class ForkOut(RunOut):
    """A fork. `taken` is the number of entries that it took over, `at` the key of the action."""

    origin: UUID
    at: str
    taken: int


class ReplayOut(Schema):
    """What a replay found: whether all is as the journal says, or the first difference."""

    identical: bool
    difference: str | None
    actions: int
    commitments: int
    calls: int
    effects: int


@router.post(
    "/runs/{uuid:run}/replay", response={200: ReplayOut, **REFUSED}, operation_id="run_replay"
)
def replay(request: HttpRequest, run: UUID) -> dict[str, Any]:
    """Play the run again from its journal, with no call and no effect."""
    return asdict(run_replay(_run(request, run, "runs.view")))


@router.post("/runs/{uuid:run}/fork", response={201: ForkOut, **REFUSED}, operation_id="run_fork")
def fork(
    request: HttpRequest, run: UUID, body: ForkIn, idempotency_key: Key = None
) -> Status[dict[str, Any]]:
    """Start a new run that takes over what had ended when an action began, and goes on from there.
    The same Idempotency-Key starts it only once."""
    made = forks.run_fork(
        run=_run(request, run, "runs.start"),
        action=body.action,
        edit=forks.Edit(**body.edit.model_dump(exclude_unset=True)),
        user=_caller(request).user,
        idempotency_key=idempotency_key,
    )
    return Status(201, _made(made))


@router.post(
    "/runs/{uuid:run}/restart", response={201: ForkOut, **REFUSED}, operation_id="run_restart"
)
def restart(request: HttpRequest, run: UUID, idempotency_key: Key = None) -> Status[dict[str, Any]]:
    """Start a run that failed or was cancelled again from its last checkpoint, as a new run."""
    made = forks.run_restart(
        run=_run(request, run, "runs.start"),
        user=_caller(request).user,
        idempotency_key=idempotency_key,
    )
    return Status(201, _made(made))


@router.get(
    "/runs/{uuid:run}/forks", response={200: list[RunOut], **REFUSALS}, operation_id="run_forks"
)
def forks_list(request: HttpRequest, run: UUID) -> list[dict[str, Any]]:
    """List the runs that were forked from this one, the newest first."""
    row = _run(request, run, "runs.view")
    return [fresh(one) for one in row.forks.order_by("-created_at")[:100]]


def _made(run: Run) -> dict[str, Any]:
    origin = forks.origin(run)
    return fresh(run) | {"origin": origin.run, "at": origin.key, "taken": run.taken}


def _caller(request: HttpRequest) -> Caller:
    caller: Caller = request.auth  # type: ignore[attr-defined]
    return caller


def _run(request: HttpRequest, pk: UUID, permission: str) -> Run:
    runs = Run.objects.select_related("team", "version", "crew", "started_by")
    return get_or_404(runs, _caller(request), pk, permission)
