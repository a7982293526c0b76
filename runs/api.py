"""The REST API of runs."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, StreamingHttpResponse
from ninja import Header, Query, Router, Schema, Status
from pydantic import Field

from crews.models import Crew
from crews.rest.shapes import ErrorOut, StrictIn
from crews.rest.wire import BODY_REFUSALS, REFUSALS
from runs import approvals, services
from runs.export import export_lines, verify_run
from runs.journal import store
from runs.journal.entries import Entry
from runs.models import Run
from runs.selectors import runs_of_team, state_of
from teams.access import Caller, get_or_404, require

router = Router(tags=["runs"])
Limit = Annotated[int, Query(default=50, ge=1, le=200)]
Offset = Annotated[int, Query(default=0, ge=0, le=10**6)]
REFUSED = BODY_REFUSALS | {409: ErrorOut}


_LINES = {"application/jsonl": {"schema": {"type": "string"}}}
EXPORTED = {"responses": {200: {"description": "JSON lines", "content": _LINES}}}


class RunIn(StrictIn):
    """`crew` is an id or a slug; without `version` the draft is run, published if it has
    changed."""

    crew: str = Field(max_length=100)
    version: int | None = Field(default=None, ge=1, le=2**31 - 1)
    task: Any
    input: Any = None
    rehearse: bool = False


class ReasonIn(StrictIn):
    reason: str = Field(default="", max_length=1000)


NO_REASON = ReasonIn()


class RedactIn(StrictIn):
    seq: int = Field(ge=2, le=2**31 - 1)
    reason: str = Field(min_length=1, max_length=1000)


class RunOut(Schema):
    """A run as its journal stands. `cost_usd` is decimal text; `unpriced` says that calls without a
    known price are not in it."""

    id: UUID
    url: str
    crew: str
    crew_id: UUID | None
    version: int | None
    title: str
    rehearsal: bool
    status: str
    seq: int
    started_by: str | None
    created_at: datetime
    ended_at: datetime | None
    actions: int
    failures: int
    tokens: int
    cost_usd: str
    unpriced: bool
    outcome: str


class RunDetail(RunOut):
    """A run with its result: `output` once it has finished, `error` once it has failed."""

    task: Any
    input: Any
    output: Any
    error: dict[str, Any] | None
    waiting_for: list[dict[str, Any]]


class RunsOut(Schema):
    runs: list[RunOut]
    total: int


class EntriesOut(Schema):
    """Entries after a seq; there are more if `seq` of the run is above the last one."""

    entries: list[Entry]
    seq: int


class VerdictOut(Schema):
    ok: bool
    size: int
    head: str
    signed_by: str
    redacted: list[int]
    problems: list[str]
    notes: list[str]


@router.post("/runs", response={201: RunOut, **REFUSED}, operation_id="run_create")
def run_create(
    request: HttpRequest,
    body: RunIn,
    idempotency_key: Annotated[str | None, Header(alias="Idempotency-Key", max_length=200)] = None,
) -> Status[dict[str, Any]]:
    """Start a run. The same Idempotency-Key starts it only once."""
    caller = _caller(request)
    crew = crew_of(caller, body.crew)
    require(caller.user, "runs.start", crew.team)
    version = services.crew_version(crew=crew, user=caller.user, number=body.version)
    run = services.run_start(
        team=crew.team,
        user=caller.user,
        version=version,
        task=body.task,
        input=body.input,
        rehearsal=body.rehearse,
        idempotency_key=idempotency_key,
    )
    return Status(201, _out(run))


@router.get("/runs", response={200: RunsOut, **BODY_REFUSALS}, operation_id="runs_list")
def runs_list(
    request: HttpRequest,
    limit: Limit = 50,
    offset: Offset = 0,
    status: str = "",
    crew: str = "",
    search: str = "",
) -> dict[str, Any]:
    """List the team's runs, the newest first."""
    caller = _caller(request)
    require(caller.user, "runs.view", caller.team)
    clean = [text.replace("\0", "") for text in (search, status, crew)]
    runs = runs_of_team(caller.team, search=clean[0], status=clean[1], crew=clean[2])
    return {"runs": [_out(run) for run in runs[offset : offset + limit]], "total": runs.count()}


@router.get("/runs/{uuid:run}", response={200: RunDetail, **REFUSALS}, operation_id="run_read")
def run_read(request: HttpRequest, run: UUID) -> dict[str, Any]:
    """Read a run with its result and what it waits for."""
    row = _run(request, run, "runs.view")
    state = state_of(row)
    started = state.started or {}
    return _out(row) | {
        "task": started.get("task"),
        "input": started.get("input"),
        "output": state.output,
        "error": state.error,
        "waiting_for": approvals.of_run(row, _caller(request).user),
    }


@router.get(
    "/runs/{uuid:run}/entries",
    response={200: EntriesOut, **BODY_REFUSALS},
    operation_id="run_entries",
)
def run_entries(
    request: HttpRequest,
    run: UUID,
    after: Annotated[int, Query(ge=0, le=2**31 - 1)] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 500,
) -> dict[str, Any]:
    """Read the journal's entries with seq above `after`."""
    row = _run(request, run, "runs.view")
    return {"entries": store.read(str(row.pk), after=after, limit=limit), "seq": row.seq}


@router.post(
    "/runs/{uuid:run}/cancel", response={200: RunOut, **REFUSED}, operation_id="run_cancel"
)
def run_cancel(request: HttpRequest, run: UUID, body: ReasonIn = NO_REASON) -> dict[str, Any]:
    """Stop a run for good."""
    row = _run(request, run, "runs.stop")
    services.run_cancel(run=row, user=_caller(request).user, reason=body.reason)
    return fresh(row)


@router.post("/runs/{uuid:run}/pause", response={200: RunOut, **REFUSED}, operation_id="run_pause")
def run_pause(request: HttpRequest, run: UUID, body: ReasonIn = NO_REASON) -> dict[str, Any]:
    """Let what is under way end, and start nothing new."""
    row = _run(request, run, "runs.stop")
    services.run_pause(run=row, user=_caller(request).user, reason=body.reason)
    return fresh(row)


@router.post(
    "/runs/{uuid:run}/resume", response={200: RunOut, **REFUSED}, operation_id="run_resume"
)
def run_resume(request: HttpRequest, run: UUID, body: ReasonIn = NO_REASON) -> dict[str, Any]:
    """Go on with a paused run."""
    row = _run(request, run, "runs.start")
    services.run_resume(run=row, user=_caller(request).user, reason=body.reason)
    return fresh(row)


@router.get(
    "/runs/{uuid:run}/export", response=REFUSALS, operation_id="run_export", openapi_extra=EXPORTED
)
def run_export(request: HttpRequest, run: UUID) -> Any:
    """Export a run as JSON lines: its entries, then its signed head."""
    row = _run(request, run, "runs.view")
    response = StreamingHttpResponse(export_lines(row), content_type="application/jsonl")
    response["Content-Disposition"] = f'attachment; filename="run-{row.pk}.jsonl"'
    return response


@router.post(
    "/runs/{uuid:run}/verify", response={200: VerdictOut, **REFUSALS}, operation_id="run_verify"
)
def run_verify(request: HttpRequest, run: UUID) -> dict[str, Any]:
    """Check the run's chain, commitments and signature now."""
    verdict = verify_run(_run(request, run, "runs.view"))
    return {**vars(verdict), "ok": verdict.ok}


@router.post(
    "/runs/{uuid:run}/redact", response={200: RunOut, **REFUSED}, operation_id="run_redact"
)
def run_redact(request: HttpRequest, run: UUID, body: RedactIn) -> dict[str, Any]:
    """Erase an entry's payload. Its commitment, who erased it and why stay in the journal."""
    row = _run(request, run, "runs.delete")
    services.entry_redact(run=row, seq=body.seq, user=_caller(request).user, reason=body.reason)
    return fresh(row)


def _caller(request: HttpRequest) -> Caller:
    caller: Caller = request.auth  # type: ignore[attr-defined]
    return caller


def _run(request: HttpRequest, pk: UUID, permission: str) -> Run:
    return get_or_404(
        Run.objects.select_related("version", "started_by"), _caller(request), pk, permission
    )


def crew_of(caller: Caller, key: str) -> Crew:
    """Find a crew by its id, or by its slug in the caller's team."""
    try:
        return get_or_404(Crew.objects.filter(archived_at=None), caller, UUID(key), "crews.view")
    except (ValueError, ValidationError):
        found = Crew.objects.filter(
            team=caller.team, slug=key.replace("\0", ""), archived_at=None
        ).first()
        if found is None:
            raise Http404 from None
        return found


def fresh(run: Run) -> dict[str, Any]:
    """Return a run as it stands now, as `RunOut`."""
    return _out(Run.objects.select_related("version", "started_by").get(pk=run.pk))


def _out(run: Run) -> dict[str, Any]:
    names = (
        "id",
        "crew_id",
        "title",
        "rehearsal",
        "status",
        "seq",
        "created_at",
        "ended_at",
        "actions",
        "failures",
        "tokens",
        "unpriced",
        "outcome",
    )
    return {name: getattr(run, name) for name in names} | {
        "url": f"/runs/{run.pk}/",
        "crew": run.crew_name,
        "cost_usd": format(run.cost_usd.normalize(), "f"),
        "version": run.version.number if run.version else None,
        "started_by": str(run.started_by) if run.started_by else None,
    }
