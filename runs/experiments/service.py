"""Start experiments, and go on with them as their runs end."""

from collections.abc import Iterator
from typing import Any

import structlog
from django.db import transaction
from django.utils import timezone
from pydantic import ValidationError

from crews.errors import CrewError, CrewInvalid
from crews.models import Crew, CrewVersion
from crews.parse import DocumentRefused, document_load, shape_problems
from crews.selectors import crew_document
from crews.services import crew_create, crew_publish
from runs.errors import BadRequest
from runs.experiments.checks import check_document, subject, verdict_at_once
from runs.experiments.plan import JudgeCheck, Plan, PythonCheck, Variant, changed
from runs.journal.fold import FINAL
from runs.models import Experiment, Run, Trial
from runs.selectors import state_of
from runs.services import crew_version, run_start
from teams.models import Team, User

Json = Any
log = structlog.get_logger(__name__)


def plan_read(given: bytes | str | Json) -> Plan:
    """Read a plan, from YAML, JSON or an object. Raises BadRequest naming each fault."""
    try:
        document = document_load(given) if isinstance(given, bytes | str) else given
        return Plan.model_validate(document)
    except DocumentRefused as refused:
        raise BadRequest(str(refused)) from None
    except ValidationError as error:
        problems = [item.as_json() for item in shape_problems(error, Plan)]
        text = f"{problems[0]['path']}: {problems[0]['message']}"
        raise BadRequest(text, problems=problems) from None


def experiment_start(
    *, team: Team, user: User, plan: Plan, rehearsal: bool = False, here: bool = False
) -> Experiment:
    """Start every variant on every task, each as a run. Raises BadRequest naming the variant that
    cannot run; then nothing was started. With `here` the caller drives the runs."""
    with transaction.atomic():
        versions = {}
        for n, variant in enumerate(plan.variants):
            try:
                versions[variant.name] = _version(team, user, variant)
            except CrewInvalid as invalid:
                raise BadRequest(f"variants.{n}: {invalid.problems[0]}") from None
            except (BadRequest, CrewError, ValueError) as error:
                raise BadRequest(f"variants.{n}: {error}") from None
        experiment = Experiment.objects.create(
            team=team,
            name=plan.name,
            plan=plan.model_dump(mode="json", exclude_defaults=True),
            rehearsal=rehearsal,
            created_by=user,
        )
        for variant in plan.variants:
            for n, given in enumerate(plan.tasks):
                try:
                    run = run_start(
                        team=team,
                        user=user,
                        version=versions[variant.name],
                        task=given.task,
                        input=given.input,
                        rehearsal=rehearsal,
                        here=here,
                    )
                except BadRequest as refused:
                    raise BadRequest(f"tasks.{n} with '{variant.name}': {refused}") from None
                Trial.objects.create(experiment=experiment, variant=variant.name, task=n, run=run)
    return experiment


def experiments_advance() -> None:
    """Look at the results that have come in; a chore of every worker."""
    for pk in Experiment.objects.filter(ended_at=None).values_list("pk", flat=True):
        try:
            experiment_advance(pk)
        except Exception:  # one that cannot go on holds up no other team
            log.exception("experiment_not_advanced", experiment=str(pk))


def experiment_advance(pk: Any, *, here: bool = False) -> list[Run]:
    """Check what has ended since, and end the experiment when all is checked. Returns the runs
    that were started for checks. Done by whoever comes first; others find nothing left."""
    started: list[Run] = []
    with transaction.atomic():
        experiment = Experiment.objects.select_for_update().get(pk=pk)
        if experiment.ended_at is not None:
            return []
        plan = Plan.model_validate(experiment.plan)
        open_ = False
        for trial in experiment.trials.select_related("run").filter(checked_at=None):
            if trial.run is not None and trial.run.status not in FINAL:
                open_ = True
                continue
            before = {verdict["check"]: verdict for verdict in trial.verdicts}
            trial.verdicts = list(_verdicts(experiment, plan, trial, before, started, here))
            if all(verdict["passed"] is not None for verdict in trial.verdicts):
                trial.checked_at = timezone.now()
            else:
                open_ = True
            trial.save(update_fields=["verdicts", "checked_at"])
        if not open_:
            experiment.ended_at = timezone.now()
            experiment.save(update_fields=["ended_at"])
    return started


def _verdicts(
    experiment: Experiment,
    plan: Plan,
    trial: Trial,
    before: dict[str, Json],
    started: list[Run],
    here: bool,
) -> Iterator[Json]:
    """Yield `{check, passed, detail, run}` for each check; `passed` is None while its run goes
    on."""
    finished = trial.run is not None and trial.run.status == "finished"
    output = state_of(trial.run).output if finished and trial.run else None
    given = plan.tasks[trial.task]
    for check in plan.checks:
        known = before.get(check.name, {})
        verdict: Json = {"check": check.name, "passed": None, "detail": "", "run": known.get("run")}
        if known.get("passed") is not None:
            verdict = known
        elif not finished:
            verdict |= {"passed": False, "detail": "There is no result."}
        elif (told := verdict_at_once(check, given, output)) is not None:
            verdict |= {"passed": told[0], "detail": told[1]}
        elif verdict["run"]:
            verdict |= _looked(verdict["run"])
        elif isinstance(check, PythonCheck | JudgeCheck):
            try:
                run = _look(experiment, check, subject(given, output), here)
            except (BadRequest, CrewError) as refused:
                verdict |= {"passed": False, "detail": f"It could not be checked. {refused}"}
            else:
                started.append(run)
                verdict |= {"run": str(run.pk)}
        yield verdict


def _look(experiment: Experiment, check: PythonCheck | JudgeCheck, task: Json, here: bool) -> Run:
    user = experiment.created_by
    if user is None:
        raise BadRequest("Who started the experiment is not there any more.")
    version = _hidden(experiment.team, user, check_document(check), None)
    return run_start(
        team=experiment.team,
        user=user,
        version=version,
        task=task,
        rehearsal=experiment.rehearsal,
        here=here,
    )


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


def _version(team: Team, user: User, variant: Variant) -> CrewVersion:
    """Return the version that a variant runs; a changed one is a crew of its own, put away."""
    crew = Crew.objects.filter(team=team, slug=variant.crew, archived_at=None).first()
    if crew is None:
        raise BadRequest(f"the team has no crew '{variant.crew}'")
    if not variant.changes:
        return crew_version(crew=crew, user=user, number=variant.version)
    base = crew_document(crew)
    if variant.version is not None:
        base = crew_version(crew=crew, user=user, number=variant.version).document
    document = changed(base, variant.changes)
    document["name"] = f"{document.get('name', '')} · {variant.name}"[:100]
    return _hidden(team, user, document, crew.rehearsal)


def _hidden(team: Team, user: User, document: Json, rehearsal: Json) -> CrewVersion:
    crew = crew_create(team=team, user=user, document=document, rehearsal=rehearsal)
    version = crew_publish(crew=crew, user=user)
    Crew.objects.filter(pk=crew.pk).update(archived_at=timezone.now())
    return version
