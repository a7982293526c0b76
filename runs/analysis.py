"""How the agents of runs did: calls, successes, failures, durations, cost."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from runs.models import Action, Run

WORK = ("ask", "model_call", "tool_call")


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


def analyze(runs: Iterable[Run]) -> list[AgentReport]:
    """Return a report for each agent, the slowest (by mean) first."""
    reports: dict[str, AgentReport] = {}
    rows = Action.objects.filter(run__in=list(runs), type__in=WORK).order_by("run", "seq")
    for row in rows.iterator():
        report = reports.setdefault(row.agent, AgentReport(row.agent))
        report.tokens += row.tokens
        report.cost_usd += row.cost_usd or 0
        if row.type != "ask":
            report.calls += row.attempt
            report.succeeded += row.status == "finished"
            report.failed += row.attempt - 1 + (row.status == "failed")
        elif row.ended_at is not None:
            report.durations.append((row.ended_at - row.started_at).total_seconds())
    return sorted(reports.values(), key=lambda report: -report.mean_s)
