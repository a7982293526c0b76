"""Many rows in one statement, as PostgreSQL takes them best: as one JSON parameter.

The text of a statement is then always the same, however many rows it carries, and all statements
of a transaction go to the server together.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from runs.journal.projection import UNCHANGED, UPSERT_TAIL, ActionRows

_ENTRY = {
    "run_id": "uuid",
    "seq": "int",
    "at": "text",
    "kind": "text",
    "action": "uuid",
    "parent": "uuid",
    "key": "text",
    "agent": "text",
    "actor": "text",
    "payload": "text",
    "blob": "text",
    "salt": "text",
    "payload_hash": "text",
    "prev_hash": "text",
    "hash": "text",
}
_ACTION = {
    "id": "uuid",
    "run_id": "uuid",
    "parent": "uuid",
    "seq": "int",
    "key": "text",
    "agent": "text",
    "type": "text",
    "name": "text",
    "status": "text",
    "attempt": "int",
    "input_hash": "text",
    "preview": "text",
    "error": "text",
    "started_at": "timestamptz",
    "ended_at": "timestamptz",
    "tokens": "bigint",
    "cost_usd": "numeric",
    "provider": "text",
    "model": "text",
}


def _rows(columns: Mapping[str, str]) -> str:
    typed = ", ".join(f"{name} {kind}" for name, kind in columns.items())
    return f"json_to_recordset(%s::json) AS x({typed})"


def _insert(table: str, columns: Mapping[str, str]) -> str:
    names = ", ".join(columns)
    return f"INSERT INTO {table} ({names}) SELECT {names} FROM {_rows(columns)}"  # noqa: S608


_INSERT_ENTRIES = _insert("runs_entry", _ENTRY)
_UPSERT_ACTIONS = _insert("runs_action", _ACTION) + UPSERT_TAIL
_UPDATE_ACTIONS = (
    "UPDATE runs_action AS a SET status = COALESCE(x.status, a.status),"  # noqa: S608 (our own)
    " ended_at = COALESCE(x.ended_at, a.ended_at), error = COALESCE(x.error, a.error),"
    " preview = COALESCE(x.preview, a.preview), tokens = a.tokens + x.tokens,"
    " cost_usd = COALESCE(a.cost_usd + x.cost_usd, x.cost_usd, a.cost_usd)"
    f" FROM {_rows({name: _ACTION[name] for name in ('id', *UNCHANGED)})} WHERE a.id = x.id"
)


def insert(cursor: Any, entries: Sequence[Sequence[Any]], actions: ActionRows) -> None:
    """Insert entries (in the order of the columns above) and apply their projection."""
    statements = [
        (_INSERT_ENTRIES, [dict(zip(_ENTRY, row, strict=True)) for row in entries]),
        (_UPSERT_ACTIONS, list(actions.inserted.values())),
        (_UPDATE_ACTIONS, [{"id": name, **row} for name, row in actions.updated.items()]),
    ]
    carried = [(sql, json.dumps(rows, default=str)) for sql, rows in statements if rows]
    if carried:
        cursor.execute(";".join(sql for sql, _ in carried), [rows for _, rows in carried])
