"""The commands that let people and programs in."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from teams.models import User
from teams.services import user_create

pytestmark = pytest.mark.django_db


def test_a_key_is_printed_alone_and_works() -> None:
    user_create(email="ada@example.org")
    key = _run("create_api_key", "--user", "Ada@Example.org", "--team", "ada", "--name", "nightly")
    answer = Client().get("/api/v1/crews", headers={"Authorization": f"Bearer {key}"})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("user", "team", "said"),
    [
        ("nobody@example.org", "ada", "Nobody signs in as"),
        ("ada@example.org", "studio", "is in: ada"),
        ("ada@example.org", "grace", "not a member of the team"),
    ],
)
def test_a_key_for_the_wrong_person_or_team_is_refused(user: str, team: str, said: str) -> None:
    user_create(email="ada@example.org")
    user_create(email="grace@example.org")
    with pytest.raises(CommandError, match=said):
        _run("create_api_key", "--user", user, "--team", team, "--name", "nightly")


def test_a_link_lets_the_owner_in_and_makes_them_first_if_need_be() -> None:
    link = _run("sign_in_link")
    assert User.objects.get().owns_installation
    client = Client()
    client.post("/" + link.partition("//")[2].partition("/")[2])
    assert client.get("/settings/").status_code == 200
    assert _run("sign_in_link") != link
    assert User.objects.count() == 1


def test_a_link_for_somebody_else_names_them() -> None:
    user_create(email="ada@example.org", name="Ada")
    link = _run("sign_in_link", "--user", "ada@example.org")
    assert b"Ada" in Client().get("/" + link.partition("//")[2].partition("/")[2]).content
    with pytest.raises(CommandError, match="Nobody signs in"):
        _run("sign_in_link", "--user", "eve@example.org")
    with pytest.raises(CommandError, match="--user EMAIL"):
        _run("sign_in_link")


def _run(*arguments: str) -> str:
    out = StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue().strip()
