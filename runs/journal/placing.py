"""Entries get their place in the chain of a run: all that is to be written, as plain values."""

import hashlib
import os
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from runs.journal.entries import Entry, canonical, chain_hash, commitment
from runs.journal.projection import ActionRows, RunChange, run_change
from runs.journal.questions import QuestionRows

if TYPE_CHECKING:
    from runs.journal.store import NewEntry, Write

BLOB_BYTES = 64 * 1024


class Head(NamedTuple):
    """The last entry of a run."""

    seq: int
    hash: str


@dataclass(slots=True)
class Placed:
    """A write as it stands in the journal if the run's last entry is still `before`. `texts` are
    the payloads as they are stored, each with the name of its blob where it is kept as one;
    `signature` is the signed head of a run that ends with it."""

    write: "Write"
    before: Head
    change: RunChange
    at: str
    entries: list[Entry] = field(default_factory=list)
    texts: list[tuple[str | None, str | None]] = field(default_factory=list)
    blobs: list[tuple[str, bytes]] = field(default_factory=list)
    actions: ActionRows = field(default_factory=ActionRows)
    questions: QuestionRows = field(default_factory=QuestionRows)
    signature: dict[str, Any] | None = None

    @property
    def run(self) -> str:
        return self.write.run

    @property
    def head(self) -> Head:
        last = self.entries[-1]
        return Head(last.seq, last.hash)

    @property
    def signed_head(self) -> dict[str, Any]:
        """Return the head as it is signed once the run has ended."""
        return {"run": self.run, "size": self.head.seq, "head": self.head.hash, "at": self.at}

    @property
    def is_plain(self) -> bool:
        """Say whether nothing but the run, its entries and its actions is written."""
        return not (self.blobs or self.actions.ended or self.questions)

    @property
    def frees(self) -> bool:
        """Say whether nobody owns the run afterwards."""
        return self.write.release or self.change.ended


def place(write: "Write", before: Head) -> Placed:
    """Chain entries to the last one of their run."""
    at = datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    placed = Placed(write, before, run_change(write.entries), at)
    seq, prev_hash = before
    for new in write.entries:
        seq += 1
        entry, text = _chained(write.run, seq, at, new, prev_hash)
        prev_hash = entry.hash
        _keep(placed, entry, text)
        if not new.tidy:
            placed.actions.add(entry)
            placed.questions.add(entry)
    return placed


def _chained(run: str, seq: int, at: str, new: "NewEntry", prev_hash: str) -> tuple[Entry, str]:
    data = new.payload.data()
    text = canonical(data)
    salt = os.urandom(16).hex()
    envelope: dict[str, Any] = {
        "run": run,
        "seq": seq,
        "at": at,
        "kind": new.payload.kind,
        "action": new.action,
        "parent": new.parent,
        "key": new.key,
        "agent": new.agent,
        "actor": new.actor,
        "payload_hash": commitment(salt, text),
        "prev_hash": prev_hash,
    }
    hash = chain_hash(**envelope)
    return Entry(**envelope, payload=data, salt=salt, hash=hash), text


def _keep(placed: Placed, entry: Entry, text: str) -> None:
    blob = None
    if len(text) > BLOB_BYTES:
        data = text.encode()
        blob = hashlib.sha256(data).hexdigest()
        placed.blobs.append((blob, data))
    placed.entries.append(entry)
    placed.texts.append((None, blob) if blob else (text, None))
