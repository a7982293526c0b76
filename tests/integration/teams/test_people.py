"""Users, teams, roles, one-time links and API keys, as the services make them."""

from datetime import timedelta

import pytest
from django.db import IntegrityError
from django.utils import timezone

from teams.models import ApiKey, Membership, SignInLink, Team, User
from teams.permissions import can, role_of
from teams.services import (
    api_key_create,
    api_key_find,
    api_key_revoke,
    membership_set,
    owner,
    owner_create_first,
    sign_in_link_create,
    sign_in_link_peek,
    sign_in_link_use,
    team_create,
    team_create_personal,
    user_create,
)

pytestmark = pytest.mark.django_db


def test_a_user_comes_with_a_team_that_they_own() -> None:
    user = user_create(email="Ada@Example.org", name="Ada")
    assert user.email == "ada@example.org"
    assert user.personal_team.name == "Ada’s team"
    assert role_of(user, user.personal_team) == "owner"
    assert team_create_personal(user=user) == user.personal_team


def test_the_same_address_in_other_letters_is_the_same_person() -> None:
    user_create(email="ada@example.org")
    with pytest.raises(IntegrityError):
        user_create(email="ADA@example.org")


def test_teams_of_the_same_name_get_slugs_of_their_own() -> None:
    slugs = [team_create(name="Studio").slug for _ in range(3)]
    assert slugs == ["studio", "studio-2", "studio-3"]
    assert team_create(name="日本").slug == "team"


def test_only_the_first_start_makes_an_owner() -> None:
    made = owner_create_first()
    assert made is not None
    assert made == owner()
    assert not made.has_usable_password()
    assert owner_create_first() is None
    assert User.objects.count() == 1


def test_no_owner_is_made_where_somebody_is_already() -> None:
    user_create(email="ada@example.org")
    assert owner_create_first() is None
    assert owner() is None


def test_a_role_can_be_changed_and_an_unknown_one_is_refused() -> None:
    ada, team = user_create(email="ada@example.org"), team_create(name="Studio")
    assert not can(ada, "team.view", team)
    membership_set(user=ada, team=team, role="viewer")
    assert can(ada, "runs.view", team)
    assert not can(ada, "runs.start", team)
    membership_set(user=ada, team=team, role="runner")
    assert can(ada, "runs.start", team)
    assert Membership.objects.filter(user=ada, team=team).count() == 1
    with pytest.raises(ValueError, match="owner, editor, runner, viewer"):
        membership_set(user=ada, team=team, role="boss")
    with pytest.raises(ValueError, match=r"runs\.begin"):
        can(ada, "runs.begin", team)


def test_a_deactivated_user_may_do_nothing() -> None:
    ada = user_create(email="ada@example.org")
    ada.is_active = False
    assert not can(ada, "team.view", ada.personal_team)


class TestSignInLink:
    def test_it_works_once(self) -> None:
        ada = user_create(email="ada@example.org")
        token = _token(sign_in_link_create(user=ada))
        assert sign_in_link_peek(token=token) == ada
        assert sign_in_link_peek(token=token) == ada
        assert sign_in_link_use(token=token) == ada
        assert sign_in_link_use(token=token) is None
        assert sign_in_link_peek(token=token) is None

    def test_it_expires(self) -> None:
        ada = user_create(email="ada@example.org")
        token = _token(sign_in_link_create(user=ada))
        SignInLink.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
        assert sign_in_link_use(token=token) is None

    def test_expired_ones_are_forgotten(self) -> None:
        ada = user_create(email="ada@example.org")
        sign_in_link_create(user=ada)
        SignInLink.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
        sign_in_link_create(user=ada)
        assert SignInLink.objects.count() == 1

    def test_its_token_is_not_in_the_database(self) -> None:
        token = _token(sign_in_link_create(user=user_create(email="ada@example.org")))
        assert token not in SignInLink.objects.get().digest


class TestApiKey:
    def test_it_stands_for_its_user_in_one_team(self) -> None:
        ada, team = user_create(email="ada@example.org"), team_create(name="Studio")
        membership_set(user=ada, team=team, role="runner")
        found = api_key_find(token=api_key_create(user=ada, team=team, name="nightly"))
        assert found is not None
        assert (found.user, found.team, found.name) == (ada, team, "nightly")

    def test_only_its_beginning_is_kept(self) -> None:
        ada = user_create(email="ada@example.org")
        token = api_key_create(user=ada, team=ada.personal_team, name="nightly")
        key = ApiKey.objects.get()
        assert token.startswith(key.prefix)
        assert len(key.prefix) < 12
        assert token not in str(vars(key))

    def test_it_ends_with_revocation_membership_or_user(self) -> None:
        ada, team = user_create(email="ada@example.org"), team_create(name="Studio")
        membership = membership_set(user=ada, team=team, role="runner")
        first, second = (api_key_create(user=ada, team=team, name=name) for name in "ab")
        api_key_revoke(key=ApiKey.objects.get(name="a"))
        assert api_key_find(token=first) is None
        assert api_key_find(token=second) is not None
        membership.delete()
        assert api_key_find(token=second) is None
        mine = api_key_create(user=ada, team=ada.personal_team, name="c")
        User.objects.update(is_active=False)
        assert api_key_find(token=mine) is None

    def test_nobody_gets_a_key_of_a_team_they_are_not_in(self) -> None:
        with pytest.raises(ValueError, match="not a member"):
            api_key_create(
                user=user_create(email="ada@example.org"),
                team=Team.objects.create(name="Studio", slug="studio"),
                name="x",
            )

    def test_its_last_use_is_noted(self) -> None:
        ada = user_create(email="ada@example.org")
        token = api_key_create(user=ada, team=ada.personal_team, name="nightly")
        api_key_find(token=token)
        noted = ApiKey.objects.get().last_used_at
        assert noted is not None
        api_key_find(token=token)
        assert ApiKey.objects.get().last_used_at == noted


def _token(path: str) -> str:
    return path.strip("/").rpartition("/")[2]
