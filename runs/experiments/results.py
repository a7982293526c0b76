"""How the variants of an experiment compare."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from statistics import mean
from typing import Any

from runs.experiments.plan import Plan
from runs.journal.fold import FINAL
from runs.models import Experiment, Trial

Json = Any


@dataclass(frozen=True, kw_only=True)
class VariantResult:
    """What a variant came to: `mean_cost_usd` and `mean_s` are of its runs that have ended (None
    before the first), `passed` says for each check how many results passed of those checked."""

    name: str
    runs: int
    finished: int
    failed: int
    mean_cost_usd: Decimal | None
    mean_s: float | None
    tokens: int
    passed: dict[str, tuple[int, int]]


def results(experiment: Experiment) -> tuple[list[VariantResult], list[Trial]]:
    """Return what each variant came to, in the order of the plan, and all trials."""
    plan = Plan.model_validate(experiment.plan)
    trials = list(experiment.trials.select_related("run"))
    return [
        _result(plan, variant.name, [t for t in trials if t.variant == variant.name])
        for variant in plan.variants
    ], trials


def _result(plan: Plan, name: str, trials: Sequence[Trial]) -> VariantResult:
    runs = [trial.run for trial in trials if trial.run is not None]
    ended = [run for run in runs if run.status in FINAL and run.ended_at]
    costs = [run.cost_usd for run in ended]
    return VariantResult(
        name=name,
        runs=len(trials),
        finished=sum(run.status == "finished" for run in runs),
        failed=sum(run.status in ("failed", "cancelled") for run in runs),
        mean_cost_usd=(sum(costs, Decimal(0)) / len(costs)) if costs else None,
        mean_s=mean(
            (run.ended_at - run.created_at).total_seconds() for run in ended if run.ended_at
        )
        if ended
        else None,
        tokens=sum(run.tokens for run in runs),
        passed={check.name: _passed(check.name, trials) for check in plan.checks},
    )


def _passed(check: str, trials: Sequence[Trial]) -> tuple[int, int]:
    told: list[Json] = [
        verdict["passed"]
        for trial in trials
        for verdict in trial.verdicts
        if verdict["check"] == check and verdict["passed"] is not None
    ]
    return sum(told), len(told)
