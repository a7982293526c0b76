"""The REST API of what can be asked of a run: why, from where, how well, and against another."""

from dataclasses import asdict, dataclass
from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router, Schema

from crews.rest.wire import BODY_REFUSALS, REFUSALS
from runs.analysis import analyze, messages
from runs.api import RunOut, fresh
from runs.comparison import Row, Total, compare
from runs.errors import BadRequest
from runs.models import Run
from runs.progress import progress
from runs.provenance import Part, provenance
from runs.selectors import state_of
from runs.why import Reasons, Step, action_asked
from teams.access import Caller, get_or_404

router = Router(tags=["runs"])


@dataclass(frozen=True, kw_only=True)
class TotalOut(Total):
    """What a run came to; what a fork took over is apart, in the `taken_…` numbers."""

    run: RunOut


class CompareOut(Schema):
    """Two runs, aligned by key. `first` is the key of the first action that differs; `total` counts
    the rows there are, of which `rows` holds those asked for."""

    a: TotalOut
    b: TotalOut
    same_output: bool
    first: str | None
    different: int
    total: int
    rows: list[Row]


class WhyOut(Schema):
    steps: list[Step]


class ProvenanceOut(Schema):
    parts: list[Part]


class AgentOut(Schema):
    agent: str
    calls: int
    succeeded: int
    failed: int
    mean_s: float
    p95_s: float
    tokens: int
    cost_usd: str


class MessagesOut(Schema):
    sent: int
    read: int
    refused: int
    dropped: int


class AnalysisOut(Schema):
    """How the agents did, the slowest first."""

    agents: list[AgentOut]
    slowest: str | None
    messages: MessagesOut


class TaskOut(Schema):
    """A task of a run. `status`: queued, in_progress, completed or failed; `percent` 0 to 100;
    `action` is null until it begins."""

    action: UUID | None
    agent: str
    by: str
    task: str
    status: str
    percent: int
    output: Any
    error: str


class ProgressOut(Schema):
    tasks: list[TaskOut]


@router.get(
    "/runs/{uuid:run}/progress",
    response={200: ProgressOut, **REFUSALS},
    operation_id="run_progress",
)
def run_progress(request: HttpRequest, run: UUID) -> dict[str, Any]:
    """Say how far the tasks of a run are: what was delegated, or what each role was asked."""
    state = state_of(_run(request, run))
    return {"tasks": [asdict(task) for task in progress(state)]}


@router.get(
    "/runs/{uuid:run}/compare/{uuid:other}",
    response={200: CompareOut, **BODY_REFUSALS},
    operation_id="run_compare",
)
def run_compare(
    request: HttpRequest,
    run: UUID,
    other: UUID,
    different: bool = False,
    limit: Annotated[int, Query(ge=1, le=5000)] = 1000,
    offset: Annotated[int, Query(ge=0, le=10**6)] = 0,
) -> dict[str, Any]:
    """Compare two runs of a team; with `different`, list only the actions that differ."""
    a, b = _run(request, run), _run(request, other)
    if a.team_id != b.team_id:
        raise BadRequest("other: only runs of one team are compared")
    found = compare(a, b)
    rows = found.different if different else found.rows
    return {
        "a": {**asdict(found.a), "run": fresh(a)},
        "b": {**asdict(found.b), "run": fresh(b)},
        "same_output": found.same_output,
        "first": found.first,
        "different": len(found.different),
        "total": len(rows),
        "rows": rows[offset : offset + limit],
    }


@router.get("/runs/{uuid:run}/why", response={200: WhyOut, **BODY_REFUSALS}, operation_id="run_why")
def run_why(
    request: HttpRequest, run: UUID, action: Annotated[str, Query(max_length=2000)] = ""
) -> dict[str, Any]:
    """Say what led to an action (its id, or its key): what it stands in and what it was given.
    Without one, the action that gave the answer is meant."""
    state = state_of(_run(request, run))
    known = action_asked(state, action)
    if known is None:
        raise BadRequest(f"action: this run has no action '{action}'")
    return {"steps": Reasons(state).of(known)}


@router.get(
    "/runs/{uuid:run}/provenance",
    response={200: ProvenanceOut, **REFUSALS},
    operation_id="run_provenance",
)
def run_provenance(request: HttpRequest, run: UUID) -> dict[str, Any]:
    """Say which action and agent each part of the answer comes from."""
    return {"parts": provenance(state_of(_run(request, run)))}


@router.get(
    "/runs/{uuid:run}/analysis",
    response={200: AnalysisOut, **REFUSALS},
    operation_id="run_analysis",
)
def run_analysis(request: HttpRequest, run: UUID) -> dict[str, Any]:
    """Say how the agents of a run did."""
    row = _run(request, run)
    agents = [
        {
            "agent": report.agent,
            "calls": report.calls,
            "succeeded": report.succeeded,
            "failed": report.failed,
            "mean_s": report.mean_s,
            "p95_s": report.p95_s,
            "tokens": report.tokens,
            "cost_usd": format(report.cost_usd, "f"),
        }
        for report in analyze([row])
    ]
    slowest = agents[0]["agent"] if agents else None
    return {"agents": agents, "slowest": slowest, "messages": asdict(messages([row]))}


def _run(request: HttpRequest, pk: UUID) -> Run:
    caller: Caller = request.auth  # type: ignore[attr-defined]
    return get_or_404(Run.objects.select_related("version", "started_by"), caller, pk, "runs.view")
