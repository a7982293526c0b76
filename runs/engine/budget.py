"""Budgets of a run and its roles: reserved before a call, settled after it, so that branches that
run side by side never spend more than there is. One process owns a run, so this is plain memory,
made anew from the journal by whoever takes the run over.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from crews.spec import BranchLimits, CrewLimits, CrewSpec, RoleLimits
from runs.engine.allowances import since_go_on, topped_up
from runs.engine.breaker import Breaker
from runs.errors import RunError
from runs.journal.fold import ActionState, RunState

NO_LIMITS = BranchLimits()
FOREVER = CrewLimits(actions=1_000_000_000)


class BudgetExceeded(RunError):
    """A limit of the crew (`of_run`), of a role or of a branch is reached."""

    kind = "budget"
    of_run = False
    advice = "Raise the limit in the crew, or ask for less."

    def __init__(self, message: str, limit: str = "") -> None:
        super().__init__(message)
        self.limit = limit


@dataclass(slots=True)
class Amounts:
    """What is limited. `cost_usd` None: the price is not known."""

    tokens: int = 0
    cost_usd: Decimal | None = Decimal(0)
    calls: int = 0
    actions: int = 0
    delegations: int = 0

    def add(self, more: "Amounts", times: int = 1) -> None:
        self.tokens += times * more.tokens
        self.cost_usd = (self.cost_usd or Decimal(0)) + times * (more.cost_usd or Decimal(0))
        self.calls += times * more.calls
        self.actions += times * more.actions
        self.delegations += times * more.delegations


class LimitReached(RunError):
    """A limit of the run is reached, and a person is asked: no failure of an action, but a halt."""

    kind = "budget"
    advice = BudgetExceeded.advice

    def __init__(self, message: str, limit: str, wanted: Amounts | None = None) -> None:
        super().__init__(message)
        self.limit = limit
        self.wanted = wanted or Amounts()


@dataclass(slots=True)
class Account:
    """What one role, one branch or the whole run may use and has used."""

    name: str
    limits: CrewLimits | RoleLimits | BranchLimits
    used: Amounts = field(default_factory=Amounts)

    def check(self, wanted: Amounts) -> None:
        """Raise BudgetExceeded where there is not so much left."""
        limits, used = self.limits, self.used
        if wanted.calls and _over(used.calls, wanted.calls, limits.calls):
            raise BudgetExceeded(
                f"{self.name} may make {limits.calls} model call{'' if limits.calls == 1 else 's'}"
                f" and has made {used.calls}.",
                "calls",
            )
        if wanted.tokens and _over(used.tokens, wanted.tokens, limits.tokens):
            raise BudgetExceeded(
                f"{self.name} may use {limits.tokens} tokens, has used or reserved {used.tokens},"
                f" and the next call may need {wanted.tokens}.",
                "tokens",
            )
        if wanted.cost_usd and _over(used.cost_usd, wanted.cost_usd, limits.cost_usd):
            raise BudgetExceeded(
                f"{self.name} may spend ${limits.cost_usd}, has spent or reserved"
                f" ${used.cost_usd}, and the next call may cost ${wanted.cost_usd}.",
                "cost_usd",
            )
        if wanted.actions and _over(used.actions, wanted.actions, limits.actions):
            raise BudgetExceeded(
                f"{self.name} may take {limits.actions} actions and has taken them.",
                "actions",
            )
        if wanted.delegations and _over(used.delegations, wanted.delegations, limits.delegations):
            raise BudgetExceeded(
                f"{self.name} may delegate {limits.delegations} times and has done so.",
                "delegations",
            )


@dataclass(slots=True)
class Hold:
    """A reservation; `settle` puts what was really spent in its place."""

    accounts: Sequence[Account]
    held: Amounts
    open: bool = True

    def settle(self, tokens: int, cost: Decimal | None) -> None:
        if self.open:
            self.open = False
            for account in self.accounts:
                account.used.add(Amounts(self.held.tokens, self.held.cost_usd), times=-1)
                account.used.add(Amounts(tokens, cost))


@dataclass(frozen=True, slots=True)
class Place:
    """Who acts, and where: in which branches (paths, the outermost first), how deep below
    delegations."""

    agent: str
    branches: tuple[str, ...] = ()
    depth: int = 0


@dataclass(slots=True)
class Budget:
    """All limits of one run."""

    run: Account
    roles: dict[str, Account]
    branch: BranchLimits
    depth: int | None
    deadline: datetime
    breaker: Breaker
    _past: dict[str, ActionState] = field(default_factory=dict)
    _branches: dict[str, Account] = field(default_factory=dict)

    @classmethod
    def of(cls, spec: CrewSpec, state: RunState) -> "Budget":
        """Return the budget of a run with what its journal says has been spent."""
        limits = topped_up(spec.limits, state)
        roles = {name: Account(f"Role '{name}'", role.limits) for name, role in spec.roles.items()}
        now = datetime.now(UTC)
        budget = cls(
            Account("The run", limits),
            roles,
            limits.branch,
            limits.depth,
            now + _left(limits.seconds, state, now),
            Breaker.of(limits.breaker, since_go_on(state)),
            state.actions,
        )
        for action in state.actions.values():
            used = _used(action)
            for account in budget._accounts(Place(action.agent)):
                account.used.add(used)
        return budget

    @classmethod
    def unlimited(cls) -> "Budget":
        """Return the budget of a replay, which spends nothing."""
        breaker = Breaker(FOREVER.breaker.model_copy(update={"failures": 10**12}))
        run = Account("The replay", FOREVER)
        return cls(run, {}, NO_LIMITS, None, datetime.max.replace(tzinfo=UTC), breaker)

    def begin(self, place: Place) -> None:
        """Count an action that begins. Raises BudgetExceeded naming the limit, root before leaf."""
        self._take(place, Amounts(actions=1))

    def delegate(self, place: Place) -> None:
        """Count a delegation that begins. Raises BudgetExceeded."""
        if self.depth is not None and place.depth >= self.depth:
            raise BudgetExceeded(
                f"Delegations may stand {self.depth} deep inside each other, and this is one more."
            )
        self._take(place, Amounts(delegations=1))

    def reserve(self, place: Place, tokens: int, cost: Decimal | None, *, model_call: bool) -> Hold:
        """Set aside what a call may need. Raises BudgetExceeded naming the limit, root before
        leaf."""
        self.seconds_left()
        wanted = Amounts(tokens, cost, int(model_call))
        return Hold(self._take(place, wanted), wanted)

    def room(self, place: Place) -> tuple[int | None, Decimal | None]:
        """Return the tokens and the money left at a place; None where nothing limits them."""
        tokens: list[int] = []
        cost: list[Decimal] = []
        for account in self._accounts(place):
            if account.limits.tokens is not None:
                tokens.append(account.limits.tokens - account.used.tokens)
            if account.limits.cost_usd is not None:
                cost.append(account.limits.cost_usd - (account.used.cost_usd or 0))
        return min(tokens, default=None), min(cost, default=None)

    def seconds_left(self) -> float:
        """Return the seconds until the run's deadline. Raises BudgetExceeded when it has passed."""
        left = (self.deadline - datetime.now(UTC)).total_seconds()
        if left <= 0:
            told = "The run's time is used up."
            raise LimitReached(told, "seconds") if self.asks else BudgetExceeded(told)
        return left

    @property
    def asks(self) -> bool:
        """Whether a person is asked when the run reaches a limit, or the run ends."""
        limits = self.run.limits
        return isinstance(limits, CrewLimits) and limits.on_reached == "ask"

    def fits(self, reached: LimitReached) -> bool:
        """Say whether there is room now for what reached a limit, as calls that were under way
        then have given back what they did not need."""
        try:
            self.run.check(reached.wanted)
        except BudgetExceeded:
            return False
        return reached.limit != "seconds"

    def _take(self, place: Place, wanted: Amounts) -> Sequence[Account]:
        accounts = tuple(self._accounts(place))
        for account in accounts:
            try:
                account.check(wanted)
            except BudgetExceeded as reached:
                reached.of_run = account is self.run
                if not reached.of_run or not self.asks:
                    raise
                raise LimitReached(str(reached), reached.limit, wanted) from None
        for account in accounts:
            account.used.add(wanted)
        return accounts

    def _accounts(self, place: Place) -> Iterator[Account]:
        """Return whose limits hold at a place: the run's, those of the branches, the agent's own,
        and inside a crew that stands for a role those of that role."""
        yield self.run
        if self.branch != NO_LIMITS:
            for path in place.branches:
                yield self._branch(path)
        steps = place.agent.split("/")
        for n in range(1, len(steps) + 1):
            if (account := self.roles.get("/".join(steps[:n]))) is not None:
                yield account

    def _branch(self, path: str) -> Account:
        """Return a branch's account; where the journal knows the branch, with what it has used."""
        if path not in self._branches:
            account = self._branches[path] = Account(f"The branch '{path}'", self.branch)
            for action in self._past.values():
                if action.key.startswith(f"{path}/"):
                    account.used.add(_used(action))
        return self._branches[path]


def _over(used: int | Decimal | None, more: int | Decimal, most: int | Decimal | None) -> bool:
    return most is not None and (used or 0) + more > most


def _used(action: ActionState) -> Amounts:
    """Return what an action has used: of attempts whose end nobody knows, what was reserved; what
    a fork took over costs it nothing."""
    if action.taken is not None:
        return Amounts()
    used = Amounts(actions=action.attempt, delegations=int(action.type == "delegation"))
    if action.type == "model_call" and action.cached is None:
        given_up = action.status == "failed" and bool((action.error or {}).get("given_up"))
        lost = action.lost_attempts + (action.status == "running") + given_up
        held = action.reserved or {}
        used.calls = action.attempt
        used.tokens = action.tokens + lost * int(held.get("tokens", 0))
        used.cost_usd = (action.cost_usd or 0) + lost * Decimal(held.get("cost_usd", 0))
    return used


def _left(seconds: int, state: RunState, now: datetime) -> timedelta:
    """Return the time left to a run: waits for people and pauses do not count."""
    if not state.started_at:
        return timedelta(seconds=seconds)
    idle = state.idle_s
    if state.halted_at is not None:
        idle += (now - datetime.fromisoformat(state.halted_at)).total_seconds()
    return timedelta(seconds=seconds + idle) - (now - datetime.fromisoformat(state.started_at))
