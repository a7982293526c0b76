"""One of everything that a team owns, and everybody who might ask for it."""

import json
from collections.abc import Callable
from dataclasses import dataclass

from crews.models import Template
from crews.services import crew_create, crew_publish, templates_install
from resources.services import document_add, server_save
from runs.journal import entries as e
from runs.journal import store
from runs.models import Experiment, Run, TeamImage
from runs.previews.table import preview_add
from runs.services import run_start
from teams.models import ApiKey, Team, User
from teams.roles import ROLES
from teams.services import (
    api_key_create,
    credential_set,
    membership_set,
    team_create,
    user_create,
)

_PLAN = {
    "name": "Which?",
    "variants": [{"name": "one", "crew": "x"}, {"name": "two", "crew": "x"}],
    "tasks": [{"task": "A task"}],
}


@dataclass(frozen=True, kw_only=True)
class World:
    """`people` holds one user for each role in `team`, and `foreign`, who is in another team.

    `arguments` answers a route with what stands for its variables; `bodies` holds, by row of the
    verdict table, the body and its type where an empty one would be refused before anything else.
    """

    team: Team
    people: dict[str, User]
    keys: dict[str, str]
    arguments: Callable[[str], dict[str, object]]
    bodies: dict[str, tuple[str, str]]


def world_make() -> World:
    """Make a team with everything in it, and a stranger with a team of their own."""
    owner = user_create(email="owner@example.org")
    team = team_create(name="Studio", owner=owner)
    people = {"owner": owner}
    for role in sorted(ROLES.keys() - people.keys()):
        people[role] = user_create(email=f"{role}@example.org")
        membership_set(user=people[role], team=team, role=role)
    keys = {role: api_key_create(user=user, team=team, name=role) for role, user in people.items()}
    foreign = user_create(email="foreign@example.org")
    people["foreign"] = foreign
    keys["foreign"] = api_key_create(user=foreign, team=foreign.personal_team, name="foreign")

    templates_install()
    template = Template.objects.filter(team=None).earliest("position")
    crew = crew_create(
        team=team, user=owner, document=template.document, rehearsal=template.rehearsal
    )
    version = crew_publish(crew=crew, user=owner)
    run, asking = (
        run_start(team=team, user=owner, version=version, task="A task", rehearsal=True)
        for _ in range(2)
    )
    _tell(run, _question(run), e.RunFinished(status="finished", output={"text": "An answer"}))
    _tell(asking, _question(asking))
    image = TeamImage.objects.create(team=team, name="tools:1", digest="sha256:0", python="3.12.1")
    preview_add(
        run=str(run.pk),
        action=e.action_id(str(run.pk), "tool"),
        workspace="role-coder",
        port=8000,
        title="A game",
        hosts=(),
        holder="",
    )
    question = e.action_id(str(asking.pk), "ask")
    file = store.blob_keep(str(run.pk), b"A file")
    credential = credential_set(team=team, provider="openai", api_key="sk-test")
    document = document_add(team=team, user=owner, name="notes.md", data=b"Notes")
    mcp_server = server_save(team=team, slug="nobody", url="http://127.0.0.1:9/mcp")
    key = ApiKey.objects.get(user=owner, team=team)
    experiment = Experiment.objects.create(team=team, name="Which?", plan=_PLAN)
    things: dict[str, dict[str, object]] = {
        "experiments/": {"pk": experiment.pk},
        "api/v1/experiments/": {"experiment": experiment.pk},
        "settings/credentials/": {"pk": credential.pk},
        "api/v1/documents/": {"document": document.pk},
        "api/v1/mcp-servers/": {"server": mcp_server.pk},
        "settings/documents/": {"pk": document.pk},
        "settings/sandboxes/": {"pk": image.pk},
        "settings/tools/servers/": {"pk": mcp_server.pk},
        "settings/keys/": {"pk": key.pk},
        "settings/models/tiers/": {"tier": "fast"},
        "sign-in/": {"token": "nobody"},
        "crews/": {"pk": crew.pk},
        "templates/": {"slug": template.slug},
        "api/v1/crews/": {"crew_id": crew.pk, "number": version.number},
        "api/v1/templates/": {"slug": template.slug},
        "runs/": {
            "pk": run.pk,
            "run": run.pk,
            "other": run.pk,
            "number": 1,
            "action": e.action_id(str(run.pk), "ask"),
            "sha256": file,
        },
        "ws/runs/": {"run": run.pk},
        "api/v1/runs/": {"run": run.pk, "other": run.pk, "number": 1, "sha256": file},
        "api/v1/approvals/": {"run": asking.pk, "action": question},
        "accounts/": {"pk": 1, "key": "nobody", "uidb36": "0"},
    }

    draft = json.dumps({"revision": 1, "document": template.document})
    bodies = {
        "POST teams/choose/": ("team=studio", "application/x-www-form-urlencoded"),
        "POST api/v1/crews": ("{}", "application/json"),
        "POST api/v1/experiments": ('{"plan": {}}', "application/json"),
        "POST api/v1/preflight": (
            json.dumps({"document": template.document}),
            "application/json",
        ),
        "POST api/v1/mcp-servers": (
            '{"name": "other", "url": "http://127.0.0.1:9/mcp"}',
            "application/json",
        ),
        "PUT api/v1/mcp-servers/<int:server>/tools": ('{"tools": {}}', "application/json"),
        "PUT api/v1/crews/<crew_id>": (draft, "application/json"),
        "POST api/v1/crews/<crew_id>/publish": ('{"revision": 1}', "application/json"),
        "POST api/v1/runs/<uuidstr:run>/redact": (
            '{"seq": 2, "reason": "x"}',
            "application/json",
        ),
        "POST api/v1/runs/<uuidstr:run>/fork": ('{"action": "ask"}', "application/json"),
        "POST api/v1/runs/<uuidstr:run>/cancel": ("{}", "application/json"),
        "POST api/v1/runs/<uuidstr:run>/pause": ("{}", "application/json"),
        "POST api/v1/runs/<uuidstr:run>/resume": ("{}", "application/json"),
        "POST api/v1/approvals/<uuidstr:run>/<uuidstr:action>/decide": (
            '{"choice": "approve"}',
            "application/json",
        ),
        "POST api/v1/runs": (json.dumps({"crew": str(crew.pk), "task": "x"}), "application/json"),
    }

    def arguments(route: str) -> dict[str, object]:
        return next((made for start, made in things.items() if route.startswith(start)), {})

    return World(team=team, people=people, keys=keys, arguments=arguments, bodies=bodies)


def _question(run: Run) -> list[store.NewEntry]:
    """Return the entries by which a role asks a person something."""
    key, payloads = (
        "ask",
        (
            e.ActionStarted(
                type="escalation", name="ask_human", attempt=1, input={}, input_hash=e.digest({})
            ),
            e.RunWaiting(question="Go on?", choices=["approve", "reject"]),
        ),
    )
    action = e.action_id(str(run.pk), key)
    return [store.NewEntry(payload=each, action=action, key=key) for each in payloads]


def _tell(run: Run, entries: list[store.NewEntry], end: e.RunFinished | None = None) -> None:
    ending = (store.NewEntry(payload=end),) if end else ()
    status = "finished" if end else "waiting"
    store.append_one(store.Write(run=str(run.pk), entries=(*entries, *ending), status=status))
