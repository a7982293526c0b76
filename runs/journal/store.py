"""The only writer of a run's journal.

One call of `append` is one short transaction that may carry entries of many runs: for each write
the run row's `seq` is moved on under its lock and only if the writer still owns the run, then the
entries and their projection are inserted. So commit order is seq order, seq has no holes, and a
worker that lost its run writes nothing.
"""

import hashlib
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any, cast

from django.db import connection, transaction

from runs import models
from runs.errors import LeaseLost, RunError, RunHalted
from runs.journal import doorbell, postgres, projection, questions
from runs.journal.entries import GENESIS, Entry, Payload, canonical, chain_hash, commitment

BLOB_BYTES = 64 * 1024
OPEN = ("queued", "running", "waiting")
UNFINISHED = (*OPEN, "paused")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEntry:
    """An entry before it has its place in the chain. `gated` ones start something and are not
    written once the run is paused."""

    payload: Payload
    action: str | None = None
    parent: str | None = None
    key: str = ""
    agent: str = ""
    actor: str = "system"
    gated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """Entries to append to one run.

    With a `lease` they are written only by the owner of that token, and only while the run's status
    is one of `allowed`. `status` is the run's new status, `release` gives the lease back.
    """

    run: str
    entries: tuple[NewEntry, ...]
    lease: str | None = None
    allowed: tuple[str, ...] = UNFINISHED
    status: str | None = None
    release: bool = False


Heads = dict[str, tuple[int, str]]


def append(writes: Sequence[Write], heads: Heads | None = None) -> list[list[Entry] | RunError]:
    """Append to journals in one transaction and return, for each write, its entries or its refusal.

    `heads` caches the last (seq, hash) of runs between calls of one owner; it is only trusted where
    its seq is the one before. Wake-ups are sent after the commit.
    """
    heads = {} if heads is None else heads
    results: list[list[Entry] | RunError] = []
    rows = _Rows()
    with transaction.atomic():
        with connection.cursor() as cursor:
            results += [_append_one(cursor, write, heads, rows) for write in writes]
            rows.insert(cursor)
        rung = {
            result[-1].run: result[-1].seq
            for result in results
            if isinstance(result, list) and result
        }
        transaction.on_commit(lambda: doorbell.ring_entries(rung))
    return results


def append_one(write: Write) -> list[Entry]:
    """Append to one run's journal. Raises LeaseLost or RunHalted, and then nothing is written."""
    (result,) = append([write])
    if isinstance(result, RunError):
        raise result
    return result


def read(run: str, after: int = 0, limit: int | None = None) -> list[Entry]:
    """Return a run's entries with seq > `after`, in order."""
    rows = models.Entry.objects.filter(run_id=run, seq__gt=after).order_by("seq")
    return load(rows[:limit] if limit else rows)


def load(rows: Iterable[models.Entry]) -> list[Entry]:
    """Return stored rows as entries, with payloads that are kept as blobs filled in."""
    rows = list(rows)
    wanted = {row.blob for row in rows if row.blob}
    blobs: dict[str, bytes] = {}
    if wanted:
        found = models.Blob.objects.filter(
            run_id__in={row.run_id for row in rows}, sha256__in=wanted
        )
        blobs = {blob.sha256: bytes(blob.data) for blob in found}
    return [_entry(row, blobs) for row in rows]


def actions_rebuild(run: str) -> int:
    """Throw a run's Action rows away, make them anew from its journal and return how many. What it
    asks people is looked at again as well; which questions were told to whom stays."""
    rows, asked = projection.ActionRows(), questions.QuestionRows()
    with transaction.atomic():
        models.Run.objects.select_for_update().get(pk=run)
        models.Action.objects.filter(run_id=run).delete()
        for entry in read(run):
            rows.add(entry)
            asked.add(entry)
        with connection.cursor() as cursor:
            for sql, values in (
                *rows.statements(_uuid, _timestamp, _decimal),
                *asked.statements(_uuid, _timestamp),
            ):
                cursor.executemany(sql, values)
    return len(rows.inserted)


def erase(run: str, seq: int) -> bool:
    """Erase an entry's payload and salt, and what was shown of it; its commitment stays.

    To be called in the transaction that appends why. False where there is nothing to erase.
    """
    row = models.Entry.objects.filter(run_id=run, seq=seq).first()
    if row is None or row.salt is None:
        return False
    others = models.Entry.objects.filter(run_id=run, blob=row.blob).exclude(pk=row.pk)
    if row.blob and not others.exists():
        models.Blob.objects.filter(run_id=run, sha256=row.blob).delete()
    models.Entry.objects.filter(pk=row.pk).update(payload=None, blob=None, salt=None)
    if row.action is not None:
        models.Action.objects.filter(run_id=run, pk=row.action).update(preview="", error="")
    return True


def blob_keep(run: str, data: bytes) -> str:
    """Keep bytes with a run, once, and return their SHA-256 (hex), by which they are fetched."""
    digest = hashlib.sha256(data).hexdigest()
    models.Blob.objects.bulk_create(
        [models.Blob(run_id=run, sha256=digest, data=data)], ignore_conflicts=True
    )
    return digest


def blobs_kept(run: str) -> set[str]:
    """Return the SHA-256 of all that is kept with a run."""
    return set(models.Blob.objects.filter(run_id=run).values_list("sha256", flat=True))


def blobs_take_over(source: str, fork: str) -> None:
    """Keep with a fork what its origin keeps of workspaces, but not payloads of entries."""
    payloads = models.Entry.objects.filter(run_id=source, blob__isnull=False).values("blob")
    kept = models.Blob.objects.filter(run_id=source).exclude(sha256__in=payloads)
    batch = (
        models.Blob(run_id=fork, sha256=blob.sha256, data=blob.data) for blob in kept.iterator(50)
    )
    while some := list(islice(batch, 50)):
        models.Blob.objects.bulk_create(some, ignore_conflicts=True)


def blob_fetch(run: str, digest: str) -> bytes:
    """Return what was kept with a run. Raises Blob.DoesNotExist."""
    return bytes(models.Blob.objects.get(run_id=run, sha256=digest).data)


def _entry(row: models.Entry, blobs: Mapping[str, bytes]) -> Entry:
    text: str | bytes | None = blobs.get(row.blob) if row.blob else row.payload
    return Entry.model_construct(
        run=str(row.run_id),
        seq=row.seq,
        at=row.at,
        kind=cast(Any, row.kind),
        action=str(row.action) if row.action else None,
        parent=str(row.parent) if row.parent else None,
        key=row.key,
        agent=row.agent,
        actor=row.actor,
        payload=_parse(text),
        salt=row.salt,
        payload_hash=row.payload_hash,
        prev_hash=row.prev_hash,
        hash=row.hash,
    )


def _parse(text: str | bytes | None) -> dict[str, Any] | None:
    import json

    return None if text is None else json.loads(text)


def _append_one(cursor: Any, write: Write, heads: Heads, rows: "_Rows") -> list[Entry] | RunError:
    change = projection.run_change(write.entries)
    while (last := _advance(cursor, write, change)) is None:
        # Where somebody has made it allowed in between, the lock now keeps it so.
        if refusal := _refusal(write):
            return refusal
    first = last - len(write.entries) + 1
    known = heads.get(write.run)
    head = (
        known[1] if known and known[0] == first - 1 else _stored_head(cursor, write.run, first - 1)
    )
    entries = []
    at = datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    for seq, new in enumerate(write.entries, start=first):
        entry = rows.add(write.run, seq, at, new, head)
        head = entry.hash
        entries.append(entry)
    heads[write.run] = (last, head)
    return entries


def _advance(cursor: Any, write: Write, change: projection.RunChange) -> int | None:
    """Move the run row on and lock it; None where the write is not allowed."""
    sets = [
        "seq = seq + %s",
        "actions = actions + %s",
        "failures = failures + %s",
        "tokens = tokens + %s",
        "cost_usd = cost_usd + %s",
    ]
    values: list[Any] = [
        len(write.entries),
        change.actions,
        change.failures,
        change.tokens,
        _decimal(change.cost_usd),
    ]
    if change.unpriced:
        sets.append("unpriced = %s")
        values.append(True)
    if status := write.status or change.status:
        sets.append("status = %s")
        values.append(status)
    if change.ended:
        sets += ["ended_at = %s", "outcome = %s"]
        values += [_timestamp(datetime.now(UTC)), change.outcome]
    if write.release or change.ended:
        sets += ["lease = NULL", "lease_until = NULL"]
    where = f"id = %s AND status IN ({', '.join(['%s'] * len(write.allowed))})"
    values += [_uuid(write.run), *write.allowed]
    if write.lease is not None:
        where += " AND lease = %s"
        values.append(_uuid(write.lease))
    # Only our own words are put into the text; every value is a parameter.
    sql = f"UPDATE runs_run SET {', '.join(sets)} WHERE {where} RETURNING seq"  # noqa: S608
    cursor.execute(sql, values)
    row = cursor.fetchone()
    return None if row is None else row[0]


def _refusal(write: Write) -> RunError | None:
    """Lock the run and return why a write to it is not allowed; None if it is."""
    locked = models.Run.objects.select_for_update(of=("self",)).filter(pk=write.run)
    run = locked.only("status", "lease").first()
    if run is None:
        return LeaseLost("This run no longer exists.")
    if run.status not in write.allowed:
        return RunHalted(run.status)
    if write.lease is not None and str(run.lease) != write.lease:
        return LeaseLost()
    return None


def _stored_head(cursor: Any, run: str, seq: int) -> str:
    if seq == 0:
        return GENESIS
    cursor.execute("SELECT hash FROM runs_entry WHERE run_id = %s AND seq = %s", [_uuid(run), seq])
    return str(cursor.fetchone()[0])


class _Rows:
    """The rows of one transaction, inserted table by table."""

    def __init__(self) -> None:
        self.entries: list[tuple[Any, ...]] = []
        self.blobs: list[tuple[Any, ...]] = []
        self.actions = projection.ActionRows()
        self.questions = questions.QuestionRows()

    def add(self, run: str, seq: int, at: str, new: NewEntry, head: str) -> Entry:
        data = new.payload.data()
        text = canonical(data)
        salt = os.urandom(16).hex()
        entry = Entry.model_construct(
            run=run,
            seq=seq,
            at=at,
            kind=cast(Any, new.payload.kind),
            action=new.action,
            parent=new.parent,
            key=new.key,
            agent=new.agent,
            actor=new.actor,
            payload=data,
            salt=salt,
            payload_hash=(payload_hash := commitment(salt, text)),
            prev_hash=head,
            hash=chain_hash(
                run=run,
                seq=seq,
                at=at,
                kind=new.payload.kind,
                action=new.action,
                parent=new.parent,
                key=new.key,
                agent=new.agent,
                actor=new.actor,
                payload_hash=payload_hash,
                prev_hash=head,
            ),
        )
        blob = None
        if len(text) > BLOB_BYTES:
            blob = hashlib.sha256(text.encode()).hexdigest()
            self.blobs.append((_uuid(run), blob, text.encode()))
        self.entries.append(
            (
                _uuid(run),
                seq,
                at,
                entry.kind,
                _uuid(new.action),
                _uuid(new.parent),
                new.key,
                new.agent,
                new.actor,
                None if blob else text,
                blob,
                salt,
                payload_hash,
                head,
                entry.hash,
            )
        )
        self.actions.add(entry)
        self.questions.add(entry)
        return entry

    def insert(self, cursor: Any) -> None:
        statements: list[tuple[str, list[tuple[Any, ...]]]] = [(_INSERT_BLOB, self.blobs)]
        if connection.vendor == "postgresql":
            postgres.insert(cursor, self.entries, self.actions)
            statements.append((projection.CLOSE, self.actions.closing(_uuid, _timestamp)))
        else:
            statements.append((_INSERT_ENTRY, self.entries))
            statements += self.actions.statements(_uuid, _timestamp, _decimal)
        statements += self.questions.statements(_uuid, _timestamp)
        for sql, rows in statements:
            if rows:
                cursor.executemany(sql, rows)


_INSERT_BLOB = (
    "INSERT INTO runs_blob (run_id, sha256, data) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING"
)
_ENTRY_COLUMNS = (
    "run_id, seq, at, kind, action, parent, key, agent, actor, payload, blob, salt, payload_hash,"
    " prev_hash, hash"
)
_INSERT_ENTRY = f"INSERT INTO runs_entry ({_ENTRY_COLUMNS}) VALUES ({', '.join(['%s'] * 15)})"  # noqa: S608


def _uuid(value: str | None) -> Any:
    if value is None:
        return None
    return value if connection.vendor == "postgresql" else value.replace("-", "")


def _timestamp(value: datetime) -> Any:
    return connection.ops.adapt_datetimefield_value(value)


def _decimal(value: Any) -> Any:
    return None if value is None else connection.ops.adapt_decimalfield_value(value)
