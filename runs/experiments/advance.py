"""Go on with experiments as their runs end: check what came out, end them.

Whatever takes time (a journal that is read, Docker that is asked) is done before anything is
written, and a trial is written in one short transaction with the runs that check it. Of two workers
who look at the same trial, the second finds it changed and leaves it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import structlog
from django.db import transaction
from django.utils import timezone

from crews.errors import CrewError
from crews.models import CrewVersion
from runs.errors import BadRequest
from runs.experiments.checks import check_document, subject, verdict_at_once
from runs.experiments.plan import AnyCheck, JudgeCheck, Plan, PythonCheck
from runs.experiments.service import hidden_version
from runs.journal import entries as e
from runs.journal.fold import FINAL
from runs.models import Experiment, Run, Trial
from runs.selectors import state_of
from runs.services import run_create, run_prepare

Json = Any
log = structlog.get_logger(__name__)


def experiments_advance() -> None:
    """Look at the results that have come in; a chore of every worker."""
    for pk in Experiment.objects.filter(ended_at=None).values_list("pk", flat=True):
        try:
            experiment_advance(pk)
        except Exception:  # one that cannot go on holds up no other team
            log.exception("experiment_not_advanced", experiment=str(pk))


def experiment_advance(pk: Any, *, here: bool = False) -> list[Run]:
    """Check what has ended since, and end the experiment when all is checked. Returns the runs
    that were started for checks."""
    experiment = Experiment.objects.select_related("team", "created_by").get(pk=pk)
    if experiment.ended_at is not None:
        return []
    looking = _Looking(experiment, Plan.model_validate(experiment.plan), here)
    started: list[Run] = []
    for trial in experiment.trials.select_related("run").filter(checked_at=None):
        if trial.run is None or trial.run.status in FINAL:
            started += looking.at(trial)
    if not experiment.trials.filter(checked_at=None).exists():
        Experiment.objects.filter(pk=pk, ended_at=None).update(ended_at=timezone.now())
    return started


@dataclass(kw_only=True)
class _Told:
    """A verdict `{check, passed, detail, run}`, `passed` None while its run goes on; and that run
    where it is still to begin."""

    verdict: Json
    begins: tuple[Run, e.RunStarted] | None = None


@dataclass
class _Looking:
    """One look at an experiment."""

    experiment: Experiment
    plan: Plan
    here: bool
    _versions: dict[str, CrewVersion] = field(default_factory=dict)

    def at(self, trial: Trial) -> list[Run]:
        """Check the result of a trial whose run has ended. Returns the runs started for that."""
        told = list(self._told(trial))
        verdicts = [one.verdict for one in told]
        checked = all(verdict["passed"] is not None for verdict in verdicts)
        if verdicts == trial.verdicts and not checked:
            return []
        with transaction.atomic():
            now = Trial.objects.select_for_update().get(pk=trial.pk)
            if now.checked_at is not None or now.verdicts != trial.verdicts:
                return []
            started = [run_create(*one.begins, here=self.here) for one in told if one.begins]
            now.verdicts, now.checked_at = verdicts, timezone.now() if checked else None
            now.save(update_fields=["verdicts", "checked_at"])
        return started

    def _told(self, trial: Trial) -> Iterator[_Told]:
        before = {verdict["check"]: verdict for verdict in trial.verdicts}
        run = trial.run if trial.run is not None and trial.run.status == "finished" else None
        new = any(check.name not in before for check in self.plan.checks)
        output = state_of(run).output if run is not None and new else None
        for check in self.plan.checks:
            known = before.get(check.name)
            if known is None and run is not None:
                yield self._first(check, trial, output)
            elif known is None:
                yield _Told(verdict=_verdict(check, False, "There is no result."))
            elif known["passed"] is None:
                yield _Told(verdict={**known, **_looked(known["run"])})
            else:
                yield _Told(verdict=known)

    def _first(self, check: AnyCheck, trial: Trial, output: Json) -> _Told:
        """Check a result at once, or by a run that is to begin."""
        given = self.plan.tasks[trial.task]
        if not isinstance(check, PythonCheck | JudgeCheck):
            return _Told(verdict=_verdict(check, *verdict_at_once(check, given, output)))
        try:
            run, started = self._prepared(check, subject(given, output))
        except (BadRequest, CrewError) as refused:
            detail = f"It could not be checked. {refused}"
            return _Told(verdict=_verdict(check, False, detail))
        return _Told(verdict=_verdict(check, None, "", str(run.pk)), begins=(run, started))

    def _prepared(self, check: PythonCheck | JudgeCheck, task: Json) -> tuple[Run, e.RunStarted]:
        user = self.experiment.created_by
        if user is None:
            raise BadRequest("Who started the experiment is not there any more.")
        if check.name not in self._versions:
            self._versions[check.name] = self._known_version(check.name) or hidden_version(
                self.experiment.team, user, check_document(check), None
            )
        return run_prepare(
            team=self.experiment.team,
            user=user,
            version=self._versions[check.name],
            task=task,
            rehearsal=self.experiment.rehearsal,
            here=self.here,
        )

    def _known_version(self, check: str) -> CrewVersion | None:
        """Return the crew that looks at other trials by the same check already."""
        trials = self.experiment.trials.values_list("verdicts", flat=True)
        runs = [v["run"] for told in trials for v in told if v["check"] == check and v["run"]]
        of_check = CrewVersion.objects.filter(runs__in=runs[:1]).select_related("crew")
        return of_check.first()


def _verdict(check: AnyCheck, passed: bool | None, detail: str, run: str | None = None) -> Json:
    return {"check": check.name, "passed": passed, "detail": detail, "run": run}


def _looked(pk: str) -> Json:
    """Return what the run of a check came to, once it has."""
    run = Run.objects.filter(pk=pk).first()
    if run is None:
        return {"passed": False, "detail": "The run that checked it was deleted."}
    if run.status not in FINAL:
        return {}
    state = state_of(run)
    if run.status != "finished" or not isinstance(state.output, dict):
        why = (state.error or {}).get("message", f"It is {run.status}.")
        return {"passed": False, "detail": f"It could not be checked. {why}"}
    return {"passed": state.output.get("passed") is True, "detail": state.output.get("detail", "")}
