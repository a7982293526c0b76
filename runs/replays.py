"""A run replayed from its journal, and what came of it."""

import asyncio
from dataclasses import dataclass

from runs.engine.replay import replay
from runs.errors import Conflict, ReplayDiverged
from runs.journal import store
from runs.journal.entries import Entry, canonical, commitment
from runs.journal.fold import FINAL, RunState, fold
from runs.models import Run

# What people and workers did to the run; the pattern did not see it.
STEERING = ("run.paused", "run.resumed", "run.cancelled")


@dataclass(frozen=True, kw_only=True)
class Replayed:
    """What a replay found: the first difference, or that there is none; how many actions were
    played and how many commitments to payloads were made again. A replay calls no model and has no
    effects, so `calls` and `effects` are 0."""

    identical: bool
    difference: str | None
    actions: int
    commitments: int
    calls: int = 0
    effects: int = 0


def run_replay(run: Run) -> Replayed:
    """Play a run that has ended again from its journal. Raises Conflict while it goes on."""
    if run.status not in FINAL:
        raise Conflict(f"The run is {run.status}; only a run that has ended can be replayed.")
    entries = store.read(str(run.pk))
    state = fold(entries)
    difference = _erased(entries) or _difference(str(run.pk), state) or _broken(entries)
    kept = sum(entry.payload is not None for entry in entries)
    return Replayed(
        identical=difference is None,
        difference=difference,
        actions=len(state.actions),
        commitments=kept,
    )


def _difference(run: str, state: RunState) -> str | None:
    try:
        asyncio.run(replay(run, state))
    except ReplayDiverged as diverged:
        return str(diverged)
    return None


def _erased(entries: list[Entry]) -> str | None:
    """Return which payload that the pattern would be played from is gone."""
    for entry in entries:
        if entry.payload is None and entry.kind not in STEERING:
            place = f" ('{entry.key}')" if entry.key else ""
            return f"The payload of entry {entry.seq}{place} was erased, and a replay needs it."
    return None


def _broken(entries: list[Entry]) -> str | None:
    """Return which payload is not the one that its commitment was made to."""
    for entry in entries:
        if entry.payload is None or entry.salt is None:
            continue
        if commitment(entry.salt, canonical(entry.payload)) != entry.payload_hash:
            return f"The payload of entry {entry.seq} ('{entry.key}') does not fit its commitment."
    return None
