"""Placed entries as SQLite takes them: statement by statement, for nothing lies in between."""

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from django.db import connection

from runs.journal.placing import Placed

_INSERT_BLOB = (
    "INSERT INTO runs_blob (run_id, sha256, data) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING"
)
_ENTRY = (
    "run_id, seq, at, kind, action, parent, key, agent, actor, payload, blob, salt, payload_hash,"
    " prev_hash, hash"
)
_INSERT_ENTRY = f"INSERT INTO runs_entry ({_ENTRY}) VALUES ({', '.join(['%s'] * 15)})"  # noqa: S608


def write(placed: Sequence[Placed]) -> set[str]:
    """Write, in the transaction that is open, and return the runs that were as it was thought."""
    moved = set()
    with connection.cursor() as cursor:
        for one in placed:
            if not _move(cursor, one):
                continue
            moved.add(one.run)
            for sql, rows in _statements(one):
                cursor.executemany(sql, rows)
    return moved


def _move(cursor: Any, one: Placed) -> bool:
    """Move the run's row on, if its writer may and its last entry is the one before."""
    write, change = one.write, one.change
    sets = {
        "seq = %s": one.head.seq,
        "actions = actions + %s": change.actions,
        "failures = failures + %s": change.failures,
        "tokens = tokens + %s": change.tokens,
        "cost_usd = cost_usd + %s": str(change.cost_usd),
    }
    if change.unpriced:
        sets["unpriced = %s"] = True
    if status := write.status or change.status:
        sets["status = %s"] = status
    if change.ended:
        sets |= {"ended_at = %s": time(datetime.now(UTC)), "outcome = %s": change.outcome}
        sets["signature = %s"] = json.dumps(one.signature) if one.signature else None
    if one.frees:
        sets |= {"lease = %s": None, "lease_until = %s": None}
    where: dict[str, Any] = {"id = %s": uuid(one.run), "seq = %s": one.before.seq}
    if write.lease is not None:
        where["lease = %s"] = uuid(write.lease)
    # Only our own words are put into the text; every value is a parameter.
    allowed = ", ".join(["%s"] * len(write.allowed))
    sql = (
        f"UPDATE runs_run SET {', '.join(sets)}"  # noqa: S608
        f" WHERE {' AND '.join(where)} AND status IN ({allowed})"
    )
    cursor.execute(sql, [*sets.values(), *where.values(), *write.allowed])
    return bool(cursor.rowcount)


def _statements(one: Placed) -> Iterator[tuple[str, list[tuple[Any, ...]]]]:
    run = uuid(one.run)
    if one.blobs:
        yield _INSERT_BLOB, [(run, name, data) for name, data in one.blobs]
    yield (
        _INSERT_ENTRY,
        [
            (
                run,
                entry.seq,
                entry.at,
                entry.kind,
                uuid(entry.action),
                uuid(entry.parent),
                entry.key,
                entry.agent,
                entry.actor,
                text,
                blob,
                entry.salt,
                entry.payload_hash,
                entry.prev_hash,
                entry.hash,
            )
            for entry, (text, blob) in zip(one.entries, one.texts, strict=True)
        ],
    )
    yield from one.actions.statements(uuid, time, str)
    yield from one.questions.statements(uuid, time)


def uuid(value: str | None) -> str | None:
    """Return a UUID as Django keeps it in SQLite."""
    return None if value is None else value.replace("-", "")


def time(value: datetime) -> str:
    """Return a time as Django keeps it in SQLite: UTC without saying so."""
    return str(value.astimezone(UTC).replace(tzinfo=None))
