"""Traces of runs by OpenTelemetry's own exporter, and figures for Prometheus."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from django.test import Client
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from structlog.testing import capture_logs

from runs.forks import Edit, run_fork
from runs.models import Run
from runs.telemetry import export
from tests.fakes.model_server import Reply, Rule
from tests.integration.runs import documents
from tests.integration.runs.playing import Stage

Json = Any


class Collector:
    """Takes traces over HTTP as a collector does."""

    def __init__(self) -> None:
        self.status = 200
        self.spans: list[Any] = []
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if collector.status == 200:
                    request = ExportTraceServiceRequest.FromString(body)
                    for resource in request.resource_spans:
                        for scope in resource.scope_spans:
                            collector.spans += scope.spans
                self.send_response(collector.status)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/v1/traces"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def collector() -> Iterator[Collector]:
    made = Collector()
    yield made
    made.close()


def attributes(span: Any) -> dict[str, Any]:
    return {
        item.key: getattr(item.value, item.value.WhichOneof("value")) for item in span.attributes
    }


def test_a_run_is_one_trace(stage: Stage, collector: Collector) -> None:
    stage.server.rules = [Rule(reply=Reply(text="The secret answer"))]
    played = stage.play(documents.steps(2), "The secret task")
    exporter = OTLPSpanExporter(endpoint=collector.url)
    assert export.trace_send(str(played.run.pk), exporter)
    exporter.shutdown()  # type: ignore[no-untyped-call]
    spans = {span.name: span for span in collector.spans}
    assert len(collector.spans) == 1 + len({e["action"] for e in played.entries if e["action"]})
    assert {span.trace_id for span in collector.spans} == {played.run.pk.bytes}
    root = next(span for span in collector.spans if not span.parent_span_id)
    asked = spans["invoke_agent s0"]
    assert asked.parent_span_id == root.span_id
    call = next(s for s in collector.spans if s.parent_span_id == asked.span_id)
    told = attributes(call)
    assert call.name == "chat gpt-4.1-mini"
    assert told["gen_ai.operation.name"] == "chat"
    assert told["gen_ai.provider.name"] == "openai"
    assert told["gen_ai.request.model"] == "gpt-4.1-mini"
    assert told["gen_ai.usage.input_tokens"] > 0
    assert root.start_time_unix_nano <= call.start_time_unix_nano <= call.end_time_unix_nano
    assert "secret" not in str(collector.spans)


def test_a_fork_links_to_its_origin_and_tells_only_what_it_did(
    stage: Stage, collector: Collector
) -> None:
    whole = stage.play(documents.steps(2))
    at = next(e["action"] for e in whole.entries if e["key"] == "s1")
    made = run_fork(run=whole.run, action=at, edit=Edit(), user=stage.user)
    stage.go_on(made)
    exporter = OTLPSpanExporter(endpoint=collector.url)
    assert export.trace_send(str(made.pk), exporter)
    exporter.shutdown()  # type: ignore[no-untyped-call]
    assert {attributes(s).get("callsheet.action.key") for s in collector.spans} == {
        None, "s1", "s1/model1",
    }  # fmt: skip
    (link,) = next(s for s in collector.spans if not s.parent_span_id).links
    assert link.trace_id == whole.run.pk.bytes


def test_a_trace_is_sent_once_and_again_where_it_was_refused(
    stage: Stage, collector: Collector, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", collector.url)
    settings.OTEL_ENDPOINT = collector.url
    export._exporter.cache_clear()
    stage.play(documents.steps(2))
    collector.status = 400
    export.traces_send()
    assert not Run.objects.filter(traced=True).exists()
    collector.status = 200
    export.traces_send()
    sent = len(collector.spans)
    assert sent > 0
    export.traces_send()
    assert len(collector.spans) == sent
    export._exporter().shutdown()
    export._exporter.cache_clear()


def test_logs_name_the_run_and_the_action_and_not_what_was_said(stage: Stage) -> None:
    stage.server.rules = [Rule(status=401, message="The secret reason")]
    with capture_logs() as logs:
        played = stage.play(documents.steps(2), "The secret task")
    failed = next(log for log in logs if log["event"] == "action_failed")
    assert failed["run"] == str(played.run.pk)
    assert failed["action"] in {entry["action"] for entry in played.entries}
    assert next(log for log in logs if log["event"] == "run_ended")["status"] == "failed"
    assert "secret" not in str(logs)


def test_figures_add_up_and_are_not_for_everybody(stage: Stage, settings: Any) -> None:
    played = stage.play(documents.steps(2))
    text = Client().get("/metrics").content.decode()
    assert 'callsheet_runs{status="finished"} 1\n' in text
    assert f"callsheet_tokens_total {played.run.tokens}\n" in text
    assert Client(REMOTE_ADDR="192.0.2.1").get("/metrics").status_code == 401
    # What a proxy on this machine passes on comes from elsewhere.
    assert Client(headers={"X-Forwarded-For": "192.0.2.1"}).get("/metrics").status_code == 401
    settings.METRICS_TOKEN = "a-token"
    assert Client().get("/metrics").status_code == 401
    right = Client(headers={"Authorization": "Bearer a-token"})
    assert right.get("/metrics").status_code == 200
