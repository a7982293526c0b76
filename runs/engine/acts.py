"""What actions are before they happen: what is done, and where in the structure of a run."""

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from runs.engine import retry
from runs.engine.breaking_off import Cut
from runs.engine.budget import Budget, BudgetExceeded, Place
from runs.engine.cache import Cacheable
from runs.engine.failures import Failures
from runs.engine.rates import Rate
from runs.errors import ActionError
from runs.journal import entries as e
from runs.journal import store
from runs.providers.pricing import REHEARSAL

Json = Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What an effect brought. `cost_usd` None with a `usage` means the price is not known."""

    output: Json
    usage: dict[str, int] | None = None
    cost_usd: Decimal | None = None


@dataclass(slots=True)
class Scope:
    """A place in the structure of a run: the path of keys, and the action that is parent there;
    the branches that it is in, how many delegations it stands below, who failed before, and what
    breaks it off."""

    path: str = ""
    action: str | None = None
    agent: str = ""
    branches: tuple[str, ...] = ()
    depth: int = 0
    failures: Failures = field(default_factory=Failures)
    cuts: tuple[Cut, ...] = ()
    _names: dict[str, int] = field(default_factory=dict)

    def key(self, name: str) -> str:
        """Return the next key of this name here: `name`, then `name.2`, … in program order."""
        count = self._names[name] = self._names.get(name, 0) + 1
        path = f"{self.path}/{name}" if self.path else name
        return path if count == 1 else f"{path}.{count}"

    def next_key(self, name: str) -> str:
        """Return the key that `key` will return."""
        again = Scope(self.path, _names=dict(self._names))
        return again.key(name)

    def branch(
        self,
        name: str,
        *,
        limited: bool = False,
        failures: Failures | None = None,
        cut: Cut | None = None,
    ) -> "Scope":
        """Return a scope of its own for what runs beside others; `limited` where the limits of a
        branch hold for it."""
        path = self.key(name)
        branches = (*self.branches, path) if limited else self.branches
        failures = failures or self.failures
        cuts = (*self.cuts, cut) if cut else self.cuts
        return Scope(path, self.action, self.agent, branches, self.depth, failures, cuts)

    def inside(self, key: str, action: str, act: "Act") -> "Scope":
        """Return the scope of what an action contains."""
        depth = self.depth + (act.type == "delegation")
        return Scope(key, action, act.agent, self.branches, depth, self.failures, self.cuts)

    @property
    def cut(self) -> bool:
        """Say whether nothing more is to begin here."""
        return any(cut.made for cut in self.cuts)

    def place(self, agent: str) -> Place:
        return Place(agent, self.branches, self.depth)


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """What an action is, as its first entry says. `input_hash` covers the whole input where `input`
    is shortened; `heard` returns what it has brought so far."""

    type: e.ActionType
    name: str
    agent: str
    input: Json
    input_hash: str = ""
    provider: str | None = None
    model: str | None = None
    repeatable: bool = True
    retries: int = 0
    tokens: int = 0
    cost_usd: Decimal | None = None
    heard: Callable[[], str] = str
    rate: Rate | None = None
    cache: Cacheable | None = None

    @property
    def is_paid(self) -> bool:
        """Say whether a vendor asks money for it."""
        return self.type == "model_call" and self.provider != REHEARSAL


def started(
    act: Act,
    key: str,
    action: str,
    scope: Scope,
    *,
    attempt: int,
    gated: bool = False,
    waits_s: float = 0.0,
    cached: dict[str, Json] | None = None,
    lost: bool = False,
) -> store.NewEntry:
    reserved = None
    if act.tokens or act.cost_usd is not None:
        reserved = {"tokens": act.tokens}
        if act.cost_usd is not None:
            reserved["cost_usd"] = str(act.cost_usd)  # type: ignore[assignment]
    begins = e.ActionStarted(
        type=act.type,
        name=act.name,
        attempt=attempt,
        input=act.input,
        input_hash=act.input_hash or e.digest(act.input),
        provider=act.provider,
        model=act.model,
        reserved=reserved,
        waits_s=waits_s or None,
        waits_for=act.rate.told if waits_s and act.rate else None,
        cached=cached,
        lost=(lost and act.is_paid) or None,
    )
    return entry_of(begins, key, action, scope, act, gated=gated)


def entry_of(
    payload: e.Payload,
    key: str,
    action: str,
    scope: Scope,
    act: Act,
    *,
    gated: bool = False,
) -> store.NewEntry:
    return store.NewEntry(
        payload=payload,
        action=action,
        parent=scope.action,
        key=key,
        agent=act.agent,
        actor=f"agent:{act.agent}" if act.agent else "system",
        gated=gated,
    )


def begin(budget: Budget, scope: Scope, act: Act) -> None:
    """Count an action that begins. Raises ActionError where a limit of its role or its branch is
    reached, which fails what reached it, and BudgetExceeded or LimitReached at one of the run."""
    try:
        budget.begin(scope.place(act.agent))
    except BudgetExceeded as reached:
        if reached.of_run:
            raise
        raise ActionError(retry.describe(reached, role=act.agent)) from reached
