"""For load balancers and alarms: `/healthz` says that this process answers, `/readyz` that all
that Callsheet needs is there. For everybody, by any host name, and without a secret.
"""

from collections.abc import Callable

from django.conf import settings
from django.core.cache import cache
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse

from runs.workers import workers_alive

KEPT_S = 1
ANSWER_S = 2.0
OK = "ok"


class HealthMiddleware:
    """Answers before hosts are checked and sessions are read: a probe comes by an address."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.path not in ("/healthz", "/readyz"):
            return self._get_response(request)
        if request.method not in ("GET", "HEAD"):
            return HttpResponse(status=405, headers={"Allow": "GET, HEAD"})
        checks = readiness() if request.path == "/readyz" else {}
        ready = all(found == OK for found in checks.values())
        return JsonResponse(
            {"status": OK if ready else "not ready", **({"checks": checks} if checks else {})},
            status=200 if ready else 503,
            headers={"Cache-Control": "no-store"},
        )


def readiness() -> dict[str, str]:
    """Return, for each thing that Callsheet needs, "ok" or what is wrong; a second old at most."""
    found: dict[str, str] | None = cache.get("readiness")
    if found is None:
        found = _look()
        cache.set("readiness", found, KEPT_S)
    return found


def _look() -> dict[str, str]:
    checks = {"database": OK, "workers": OK}
    try:
        if not workers_alive():
            checks["workers"] = "none is alive"
    except DatabaseError:
        checks |= {"database": "does not answer", "workers": "not known"}
    if settings.REDIS_URL:
        checks["redis"] = _redis()
    return checks


def _redis() -> str:
    # Where there is no Redis, nobody waits for its client to be imported.
    import redis
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    with redis.Redis.from_url(
        settings.REDIS_URL,
        socket_connect_timeout=ANSWER_S,
        socket_timeout=ANSWER_S,
        retry=Retry(NoBackoff(), 0),
    ) as client:
        try:
            client.ping()
        except redis.RedisError:
            return "does not answer"
    return OK
