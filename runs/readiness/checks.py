"""What a crew needs before it can run, and the two checklists for production, item by item."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from crews.advice import crew_advice
from crews.lint import crew_lint
from crews.models import Crew
from crews.problems import Problem
from crews.spec import CrewSpec
from crews.titles import title_of
from runs import lent, preflight
from runs.catalog import catalog
from runs.engine.nesting import with_roles_inside
from runs.errors import BadRequest
from runs.nested import crews_pin
from runs.readiness.forecast import Forecast, forecast
from runs.services import ModelPins
from teams.models import Team

Json = Any
State = Literal["ok", "warning", "error"]


@dataclass(frozen=True, kw_only=True)
class Check:
    """One item. `path` is the place in the document that it is about, or empty."""

    name: str
    title: str
    state: State
    detail: str
    path: str = ""


@dataclass(frozen=True, kw_only=True)
class Readiness:
    """What is said of a crew. `needs` must hold for a run with models; `production` is the list
    for putting a request of agents into production, `team_of_agents` that for several agents."""

    needs: tuple[Check, ...]
    production: tuple[Check, ...]
    team_of_agents: tuple[Check, ...]
    advice: tuple[Problem, ...]
    forecast: Forecast | None

    @property
    def ready(self) -> bool:
        return all(check.state != "error" for check in self.needs)


def readiness(
    *, team: Team, spec: CrewSpec, crew: Crew | None, environment: bool = False
) -> Readiness:
    """Look at a crew of a team. Past runs of `crew`, if it is one, tell what a run costs; with
    `environment` keys come from its variables too."""
    needs, everyone = [_document(spec, team)], spec
    try:
        everyone = with_roles_inside(spec, crews_pin(team=team, user=None, spec=spec))
    except BadRequest as refused:
        needs.append(_error("crews", "Crews that stand for roles", str(refused)))
    choose = ModelPins(team, rehearsal=False, environment=environment)
    models, lacking = _models(choose, everyone)
    needs += lacking
    if models and not lacking:
        used = {f"{pins[0]['provider']}/{pins[0]['name']}" for pins in models.values()}
        needs.append(_ok("model", "Models and credentials", ", ".join(sorted(used))))
    needs += _engine(everyone, team)
    expected = forecast(everyone, models, crew) if models else None
    return Readiness(
        needs=tuple(needs),
        production=tuple(production(everyone, expected)),
        team_of_agents=tuple(team_of_agents(everyone)),
        advice=tuple(crew_advice(spec)),
        forecast=expected,
    )


def _models(
    choose: ModelPins, spec: CrewSpec
) -> tuple[dict[str, list[dict[str, Json]]], list[Check]]:
    """Return the models that the roles would get, and what keeps others from one: the same for
    several roles is said once."""
    models: dict[str, list[dict[str, Json]]] = {}
    refused: dict[str, list[str]] = {}
    for name, role in spec.roles.items():
        if role.model is None:
            continue
        try:
            models[name] = choose.pin(name, role.model)
        except BadRequest as error:
            why = str(error).removeprefix(f"roles.{name}.model: ")
            refused.setdefault(why, []).append(name)
    title = "Models and credentials"
    return models, [
        _error("model", title, f"{_told(spec, names)}: {why}", f"roles.{names[0]}.model")
        for why, names in refused.items()
    ]


MOST_TOLD = 5


def _told(spec: CrewSpec, names: list[str]) -> str:
    titles = [title_of(name, spec.roles[name].title) for name in names]
    more = len(titles) - MOST_TOLD
    return ", ".join(titles) if more < 2 else f"{', '.join(titles[:MOST_TOLD])} and {more} more"


def _document(spec: CrewSpec, team: Team) -> Check:
    found = crew_lint(spec, catalog(team))
    errors = [problem for problem in found if problem.severity == "error"]
    if errors:
        more = f" And {len(errors) - 1} more." if len(errors) > 1 else ""
        return _error("document", "The crew", f"{errors[0]}{more}", errors[0].path)
    return _ok("document", "The crew", "It has no errors.")


def _engine(spec: CrewSpec, team: Team) -> Iterator[Check]:
    """Ask what a run would be refused for, each kind of thing by itself."""
    asked: dict[str, tuple[str, Callable[[], None]]] = {
        "kinds": ("Kinds of roles", lambda: preflight.check_supported(spec)),
        "sandbox": ("Sandboxes", lambda: preflight.check_sandboxes(spec, here=False)),
        "commands": (
            "Agent commands",
            lambda: preflight.check_commands(spec, team=team, here=False, rehearsal=False),
        ),
        "search": ("Web search", lambda: lent.check_search(spec, team=team)),
        "servers": ("Tools of MCP servers", lambda: lent.check_tools(spec, team=team)),
    }
    for name, (title, ask) in asked.items():
        try:
            ask()
        except BadRequest as refused:
            yield _error(name, title, str(refused))
        else:
            if name == "sandbox" and (roles := preflight.sandboxed_roles(spec)):
                yield _ok(name, title, f"Ready for {', '.join(roles)}.")


def production(spec: CrewSpec, told: Forecast | None) -> Iterator[Check]:
    """Yield the twelve items for a request in production. What this product always does is said
    to be so; the rest is read off the document."""
    limits, roles = spec.limits, spec.roles
    models = [role for role in roles.values() if role.kind == "model"]
    yield _ok("iterations", "Iterations are limited", f"At most {limits.actions} actions in a run.")
    bound = "It has a limit." if limits.cost_usd or limits.tokens else ""
    lacking = "Nothing bounds what a run may cost. Set limits.cost_usd or limits.tokens."
    if told and told.worst is not None:
        worst = f"at most ${told.worst}, by {told.bounded_by}."
        bound = f"A run costs {worst}" if told.expected <= told.worst else ""
        lacking = f"A run is expected to cost ${told.expected}, and may cost {worst}"
    yield _by(
        bool(bound),
        "budget",
        "Tokens and money have a budget",
        bound,
        lacking,
        "limits",
    )
    yield _ok("log", "All messages are logged", "Every message is an entry of the run's journal.")
    timed = [role.limits.seconds for role in roles.values() if role.limits.seconds]
    detail = f"{len(timed)} of {len(roles)} roles have a time of their own; the run has"
    detail += f" {limits.seconds} s."
    yield _ok("timeout", "Calls of agents end in time", detail)
    careful = any(edge.required_confidence is not None for edge in spec.handoffs)
    approved = any(use.approval == "always" for role in roles.values() for use in role.tools)
    people = careful or approved or any(role.kind == "human" for role in roles.values())
    yield (
        _ok(
            "people",
            "A person decides what is in doubt",
            "By a required confidence, an approval or a person's role.",
        )
        if people
        else _warn(
            "people",
            "A person decides what is in doubt",
            "No handoff requires a confidence and no tool an approval.",
            "handoffs",
        )
    )
    open_ = [n for n, r in roles.items() if r.sandbox is not None and r.sandbox.network != "none"]
    yield (
        _warn(
            "sandbox",
            "Code runs in sandboxes without network",
            f"May reach chosen hosts: {', '.join(open_)}.",
            f"roles.{open_[0]}.sandbox.network",
        )
        if open_
        else _ok(
            "sandbox",
            "Code runs in sandboxes without network",
            "Nothing is executed anywhere else.",
        )
    )
    simpler = any(
        (role.model and role.model.fallback) or role.fallback_instructions for role in models
    )
    yield (
        _ok(
            "recovery",
            "Failures are retried, then met by something simpler",
            "Retries wait longer each time; a fallback is set.",
        )
        if simpler or not models
        else _warn(
            "recovery",
            "Failures are retried, then met by something simpler",
            "Retries are on; no role has a fallback model or simpler instructions.",
            "roles",
        )
    )
    breaker = f"After {limits.breaker.failures} failures among {limits.breaker.window} calls."
    yield _ok("breaker", "A circuit breaker halts what keeps failing", breaker)
    yield _ok(
        "traces",
        "All calls of a run are linked",
        "By parent in the audit trail, and as traces where OpenTelemetry is on.",
    )
    yield _ok(
        "ab", "Variants can be compared", "As an experiment, or by a fork and its comparison."
    )
    rated = [use.name for role in roles.values() for use in role.tools if use.per_minute]
    outward = [
        u.name
        for r in roles.values()
        for u in r.tools
        if u.name in ("http_get", "web_search") or u.name.startswith("mcp")
    ]
    unrated = sorted({*outward} - {*rated})
    yield (
        _warn(
            "rates",
            "Calls of tools are rate limited",
            f"Without a limit: {', '.join(unrated)}. Set per_minute.",
            "roles",
        )
        if unrated
        else _ok(
            "rates",
            "Calls of tools are rate limited",
            f"Limited: {', '.join(rated)}." if rated else "No tool reaches another service.",
        )
    )
    yield _ok("replay", "A run can be replayed", "From its journal, with no call and no effect.")


def team_of_agents(spec: CrewSpec) -> Iterator[Check]:
    """Yield the ten items for several agents."""
    roles = spec.roles
    models = {name: role for name, role in roles.items() if role.kind == "model"}
    advice = crew_advice(spec)
    shape = [item for item in advice if item.path in ("roles", "pattern.name")]
    yield _by(
        not shape,
        "needed",
        "Several agents are needed",
        "Nothing speaks against it.",
        str(shape[0].message) if shape else "",
        "roles",
    )
    coupled = [item for item in advice if item.path == "handoffs"]
    yield _by(
        not coupled,
        "coupling",
        "The parts are loosely coupled",
        "No stage hangs on an unchecked text.",
        coupled[0].message if coupled else "",
        "handoffs",
    )
    blank = [n for n, r in models.items() if not r.instructions.strip() or not r.responsibilities]
    yield _by(
        not blank,
        "roles",
        "Each agent has one clear part",
        "All have instructions and responsibilities.",
        f"Without both: {', '.join(blank)}.",
        f"roles.{blank[0]}" if blank else "",
    )
    bare = [
        n
        for n, e in enumerate(spec.handoffs)
        if e.schema_ is None and roles[e.from_].returns is None
    ]
    yield _by(
        not bare,
        "contracts",
        "Handoffs have contracts",
        "Every handoff says what it carries.",
        f"{len(bare)} of {len(spec.handoffs)} handoffs carry free text.",
        f"handoffs.{bare[0]}" if bare else "",
    )
    tiers = {(role.model.tier or role.model.name) for role in models.values() if role.model}
    yield _by(
        len(models) < 2 or len(tiers) > 1,
        "tiers",
        "Costly models only where they are needed",
        "Roles use different models.",
        "All roles use the same model; a smaller one may do for some.",
        "roles",
    )
    least = [n for n, r in models.items() if len(r.tools) > 10]
    yield _by(
        not least,
        "tools",
        "Agents have few tools",
        "At most ten each.",
        f"More than ten: {', '.join(least)}.",
        f"roles.{least[0]}.tools" if least else "",
    )
    yield _by(
        spec.limits.cost_usd is not None or spec.limits.tokens is not None,
        "budget",
        "The run has a budget",
        "It does.",
        "Set limits.cost_usd or limits.tokens.",
        "limits",
    )
    yield _ok(
        "failures",
        "A failing agent does not take the rest along",
        "Failures are captured for their agent.",
    )
    yield _ok(
        "trace",
        "A failure can be traced to its agent",
        "Each action names its agent, input and parent.",
    )
    yield _by(
        spec.task.example is not None,
        "example",
        "There is an example to try changes with",
        "Rehearse it after each change.",
        "Give the crew an example task.",
        "task.example",
    )


def _by(good: bool, name: str, title: str, yes: str, no: str, path: str) -> Check:
    return _ok(name, title, yes) if good else _warn(name, title, no, path)


def _ok(name: str, title: str, detail: str) -> Check:
    return Check(name=name, title=title, state="ok", detail=detail)


def _warn(name: str, title: str, detail: str, path: str = "") -> Check:
    return Check(name=name, title=title, state="warning", detail=detail, path=path)


def _error(name: str, title: str, detail: str, path: str = "") -> Check:
    return Check(name=name, title=title, state="error", detail=detail, path=path)
