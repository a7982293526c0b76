"""The patterns: one file and one line here for each."""

from dataclasses import replace

from crews.catalog import Seat
from runs.patterns import (
    blackboard,
    debate,
    events,
    graph,
    hierarchical,
    mesh,
    parallel,
    pipeline,
    plan,
    review,
    route,
)
from runs.patterns.base import FAILURE_HANDLER, Pattern

HANDLER = Seat(
    name=FAILURE_HANDLER,
    title="Failure handler",
    description="Does in its place what another role failed at for good.",
    min=0,
    apart=True,
)


def _with_handler(pattern: Pattern) -> Pattern:
    return replace(pattern, info=replace(pattern.info, seats=(*pattern.info.seats, HANDLER)))


PATTERNS: dict[str, Pattern] = {
    pattern.info.name: _with_handler(pattern)
    for pattern in (
        hierarchical.PATTERN,
        plan.PATTERN,
        pipeline.PATTERN,
        route.PATTERN,
        parallel.PATTERN,
        debate.PATTERN,
        review.PATTERN,
        mesh.PATTERN,
        blackboard.PATTERN,
        events.PATTERN,
        graph.PATTERN,
    )
}


def pattern_get(name: str) -> Pattern:
    """Return a pattern by name. Raises LookupError that lists the choices."""
    try:
        return PATTERNS[name]
    except KeyError:
        raise LookupError(
            f"There is no pattern '{name}'; there are {', '.join(PATTERNS)}."
        ) from None
