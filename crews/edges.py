"""What a pattern asks of the drawn handoffs; pure."""

from collections import Counter
from collections.abc import Collection, Iterator

from crews.catalog import PatternInfo
from crews.problems import Problem, listed, problem
from crews.spec import CrewSpec


def edge_problems(spec: CrewSpec, pattern: PatternInfo) -> list[Problem]:
    """Return what is wrong with the handoffs of a crew whose roles sit in the pattern's seats."""
    found = list(_doubled(spec))
    if pattern.edges != "none":
        found += _apart(spec, pattern)
    if pattern.edges == "chain":
        found += _chain(spec, {seat.name for seat in pattern.seats if seat.apart})
    elif pattern.edges == "dag":
        found += [*_loops(spec, pattern), *_unreachable(spec)]
    elif pattern.edges == "free":
        found += [*_unbounded(spec, pattern), *_unreachable(spec)]
    return found


def chain_order(spec: CrewSpec, apart: Collection[str] = ()) -> list[str]:
    """Return the roles of a chain from its first to its last; what is not on it, like a role in
    a seat `apart`, is left out."""
    following = {edge.from_: edge.to for edge in spec.handoffs}
    starts = [
        name
        for name, role in spec.roles.items()
        if name not in set(following.values()) and role.seat not in apart
    ]
    order: list[str] = []
    name: str | None = starts[0] if starts else None
    while name is not None and name not in order:
        order.append(name)
        name = following.get(name)
    return order


def _doubled(spec: CrewSpec) -> Iterator[Problem]:
    pairs = [(edge.from_, edge.to) for edge in spec.handoffs]
    for n, pair in enumerate(pairs):
        if pairs.index(pair) < n:
            text = f"There is a handoff from '{pair[0]}' to '{pair[1]}' already, and only the first"
            text += " one holds: neither the contract nor the gate of this one is looked at."
            yield problem(f"handoffs.{n}", text, severity="warning")


def _apart(spec: CrewSpec, pattern: PatternInfo) -> Iterator[Problem]:
    apart = {seat.name: seat.title for seat in pattern.seats if seat.apart}
    for n, edge in enumerate(spec.handoffs):
        for name in (edge.from_, edge.to):
            if title := apart.get(spec.roles[name].seat):
                text = f"'{name}' has the seat '{title}', to which no handoff leads, and from which"
                yield problem(f"handoffs.{n}", f"{text} none does. Remove it.")


def _chain(spec: CrewSpec, apart: Collection[str]) -> Iterator[Problem]:
    """Each role hands to one and gets from one, and all are on one line."""
    bent = False
    for end in ("from_", "to"):
        counts = Counter(getattr(edge, end) for edge in spec.handoffs)
        word = "hands over to" if end == "from_" else "gets from"
        for n, edge in enumerate(spec.handoffs):
            if counts[name := getattr(edge, end)] > 1:
                bent = True
                text = f"'{name}' {word} {counts[name]} roles; in a chain it is one."
                yield problem(f"handoffs.{n}", text)
    if bent:
        return
    order = chain_order(spec, apart)
    if not order:
        yield problem("handoffs", "The handoffs go round in a circle; a chain needs a first role.")
        return
    for name, role in spec.roles.items():
        if name not in order and role.seat not in apart:
            text = f"'{name}' is not on the chain {' → '.join(order)}, so it is never reached."
            yield problem(f"roles.{name}", f"{text} Draw a handoff to it.")


def _loops(spec: CrewSpec, pattern: PatternInfo) -> Iterator[Problem]:
    if loop := _cycle(spec):
        text = f"'{pattern.name}' takes no loops, and {' → '.join(loop)} is one."
        for n, edge in enumerate(spec.handoffs):
            if (edge.from_, edge.to) == (loop[-2], loop[-1]):
                yield problem(f"handoffs.{n}", text)


def _unbounded(spec: CrewSpec, pattern: PatternInfo) -> Iterator[Problem]:
    """A loop needs an option of the pattern that ends it, like `max_visits`."""
    if not (loop := _cycle(spec)):
        return
    options = pattern.options_schema.get("properties", {})
    bounds = [name for name in options if name.startswith("max_")]
    given = [
        name for name in bounds if spec.pattern.options.get(name, options[name].get("default"))
    ]
    if not given:
        text = f"Nothing bounds the loop {' → '.join(loop)}. Set {listed(bounds)}."
        yield problem("pattern.options", text)


def _unreachable(spec: CrewSpec) -> Iterator[Problem]:
    targets = {edge.to for edge in spec.handoffs if edge.from_ != edge.to}
    reached = [name for name in spec.roles if name not in targets]
    if not reached:
        text = "Every role waits for another one; one must be without an incoming handoff."
        yield problem("handoffs", text)
        return
    for name in reached:
        reached += [to for to in _next(spec, name) if to not in reached]
    for name in spec.roles:
        if name not in reached:
            text = f"No handoff leads to '{name}' from a role that begins, so it is never reached."
            yield problem(f"roles.{name}", text)


def _next(spec: CrewSpec, name: str) -> list[str]:
    return [edge.to for edge in spec.handoffs if edge.from_ == name]


def _cycle(spec: CrewSpec) -> list[str]:
    """Return one loop of the handoffs, its first role again at the end; [] if there is none."""
    finished: set[str] = set()
    for start in spec.roles:
        trail: list[str] = []
        waiting = [(start, 0)]
        while waiting:
            name, depth = waiting.pop()
            finished.update(trail[depth:])
            del trail[depth:]
            if name in trail:
                return [*trail[trail.index(name) :], name]
            if name not in finished:
                trail.append(name)
                waiting += [(to, depth + 1) for to in _next(spec, name)]
        finished.update(trail)
    return []
