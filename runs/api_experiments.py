"""The REST API of experiments."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router, Schema, Status

from crews.rest.shapes import Document, StrictIn
from crews.rest.wire import BODY_REFUSALS, REFUSALS
from runs.experiments.results import results
from runs.experiments.service import experiment_start, plan_read
from runs.models import Experiment
from teams.access import Caller, get_or_404, require

router = Router(tags=["experiments"])
Limit = Annotated[int, Query(default=50, ge=1, le=200)]


class ExperimentIn(StrictIn):
    """`plan` is described in docs/experiments.md."""

    plan: Document
    rehearse: bool = False


class VariantOut(Schema):
    """Means are of runs that have ended; `passed` says for each check `[passed, checked]`."""

    name: str
    runs: int
    finished: int
    failed: int
    mean_cost_usd: str | None
    mean_s: float | None
    tokens: int
    passed: dict[str, list[int]]


class TrialOut(Schema):
    """One task with one variant. `verdicts` hold `{check, passed, detail, run}`; `passed` is null
    while a check goes on."""

    variant: str
    task: int
    run: UUID | None
    status: str
    verdicts: list[dict[str, Any]]


class ExperimentOut(Schema):
    id: UUID
    name: str
    rehearsal: bool
    created_at: datetime
    ended_at: datetime | None


class ExperimentDetail(ExperimentOut):
    plan: dict[str, Any]
    variants: list[VariantOut]
    trials: list[TrialOut]


class ExperimentsOut(Schema):
    experiments: list[ExperimentOut]


@router.post(
    "/experiments",
    response={201: ExperimentDetail, **BODY_REFUSALS},
    operation_id="experiment_create",
)
def experiment_create(request: HttpRequest, body: ExperimentIn) -> Status[dict[str, Any]]:
    """Start the same tasks with each variant."""
    caller = _caller(request)
    require(caller.user, "runs.start", caller.team)
    # A changed variant becomes a version of a crew of its own.
    require(caller.user, "crews.change", caller.team)
    plan = plan_read(body.plan)
    made = experiment_start(team=caller.team, user=caller.user, plan=plan, rehearsal=body.rehearse)
    return Status(201, detail(made))


@router.get(
    "/experiments", response={200: ExperimentsOut, **BODY_REFUSALS}, operation_id="experiments_list"
)
def experiments_list(request: HttpRequest, limit: Limit) -> dict[str, Any]:
    """List the team's experiments, the newest first."""
    caller = _caller(request)
    require(caller.user, "runs.view", caller.team)
    shown = Experiment.objects.filter(team=caller.team).order_by("-created_at")[:limit]
    return {"experiments": [_out(experiment) for experiment in shown]}


@router.get(
    "/experiments/{uuid:experiment}",
    response={200: ExperimentDetail, **REFUSALS},
    operation_id="experiment_read",
)
def experiment_read(request: HttpRequest, experiment: UUID) -> dict[str, Any]:
    """Read an experiment: its plan, how the variants compare, and each run."""
    return detail(get_or_404(Experiment.objects.all(), _caller(request), experiment, "runs.view"))


def detail(experiment: Experiment) -> dict[str, Any]:
    """Return an experiment as `ExperimentDetail`."""
    variants, trials = results(experiment)
    return _out(experiment) | {
        "plan": experiment.plan,
        "variants": [
            asdict(variant)
            | {
                "mean_cost_usd": None
                if variant.mean_cost_usd is None
                else f"{variant.mean_cost_usd:.6f}",
                "passed": {name: list(counts) for name, counts in variant.passed.items()},
            }
            for variant in variants
        ],
        "trials": [
            {
                "variant": trial.variant,
                "task": trial.task,
                "run": trial.run_id,
                "status": trial.run.status if trial.run else "deleted",
                "verdicts": trial.verdicts,
            }
            for trial in trials
        ],
    }


def _out(experiment: Experiment) -> dict[str, Any]:
    return {
        "id": experiment.pk,
        "name": experiment.name,
        "rehearsal": experiment.rehearsal,
        "created_at": experiment.created_at,
        "ended_at": experiment.ended_at,
    }


def _caller(request: HttpRequest) -> Caller:
    caller: Caller = request.auth  # type: ignore[attr-defined]
    return caller
