"""Start experiments."""

from typing import Any

from django.db import transaction
from django.utils import timezone
from pydantic import ValidationError

from crews.errors import CrewError, CrewInvalid
from crews.models import Crew, CrewVersion
from crews.parse import DocumentRefused, document_load, shape_problems, spec_check
from crews.selectors import crew_document
from crews.services import crew_create, crew_publish
from runs import preflight
from runs.errors import BadRequest
from runs.experiments.checks import check_document
from runs.experiments.plan import JudgeCheck, Plan, PythonCheck, Variant, changed
from runs.models import Experiment, Trial
from runs.services import ModelPins, crew_version, run_create, run_prepare
from teams.models import Team, User

Json = Any


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
    cannot run, or the check that cannot look; then nothing was started. With `here` the caller
    drives the runs.

    What the runs need is looked at first, Docker too; then all begin in one transaction.
    """
    _check_checks(plan, ModelPins(team, rehearsal, here), here=here)
    versions: dict[str, CrewVersion] = {}
    runs = []
    try:
        for place, variant in enumerate(plan.variants):
            versions[variant.name] = _version(team, user, place, variant)
        for name, version in versions.items():
            for n, given in enumerate(plan.tasks):
                try:
                    run, started = run_prepare(
                        team=team,
                        user=user,
                        version=version,
                        task=given.task,
                        input=given.input,
                        rehearsal=rehearsal,
                        here=here,
                    )
                except BadRequest as refused:
                    raise BadRequest(f"tasks.{n} with '{name}': {refused}") from None
                runs.append((name, n, run, started))
    except BadRequest:
        put_away = [
            versions[v.name].crew_id for v in plan.variants if v.changes and v.name in versions
        ]
        Crew.objects.filter(pk__in=put_away).delete()
        raise
    with transaction.atomic():
        experiment = Experiment.objects.create(
            team=team,
            name=plan.name,
            plan=plan.model_dump(mode="json", exclude_defaults=True),
            rehearsal=rehearsal,
            created_by=user,
        )
        for name, n, run, started in runs:
            run = run_create(run, started, here=here)
            Trial.objects.create(experiment=experiment, variant=name, task=n, run=run)
    return experiment


def _check_checks(plan: Plan, choose: ModelPins, *, here: bool) -> None:
    """Raise BadRequest naming a check whose own runs could not begin once results are there."""
    for place, check in enumerate(plan.checks):
        if not isinstance(check, PythonCheck | JudgeCheck):
            continue
        spec, problems = spec_check(check_document(check))
        if spec is None:
            raise BadRequest(f"checks.{place}: {problems[0].message}")
        try:
            preflight.check_sandboxes(spec, here=here)
            for name, role in spec.roles.items():
                if role.model:
                    choose.pin(name, role.model)
        except BadRequest as refused:
            text = str(refused).removeprefix("roles.check.")
            raise BadRequest(f"checks.{place}: {text}") from None


def hidden_version(team: Team, user: User, document: Json, rehearsal: Json) -> CrewVersion:
    """Return a version of a crew that is put away at once, so that its runs stay explained."""
    with transaction.atomic():
        crew = crew_create(team=team, user=user, document=document, rehearsal=rehearsal)
        version = crew_publish(crew=crew, user=user)
        Crew.objects.filter(pk=crew.pk).update(archived_at=timezone.now())
    return version


def _version(team: Team, user: User, place: int, variant: Variant) -> CrewVersion:
    """Return the version that a variant runs. Raises BadRequest naming the variant's place."""
    try:
        return _version_of(team, user, variant)
    except CrewInvalid as invalid:
        raise BadRequest(f"variants.{place}: {invalid.problems[0]}") from None
    except (BadRequest, CrewError, ValueError) as error:
        raise BadRequest(f"variants.{place}: {error}") from None


def _version_of(team: Team, user: User, variant: Variant) -> CrewVersion:
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
    return hidden_version(team, user, document, crew.rehearsal)
