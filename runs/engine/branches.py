"""Branches of a run side by side: each in a key scope of its own, its failure captured."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, cast

from runs.engine import retry
from runs.engine.acts import Scope
from runs.engine.breaking_off import Cut
from runs.engine.budget import BudgetExceeded
from runs.errors import ActionError, RunHalted, RunSuspended
from runs.patterns.base import Outcome

if TYPE_CHECKING:
    from runs.engine.crew import CrewAtWork

Json = Any
Branch = Callable[["CrewAtWork"], Awaitable[Json]]
# The slot and the branch of the tools that a role calls itself: no branch of its work.
OWN_TOOLS = ("tools", "own")


@dataclass(slots=True, kw_only=True)
class SideBySide:
    """Branches by name; the other fields are those of `runs.patterns.base.Crew.parallel`."""

    crew: "CrewAtWork"
    branches: Mapping[str, Branch]
    after: Mapping[str, Sequence[str]]
    who: Mapping[str, Sequence[str]]
    racing: bool
    until: Callable[[], bool] | None
    slot: str
    _cut: Cut = field(default_factory=Cut)
    _scopes: dict[str, Scope] = field(default_factory=dict)
    _tasks: dict[str, asyncio.Future[Outcome]] = field(default_factory=dict)

    async def outcomes(self) -> dict[str, Outcome]:
        """Return how each came out. All of them come to rest before a halt or a wait of one is
        passed on."""
        self._place()
        self._look()
        if len(self.branches) == 1:
            (name,) = self.branches
            results: list[Outcome | BaseException] = [await self._one(name)]
        else:
            results = await self._all()
        if self._cut.made:
            named = zip(self.branches, results, strict=True)
            results = [await self._withdrawn(name, result) for name, result in named]
        self._account()
        for result in sorted((r for r in results if isinstance(r, BaseException)), key=_weight):
            raise result
        return dict(zip(self.branches, cast(list[Outcome], results), strict=True))

    async def _all(self) -> list[Outcome | BaseException]:
        for name in self.branches:
            self._tasks[name] = asyncio.ensure_future(self._one(name))
        try:
            return await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        except asyncio.CancelledError:
            await asyncio.wait(self._tasks.values())
            raise

    def _place(self) -> None:
        place = self.crew.scope.branch(self.slot)
        known, order = place.failures, in_order(self.branches, self.after)
        for name in self.branches:
            before = order[: order.index(name)]
            failures = known.apart() if self.racing else known.branch(self._known(before))
            limited = self._is_limited(name)
            cut = self._cut if self.until else None
            self._scopes[name] = place.branch(name, limited=limited, failures=failures, cut=cut)

    def _account(self) -> None:
        for scope in self._scopes.values() if self.racing else ():
            self.crew.scope.failures.join(scope.failures)

    def _is_limited(self, name: str) -> bool:
        return (self.slot, name) != OWN_TOOLS

    def _known(self, before: Sequence[str]) -> Callable[[str], Awaitable[None]]:
        """Return what waits until it is known what an agent fails at in other branches."""

        async def wait(agent: str) -> None:
            await self._rest_of([name for name in before if self._works_in(agent, name)])

        return wait

    def _works_in(self, agent: str, branch: str) -> bool:
        roles = self.who.get(branch)
        return roles is None or any(
            agent == own or agent.startswith(f"{own}/") for own in map(self.crew.agent, roles)
        )

    async def _rest_of(self, names: Sequence[str]) -> None:
        """Wait for other branches; one that halts or waits takes those after it along."""
        for name in names:
            await asyncio.wait([self._tasks[name]])
            self._tasks[name].result()

    async def _one(self, name: str) -> Outcome:
        await self._rest_of(self.after.get(name, ()))
        try:
            work = self.branches[name](self.crew.at(self._scopes[name]))
            return Outcome(
                value=await self._in_time(work) if self._is_limited(name) else await work
            )
        except ActionError as failed:
            return Outcome(error=failed.error)
        except BudgetExceeded as reached:
            return Outcome(error=retry.describe(reached))
        finally:
            self._look()

    def _look(self) -> None:
        """Break off what is still under way, if that is the end."""
        if self.until and not self._cut.made and self.until():
            self._cut.make()

    async def _withdrawn(
        self, name: str, result: Outcome | BaseException
    ) -> Outcome | BaseException:
        """Let a branch that waits for a person come to its end: nobody needs to decide any
        more."""
        if not isinstance(result, RunSuspended):
            return result
        await self.crew.recorder.written()
        self._scopes[name] = replace(self._scopes[name], _names={})
        return await self._one(name)

    async def _in_time(self, work: Awaitable[Json]) -> Json:
        seconds = self.crew.recorder.budget.branch.seconds
        if seconds is None:
            return await work
        try:
            async with asyncio.timeout(seconds):
                return await work
        except TimeoutError:
            message = f"The branch took longer than its {seconds} seconds."
            raise ActionError({"kind": "timeout", "message": message}) from None


def in_order(names: Iterable[str], after: Mapping[str, Sequence[str]]) -> list[str]:
    """Return names so that each comes behind those that it is `after`, else as they came."""
    order: list[str] = []
    waiting = list(names)
    while waiting:
        order.append(next(n for n in waiting if all(a in order for a in after.get(n, ()))))
        waiting.remove(order[-1])
    return order


def _weight(error: BaseException) -> int:
    """Rank what ended branches: a lost lease or a bug counts more than a pause, a pause more
    than a wait."""
    if isinstance(error, RunSuspended):
        return 2
    return 1 if isinstance(error, RunHalted) else 0
