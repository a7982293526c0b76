"""A run's actions as a tree: what each subtree used, and the part of it that a page shows.

The bare tree of a run is read in one query by its index, so it costs what the run is long, however
many other runs there are; names and texts are read only for the rows that are shown.
"""

from collections import deque
from collections.abc import Set
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db.models import Max
from django.utils import timezone

from runs.models import Action, Run

# Rows that a page shows at first, and children that one action shows at once.
ROWS = 200
CHILDREN = 50
# The width of a bar that can still be seen, in per cent of the run's time.
THINNEST = 1.0


@dataclass(slots=True)
class Branch:
    """An action and what it used with all below it; `failures` counts the failed ones below it."""

    id: UUID
    parent: UUID | None
    tokens: int
    cost_usd: Decimal | None
    failures: int = 0
    children: list["Branch"] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class Row:
    """A row of the page. Its bar lies at `left`, `width` long, in per cent of the run's time.

    `below` is None where its children are not shown yet.
    """

    action: Action
    branch: Branch
    left: float
    width: float
    below: "Group | None" = None

    @property
    def took_s(self) -> float | None:
        """Seconds from the start to the end of the last attempt; None while it goes on."""
        action = self.action
        return (action.ended_at - action.started_at).total_seconds() if action.ended_at else None


@dataclass(slots=True, kw_only=True)
class Group:
    """Some of the children of an action (`parent` None: of the run), from index `start` on."""

    parent: UUID | None
    rows: list[Row]
    start: int
    total: int

    @property
    def before(self) -> int:
        """The index from which the children before these are to be asked for."""
        return max(0, self.start - CHILDREN)

    @property
    def after(self) -> int:
        return self.start + len(self.rows)

    @property
    def later(self) -> int:
        return self.total - self.after


class Tree:
    """The bare tree of a run. An action whose parent is not there stands at the root."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.roots: list[Branch] = []
        self.by_id: dict[UUID, Branch] = {}
        columns = ("id", "parent", "tokens", "cost_usd", "status", "seq")
        actions = Action.objects.filter(run=run).order_by("seq")
        for id, parent, tokens, cost, status, seq in actions.values_list(*columns).iterator(10_000):
            if run.taken and seq <= run.taken + 1:
                # A fork took it over: it cost the other run.
                tokens, cost = 0, None
            branch = self.by_id[id] = Branch(id, parent, tokens, cost)
            above = self.above(branch)
            (above.children if above else self.roots).append(branch)
            while status == "failed" and above:
                above.failures += 1
                above = self.above(above)
        # Children begin after their parent, so backwards each is complete before it is added.
        for branch in reversed(self.by_id.values()):
            if above := self.above(branch):
                above.tokens += branch.tokens
                if branch.cost_usd is not None:
                    above.cost_usd = (above.cost_usd or Decimal(0)) + branch.cost_usd

    def above(self, branch: Branch) -> Branch | None:
        return self.by_id.get(branch.parent) if branch.parent else None

    def way_to(self, id: UUID) -> set[UUID]:
        """Return an action and all above it; nothing for an unknown one."""
        way: set[UUID] = set()
        branch = self.by_id.get(id)
        while branch is not None and branch.id not in way:
            way.add(branch.id)
            branch = self.above(branch)
        return way

    def children(self, id: UUID | None) -> list[Branch]:
        """Return what stands below an action (None: at the root). Raises KeyError."""
        return self.roots if id is None else self.by_id[id].children


def outline(
    tree: Tree, *, top: UUID | None = None, start: int = 0, selected: UUID | None = None
) -> Group:
    """Return the rows below `top` (None: of the whole run) from its child `start` on.

    Below them there is, level by level, as much as fits on a page, and always the way to the action
    `selected`. Raises KeyError where there is no action `top`.
    """
    way = tree.way_to(selected) if selected else set()
    windows: dict[UUID | None, tuple[int, list[Branch]]] = {
        top: _window(tree.children(top), way, start)
    }
    room = ROWS - len(windows[top][1])
    waiting = deque(windows[top][1])
    while waiting:
        branch = waiting.popleft()
        if not branch.children or not (
            branch.id in way or min(CHILDREN, len(branch.children)) <= room
        ):
            continue
        windows[branch.id] = _window(branch.children, way)
        room -= len(windows[branch.id][1])
        waiting.extend(windows[branch.id][1])
    shown = [branch.id for _, window in windows.values() for branch in window]
    actions = {action.pk: action for action in Action.objects.filter(pk__in=shown)}
    begin, span = time_line(tree.run)

    def group(id: UUID | None) -> Group:
        first, window = windows[id]
        rows = [row(branch) for branch in window if branch.id in actions]
        return Group(parent=id, rows=rows, start=first, total=len(tree.children(id)))

    def row(branch: Branch) -> Row:
        action = actions[branch.id]
        left, width = _bar(action, begin, span)
        below = group(branch.id) if branch.id in windows else None
        return Row(action=action, branch=branch, left=left, width=width, below=below)

    return group(top)


def time_line(run: Run) -> tuple[datetime, float]:
    """Return when a run's time begins, and how many seconds it is long (at least a millisecond)."""
    end = run.ended_at
    if end is None:
        last = Action.objects.filter(run=run).aggregate(last=Max("ended_at"))["last"]
        going = Action.objects.filter(run=run, status__in=("running", "retrying")).exists()
        end = timezone.now() if going or last is None else last
    return run.created_at, max(0.001, (end - run.created_at).total_seconds())


def _window(children: list[Branch], way: Set[UUID], start: int = 0) -> tuple[int, list[Branch]]:
    """Return a page of children: from `start` on, or the page with the one that is on the way."""
    for n, child in enumerate(children):
        if child.id in way:
            start = n // CHILDREN * CHILDREN
            break
    return start, children[start : start + CHILDREN]


def _bar(action: Action, begin: datetime, span: float) -> tuple[float, float]:
    if action.ended_at is not None and action.ended_at <= begin:
        return 0.0, 0.0
    left = (action.started_at - begin).total_seconds() / span * 100
    left = min(max(left, 0.0), 100.0 - THINNEST)
    if action.ended_at is None:
        return left, 100 - left
    width = (action.ended_at - action.started_at).total_seconds() / span * 100
    return left, min(max(width, THINNEST), 100 - left)
