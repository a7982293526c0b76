"""The patterns: one file and one line here for each."""

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
from runs.patterns.base import Pattern

PATTERNS: dict[str, Pattern] = {
    pattern.info.name: pattern
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
