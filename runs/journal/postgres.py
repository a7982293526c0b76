"""Placed entries as PostgreSQL takes them best: many runs in one statement, which is a transaction
by itself and one message there and back.

The rows are JSON parameters, so the text is always the same and the server plans it once.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from django.db import connection

from runs.journal.placing import Placed
from runs.journal.projection import CLOSE, LOST, UNCHANGED, UPSERT_TAIL

# A plan that was made while a table was small must not outlive that for long.
REPLAN = 500
_MOVE = {
    "id": "uuid",
    "before": "int",
    "lease": "uuid",
    "allowed": "text[]",
    "seq": "int",
    "actions": "int",
    "failures": "int",
    "tokens": "bigint",
    "cost_usd": "numeric",
    "unpriced": "bool",
    "status": "text",
    "ended_at": "timestamptz",
    "outcome": "text",
    "signature": "jsonb",
    "frees": "bool",
}
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


_IF_MOVED = "WHERE x.run_id IN (SELECT id FROM moved)"
# Only our own words are put into the text; every value is a parameter.
_WRITE = f"""
WITH moved AS (
    UPDATE runs_run AS r SET seq = x.seq, actions = r.actions + x.actions,
        failures = r.failures + x.failures, tokens = r.tokens + x.tokens,
        cost_usd = r.cost_usd + x.cost_usd, unpriced = r.unpriced OR x.unpriced,
        status = COALESCE(x.status, r.status), ended_at = COALESCE(x.ended_at, r.ended_at),
        outcome = COALESCE(x.outcome, r.outcome), signature = COALESCE(x.signature, r.signature),
        lease = CASE WHEN x.frees THEN NULL ELSE r.lease END,
        lease_until = CASE WHEN x.frees THEN NULL ELSE r.lease_until END
    FROM {_rows(_MOVE)}
    WHERE r.id = x.id AND r.seq = x.before AND r.status = ANY (x.allowed)
        AND (x.lease IS NULL OR r.lease = x.lease)
    RETURNING r.id
), entries AS (
    {_insert("runs_entry", _ENTRY)} {_IF_MOVED}
), begun AS (
    {_insert("runs_action", _ACTION)} {_IF_MOVED} {UPSERT_TAIL}
), continued AS (
    UPDATE runs_action AS a SET status = COALESCE(x.status, a.status),
        ended_at = COALESCE(x.ended_at, a.ended_at), error = COALESCE(x.error, a.error),
        preview = COALESCE(x.preview, a.preview), tokens = a.tokens + x.tokens,
        cost_usd = COALESCE(a.cost_usd + x.cost_usd, x.cost_usd, a.cost_usd)
    FROM {_rows({name: _ACTION[name] for name in ("id", "run_id", *UNCHANGED)})}
    {_IF_MOVED} AND a.id = x.id
)
SELECT id::text FROM moved
"""  # noqa: S608
_INSERT_BLOB = (
    "INSERT INTO runs_blob (run_id, sha256, data) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING"
)


def write(placed: Sequence[Placed]) -> set[str]:
    """Write to different runs, and return those that were as it was thought.

    Atomic by itself where all are plain; else the caller has a transaction open.
    """
    if not placed:
        return set()
    moved = _execute(
        [_move(one) for one in placed],
        [row for one in placed for row in _entries(one)],
        [row for one in placed for row in one.actions.inserted.values()],
        [{"id": name, **row} for one in placed for name, row in one.actions.updated.items()],
    )
    with connection.cursor() as cursor:
        for one in placed:
            if one.run in moved and not one.is_plain:
                for sql, rows in _others(one):
                    cursor.executemany(sql, rows)
    return moved


_written = 0


def _execute(*rows: list[dict[str, Any]]) -> set[str]:
    global _written
    import psycopg  # Where the database is SQLite, nobody else loads it: 6 MB.

    connection.ensure_connection()
    raw = connection.connection
    # Django turns prepared statements off, and its cursors put values into the text.
    raw.prepare_threshold = 0
    with connection.wrap_database_errors, psycopg.Cursor(raw) as cursor:
        cursor.execute(_WRITE, [json.dumps(part, default=str) for part in rows], prepare=True)
        moved = {run for (run,) in cursor}
        _written += 1
        if _written % REPLAN == 0:
            cursor.execute("DISCARD PLANS")
    return moved


def _move(one: Placed) -> dict[str, Any]:
    write, change = one.write, one.change
    return {
        "id": one.run,
        "before": one.before.seq,
        "lease": write.lease,
        "allowed": write.allowed,
        "seq": one.head.seq,
        "actions": change.actions,
        "failures": change.failures,
        "tokens": change.tokens,
        "cost_usd": change.cost_usd,
        "unpriced": change.unpriced,
        "status": write.status or change.status,
        "ended_at": datetime.now(UTC) if change.ended else None,
        "outcome": change.outcome if change.ended else None,
        "signature": one.signature,
        "frees": one.frees,
    }


def _entries(one: Placed) -> list[dict[str, Any]]:
    """Return the rows of entries: the fields of an entry, with the payload as it is stored."""
    return [
        entry.__dict__ | {"run_id": one.run, "payload": text, "blob": blob}
        for entry, (text, blob) in zip(one.entries, one.texts, strict=True)
    ]


def _others(one: Placed) -> list[tuple[str, list[tuple[Any, ...]]]]:
    statements = [
        (_INSERT_BLOB, [(one.run, name, data) for name, data in one.blobs]),
        (LOST, one.actions.losing(uuid)),
        (CLOSE, one.actions.closing(uuid, time)),
        *one.questions.statements(uuid, time),
    ]
    return [(sql, rows) for sql, rows in statements if rows]


def _as_it_is(value: Any) -> Any:
    return value


uuid = time = _as_it_is
