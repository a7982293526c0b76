"""Sends the traces of runs that have ended to a collector, as a chore of the workers."""

from datetime import timedelta
from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING

import structlog
from django.conf import settings
from django.utils import timezone

from runs.journal import store
from runs.models import Run

if TYPE_CHECKING:
    from opentelemetry.sdk.trace.export import SpanExporter

log = structlog.get_logger(__name__)
# Older ones ended before traces were wished for, or while no collector answered for so long.
SINCE = timedelta(hours=1)
AT_ONCE = 20


def traces_send() -> None:
    """Send what has ended and was not sent yet, each run once; one that the collector does not
    take is tried again in the next round."""
    if not settings.OTEL_ENDPOINT or not _installed():
        return
    waiting = Run.objects.filter(traced=False, ended_at__gte=timezone.now() - SINCE)
    for run in waiting.order_by("ended_at").only("pk")[:AT_ONCE]:
        if not Run.objects.filter(pk=run.pk, traced=False).update(traced=True):
            continue
        if not trace_send(str(run.pk), _exporter()):
            Run.objects.filter(pk=run.pk).update(traced=False)
            return


def trace_send(run: str, exporter: "SpanExporter") -> bool:
    """Send the trace of one run; False where the collector did not take it."""
    from opentelemetry.sdk.trace.export import SpanExportResult

    from runs.telemetry.spans import spans_of

    result = exporter.export(spans_of(run, store.read(run)))
    return result is SpanExportResult.SUCCESS


@cache
def _installed() -> bool:
    if find_spec("opentelemetry") and find_spec("opentelemetry.exporter"):
        return True
    log.warning("otel_missing", advice="Install the extra: pip install callsheet[otel]")
    return False


@cache
def _exporter() -> "SpanExporter":
    """Return the exporter; it reads address, headers and timeout from its own variables."""
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    return OTLPSpanExporter()
