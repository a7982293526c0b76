"""A stage for runs in this process, and whole installations that tests share."""

from collections.abc import Iterator
from contextlib import ExitStack
from uuid import uuid4

import pytest

from teams.services import credential_set, team_create_personal, user_create
from tests.engines.installation import Installation, Mode
from tests.engines.services import Postgres, Redis, redis_server
from tests.fakes.model_server import ModelServer
from tests.integration.runs.house import House
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


@pytest.fixture(scope="session", params=["embedded", "production"])
def house_mode(request: pytest.FixtureRequest) -> Mode:
    chosen: Mode = request.param
    return chosen


@pytest.fixture(scope="session")
def house_redis(house_mode: Mode) -> Iterator[Redis | None]:
    """The Redis of the shared production installation; None embedded."""
    if house_mode == "embedded":
        yield None
    else:
        with redis_server() as redis:
            yield redis


@pytest.fixture(scope="session")
def shared_house(
    house_mode: Mode,
    house_redis: Redis | None,
    fake_models: ModelServer,
    tmp_path_factory: pytest.TempPathFactory,
    request: pytest.FixtureRequest,
) -> Iterator[House]:
    settings = {}
    if house_redis is not None:
        postgres: Postgres = request.getfixturevalue("postgres")
        database = postgres.create_database(f"house_{uuid4().hex}")
        settings = {"DATABASE_URL": database, "REDIS_URL": house_redis.url}
    installation = Installation(
        mode=house_mode, folder=tmp_path_factory.mktemp("house"), settings=settings
    )
    with ExitStack() as cleanup:
        cleanup.callback(installation.stop)
        installation.start(workers=2)
        house = House(installation, fake_models)
        cleanup.callback(house.close)
        house.set_up()
        yield house


@pytest.fixture
def house(shared_house: House, server: ModelServer) -> House:
    """An installation in each mode (production with two workers) that all tests here share."""
    shared_house.ensure_workers(2)
    return shared_house
