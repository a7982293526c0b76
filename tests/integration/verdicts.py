"""What each route answers to whom. A new route needs a row here, or `test_access.py` fails.

A row is `"METHOD route": verdict`, the route as Django's resolver writes it. A method without a row
must be answered with 405 (except by django-allauth, which has its own tests). What stands for
`<uuid:pk>` and the like, and the bodies that come with a row, are made in `world.py`.
"""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Whose matters a route is about, and what a member's role must allow for it.

    - public: everybody is let in.
    - person: whoever is signed in.
    - team: the caller's own team, whichever that is.
    - thing: one thing of a team; 404 for everybody who is not a member of that team.
    - absent: 404 for everybody.
    - entrance: a page of django-allauth before sign-in; it may send people elsewhere.
    - account: a page of django-allauth about the person who is signed in, and nobody else.
    """

    scope: Literal["public", "person", "team", "thing", "absent", "entrance", "account"]
    permission: str | None = None


PUBLIC = Verdict(scope="public")
PERSON = Verdict(scope="person")
ABSENT = Verdict(scope="absent")
ENTRANCE = Verdict(scope="entrance")
ACCOUNT = Verdict(scope="account")


def team(permission: str) -> Verdict:
    return Verdict(scope="team", permission=permission)


def thing(permission: str) -> Verdict:
    return Verdict(scope="thing", permission=permission)


METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
ENTRANCES = (
    "login/",
    "signup/",
    "logout/",
    "inactive/",
    "confirm-email/",
    "^confirm-email/(?P<key>[-:\\w]+)/$",
    "password/reset/",
    "password/reset/done/",
    "password/reset/key/done/",
    "^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
    "login/code/confirm/",
    "2fa/authenticate/",
    "2fa/webauthn/login/",
    "3rdparty/signup/",
    "3rdparty/login/cancelled/",
    "3rdparty/login/error/",
    # Old addresses that redirect.
    "social/signup/",
    "social/login/cancelled/",
    "social/login/error/",
    "social/connections/",
)
OWN_ACCOUNT = (
    "email/",
    "reauthenticate/",
    "password/change/",
    "password/set/",
    "2fa/",
    "2fa/reauthenticate/",
    "2fa/totp/activate/",
    "2fa/totp/deactivate/",
    "2fa/recovery-codes/",
    "2fa/recovery-codes/generate/",
    "2fa/recovery-codes/download/",
    "2fa/webauthn/",
    "2fa/webauthn/add/",
    "2fa/webauthn/reauthenticate/",
    "2fa/webauthn/keys/<int:pk>/remove/",
    "2fa/webauthn/keys/<int:pk>/edit/",
    "3rdparty/",
)
ACCOUNTS = {
    **{f"{method} accounts/{page}": ENTRANCE for page in ENTRANCES for method in ("GET", "POST")},
    **{f"{method} accounts/{page}": ACCOUNT for page in OWN_ACCOUNT for method in ("GET", "POST")},
}

SETTINGS = {
    "GET sign-in/<str:token>/": PUBLIC,
    "POST sign-in/<str:token>/": PUBLIC,
    "POST teams/choose/": thing("team.view"),
    "GET settings/": team("team.view"),
    "POST settings/rename/": team("team.change"),
    "GET settings/models/": team("credentials.view"),
    "POST settings/models/tiers/<str:tier>/": team("credentials.change"),
    "GET settings/credentials/new/": team("credentials.change"),
    "POST settings/credentials/new/": team("credentials.change"),
    "GET settings/credentials/<int:pk>/": thing("credentials.change"),
    "POST settings/credentials/<int:pk>/": thing("credentials.change"),
    "POST settings/credentials/<int:pk>/delete/": thing("credentials.change"),
    "POST settings/credentials/<int:pk>/test/": thing("credentials.change"),
    "GET settings/tools/": team("credentials.view"),
    "GET settings/tools/servers/new/": team("credentials.change"),
    "POST settings/tools/servers/new/": team("credentials.change"),
    "GET settings/tools/servers/<int:pk>/": thing("credentials.view"),
    "GET settings/tools/servers/<int:pk>/change/": thing("credentials.change"),
    "POST settings/tools/servers/<int:pk>/change/": thing("credentials.change"),
    "POST settings/tools/servers/<int:pk>/refresh/": thing("credentials.change"),
    "POST settings/tools/servers/<int:pk>/choose/": thing("credentials.change"),
    "POST settings/tools/servers/<int:pk>/accept/": thing("credentials.change"),
    "POST settings/tools/servers/<int:pk>/delete/": thing("credentials.change"),
    "GET settings/sandboxes/": team("credentials.view"),
    "POST settings/sandboxes/images/": team("team.change"),
    "POST settings/sandboxes/images/<int:pk>/remove/": thing("team.change"),
    "GET settings/documents/": team("crews.view"),
    "POST settings/documents/": team("crews.change"),
    "GET settings/documents/<uuid:pk>/": thing("crews.view"),
    "POST settings/documents/<uuid:pk>/delete/": thing("crews.change"),
    "GET settings/keys/": team("keys.create"),
    "POST settings/keys/": team("keys.create"),
    # Somebody else's key: only an owner may revoke it.
    "POST settings/keys/<int:pk>/revoke/": thing("members.change"),
}

CREWS = {
    "GET ": team("crews.view"),
    "GET crews/": team("crews.view"),
    "POST crews/new/": team("crews.change"),
    "GET crews/import/": team("crews.change"),
    "POST crews/import/": team("crews.change"),
    "GET crews/<uuid:pk>/": thing("crews.view"),
    "POST crews/<uuid:pk>/duplicate/": thing("crews.change"),
    "POST crews/<uuid:pk>/delete/": thing("crews.delete"),
    "GET templates/": team("crews.view"),
    "POST templates/<slug:slug>/use/": team("crews.change"),
    "GET api/v1/documents": team("crews.view"),
    "POST api/v1/documents": team("crews.change"),
    "GET api/v1/documents/<uuidstr:document>": thing("crews.view"),
    "DELETE api/v1/documents/<uuidstr:document>": thing("crews.change"),
    "GET api/v1/mcp-servers": team("credentials.view"),
    "POST api/v1/mcp-servers": team("credentials.change"),
    "GET api/v1/mcp-servers/<int:server>": thing("credentials.view"),
    "DELETE api/v1/mcp-servers/<int:server>": thing("credentials.change"),
    "POST api/v1/mcp-servers/<int:server>/refresh": thing("credentials.change"),
    "PUT api/v1/mcp-servers/<int:server>/tools": thing("credentials.change"),
    "GET api/v1/crews": team("crews.view"),
    "POST api/v1/crews": team("crews.change"),
    "POST api/v1/crews/import": team("crews.change"),
    "POST api/v1/crews/validate": team("crews.view"),
    "GET api/v1/crews/<crew_id>": thing("crews.view"),
    "PUT api/v1/crews/<crew_id>": thing("crews.change"),
    "DELETE api/v1/crews/<crew_id>": thing("crews.delete"),
    "POST api/v1/crews/<crew_id>/duplicate": thing("crews.change"),
    "GET api/v1/crews/<crew_id>/export": thing("crews.view"),
    "POST api/v1/crews/<crew_id>/publish": thing("crews.change"),
    "GET api/v1/crews/<crew_id>/versions": thing("crews.view"),
    "GET api/v1/crews/<crew_id>/versions/<number>": thing("crews.view"),
    "GET api/v1/templates": team("crews.view"),
    "POST api/v1/templates/<slug>/use": team("crews.change"),
    "GET api/v1/catalog": PERSON,
    **{f"{method} api/v1/openapi.json": PUBLIC for method in METHODS},
    **{f"{method} {route}": ABSENT for route in ("api/v1/", "^api/") for method in METHODS},
}

RUNS = {
    "GET metrics": PUBLIC,
    "GET inbox/": team("runs.view"),
    "GET inbox/count/": team("runs.view"),
    "GET settings/notifications/": team("team.view"),
    "POST settings/notifications/mail/": team("team.view"),
    "POST settings/notifications/webhook/": team("team.change"),
    "POST settings/notifications/webhook/test/": team("team.change"),
    "POST settings/notifications/webhook/delete/": team("team.change"),
    "POST api/v1/preflight": team("crews.view"),
    "POST api/v1/experiments": team("crews.change"),
    "GET api/v1/experiments": team("runs.view"),
    "GET api/v1/experiments/<uuidstr:experiment>": thing("runs.view"),
    "GET experiments/": team("runs.view"),
    "GET experiments/new/": team("crews.change"),
    "POST experiments/new/": team("crews.change"),
    "GET experiments/<uuid:pk>/": thing("runs.view"),
    "GET runs/": team("runs.view"),
    "GET runs/<uuid:pk>/": thing("runs.view"),
    "GET runs/<uuid:pk>/answer/": thing("runs.view"),
    "GET runs/<uuid:pk>/previews/<int:number>/": thing("runs.view"),
    "GET api/v1/runs/<uuidstr:run>/previews": thing("runs.view"),
    "POST api/v1/runs/<uuidstr:run>/previews/<number>/link": thing("runs.view"),
    "GET runs/<uuid:pk>/files/": thing("runs.view"),
    "GET runs/<uuid:pk>/files/<str:sha256>/": thing("runs.view"),
    "GET runs/<uuid:pk>/fork/<uuid:action>/": thing("runs.start"),
    "POST runs/<uuid:pk>/fork/<uuid:action>/": thing("runs.start"),
    "POST runs/<uuid:pk>/restart/": thing("runs.start"),
    "GET runs/<uuid:pk>/compare/<uuid:other>/": thing("runs.view"),
    "GET runs/<uuid:pk>/audit/": thing("runs.view"),
    "POST runs/<uuid:pk>/audit/replay/": thing("runs.view"),
    "GET runs/<uuid:pk>/audit/rows/": thing("runs.view"),
    "POST runs/<uuid:pk>/audit/verify/": thing("runs.view"),
    "GET runs/<uuid:pk>/audit/<uuid:action>/": thing("runs.view"),
    "GET api/v1/runs": team("runs.view"),
    # The crew that is to run is another team's.
    "POST api/v1/runs": thing("runs.start"),
    "GET api/v1/runs/<uuidstr:run>": thing("runs.view"),
    "GET api/v1/runs/<uuidstr:run>/entries": thing("runs.view"),
    "GET api/v1/runs/<uuidstr:run>/artifacts": thing("runs.view"),
    "GET api/v1/runs/<uuidstr:run>/artifacts/<sha256>": thing("runs.view"),
    "GET api/v1/runs/<uuidstr:run>/export": thing("runs.view"),
    "POST api/v1/runs/<uuidstr:run>/verify": thing("runs.view"),
    "POST api/v1/runs/<uuidstr:run>/replay": thing("runs.view"),
    "POST api/v1/runs/<uuidstr:run>/fork": thing("runs.start"),
    "POST api/v1/runs/<uuidstr:run>/restart": thing("runs.start"),
    "GET api/v1/runs/<uuidstr:run>/forks": thing("runs.view"),
    "GET api/v1/runs/<uuidstr:run>/compare/<uuidstr:other>": thing("runs.view"),
    "GET api/v1/runs/<uuidstr:run>/why": thing("runs.view"),
    "GET api/v1/runs/<uuidstr:run>/provenance": thing("runs.view"),
    "GET api/v1/runs/<uuidstr:run>/analysis": thing("runs.view"),
    "GET api/v1/runs/<uuidstr:run>/progress": thing("runs.view"),
    "POST api/v1/runs/<uuidstr:run>/redact": thing("runs.delete"),
    "POST api/v1/runs/<uuidstr:run>/cancel": thing("runs.stop"),
    "POST api/v1/runs/<uuidstr:run>/pause": thing("runs.stop"),
    "POST api/v1/runs/<uuidstr:run>/resume": thing("runs.start"),
    "GET api/v1/approvals": team("runs.view"),
    "POST api/v1/approvals/<uuidstr:run>/<uuidstr:action>/decide": thing("runs.decide"),
}

VERDICTS: dict[str, Verdict] = ACCOUNTS | SETTINGS | CREWS | RUNS

# Websockets: close code 4401 for nobody, 4404 for somebody without the permission.
SOCKETS: dict[str, Verdict] = {"ws/runs/<uuid:run>/": thing("runs.view")}
