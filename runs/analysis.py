"""How the agents of runs did: calls, successes, failures, durations, cost; and their messages."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db.models import F

from runs.journal import store
from runs.models import Action, Entry, Run

Json = Any
WORK = ("ask", "model_call", "tool_call")
_COLUMNS = (
    "agent", "type", "status", "attempt", "tokens", "cost_usd", "started_at", "ended_at",
)  # fmt: skip
MESSAGES = ("message", "state_write", "spawn")


@dataclass(slots=True)
class AgentReport:
    """One agent's actions; durations in seconds are those of its asks (or of its calls, if it
    has none)."""

    agent: str
    calls: int = 0
    succeeded: int = 0
    failed: int = 0
    tokens: int = 0
    cost_usd: Decimal = Decimal(0)
    durations: list[float] = field(default_factory=list)

    @property
    def mean_s(self) -> float:
        return sum(self.durations) / len(self.durations) if self.durations else 0.0

    @property
    def p95_s(self) -> float:
        """The 95th percentile by nearest rank."""
        ordered = sorted(self.durations)
        return ordered[min(len(ordered) - 1, -(-95 * len(ordered) // 100) - 1)] if ordered else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageReport:
    """The messages between agents: how many were `sent`, how many of these somebody has `read`,
    how many were `refused` to their sender (too many, too late), and how many were `dropped`: a
    number of the log that no entry of the journal has. There are none."""

    sent: int = 0
    read: int = 0
    refused: int = 0
    dropped: int = 0


def analyze(runs: Iterable[Run]) -> list[AgentReport]:
    """Return a report for each agent, the slowest (by mean) first. What a fork took over is its
    origin's and does not count."""
    reports: dict[str, AgentReport] = {}
    spans: dict[str, list[float]] = {}
    rows = Action.objects.filter(run__in=list(runs), type__in=WORK, seq__gt=F("run__taken") + 1)
    for agent, type, status, attempt, tokens, cost, start, end in (
        rows.order_by("run", "seq").values_list(*_COLUMNS).iterator(10_000)
    ):
        report = reports.setdefault(agent, AgentReport(agent))
        report.tokens += tokens
        report.cost_usd += cost or 0
        took = None if end is None else (end - start).total_seconds()
        if type != "ask":
            report.calls += attempt
            report.succeeded += status == "finished"
            report.failed += attempt - 1 + (status == "failed")
            if took is not None:
                spans.setdefault(agent, []).append(took)
        elif took is not None:
            report.durations.append(took)
    for report in reports.values():
        report.durations = report.durations or spans.get(report.agent, [])
    return sorted(reports.values(), key=lambda report: -report.mean_s)


def messages(runs: Iterable[Run]) -> MessageReport:
    """Count the messages between the agents of runs, by what the journals say."""
    total: Counter[str] = Counter()
    rows = Action.objects.filter(run__in=list(runs), type__in=MESSAGES, status="finished")
    by_run: dict[str, list[Any]] = {}
    for row in rows.only("pk", "run_id"):
        by_run.setdefault(str(row.run_id), []).append(row.pk)
    for run, actions in by_run.items():
        total.update(_messages(run, actions))
    return MessageReport(**total)


def _messages(run: str, actions: list[Any]) -> dict[str, int]:
    entries = store.load(
        Entry.objects.filter(run_id=run, kind="action.finished", action__in=actions)
    )
    logs: dict[str | None, set[int]] = {}
    read: set[tuple[str | None, int]] = set()
    refused = 0
    for entry in entries:
        output = (entry.payload or {}).get("output")
        if not isinstance(output, dict):
            continue
        # A log belongs to the place of the structure that its branches stand in.
        refused += "refused" in output
        if isinstance(output.get("n"), int):
            logs.setdefault(entry.parent, set()).add(output["n"])
        for message in output.get("messages", []) if "up_to" in output else []:
            read.add((entry.parent, message.get("n", 0)))
    return {
        "sent": sum(len(log) for log in logs.values()),
        "read": len(read),
        "refused": refused,
        "dropped": sum(max(log) - len(log) for log in logs.values()),
    }
