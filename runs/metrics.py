"""`/metrics`: figures of this installation for Prometheus, in its text format.

With `CALLSHEET_METRICS_TOKEN`, for who sends it as a bearer token; without, only for this machine,
and for nobody where a proxy stands before the app and every request comes from it.
https://prometheus.io/docs/instrumenting/exposition_formats/
"""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from ipaddress import ip_address
from typing import Any

from django.conf import settings
from django.db.models import Count, Min, Sum
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.views.decorators.http import require_GET

from runs.models import Question, Run

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
STATUSES = ("queued", "running", "waiting", "paused", "finished", "failed", "cancelled")
_FORWARDED = {"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-Ip", "Via"}
Figure = tuple[dict[str, str], object]


@require_GET
def metrics(request: HttpRequest) -> HttpResponse:
    """Return the figures."""
    if not _allowed(request):
        text = "Send CALLSHEET_METRICS_TOKEN as a bearer token.\n"
        return HttpResponse(
            text, status=401, content_type="text/plain", headers={"WWW-Authenticate": "Bearer"}
        )
    return HttpResponse("".join(_lines()), content_type=CONTENT_TYPE)


def _allowed(request: HttpRequest) -> bool:
    if token := settings.METRICS_TOKEN:
        given = request.headers.get("Authorization", "")
        return constant_time_compare(given, f"Bearer {token}")
    if settings.SECURE_PROXY_SSL_HEADER is not None or _FORWARDED & request.headers.keys():
        return False
    try:
        return ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False


def _lines() -> Iterator[str]:
    by_status = dict(Run.objects.order_by().values_list("status").annotate(Count("pk")))
    counted = [({"status": status}, by_status.get(status, 0)) for status in STATUSES]
    yield from _metric("callsheet_runs", "gauge", "Runs by status.", counted)
    sums: dict[str, Any] = Run.objects.aggregate(
        actions=Sum("actions"), failures=Sum("failures"), tokens=Sum("tokens"), cost=Sum("cost_usd")
    )
    for name, told in (
        ("actions", "Actions that runs have begun."),
        ("failures", "Failed attempts at actions."),
        ("tokens", "Tokens that model calls have used."),
    ):
        yield from _metric(f"callsheet_{name}_total", "counter", told, [({}, sums[name] or 0)])
    cost: list[Figure] = [({}, sums["cost"] or 0)]
    yield from _metric("callsheet_cost_usd_total", "counter", "Cost of model calls, known.", cost)
    asked: list[Figure] = [({}, Question.objects.filter(closed_at=None).count())]
    yield from _metric("callsheet_open_questions", "gauge", "Questions for people.", asked)
    now = timezone.now()
    owned = Run.objects.filter(lease_until__gt=now).count()
    yield from _metric("callsheet_runs_driven", "gauge", "Runs with a worker.", [({}, owned)])
    oldest = Run.objects.filter(status="queued").aggregate(at=Min("created_at"))["at"]
    waits = max(now - oldest, timedelta(0)).total_seconds() if oldest else 0
    told = "Age of the run that has been queued longest."
    yield from _metric("callsheet_queue_oldest_seconds", "gauge", told, [({}, waits)])


def _metric(name: str, type: str, told: str, figures: Sequence[Figure]) -> Iterator[str]:
    yield f"# HELP {name} {told}\n# TYPE {name} {type}\n"
    for labels, value in figures:
        named = ",".join(f'{label}="{text}"' for label, text in labels.items())
        yield f"{name}{{{named}}} {value}\n" if named else f"{name} {value}\n"
