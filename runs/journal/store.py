"""The only writer of a run's journal.

One call of `append` is one short transaction that may carry entries of many runs: for each write
the run row's `seq` is moved on under its lock, and only if the writer still owns the run and the
entries follow its last one; with it the entries and their projection are inserted. So commit order
is seq order, seq has no holes, and a worker that lost its run writes nothing.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from itertools import islice
from types import ModuleType
from typing import Any

from django.db import connection, transaction

from runs import models
from runs.errors import LeaseLost, RunError, RunHalted
from runs.journal import doorbell, postgres, projection, questions, signing, sqlite
from runs.journal.entries import GENESIS, Entry, Payload, entry_text
from runs.journal.placing import Head, Placed, place

OPEN = ("queued", "running", "waiting")
UNFINISHED = (*OPEN, "paused")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEntry:
    """An entry before it has its place in the chain. `gated` ones start something and are not
    written once the run is paused. The end of a run is `tidy` if no action and no question of it
    is open."""

    payload: Payload
    action: str | None = None
    parent: str | None = None
    key: str = ""
    agent: str = ""
    actor: str = "system"
    gated: bool = False
    tidy: bool = False


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


Heads = dict[str, Head]
NO_ENTRIES = Head(0, GENESIS)


def append(writes: Sequence[Write], heads: Heads | None = None) -> list[list[Entry] | RunError]:
    """Append to journals in one transaction and return, for each write, its entries or its refusal.

    `heads` keeps the last entries of runs between calls of one owner: a write is chained to it
    beforehand, and made only if it still is the run's last. Wake-ups are sent after the commit.
    """
    heads = {} if heads is None else heads
    placed = [_place(write, heads) for write in writes]
    batches = _batches(placed)
    results: dict[int, Placed | RunError] = {}
    missed: set[str] = set()
    with nullcontext() if _is_one_statement(batches) else transaction.atomic():
        for batch in batches:
            # What is chained to an entry that was not written must not be written either.
            moved = _database().write([one for one in batch if one.run not in missed])
            for one in batch:
                if one.run in moved:
                    results[id(one)] = one
                else:
                    missed.add(one.run)
                    results[id(one)] = _write_locked(one.write, heads)
    told = [results[id(one)] for one in placed]
    written = [one for one in told if isinstance(one, Placed)]
    transaction.on_commit(lambda: doorbell.ring_entries(written))
    return [one.entries if isinstance(one, Placed) else one for one in told]


def append_one(write: Write, heads: Heads | None = None) -> list[Entry]:
    """Append to one run's journal. Raises LeaseLost or RunHalted, and then nothing is written."""
    (result,) = append([write], heads)
    if isinstance(result, RunError):
        raise result
    return result


def read(run: str, after: int = 0, limit: int | None = None) -> list[Entry]:
    """Return a run's entries with seq > `after`, in order."""
    rows = models.Entry.objects.filter(run_id=run, seq__gt=after).order_by("seq")
    return load(rows[:limit] if limit else rows)


def read_texts(run: str, after: int, limit: int) -> list[tuple[int, str]]:
    """Return the seqs and the JSON texts of a run's entries with seq > `after`, in order, at most
    `limit` of them. The payloads are taken as they are stored."""
    rows = list(models.Entry.objects.filter(run_id=run, seq__gt=after).order_by("seq")[:limit])
    blobs = _blobs(rows)
    return [(row.seq, entry_text(_fields(row), _payload(row, blobs))) for row in rows]


def load(rows: Iterable[models.Entry]) -> list[Entry]:
    """Return stored rows as entries, with payloads that are kept as blobs filled in."""
    rows = list(rows)
    blobs = _blobs(rows)
    return [
        Entry(**_fields(row), payload=json.loads(_payload(row, blobs) or "null")) for row in rows
    ]


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
        uuid, time = _database().uuid, _database().time
        with connection.cursor() as cursor:
            for sql, values in (
                *rows.statements(uuid, time, str),
                *asked.statements(uuid, time),
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


def _blobs(rows: Sequence[models.Entry]) -> dict[str, str]:
    wanted = {row.blob for row in rows if row.blob}
    if not wanted:
        return {}
    found = models.Blob.objects.filter(run_id__in={row.run_id for row in rows}, sha256__in=wanted)
    return {blob.sha256: bytes(blob.data).decode() for blob in found}


def _payload(row: models.Entry, blobs: Mapping[str, str]) -> str | None:
    return blobs.get(row.blob) if row.blob else row.payload


def _fields(row: models.Entry) -> dict[str, Any]:
    """Return all fields of an entry but its payload."""
    return {
        "run": str(row.run_id),
        "seq": row.seq,
        "at": row.at,
        "kind": row.kind,
        "action": str(row.action) if row.action else None,
        "parent": str(row.parent) if row.parent else None,
        "key": row.key,
        "agent": row.agent,
        "actor": row.actor,
        "salt": row.salt,
        "payload_hash": row.payload_hash,
        "prev_hash": row.prev_hash,
        "hash": row.hash,
    }


def _database() -> ModuleType:
    return postgres if connection.vendor == "postgresql" else sqlite


def _place(write: Write, heads: Heads) -> Placed:
    placed = place(write, heads.get(write.run) or _stored_head(write.run))
    heads[write.run] = placed.head
    if placed.change.ended:
        placed.signature = signing.signed(placed.signed_head)
    return placed


def _batches(placed: Sequence[Placed]) -> list[list[Placed]]:
    """Put together what one statement can write, each run once; the rest follows one by one."""
    first: dict[str, Placed] = {}
    for one in placed:
        first.setdefault(one.run, one)
    together = [one for one in first.values() if one.is_plain] if _database() is postgres else []
    known = set(map(id, together))
    return [*([together] if together else []), *([one] for one in placed if id(one) not in known)]


def _is_one_statement(batches: list[list[Placed]]) -> bool:
    return _database() is postgres and len(batches) == 1 and batches[0][0].is_plain


def _write_locked(write: Write, heads: Heads) -> Placed | RunError:
    """Write what was not allowed, or was chained to an old head, if it is allowed under the lock
    of the run's row."""
    heads.pop(write.run, None)
    with transaction.atomic():
        if refusal := _refusal(write):
            return refusal
        placed = _place(write, heads)
        _database().write([placed])
    return placed


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


def _stored_head(run: str) -> Head:
    last = models.Entry.objects.filter(run_id=run).order_by("-seq").values_list("seq", "hash")
    return Head(*(last.first() or NO_ENTRIES))
