"""Intention first, then the act, then its result: how the engine does what a crew asks for.

See docs/engine.md.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from decimal import Decimal
from functools import partial
from typing import Any

import structlog
from structlog.contextvars import bound_contextvars

from runs.engine import cache, endings, rates, retry
from runs.engine.acts import Act as Act
from runs.engine.acts import Outcome as Outcome
from runs.engine.acts import Scope as Scope
from runs.engine.acts import begin, entry_of, started
from runs.engine.breaker import BreakerOpen, doing
from runs.engine.breaking_off import NotNeeded, breakable
from runs.engine.budget import Budget, Hold, LimitReached
from runs.engine.failures import told_of
from runs.engine.ledger import Ledger
from runs.engine.origin import is_edited, origin_of
from runs.errors import (
    ActionError,
    LeaseLost,
    ReplayDiverged,
    RunHalted,
    RunParked,
    RunStopped,
    RunSuspended,
)
from runs.journal import entries as e
from runs.journal.fold import ActionState, RunState
from runs.journal.writer import Writer

Json = Any
log = structlog.get_logger(__name__)
CRASHES = 3
# What ends the driving of a run and is no failure of an action.
HALTS = (
    LeaseLost,
    RunHalted,
    RunSuspended,
    RunParked,
    ReplayDiverged,
    BreakerOpen,
    LimitReached,
    RunStopped,
)


class Recorder(Ledger):
    """Does what a run's crew asks for, once: what the journal has a result for is not done again.

    `deep` enters finished spans again, as a replay does that checks every step.
    """

    deep = False
    _started = staticmethod(started)
    _entry = staticmethod(entry_of)
    team = ""

    def __init__(
        self, run: str, lease: str, state: RunState, writer: Writer, budget: Budget
    ) -> None:
        super().__init__(run, lease, state, writer)
        self.budget = budget
        self._edits = origin_of(state.started).inputs
        # Told of each span that has its result and is not entered again.
        self.on_passed: Callable[[ActionState], None] = lambda _: None
        self._failed_before = told_of(state.actions)
        self.address: Callable[[e.RunWaiting, str], e.RunWaiting] = lambda waiting, _: waiting

    async def span(
        self, scope: Scope, slot: str, act: Act, body: Callable[[Scope], Awaitable[Json]]
    ) -> Json:
        """Run a part of the structure as an action that contains others; its body has no effect of
        its own, so after a crash it is simply entered again."""
        key, action, known = self._place(scope, slot, act)
        if known is not None and (not self.deep or is_edited(known) or known.cached):
            if known.status in ("finished", "failed"):
                self._pass(scope, known)
            if known.status == "finished":
                return known.output
            if known.status == "failed":
                raise ActionError(known.error or {})
        done = doing(scope.action, act)
        if known is None:
            if hit := await self._found(act):
                return self._served(hit, scope, key, action, act)
            self.budget.breaker.begin(done)
            begin(self.budget, scope, act)
            waits = await self._waits(act.rate)
            self.record(self._started(act, key, action, scope, attempt=1, waits_s=waits))
            await self._sleep(waits)
        try:
            if known is None and act.type == "delegation":
                self.budget.delegate(scope.place(act.agent))
            output = await body(scope.inside(key, action, act))
        except (*HALTS, asyncio.CancelledError):
            raise
        except Exception as failure:
            error = retry.describe(failure, role=act.agent)
            self.record(
                self._entry(e.ActionFailed(error=error, final=True), key, action, scope, act)
            )
            raise ActionError(error) from failure
        finally:
            self.budget.breaker.end(done)
        self.record(self._entry(e.ActionFinished(output=output), key, action, scope, act))
        self._keep(act, action)
        return output

    def _pass(self, scope: Scope, known: ActionState) -> None:
        within = (a for a in self._failed_before if f"{a.key}/".startswith(f"{known.key}/"))
        scope.failures.passed(within)
        self.on_passed(known)

    async def leaf(
        self, scope: Scope, slot: str, act: Act, effect: Callable[[str], Awaitable[Outcome]]
    ) -> Json:
        """Act on the outside world: never again once its result is journaled.

        `effect` gets the action's id. Failures that may pass are tried again up to `act.retries`
        times. Raises ActionError when it failed for good.
        """
        key, action, known = self._place(scope, slot, act)
        attempt, retries_left, lost = 1, act.retries, False
        if known is not None:
            if known.status == "finished":
                return known.output
            if known.status == "failed":
                raise ActionError(known.error or {})
            attempt = known.attempt + 1
            if scope.cut:
                lost = known.status == "running"
                raise self._broken_off(act, key, action, scope, given_up=lost)
            if known.status == "retrying":
                retries_left = max(0, act.retries - known.attempt)
            else:
                await self._in_doubt(known, act, key, scope)
                lost = True
        done = doing(scope.action, act)
        if known is None:
            if hit := await self._found(act):
                return self._served(hit, scope, key, action, act)
            self.budget.breaker.begin(done)
        try:
            return await self._attempts(
                scope, key, action, act, effect, attempt, retries_left, lost=lost
            )
        finally:
            self.budget.breaker.end(done)

    async def _attempts(
        self,
        scope: Scope,
        key: str,
        action: str,
        act: Act,
        effect: Callable[[str], Awaitable[Outcome]],
        attempt: int,
        retries_left: int,
        *,
        lost: bool,
    ) -> Json:
        place = scope.place(act.agent)
        while True:
            if scope.cut:
                raise self._broken_off(act, key, action, scope, begun=attempt > 1)
            self.budget.begin(place)
            waits = await self._waits(act.rate)
            hold = self.budget.reserve(
                place, act.tokens, act.cost_usd, model_call=act.type == "model_call"
            )
            try:
                begins = self._started(
                    act, key, action, scope, attempt=attempt, gated=True, waits_s=waits, lost=lost
                )
                self.record(begins)
                lost = False
                await self.written()
                async with breakable(scope.cuts):
                    await self._sleep(waits)
                    with bound_contextvars(action=action):
                        outcome = await effect(action)
            except NotNeeded:
                hold.settle(act.tokens, act.cost_usd)
                raise self._broken_off(act, key, action, scope, given_up=True) from None
            except (RunHalted, LeaseLost, RunSuspended):
                hold.settle(0, None)
                raise
            except asyncio.CancelledError:
                hold.settle(act.tokens, act.cost_usd)
                self._given_up(act, key, action, scope)
                raise
            except Exception as failure:
                wait = retry.delay(failure, attempt) if retries_left > 0 else None
                ended = endings.failed(failure, wait, act)
                self._failed(ended, act, key, action, scope, hold)
                if wait is None:
                    raise ActionError(ended.error) from failure
                with suppress(NotNeeded):
                    async with breakable(scope.cuts):
                        await asyncio.sleep(wait)
                attempt, retries_left = attempt + 1, retries_left - 1
                continue
            hold.settle(retry.tokens(outcome.usage), outcome.cost_usd)
            cost = None if outcome.cost_usd is None else str(outcome.cost_usd)
            finished = e.ActionFinished(output=outcome.output, usage=outcome.usage, cost_usd=cost)
            self.record(self._entry(finished, key, action, scope, act))
            self._keep(act, action)
            self.budget.breaker.result(failed=False)
            return outcome.output

    def instant(self, scope: Scope, slot: str, act: Act, happen: Callable[[], Json]) -> Json:
        """Let something happen to what branches share, here in memory: entries tell it in the order
        in which it happens, and are written before the next effect on the outside world begins."""
        key, action, known = self._place(scope, slot, act)
        if known is not None and known.status == "finished":
            return known.output
        attempt = 1 if known is None else known.attempt + 1
        done = doing(scope.action, act)
        self.budget.breaker.begin(done)
        self.budget.breaker.end(done)
        begin(self.budget, scope, act)
        output = happen()
        self.record(self._started(act, key, action, scope, attempt=attempt))
        self.record(self._entry(e.ActionFinished(output=output), key, action, scope, act))
        return output

    async def _waits(self, rate: rates.Rate | None) -> float:
        """Return the seconds until a call may begin by its rate limit. Raises what is raised at the
        run's deadline, if that comes first."""
        if rate is None:
            return 0.0
        waits = await self._writer.call(partial(rates.claim, rate))
        if (left := self.budget.seconds_left()) < waits:
            await asyncio.sleep(left)
            self.budget.seconds_left()
        return waits

    async def _sleep(self, seconds: float) -> None:
        if seconds:
            await self.written()  # so that people see what it waits for
            await asyncio.sleep(seconds)

    async def _found(self, act: Act) -> cache.Hit | None:
        if act.cache is None:
            return None
        return await self._writer.call(partial(cache.find, self.team, act.cache))

    def _served(self, hit: cache.Hit, scope: Scope, key: str, action: str, act: Act) -> Json:
        """Take a result that another action brought: it costs nothing."""
        self.budget.begin(scope.place(act.agent))
        act = replace(act, tokens=0, cost_usd=None)
        self.record(self._started(act, key, action, scope, attempt=1, cached=hit.origin))
        self.record(self._entry(e.ActionFinished(output=hit.output), key, action, scope, act))
        return hit.output

    def _keep(self, act: Act, action: str) -> None:
        if act.cache is not None and act.cache.wanted:
            self._writer.call(partial(cache.keep, self.team, act.cache.key, self.run, action))

    def edited(self, scope: Scope, slot: str, input: Json) -> Json:
        """Return the input of the next action of this slot: in a fork, what a person put in its
        place."""
        return self._edits.get(scope.next_key(slot), input) if self._edits else input

    def knows(self, scope: Scope, slot: str) -> bool:
        """Say whether the journal holds how the next action of this slot ended."""
        known = self.state.actions.get(e.action_id(self.run, scope.next_key(slot)))
        return known is not None and known.status in ("finished", "failed")

    def knows_edited(self, scope: Scope, slot: str) -> bool:
        """Say whether a person put a result of their own in the place of this slot's next one."""
        known = self.state.actions.get(e.action_id(self.run, scope.next_key(slot)))
        return known is not None and is_edited(known)

    async def question(
        self, scope: Scope, slot: str, act: Act, waiting: e.RunWaiting
    ) -> dict[str, Json]:
        """Ask a person and return the decision `{choice, value, comment}`. Holds no worker:
        until it is made, this raises RunSuspended."""
        key, action, known = self._place(scope, slot, act)
        if known is not None and known.status == "finished":
            return dict(known.output)
        if known is not None and known.decision is not None:
            decision = {"choice": "", "value": None, "comment": ""} | known.decision
            self.record(self._entry(e.ActionFinished(output=decision), key, action, scope, act))
            return decision
        if known is not None and known.status == "failed":
            raise ActionError(known.error or {})
        if scope.cut:
            raise self._broken_off(act, key, action, scope, begun=known is not None)
        if known is None or known.status != "waiting":
            if known is None:
                self.record(self._started(act, key, action, scope, attempt=1, gated=True))
            waiting = self.address(waiting, act.agent)
            self.record(self._entry(waiting, key, action, scope, act, gated=True))
        raise RunSuspended(waiting.question)

    def _place(self, scope: Scope, slot: str, act: Act) -> tuple[str, str, ActionState | None]:
        if self.lost is not None:
            raise self.lost
        key = scope.key(slot)
        action = e.action_id(self.run, key)
        known = self.state.actions.get(action)
        if known is not None:
            wanted: tuple[str, str, str] = (
                act.type,
                act.name,
                act.input_hash or e.digest(act.input),
            )
            found: tuple[str, str, str] = (known.type, known.name, known.input_hash)
            if known.taken is not None and known.type == act.type == "model_call":
                # It was made before the fork's own instructions and models held.
                wanted = found
            if wanted != found:
                part = next(
                    n
                    for n, w, f in zip(("type", "name", "input"), wanted, found, strict=True)
                    if w != f
                )
                raise ReplayDiverged(
                    f"At '{key}' the journal holds {known.type} '{known.name}', and the crew"
                    f" now asks for"
                    f" {act.type} '{act.name}' (the {part} differs)."
                )
        return key, action, known

    async def _in_doubt(self, known: ActionState, act: Act, key: str, scope: Scope) -> None:
        """Decide what to do about an action that was under way when its worker was lost."""
        if known.crashes >= CRASHES:
            raise RunParked(
                f"The worker was lost {CRASHES} times at '{key}'. Resume to try it again."
            )
        if act.repeatable:
            return
        if known.status == "running" and known.decision is None:
            unsure = e.ActionUncertain(reason="The worker was lost.")
            self.record(self._entry(unsure, key, known.id, scope, act, gated=True))
            waiting = e.RunWaiting(
                question=f"Did '{act.name}' happen? Its worker was lost before the result was"
                f" known.",
                choices=["repeat", "fail"],
                context={"input": act.input},
                reason="uncertain",
            )
            waiting = self.address(waiting, act.agent)
            self.record(self._entry(waiting, key, known.id, scope, act, gated=True))
        if known.decision is None:
            raise RunSuspended(f"Nobody knows whether '{act.name}' happened.")
        if known.decision.get("choice") != "repeat":
            error = {
                "kind": "uncertain",
                "message": f"A person decided that '{act.name}' is not repeated.",
            }
            self.record(
                self._entry(e.ActionFailed(error=error, final=True), key, known.id, scope, act)
            )
            raise ActionError(error)

    def _broken_off(
        self,
        act: Act,
        key: str,
        action: str,
        scope: Scope,
        *,
        begun: bool = True,
        given_up: bool = False,
    ) -> ActionError:
        """Return the failure of what is not needed any more, journaled if it had begun."""
        ended = endings.not_needed(act, given_up=given_up)
        if begun:
            self.record(self._entry(ended, key, action, scope, act))
        return ActionError(ended.error)

    def _given_up(self, act: Act, key: str, action: str, scope: Scope) -> None:
        """Journal that an effect was cancelled because its role ran out of time. One that is
        cancelled because the worker stops is left in doubt, for whoever takes the run over."""
        if not self.stopping and self.lost is None:
            self.record(self._entry(endings.out_of_time(act), key, action, scope, act))

    def _failed(
        self, ended: e.ActionFailed, act: Act, key: str, action: str, scope: Scope, hold: Hold
    ) -> None:
        hold.settle(retry.tokens(ended.usage), Decimal(ended.cost_usd) if ended.cost_usd else None)
        # What it says may come from a server or a model; the journal has it.
        told = {"action": action, "key": key, "kind": ended.error.get("kind"), "final": ended.final}
        log.info("action_failed", run=self.run, **told)
        self.record(self._entry(ended, key, action, scope, act))
        self.budget.breaker.result(failed=True)
