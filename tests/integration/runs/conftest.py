"""Where runs are tested: a stage in this process, and whole installations that tests share."""

from collections.abc import Iterator

import pytest

from teams.services import credential_set, team_create_personal, user_create
from tests.fakes.model_server import ModelServer
from tests.integration.runs.playing import Stage


@pytest.fixture(scope="session")
def fake_models() -> Iterator[ModelServer]:
    """One fake model server for all tests here."""
    with ModelServer() as server:
        yield server


@pytest.fixture
def server(fake_models: ModelServer) -> ModelServer:
    """The fake model server, with no rules and no calls yet."""
    fake_models.rules = []
    fake_models.calls.clear()
    return fake_models


@pytest.fixture
def stage(transactional_db: None, server: ModelServer) -> Stage:
    """A team with credentials for the fake model server."""
    user = user_create(email="ada@example.com", name="Ada")
    team = team_create_personal(user=user)
    credential_set(team=team, provider="openai", api_key="sk-test", base_url=server.openai_url)
    credential_set(
        team=team, provider="anthropic", api_key="sk-test", base_url=server.anthropic_url
    )
    return Stage(team=team, user=user, server=server)
