"""Every route, asked by everybody: the answers are those of the table in `verdicts.py`."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from pytest_django import DjangoDbBlocker

from teams.roles import ROLES, allows
from tests.integration.verdicts import METHODS, VERDICTS, Verdict
from tests.integration.world import World, world_make

MEMBERS = tuple(ROLES)
CALLERS = ("anonymous", *MEMBERS, "foreign")


def _routes(patterns: list[Any], prefix: str = "") -> Iterator[str]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from _routes(pattern.url_patterns, prefix + str(pattern.pattern))
        elif isinstance(pattern, URLPattern):
            yield prefix + str(pattern.pattern)


def _is_allauths(route: str) -> bool:
    return route.startswith("accounts/")


ROUTES = sorted(set(_routes(get_resolver().url_patterns)))


@pytest.fixture(scope="module")
def lasting(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[World]:
    """A world for all tests of this file, none of which changes it for good."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield world_make()
        transaction.set_rollback(True)


@pytest.fixture
def world(lasting: World, db: None) -> World:
    return lasting


def test_every_route_has_a_verdict() -> None:
    judged = {row.partition(" ")[2] for row in VERDICTS}
    assert not set(ROUTES) - judged, "give these routes a row in tests/integration/verdicts.py"


def test_every_verdict_has_a_route() -> None:
    assert not {row.partition(" ")[2] for row in VERDICTS} - set(ROUTES)


@pytest.mark.parametrize("row", sorted(VERDICTS))
def test_a_route_answers_each_caller_by_its_verdict(world: World, row: str) -> None:
    method, _, route = row.partition(" ")
    verdict = VERDICTS[row]
    for caller in CALLERS:
        for client in _clients(world, caller, route):
            answer = _ask(client, world, method, route)
            hint = "a body that is refused before the caller is? give the row one in world.py"
            said = (caller, answer.status_code, hint)
            assert _kind(answer) in _wanted(verdict, caller, route), said


@pytest.mark.parametrize("route", [route for route in ROUTES if not _is_allauths(route)])
def test_a_method_without_a_verdict_is_refused(world: World, route: str) -> None:
    client = next(_clients(world, "owner", route))
    for method in METHODS:
        if f"{method} {route}" not in VERDICTS:
            assert _ask(client, world, method, route).status_code == 405, method


@pytest.mark.parametrize("path", ["/", "/api/v1/runs", "/no/such/page"])
def test_head_is_answered_as_get_is(world: World, path: str) -> None:
    client = next(_clients(world, "owner", path))
    asked, headed = client.get(path), client.head(path)
    assert (headed.status_code, headed["Content-Type"]) == (
        asked.status_code,
        asked["Content-Type"],
    )


def _wanted(verdict: Verdict, caller: str, route: str) -> set[str]:
    """Return the answers that the verdict allows for this caller."""
    match verdict.scope:
        case "public":
            return {"ok"}
        case "absent":
            return {"404"}
        case "entrance":
            return {"ok", "sign in", "401", "403", "404"}
    if caller == "anonymous":
        return {"401"} if route.startswith("api/") else {"sign in"}
    if verdict.scope == "account":
        return {"ok", "403", "404"}
    if caller == "foreign":
        return {"404"} if verdict.scope == "thing" else {"ok"}
    if verdict.permission and not allows(caller, verdict.permission):
        return {"403"}
    return {"ok"}


def _kind(response: Any) -> str:
    """Sort an answer: a refusal by its status, a redirect to sign-in, or that it was let in."""
    assert response.status_code < 500, response.content[:500]
    if response.status_code in {401, 403, 404}:
        return str(response.status_code)
    if response.status_code == 302 and response["Location"].startswith("/accounts/login/"):
        return "sign in"
    return "ok"


def _clients(world: World, caller: str, route: str) -> Iterator[Client]:
    """Make what the caller may come with: a session, and for the API also a key."""
    client = Client(raise_request_exception=False)
    if caller != "anonymous":
        client.force_login(world.people[caller], "django.contrib.auth.backends.ModelBackend")
        if caller != "foreign":
            session = client.session
            session["team"] = str(world.team.pk)
            session.save()
    yield client
    if route.startswith("api/") and caller != "anonymous":
        yield Client(headers={"Authorization": f"Bearer {world.keys[caller]}"})


def _ask(client: Client, world: World, method: str, route: str) -> Any:
    arguments = world.arguments(route)
    path = re.sub(r"<(?:\w+:)?(\w+)>", lambda name: str(arguments[name[1]]), route)
    path = re.sub(r"\(\?P<(\w+)>[^)]*\)", lambda name: str(arguments[name[1]]), path)
    path = path.replace("^", "").replace("$", "")
    # What one caller changed or deleted is there again for the next.
    with transaction.atomic():
        body, kind = world.bodies.get(f"{method} {route}", ("", "application/json"))
        response = client.generic(method, f"/{path}", body, content_type=kind)
        transaction.set_rollback(True)
    return response
