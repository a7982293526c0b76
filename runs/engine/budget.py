"""Budgets of a run and its roles: reserved before a call, settled after it, so that branches that
run side by side never spend more than there is. One process owns a run, so this is plain memory,
made anew from the journal by whoever takes the run over.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from crews.spec import CrewSpec
from runs.errors import RunError
from runs.journal.fold import RunState


class BudgetExceeded(RunError):
    """A limit of the crew or of a role is reached."""

    kind = "budget"
    advice = "Raise the limit in the crew, or ask for less."


class BreakerOpen(RunError):
    """Too many actions failed in a row."""

    kind = "breaker"
    advice = "Look at the failed actions; the run was halted so that it does not go on failing."


@dataclass(slots=True)
class Account:
    """What one role, or the whole run, may spend and has spent; `None` is no limit."""

    name: str
    max_tokens: int | None = None
    max_cost: Decimal | None = None
    max_calls: int | None = None
    tokens: int = 0
    cost: Decimal = Decimal(0)
    calls: int = 0

    def check(self, tokens: int, cost: Decimal | None, calls: int) -> None:
        if self.max_calls is not None and self.calls + calls > self.max_calls:
            raise BudgetExceeded(
                f"{self.name} may make {self.max_calls} model calls and has made {self.calls}."
            )
        if self.max_tokens is not None and self.tokens + tokens > self.max_tokens:
            raise BudgetExceeded(
                f"{self.name} may use {self.max_tokens} tokens, has used or reserved {self.tokens},"
                f" and the next call may need {tokens}."
            )
        if self.max_cost is not None and cost is not None and self.cost + cost > self.max_cost:
            raise BudgetExceeded(
                f"{self.name} may spend ${self.max_cost}, has spent or reserved ${self.cost},"
                f" and the next call may cost ${cost}."
            )

    def add(self, tokens: int, cost: Decimal | None, calls: int) -> None:
        self.tokens += tokens
        self.cost += cost or 0
        self.calls += calls


@dataclass(slots=True)
class Hold:
    """A reservation; `settle` puts what was really spent in its place."""

    accounts: tuple[Account, ...]
    tokens: int
    cost: Decimal | None
    open: bool = True

    def settle(self, tokens: int, cost: Decimal | None) -> None:
        if self.open:
            self.open = False
            for account in self.accounts:
                account.add(tokens - self.tokens, (cost or Decimal(0)) - (self.cost or 0), 0)


@dataclass(slots=True)
class Budget:
    """All limits of one run."""

    run: Account
    roles: dict[str, Account]
    max_actions: int
    deadline: datetime
    failures: int
    window: int
    actions: int = 0
    _results: list[bool] = field(default_factory=list)

    @classmethod
    def of(cls, spec: CrewSpec, state: RunState) -> "Budget":
        """Return the budget of a run with what its journal says has been spent."""
        limits = spec.limits
        roles = {
            name: Account(
                f"Role '{name}'", role.limits.tokens, role.limits.cost_usd, role.limits.calls
            )
            for name, role in spec.roles.items()
        }
        now = datetime.now(UTC)
        budget = cls(
            Account("The run", limits.tokens, limits.cost_usd),
            roles,
            limits.actions,
            now + _left(limits.seconds, state, now),
            limits.breaker.failures,
            limits.breaker.window,
        )
        for action in state.actions.values():
            budget.actions += action.attempt
            if action.type != "model_call":
                continue
            lost = action.lost_attempts + (action.status == "running")
            held = action.reserved or {}
            tokens = action.tokens + lost * int(held.get("tokens", 0))
            cost = (action.cost_usd or Decimal(0)) + lost * Decimal(held.get("cost_usd", 0))
            for account in budget._accounts(action.agent):
                account.add(tokens, cost, action.attempt)
        return budget

    @classmethod
    def unlimited(cls) -> "Budget":
        """Return the budget of a replay, which spends nothing."""
        return cls(Account("The replay"), {}, 10**12, datetime.max.replace(tzinfo=UTC), 10**12, 1)

    def reserve(self, agent: str, tokens: int, cost: Decimal | None, *, model_call: bool) -> Hold:
        """Set aside what a call may need. Raises BudgetExceeded naming the limit, root before
        leaf."""
        self.seconds_left()
        accounts = self._accounts(agent)
        calls = int(model_call)
        for account in accounts:
            account.check(tokens, cost, calls)
        for account in accounts:
            account.add(tokens, cost, calls)
        return Hold(accounts, tokens, cost)

    def room(self, agent: str) -> tuple[int | None, Decimal | None]:
        """Return the tokens and the money left to a role; None where nothing limits them."""
        accounts = self._accounts(agent)
        tokens = [a.max_tokens - a.tokens for a in accounts if a.max_tokens is not None]
        cost = [a.max_cost - a.cost for a in accounts if a.max_cost is not None]
        return min(tokens, default=None), min(cost, default=None)

    def count_action(self) -> None:
        if self.actions >= self.max_actions:
            raise BudgetExceeded(f"The run may take {self.max_actions} actions and has taken them.")
        self.actions += 1

    def count_result(self, *, failed: bool) -> None:
        """Count the end of an effect. Raises BreakerOpen when too many of the last ones failed."""
        self._results = [*self._results[-self.window + 1 :], failed]
        if failed and sum(self._results) >= self.failures:
            raise BreakerOpen(
                f"{sum(self._results)} of the last {len(self._results)} calls failed."
            )

    def seconds_left(self) -> float:
        """Return the seconds until the run's deadline. Raises BudgetExceeded when it has passed."""
        left = (self.deadline - datetime.now(UTC)).total_seconds()
        if left <= 0:
            raise BudgetExceeded("The run's time is used up.")
        return left

    def _accounts(self, agent: str) -> tuple[Account, ...]:
        """Return whose limits hold for an agent: the run's, its own, and inside a crew that stands
        for a role those of that role."""
        steps = agent.split("/")
        names = ("/".join(steps[:n]) for n in range(1, len(steps) + 1))
        return (self.run, *(self.roles[name] for name in names if name in self.roles))


def _left(seconds: int, state: RunState, now: datetime) -> timedelta:
    """Return the time left to a run: waits for people and pauses do not count."""
    if not state.started_at:
        return timedelta(seconds=seconds)
    idle = state.idle_s
    if state.halted_at is not None:
        idle += (now - datetime.fromisoformat(state.halted_at)).total_seconds()
    return timedelta(seconds=seconds + idle) - (now - datetime.fromisoformat(state.started_at))
