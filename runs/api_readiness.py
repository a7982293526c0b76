"""The REST API of what is said of a crew before it runs."""

from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema
from pydantic import Field

from crews.parse import spec_check
from crews.rest.shapes import Document, ErrorOut, ProblemOut, StrictIn
from crews.rest.wire import BODY_REFUSALS
from runs.api import crew_of
from runs.errors import BadRequest
from runs.readiness.checks import Check, Readiness, readiness
from runs.readiness.forecast import Forecast
from teams.access import Caller, require

router = Router(tags=["runs"])


class ReadinessIn(StrictIn):
    """A crew document. `crew`, an id or a slug: whose past runs tell what a run costs."""

    document: Document
    crew: str | None = Field(default=None, max_length=100)


class RoleForecastOut(Schema):
    role: str
    model: str
    expected: str
    worst: str | None
    bounded_by: str


class ForecastOut(Schema):
    """USD for a run. `basis`: what `expected` comes from; `bounded_by`: the limit that `worst`
    follows from, null where nothing bounds it; `unpriced`: models without a known price."""

    expected: str
    basis: str
    worst: str | None
    bounded_by: str
    dominant: str
    roles: list[RoleForecastOut]
    unpriced: list[str]


class ReadinessOut(Schema):
    ready: bool
    needs: list[Check]
    production: list[Check]
    team_of_agents: list[Check]
    advice: list[ProblemOut]
    forecast: ForecastOut | None


@router.post(
    "/preflight",
    response={200: ReadinessOut, **BODY_REFUSALS, 409: ErrorOut},
    operation_id="preflight",
)
def preflight(request: HttpRequest, body: ReadinessIn) -> dict[str, Any]:
    """Say what a crew lacks before it can run, what a run will and may cost, and what speaks
    against its shape. Nothing is changed."""
    caller: Caller = request.auth  # type: ignore[attr-defined]
    require(caller.user, "crews.view", caller.team)
    crew = crew_of(caller, body.crew) if body.crew else None
    spec, problems = spec_check(body.document)
    if spec is None:
        listed = [problem.as_json() for problem in problems]
        raise BadRequest(f"document: {problems[0]}", problems=listed)
    return answer(readiness(team=crew.team if crew else caller.team, spec=spec, crew=crew))


def answer(found: Readiness) -> dict[str, Any]:
    """Return what is said of a crew as `ReadinessOut` has it."""
    return {
        "ready": found.ready,
        "needs": list(found.needs),
        "production": list(found.production),
        "team_of_agents": list(found.team_of_agents),
        "advice": [problem.as_json() for problem in found.advice],
        "forecast": told(found.forecast) if found.forecast else None,
    }


def told(forecast: Forecast) -> dict[str, Any]:
    """Return a forecast with its money as text."""
    return {
        "expected": str(forecast.expected),
        "basis": forecast.basis,
        "worst": None if forecast.worst is None else str(forecast.worst),
        "bounded_by": forecast.bounded_by,
        "dominant": forecast.dominant,
        "unpriced": list(forecast.unpriced),
        "roles": [
            {
                "role": role.role,
                "model": role.model,
                "expected": str(role.expected),
                "worst": None if role.worst is None else str(role.worst),
                "bounded_by": role.bounded_by,
            }
            for role in forecast.roles
        ],
    }
