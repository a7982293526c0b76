"""People, a catalog and clients that the tests of crews share."""

from collections.abc import Callable, Iterator

import pytest
from django.test import Client

from crews.catalog import catalog_register
from teams.models import Team, User
from teams.services import api_key_create, membership_set, team_create_personal, user_create
from tests.unit.crews.examples import CATALOG


@pytest.fixture(autouse=True)
def catalog() -> Iterator[None]:
    """The small catalog of the examples, whatever else is installed."""
    before = catalog_register(lambda _: CATALOG)
    yield
    catalog_register(before)


@pytest.fixture
def owner(db: None) -> User:
    return user_create(email="ada@example.com", name="Ada")


@pytest.fixture
def team(owner: User) -> Team:
    return team_create_personal(user=owner)


@pytest.fixture
def member(team: Team) -> Callable[[str], User]:
    """Make somebody who has the role in the team."""

    def make(role: str) -> User:
        user = user_create(email=f"{role}@example.com", name=role.title())
        membership_set(user=user, team=team, role=role)
        return user

    return make


@pytest.fixture
def api(owner: User, team: Team) -> Client:
    """A program with a key of the owner."""
    return client_for(owner, team)


def client_for(user: User, team: Team) -> Client:
    """Return a program with a key of a user in a team."""
    key = api_key_create(user=user, team=team, name="test")
    return Client(headers={"Authorization": f"Bearer {key}"})
