"""The whole REST API keeps what its OpenAPI description says, whatever it is sent."""

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from config.api import api
from crews.services import crew_create, crew_publish, templates_install
from teams.models import Team, User
from teams.services import api_key_create
from tests.unit.crews.examples import desk

AnyCase = schemathesis.Case[Any]
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
SCHEMA = schemathesis.openapi.from_dict(api.get_openapi_schema())
OPERATIONS = [
    (path, method) for path, known in api.get_openapi_schema()["paths"].items() for method in known
]
EXAMPLES = settings(
    max_examples=25,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(autouse=True)
def one_connection() -> Iterator[None]:
    """Requests leave the test's transaction open, as those of Django's test client do."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture(scope="module")
def application() -> WSGIHandler:
    return get_wsgi_application()


@pytest.fixture
def key(owner: User, team: Team) -> str:
    """A key of a team that has a published crew and templates."""
    templates_install()
    crew_publish(crew=crew_create(team=team, user=owner, document=desk()), user=owner)
    return api_key_create(user=owner, team=team, name="fuzz")


@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_every_operation(path: str, method: str, key: str, application: WSGIHandler) -> None:
    names = {"crew_id": "research-desk", "slug": "assembly-line"}
    headers = {"Authorization": f"Bearer {key}"}

    @EXAMPLES
    @given(SCHEMA[path][method].as_strategy())
    def keeps_its_word(case: AnyCase) -> None:
        if len(repr(case.path_parameters)) % 2:
            # Half of the names are those of things that are there.
            case.path_parameters |= {
                name: names[name] for name in case.path_parameters if name in names
            }
        case.call_and_validate(headers=headers, checks=CHECKS, app=application)

    keeps_its_word()


def test_the_description_has_every_operation_with_its_refusals() -> None:
    described = api.get_openapi_schema()
    operations = [
        (method, path, operation)
        for path, methods in described["paths"].items()
        for method, operation in methods.items()
    ]
    for method, path, operation in operations:
        assert "401" in {str(status) for status in operation["responses"]}, (method, path)
