"""A run's journal as the spans of one trace.

The trace has the run's id and each span the beginning of its action's, so that whoever has one
finds the other. What a fork took over stands in the trace of its origin, to which it links.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceFlags

from runs.engine.origin import origin_of
from runs.journal.entries import Entry
from runs.journal.fold import ActionState, fold
from runs.telemetry.genai import Attributes, action_attributes, run_attributes, span_name

_SCOPE = InstrumentationScope("callsheet")
_RESOURCE = Resource.create({"service.name": "callsheet"})


def spans_of(run: str, entries: Sequence[Entry]) -> list[ReadableSpan]:
    """Return the spans of a run that has ended: its own, then those of its actions."""
    state = fold(entries)
    usage = _usage(entries)
    end = state.ended_at or state.last_at
    root = _context(run, run)
    origin = origin_of(state.started)
    links = [Link(_context(origin.run, origin.action or origin.run))] if origin.run else []
    crew = ((state.started or {}).get("crew") or {}).get("name", "")
    own = [action for action in state.actions.values() if action.taken is None]
    told = {action.id for action in own}
    spans = [
        _span(
            f"run {crew}".strip(),
            root,
            None,
            run_attributes(run, state),
            state.started_at,
            end,
            failed=state.status == "failed",
            links=links,
        )
    ]
    for action in own:
        parent = _context(run, action.parent) if action.parent in told else root
        spans.append(_action_span(run, action, parent, usage[action.id], state.started_at, end))
    return spans


def _action_span(
    run: str,
    action: ActionState,
    parent: SpanContext,
    usage: Mapping[str, int],
    begun: str,
    end: str,
) -> ReadableSpan:
    return _span(
        span_name(action),
        _context(run, action.id),
        parent,
        action_attributes(run, action, usage),
        # One that a fork found begun goes on here from the fork's own beginning.
        max(action.started_at, begun),
        action.ended_at or end,
        failed=action.status == "failed",
        client=action.type == "model_call",
    )


def _span(
    name: str,
    context: SpanContext,
    parent: SpanContext | None,
    attributes: Attributes,
    start: str,
    end: str,
    *,
    failed: bool,
    client: bool = False,
    links: Sequence[Link] = (),
) -> ReadableSpan:
    return ReadableSpan(
        name=name,
        context=context,
        parent=parent,
        resource=_RESOURCE,
        attributes=attributes,
        links=links,
        kind=SpanKind.CLIENT if client else SpanKind.INTERNAL,
        status=Status(StatusCode.ERROR if failed else StatusCode.UNSET),
        start_time=_nanoseconds(start),
        end_time=max(_nanoseconds(start), _nanoseconds(end)),
        instrumentation_scope=_SCOPE,
    )


def _context(run: str, action: str | None) -> SpanContext:
    span = UUID(action or run).int
    return SpanContext(
        trace_id=UUID(run).int,
        # The first half of a run's id is mostly its time, and so not its own.
        span_id=(span >> 64 if action != run else span & (2**64 - 1)) or 1,
        is_remote=False,
        trace_flags=TraceFlags(TraceFlags.SAMPLED),
    )


def _usage(entries: Sequence[Entry]) -> defaultdict[str, Counter[str]]:
    found: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for entry in entries:
        if entry.action is not None and entry.payload is not None:
            found[entry.action].update(entry.payload.get("usage") or {})
    return found


def _nanoseconds(at: str) -> int:
    moment = datetime.fromisoformat(at)
    return int(moment.timestamp()) * 10**9 + moment.microsecond * 1000
