"""Forks: a new run that takes over what another one had done, and goes on from there."""

from collections.abc import Sequence
from copy import deepcopy
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from crews.problems import Problem
from crews.schema_guard import validate_payload
from crews.spec import CrewSpec, ModelChoice
from crews.strict_json import Refused, check_json, json_load
from runs import lent, preflight
from runs.engine import fork as cut
from runs.engine.allowances import KEY as ABOUT_LIMITS
from runs.engine.fork import History
from runs.engine.nesting import with_roles_inside
from runs.engine.origin import Origin, origin_of
from runs.errors import BadRequest, Conflict
from runs.fork_edits import check_input, check_output
from runs.journal import entries as e
from runs.journal import store
from runs.journal.fold import FINAL, ActionState
from runs.models import Run
from runs.patterns import pattern_get
from runs.services import ModelPins, actor_of, run_create, run_known
from teams.models import User

Json = Any


class Edit(BaseModel):
    """What is different in a fork ◆: the action's `output` or `input`, or from it on a role's
    `instructions` or `model` (`{provider, name, credential, …}` or `{tier}`). `role` is the
    agent's by default; inside a nested crew it is `role/role`."""

    model_config = ConfigDict(extra="forbid")
    output: Any = None
    input: Any = None
    instructions: str | None = Field(default=None, max_length=100_000)
    model: dict[str, Any] | None = None
    role: str | None = Field(default=None, max_length=255)

    def has(self, name: str) -> bool:
        return name in self.model_fields_set

    def as_json(self) -> dict[str, Json]:
        return self.model_dump(exclude_unset=True)


def run_fork(
    *,
    run: Run,
    action: str,
    edit: Edit,
    user: User | None,
    idempotency_key: str | None = None,
    here: bool = False,
) -> Run:
    """Start a fork of a run at one of its actions (an id, or a key). All that had ended when the
    action began is taken over; the action itself is done again, unless it is given an `output`.

    Raises BadRequest naming the field that is wrong.
    """
    asked = e.digest(["fork", str(run.pk), action, edit.as_json()])
    if idempotency_key and (known := run_known(run.team, idempotency_key, asked)):
        return known
    history = History(store.read(str(run.pk)))
    actions = history.state.actions
    at = actions.get(action) or next((a for a in actions.values() if a.key == action), None)
    if at is None:
        raise BadRequest(f"action: this run has no action '{action}'")
    if at.key.startswith(ABOUT_LIMITS):
        raise BadRequest("action: a question about limits belongs to its run; fork at another one")
    _check(edit, at, history)
    making = _Making(run, history, user, here, idempotency_key, asked)
    return making.make(at, history.before(at), edit, restart=False)


def run_restart(
    *, run: Run, user: User | None, idempotency_key: str | None = None, here: bool = False
) -> Run:
    """Start a run that failed or was cancelled again from its last checkpoint, as a new run: all
    that it had finished is taken over. Raises Conflict if it goes on or was finished."""
    asked = e.digest(["restart", str(run.pk)])
    if idempotency_key and (known := run_known(run.team, idempotency_key, asked)):
        return known
    if run.status not in FINAL - {"finished"}:
        raise Conflict(f"The run is {run.status}; one that failed or was cancelled is restarted.")
    history = History(store.read(str(run.pk)))
    taken, at = history.until_failure()
    making = _Making(run, history, user, here, idempotency_key, asked)
    return making.make(at, taken, Edit(), restart=True)


def origin(run: Run) -> Origin:
    """Return where a run comes from; an empty origin for one that is no fork."""
    first = store.read(str(run.pk), limit=1)
    return origin_of(first[0].payload if first else None)


def model_of_text(text: str) -> dict[str, Json]:
    """Return the model that a person wrote: `provider/name`, a tier, or JSON. Raises
    BadRequest."""
    if text.startswith("{"):
        try:
            model = json_load(text)
        except ValueError as error:
            raise BadRequest(f"edit.model: {error}") from None
        return dict(model)
    provider, slash, name = text.partition("/")
    return {"provider": provider, "name": name} if slash else {"tier": text}


def role_of(started: dict[str, Json], agent: str) -> dict[str, Json] | None:
    """Return an agent's role in the documents that a run pinned; one of a nested crew is
    `role/role`."""
    path, _, name = agent.rpartition("/")
    crews = started.get("crews") or {}
    document = crews.get(path, {}).get("document") if path else started.get("document")
    found: dict[str, Json] | None = (document or {}).get("roles", {}).get(name)
    return found


class _Making:
    """Makes one fork."""

    def __init__(
        self,
        run: Run,
        history: History,
        user: User | None,
        here: bool,
        idempotency_key: str | None,
        asked: str,
    ) -> None:
        self.run = run
        self.history = history
        self.here = here
        self.started = deepcopy(history.state.started or {})
        self.before = origin_of(self.started)
        self.fork = Run(
            team=run.team,
            crew=run.crew,
            version=run.version,
            origin=run,
            crew_name=run.crew_name,
            title=run.title,
            rehearsal=run.rehearsal,
            started_by=user,
            idempotency_key=idempotency_key or None,
            request_hash=asked,
        )

    def make(self, at: ActionState | None, taken: cut.Taken, edit: Edit, *, restart: bool) -> Run:
        source, fork = str(self.run.pk), str(self.fork.pk)
        actor = actor_of(self.fork.started_by)
        new = cut.copies(self.history, taken, fork)
        if at is not None and edit.has("output"):
            output = check_output(at, edit.output)
            new += cut.edited(self.history, at, output, actor, fork)
        if at is not None and (edit.has("instructions") or edit.has("model")):
            self._change_role(edit, edit.role or at.agent)
        self._check_crew()
        begun = Origin(
            run=source,
            action=at.id if at else None,
            key=at.key if at else "",
            agent=at.agent if at else "",
            edit=edit.as_json(),
            restart=restart,
            root=self.before.root or source,
            entries=len(new),
            inputs=self._inputs(at, taken, edit),
        )
        self.fork.taken = len(new)
        pattern = pattern_get(self.started["document"]["pattern"]["name"])
        told = self.started | {
            "origin": begun.model_dump(mode="json"),
            "pattern_version": pattern.info.version,
        }

        def bring() -> Sequence[store.NewEntry]:
            store.blobs_take_over(source, fork)
            return new

        return run_create(
            self.fork, e.RunStarted.model_construct(**told), taken=bring, here=self.here
        )

    def _inputs(self, at: ActionState | None, taken: cut.Taken, edit: Edit) -> dict[str, Json]:
        """Return the edited inputs that hold in the fork: those of its origin that it takes over,
        and its own."""
        kept = {self.history.state.actions[name].key for name in taken.all}
        inputs = {key: value for key, value in self.before.inputs.items() if key in kept}
        if at is not None and edit.has("input"):
            inputs[at.key] = check_input(at, edit.input)
        return inputs

    def _change_role(self, edit: Edit, agent: str) -> None:
        """Put other instructions or another model into the pinned document."""
        role = role_of(self.started, agent)
        if role is None:
            raise BadRequest(f"edit.role: this crew has no role '{agent}'")
        if not role.get("model"):
            raise BadRequest(
                f"edit: '{agent}' has no model; only its input or output can be edited"
            )
        if edit.instructions is not None:
            role["instructions"] = edit.instructions
        if edit.model is not None:
            try:
                choice = ModelChoice.model_validate(edit.model)
            except ValidationError as error:
                raise BadRequest("edit.model: it is no model", problems=_problems(error)) from None
            role["model"] = edit.model
            pins = ModelPins(self.run.team, self.run.rehearsal, self.here)
            self.started["models"][agent] = pins.pin(agent, choice)

    def _check_crew(self) -> None:
        """Raise BadRequest for what would keep the fork from working."""
        try:
            spec = CrewSpec.model_validate(self.started["document"])
            everyone = with_roles_inside(spec, self.started.get("crews") or {})
        except ValidationError as error:
            problems = _problems(error)
            raise BadRequest("edit: the crew would not be valid", problems=problems) from None
        preflight.check_supported(everyone)
        preflight.check_sandboxes(everyone, here=self.here)
        team, rehearsal = self.run.team, self.run.rehearsal
        preflight.check_commands(everyone, team=team, here=self.here, rehearsal=rehearsal)
        if not rehearsal:
            lent.check_search(everyone, team=team)


def _check(edit: Edit, at: ActionState, history: History) -> None:
    try:
        check_json(edit.as_json())
    except Refused as refused:
        raise BadRequest(f"edit: {refused}") from None
    if edit.has("output") and len(edit.model_fields_set) > 1:
        raise BadRequest("edit: an output stands for all that the action does; edit it alone")
    if edit.role is not None and edit.instructions is None and edit.model is None:
        raise BadRequest("edit.role: say which instructions or which model the role gets")
    if edit.has("input"):
        check_input(at, edit.input)
    if edit.has("output"):
        check_output(at, edit.output)
    if (edit.instructions is not None or edit.model is not None) and not (edit.role or at.agent):
        raise BadRequest("edit.role: no agent does this action; say whose instructions or model")
    if edit.has("output") and at.type == "ask":
        _check_returns(at, edit.output, history)


def _check_returns(at: ActionState, output: Json, history: History) -> None:
    """Raise BadRequest where an edited result is not valid by what its role returns. The
    contracts that it is handed over by are checked in the run."""
    schema = (role_of(history.state.started or {}, at.agent) or {}).get("returns")
    if schema is None or isinstance(at.output, str):
        return
    if problems := validate_payload(schema, output):
        listed = [problem.under("edit.output").as_json() for problem in problems]
        raise BadRequest(f"edit.output: {problems[0]}", problems=listed)


def _problems(error: ValidationError) -> list[dict[str, Json]]:
    return [
        Problem(path=".".join(["edit", *map(str, item["loc"])]), message=item["msg"]).as_json()
        for item in error.errors()
    ]
