"""What people and programs may do with runs. The only callers of the journal besides the engine."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import IntegrityError, transaction

from crews.models import Crew, CrewVersion
from crews.schema_guard import validate_payload
from crews.services import crew_publish
from crews.spec import CrewSpec, ModelChoice
from crews.strict_json import Refused, check_json
from runs import lent, preflight
from runs.decisions import decide
from runs.engine import lease
from runs.engine.nesting import with_roles_inside
from runs.errors import BadRequest, Conflict, RunHalted
from runs.journal import doorbell, signing, store
from runs.journal import entries as e
from runs.journal.fold import FINAL
from runs.models import Run
from runs.nested import crews_pin
from runs.patterns import pattern_get
from runs.selectors import copies_of
from teams.models import Team, User
from teams.services import TierModel, credential_resolve, tier_resolve

Json = Any
MAX_TASK_BYTES = 1_000_000


def run_start(
    *,
    team: Team,
    user: User | None,
    version: CrewVersion,
    task: Json,
    input: Json = None,
    rehearsal: bool = False,
    idempotency_key: str | None = None,
    here: bool = False,
) -> Run:
    """Start a run of a crew version. Raises BadRequest naming what is wrong.

    The same `idempotency_key` in a team returns the run that it started before (Conflict if that
    was asked for something else). With `here` the caller drives the run itself: it has the lease,
    and keys come from the environment too.
    """
    run, started = run_prepare(
        team=team,
        user=user,
        version=version,
        task=task,
        input=input,
        rehearsal=rehearsal,
        here=here,
    )
    if idempotency_key:
        if known := run_known(team, idempotency_key, run.request_hash):
            return known
        run.idempotency_key = idempotency_key
    return run_create(run, started, here=here)


def run_prepare(
    *,
    team: Team,
    user: User | None,
    version: CrewVersion,
    task: Json,
    input: Json = None,
    rehearsal: bool = False,
    here: bool = False,
) -> tuple[Run, e.RunStarted]:
    """Look at all that a run needs and return it for `run_create`, not yet saved, with its first
    entry. Raises BadRequest naming what is wrong. Docker may be asked: hold no transaction."""
    spec = CrewSpec.model_validate(version.document)
    _check_task(spec, task, input)
    crews = crews_pin(team=team, user=user, spec=spec)
    everyone = with_roles_inside(spec, crews)
    preflight.check_supported(everyone)
    preflight.check_sandboxes(everyone, here=here)
    images = preflight.images(everyone, team=team, here=here)
    preflight.check_commands(everyone, team=team, here=here, rehearsal=rehearsal)
    if not rehearsal:
        lent.check_search(everyone, team=team)
    tools = lent.tools_pin(everyone, team=team, here=here)
    choose = ModelPins(team, rehearsal, here)
    models = {
        name: choose.pin(name, role.model) for name, role in everyone.roles.items() if role.model
    }
    started = e.RunStarted.model_construct(
        crew={
            "id": str(version.crew_id),
            "slug": version.crew.slug,
            "name": spec.name,
            "version": version.number,
            "hash": version.content_hash,
        },
        document=version.document,
        pattern_version=pattern_get(spec.pattern.name).info.version,
        task=task,
        input=input,
        rehearsal=rehearsal,
        models=models,
        crews=crews or None,
        images=images or None,
        tools=tools or None,
        origin=None,
    )
    run = Run(
        team=team,
        crew=version.crew,
        version=version,
        crew_name=spec.name,
        title=_title(task),
        rehearsal=rehearsal,
        started_by=user,
        request_hash=e.digest([str(version.pk), task, input, rehearsal]),
    )
    return run, started


def run_create(
    run: Run,
    started: e.RunStarted,
    *,
    taken: Callable[[], Sequence[store.NewEntry]] = tuple,
    here: bool,
) -> Run:
    """Save a new run with its first entry, and in a fork with those that it takes over, and let
    the workers know. A run that had its idempotency key before is returned instead."""
    for name, value in lease.fresh().items() if here else ():
        setattr(run, name, value)
    try:
        with transaction.atomic():
            run.save(force_insert=True)
            first = store.NewEntry(payload=started, actor=actor_of(run.started_by))
            begun = store.Write(run=str(run.pk), entries=(first, *taken()))
            store.append_one(begun, {begun.run: store.NO_ENTRIES})
            if not here:
                doorbell.ring_work_on_commit(str(run.pk))
    except IntegrityError:
        # Two requests with one key at the same time: the other was first.
        key = run.idempotency_key
        if key and (known := run_known(run.team, key, run.request_hash)):
            return known
        raise
    run.refresh_from_db()
    return run


def run_cancel(*, run: Run, user: User, reason: str = "") -> None:
    """Stop a run for good. What is under way is given up. Raises Conflict if it has ended."""
    cancelled = e.RunCancelled(reason=reason[:1000])
    _command(run, cancelled, user, allowed=store.UNFINISHED, status="cancelled")


def run_pause(*, run: Run, user: User, reason: str = "") -> None:
    """Let what is under way end and start nothing new. Raises Conflict unless it can be paused."""
    _command(run, e.RunPaused(reason=reason[:1000]), user, allowed=store.OPEN, status="paused")


def run_resume(*, run: Run, user: User, reason: str = "") -> None:
    """Go on with a paused run. Raises Conflict unless it is paused."""
    with transaction.atomic():
        _command(
            run, e.RunResumed(reason=reason[:1000]), user, allowed=("paused",), status="running"
        )
        doorbell.ring_work_on_commit(str(run.pk))


def decision_make(
    *, run: Run, action: str, user: User, choice: str, value: Json = None, comment: str = ""
) -> None:
    """Answer a question of a run. Of two answers one wins; the other gets Conflict."""
    decide(
        run=run,
        action=action,
        actor=actor_of(user),
        choice=choice,
        value=value,
        comment=comment,
    )


def entry_redact(*, run: Run, seq: int, user: User, reason: str) -> None:
    """Erase the payload of an entry of a run that has ended; who and why is journaled, and the
    longer journal is signed anew. The chain still verifies. What forks took over of it goes too.

    Raises Conflict while the run or such a fork goes on, BadRequest where there is nothing to
    erase.
    """
    if run.status not in FINAL:
        raise Conflict(f"The run is {run.status}; payloads are erased once it has ended.")
    if not reason.strip():
        raise BadRequest("reason: say why; it is kept in the journal")
    redacted = store.NewEntry(
        payload=e.Redacted(seq=seq, reason=reason[:1000]), actor=actor_of(user)
    )
    with transaction.atomic():
        _append(run, redacted, allowed=tuple(FINAL), status=run.status)
        asked = store.read(str(run.pk), after=seq - 1, limit=1)
        stays = seq == 1 or any(entry.kind == "redacted" for entry in asked)
        if stays or not store.erase(str(run.pk), seq):
            raise BadRequest(f"seq: entry {seq} has no payload that can be erased")
        Run.objects.filter(pk=run.pk).update(outcome="")
        signing.sign(str(run.pk))
        for fork, taken in copies_of(run, seq):
            entry_redact(run=fork, seq=taken, user=user, reason=reason)


def _command(
    run: Run, payload: e.Payload, user: User, *, allowed: tuple[str, ...], status: str
) -> None:
    with transaction.atomic():
        _append(
            run,
            store.NewEntry(payload=payload, actor=actor_of(user)),
            allowed=allowed,
            status=status,
        )


def _append(
    run: Run, entry: store.NewEntry, *, allowed: tuple[str, ...], status: str | None
) -> None:
    try:
        store.append_one(
            store.Write(run=str(run.pk), entries=(entry,), allowed=allowed, status=status)
        )
    except RunHalted as halted:
        raise Conflict(f"The run is {halted.status}.") from None


def run_known(team: Team, key: str, request_hash: str) -> Run | None:
    """Return the run that an idempotency key has started. Raises Conflict where that was asked for
    something else."""
    run = Run.objects.filter(team=team, idempotency_key=key).first()
    if run is not None and run.request_hash != request_hash:
        raise Conflict("Idempotency-Key: this key has started another run; use a new one.")
    return run


def _check_task(spec: CrewSpec, task: Json, input: Json) -> None:
    for name, value in (("task", task), ("input", input)):
        try:
            check_json(value)
        except Refused as refused:
            raise BadRequest(f"{name}: {refused}") from None
        if len(json.dumps(value, ensure_ascii=False).encode()) > MAX_TASK_BYTES:
            raise BadRequest(f"{name}: it is larger than {MAX_TASK_BYTES} bytes")
    if spec.task.schema_ is not None:
        if problems := validate_payload(spec.task.schema_, task):
            raise BadRequest(
                f"task: {problems[0]}",
                problems=[problem.under("task").as_json() for problem in problems],
            )
    elif not isinstance(task, str) or not task.strip():
        raise BadRequest("task: give the task as text; this crew has no task schema")


@dataclass(frozen=True)
class ModelPins:
    """Pins the models of roles when a run begins: tiers become what the team says now."""

    team: Team
    rehearsal: bool
    environment: bool
    _tiers: dict[str, TierModel] = field(default_factory=dict)
    _known: dict[tuple[str, str], bool] = field(default_factory=dict)

    def pin(self, role: str, choice: ModelChoice) -> list[dict[str, Json]]:
        """Return a role's model and its fallbacks. Raises BadRequest without a credential."""
        if self.rehearsal:
            name = choice.name or f"tier {choice.tier}"
            return [_pinned(choice, "rehearsal", name, choice.credential)]
        return [self._one(role, wanted) for wanted in (choice, *choice.fallback)]

    def _one(self, role: str, choice: ModelChoice) -> dict[str, Json]:
        if choice.tier is None:
            provider, name, credential = str(choice.provider), str(choice.name), choice.credential
        else:
            tier = self._tier(choice.tier)
            provider, name, credential = tier.provider, tier.model, tier.credential
        if not self._is_known(provider, credential):
            raise BadRequest(
                f"roles.{role}.model: the team has no credential '{credential}' for {provider}."
                " Add it in the settings, or start a rehearsal."
            )
        return _pinned(choice, provider, name, credential)

    def _tier(self, tier: str) -> TierModel:
        if tier not in self._tiers:
            self._tiers[tier] = tier_resolve(
                team=self.team, tier=tier, environment=self.environment
            )
        return self._tiers[tier]

    def _is_known(self, provider: str, credential: str) -> bool:
        if (provider, credential) not in self._known:
            found = credential_resolve(
                team=self.team, name=credential, provider=provider, environment=self.environment
            )
            self._known[provider, credential] = found is not None
        return self._known[provider, credential]


def _pinned(choice: ModelChoice, provider: str, name: str, credential: str) -> dict[str, Json]:
    pinned = {
        "provider": provider,
        "name": name,
        "credential": credential,
        "max_tokens": choice.max_tokens,
    }
    return pinned if choice.temperature is None else pinned | {"temperature": choice.temperature}


def _title(task: Json) -> str:
    text = task if isinstance(task, str) else e.canonical(task)
    return " ".join(text.replace("\0", "").split())[:200]


def actor_of(user: User | None) -> str:
    """Return how the journal names who did something."""
    return f"user:{user.email}" if user is not None else "system"


def crew_version(*, crew: Crew, user: User, number: int | None = None) -> CrewVersion:
    """Return the version of a crew that a run is started with: the given one, else the draft,
    published if it has changed. Raises BadRequest, or CrewInvalid where the draft has errors."""
    if number is not None:
        found = crew.versions.filter(number=number).first()
        if found is None:
            raise BadRequest(f"version: this crew has no version {number}")
        return found
    return crew_publish(crew=crew, user=user)
