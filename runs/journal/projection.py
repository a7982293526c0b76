"""The projection of entries into the Run and Action tables, as plain values; the store writes them.

It can be thrown away and rebuilt (`manage.py rebuild_actions`).
"""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from runs.journal.entries import Entry

if TYPE_CHECKING:
    from runs.journal.store import NewEntry

PREVIEW = 300
_STATUS = {"run.paused": "paused", "run.waiting": "waiting", "run.cancelled": "cancelled"}


@dataclass(slots=True)
class RunChange:
    """What entries change in the run's row; numbers are added."""

    actions: int = 0
    failures: int = 0
    tokens: int = 0
    cost_usd: Decimal = Decimal(0)
    unpriced: bool = False
    status: str | None = None
    ended: bool = False
    outcome: str = ""


def run_change(entries: "Iterable[NewEntry]") -> RunChange:
    """Return what entries add to their run's row."""
    change = RunChange()
    for entry in entries:
        kind, data = entry.payload.kind, entry.payload.__dict__
        if data.get("taken") is not None:
            continue
        if kind == "action.started":
            change.actions += data["attempt"] == 1
            change.unpriced |= bool(data.get("lost"))
        elif kind in ("action.finished", "action.failed"):
            change.failures += kind == "action.failed"
            tokens, cost, unpriced = spent(data)
            change.tokens += tokens
            change.cost_usd += cost or 0
            change.unpriced |= unpriced
        elif kind in ("run.finished", "run.cancelled"):
            change.ended = True
            change.outcome = _outcome(data)
            change.status = data.get("status", "cancelled")
        else:
            change.status = _STATUS.get(kind, change.status)
    return change


def spent(payload: dict[str, Any]) -> tuple[int, Decimal | None, bool]:
    """Return the tokens, the cost, and whether the cost is not known, of an action's end."""
    if not (usage := payload.get("usage")):
        return 0, None, False
    cost = payload.get("cost_usd")
    tokens = usage.get("input_tokens", 0) + usage.get("output_tokens", 0)
    return tokens, None if cost is None else Decimal(cost), cost is None


def preview(value: Any) -> str:
    """Return the first words of a payload: its text where it has one, else its JSON."""
    if isinstance(value, dict):
        for name in ("text", "task", "result", "message", "stdout"):
            if isinstance(value.get(name), str) and value[name].strip():
                return preview(value[name])
    text = (
        value
        if isinstance(value, str)
        else ""
        if value is None
        else json.dumps(value, sort_keys=True)
    )
    return (
        " ".join(text[: PREVIEW * 2].replace("\0", "").split())[:PREVIEW]
        .encode(errors="replace")
        .decode()
    )


def _outcome(data: dict[str, Any]) -> str:
    error = data.get("error")
    return preview(error["message"] if error else data.get("output") or data.get("reason"))[:200]


Adapt = Callable[[Any], Any]


class ActionRows:
    """Action rows as a batch of entries leaves them: whole rows to insert, or the columns to
    update."""

    def __init__(self) -> None:
        self.inserted: dict[str, dict[str, Any]] = {}
        self.updated: dict[str, dict[str, Any]] = {}
        self.ended: list[tuple[str, datetime]] = []

    def add(self, entry: Entry) -> None:
        if entry.kind in ("run.finished", "run.cancelled"):
            self.ended.append((entry.run, _when(entry, {})))
        if entry.action is None:
            return
        payload = entry.payload or {}
        if entry.kind == "action.started":
            self._start(entry, payload)
        else:
            row = self.inserted.get(entry.action)
            if row is None:
                row = self.updated.setdefault(entry.action, UNCHANGED | {"run_id": entry.run})
            self._continue(row, entry, payload)

    def _start(self, entry: Entry, payload: dict[str, Any]) -> None:
        action = entry.action or ""
        known = self.inserted.get(action) or self.updated.pop(action, None) or {}
        self.inserted[action] = {
            "id": entry.action,
            "run_id": entry.run,
            "parent": entry.parent,
            "seq": known.get("seq", entry.seq),
            "key": entry.key,
            "agent": entry.agent,
            "type": payload.get("type", ""),
            "name": payload.get("name", "")[:200],
            "status": "running",
            "attempt": payload.get("attempt", 1),
            "input_hash": payload.get("input_hash", ""),
            "preview": "",
            "error": "",
            "started_at": known.get("started_at") or _when(entry, payload),
            "ended_at": None,
            "tokens": known.get("tokens", 0),
            "cost_usd": known.get("cost_usd"),
            "provider": payload.get("provider") or "",
            "model": (payload.get("model") or "")[:200],
        }

    def _continue(self, row: dict[str, Any], entry: Entry, payload: dict[str, Any]) -> None:
        if entry.kind == "action.finished":
            row |= {"status": "finished", "ended_at": _when(entry, payload), "error": ""}
            row["preview"] = preview(payload.get("output"))
        elif entry.kind == "action.failed":
            status = "failed" if payload.get("final", True) else "retrying"
            row |= {"status": status, "ended_at": _when(entry, payload)}
            row["error"] = preview((payload.get("error") or {}).get("message"))
        else:
            row["status"] = {
                "action.uncertain": "uncertain",
                "run.waiting": "waiting",
                "decision.made": "running",
            }.get(entry.kind, row["status"])
        tokens, cost, _ = spent(payload)
        row["tokens"] += tokens
        if cost is not None:
            row["cost_usd"] = (row["cost_usd"] or 0) + cost

    def statements(
        self, uuid: Adapt, time: Adapt, decimal: Adapt
    ) -> Iterator[tuple[str, list[tuple[Any, ...]]]]:
        """Yield (SQL, rows) for the store; the three adapt values to the database."""

        by = {"id": uuid, "run_id": uuid, "parent": uuid}
        by |= {"started_at": time, "ended_at": time, "cost_usd": decimal}

        def adapted(row: dict[str, Any]) -> dict[str, Any]:
            return row | {n: adapt(row[n]) for n, adapt in by.items() if row.get(n) is not None}

        if self.inserted:
            yield _UPSERT, [_columns(adapted(row)) for row in self.inserted.values()]
        if self.updated:
            rows = []
            for action, row in self.updated.items():
                values = _changes(adapted(row))
                rows.append((*values, values[-1], uuid(action)))
            yield _UPDATE, rows
        if self.ended:
            yield LOST, self.losing(uuid)
            yield CLOSE, self.closing(uuid, time)

    def losing(self, uuid: Adapt) -> list[tuple[Any, ...]]:
        """Return the rows for `LOST`."""
        return [(uuid(run), uuid(run)) for run, _ in self.ended]

    def closing(self, uuid: Adapt, time: Adapt) -> list[tuple[Any, ...]]:
        """Return the rows for `CLOSE`."""
        return [(time(when), uuid(run)) for run, when in self.ended]


def _when(entry: Entry, payload: dict[str, Any]) -> datetime:
    """Return when it happened: what a fork took over, in the run that it was taken from."""
    return datetime.fromisoformat((payload.get("taken") or {}).get("at") or entry.at)


_COLUMNS = (
    "id",
    "run_id",
    "parent",
    "seq",
    "key",
    "agent",
    "type",
    "name",
    "status",
    "attempt",
    "input_hash",
    "preview",
    "error",
    "started_at",
    "ended_at",
    "tokens",
    "cost_usd",
    "provider",
    "model",
)
_columns = itemgetter(*_COLUMNS)
# A further attempt keeps the action's first seq and start, and adds to what was spent.
UPSERT_TAIL = (
    " ON CONFLICT (id) DO UPDATE SET status = excluded.status, attempt = excluded.attempt,"
    " preview = excluded.preview, error = excluded.error, ended_at = excluded.ended_at,"
    " provider = excluded.provider, model = excluded.model, tokens = runs_action.tokens +"
    " excluded.tokens,"
    " cost_usd = CASE WHEN excluded.cost_usd IS NULL THEN runs_action.cost_usd"
    " ELSE COALESCE(runs_action.cost_usd, 0) + excluded.cost_usd END"
)
_UPSERT = (
    f"INSERT INTO runs_action ({', '.join(_COLUMNS)})"  # noqa: S608 (our own words)
    f" VALUES ({', '.join(['%s'] * len(_COLUMNS))}){UPSERT_TAIL}"
)
UNCHANGED: dict[str, Any] = {
    "status": None,
    "ended_at": None,
    "error": None,
    "preview": None,
    "tokens": 0,
    "cost_usd": None,
}
_changes = itemgetter(*UNCHANGED)
_UPDATE = (
    "UPDATE runs_action SET status = COALESCE(%s, status), ended_at = COALESCE(%s, ended_at),"
    " error = COALESCE(%s, error), preview = COALESCE(%s, preview), tokens = tokens + %s,"
    " cost_usd = COALESCE(cost_usd + CAST(%s AS numeric), CAST(%s AS numeric), cost_usd) WHERE"
    " id = %s"
)
# A call that nobody heard the end of: what it cost is unknown.
LOST = (
    "UPDATE runs_run SET unpriced = TRUE WHERE id = %s AND EXISTS (SELECT 1 FROM runs_action"
    " WHERE run_id = %s AND type = 'model_call' AND status = 'running'"
    " AND provider <> 'rehearsal')"
)
# What was under way when its run ended.
CLOSE = (
    "UPDATE runs_action SET status = 'cancelled', ended_at = COALESCE(ended_at, %s)"
    " WHERE run_id = %s AND status IN ('running', 'retrying', 'waiting', 'uncertain')"
)
