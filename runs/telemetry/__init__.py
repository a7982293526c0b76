"""Runs as OpenTelemetry traces. Off unless `OTEL_EXPORTER_OTLP_ENDPOINT` is set and the extra
`otel` is installed."""
