"""The projection of entries into the Question table: what people are asked, and until when.

It holds no text; that stays in the entries, where it can be erased.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from runs.journal.entries import Entry

Adapt = Callable[[Any], Any]
_ENDS = ("run.finished", "run.cancelled")


@dataclass(slots=True)
class QuestionRows:
    """What a batch of entries asks and settles, in the order of the entries."""

    _asked: list[Entry] = field(default_factory=list)
    _settled: list[Entry] = field(default_factory=list)
    _ended: list[Entry] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self._asked or self._settled or self._ended)

    def add(self, entry: Entry) -> None:
        if entry.payload is None or entry.payload.get("taken") is not None:
            return
        if entry.kind == "run.waiting":
            self._asked.append(entry)
        elif entry.kind == "decision.made" or _is_withdrawn(entry):
            self._settled.append(entry)
        elif entry.kind in _ENDS:
            self._ended.append(entry)

    def statements(self, uuid: Adapt, time: Adapt) -> Iterator[tuple[str, list[tuple[Any, ...]]]]:
        """Yield (SQL, rows) for the store; the two adapt values to the database."""

        def when(text: str | None) -> Any:
            return None if text is None else time(datetime.fromisoformat(text))

        if self._asked:
            rows = []
            for entry in self._asked:
                payload = entry.payload or {}
                rows.append(
                    (
                        uuid(entry.run),
                        uuid(entry.action),
                        entry.seq,
                        (payload.get("assignee") or "").lower(),
                        when(payload.get("deadline")),
                        payload.get("default") or "",
                        when(entry.at),
                        uuid(entry.run),
                    )
                )
            yield _ASK, rows
        if self._settled:
            yield (
                _SETTLE,
                [(when(e.at), uuid(e.run), uuid(e.action), e.seq) for e in self._settled],
            )
        if self._ended:
            yield _END, [(when(e.at), uuid(e.run)) for e in self._ended]


def _is_withdrawn(entry: Entry) -> bool:
    """Say whether an action is not needed any more, whatever it asks."""
    error = (entry.payload or {}).get("error") or {}
    return entry.kind == "action.failed" and error.get("kind") == "not_needed"


_ASK = (
    "INSERT INTO runs_question"
    " (run_id, team_id, action, seq, assignee, deadline, by_default, asked_at)"
    " SELECT %s, team_id, %s, %s, %s, %s, %s, %s FROM runs_run WHERE id = %s"
    " ON CONFLICT DO NOTHING"
)
_SETTLE = (
    "UPDATE runs_question SET closed_at = %s"
    " WHERE run_id = %s AND action = %s AND seq < %s AND closed_at IS NULL"
)
_END = "UPDATE runs_question SET closed_at = %s WHERE run_id = %s AND closed_at IS NULL"
