"""Writes valid journals by hand: each entry gets its time, salt and place in the chain."""

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from runs.journal.entries import (
    GENESIS,
    PAYLOADS,
    Entry,
    action_id,
    canonical,
    chain_hash,
    commitment,
    digest,
)

Json = Any
START = datetime(2026, 3, 14, 9, 30, tzinfo=UTC)


class Story:
    """A run's journal as it is told. An entry comes `step` milliseconds after the one before."""

    def __init__(self, name: str, *, step: int = 400) -> None:
        self.run = str(UUID(bytes=hashlib.sha256(name.encode()).digest()[:16]))
        self.entries: list[Entry] = []
        # By seq: entries as they were before they were redacted.
        self.erased: dict[int, Entry] = {}
        self.step = step
        self.now = START

    def add(
        self,
        kind: str,
        *,
        key: str = "",
        parent: str | None = None,
        agent: str = "",
        actor: str = "system",
        wait: int | None = None,
        **payload: Json,
    ) -> Entry:
        """Append an entry; `key`, `parent`: action paths; `wait`: milliseconds since the last."""
        if self.entries:
            self.now += timedelta(milliseconds=self.step if wait is None else wait)
        data = PAYLOADS[kind](**payload).data()
        seq = len(self.entries) + 1
        salt = hashlib.sha256(f"{self.run}{seq}".encode()).hexdigest()[:32]
        envelope = {
            "run": self.run,
            "seq": seq,
            "at": self.now.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "kind": kind,
            "action": action_id(self.run, key) if key else None,
            "parent": action_id(self.run, parent) if parent else None,
            "key": key,
            "agent": agent,
            "actor": actor,
            "payload_hash": commitment(salt, canonical(data)),
            "prev_hash": self.entries[-1].hash if self.entries else GENESIS,
        }
        entry = Entry.model_validate(
            {**envelope, "payload": data, "salt": salt, "hash": chain_hash(**envelope)}  # type: ignore[arg-type]
        )
        self.entries.append(entry)
        return entry

    def begin(self, document: dict[str, Json], task: Json, **more: Json) -> None:
        crew = {
            "id": self.run,
            "slug": "crew",
            "name": document["name"],
            "version": 1,
            "hash": digest(document),
        }
        self.add(
            "run.started",
            actor="ada@example.org",
            crew=crew,
            document=document,
            pattern_version=1,
            task=task,
            **more,
        )

    def start(self, type: str, key: str, agent: str, name: str, input: Json, **more: Json) -> None:
        """Start an action below the one whose path is the key's beginning."""
        parent = key.rpartition("/")[0] or None
        attempt = more.pop("attempt", 1)
        self.add(
            "action.started",
            key=key,
            parent=parent,
            agent=agent,
            actor=agent,
            type=type,
            name=name,
            attempt=attempt,
            input=input,
            input_hash=digest(input),
            **more,
        )

    def finish(self, key: str, agent: str, output: Json, **more: Json) -> None:
        self.add("action.finished", key=key, agent=agent, actor=agent, output=output, **more)

    def fail(
        self, key: str, agent: str, error: dict[str, Json], *, final: bool, **more: Json
    ) -> None:
        self.add(
            "action.failed", key=key, agent=agent, actor=agent, error=error, final=final, **more
        )

    def call(
        self,
        key: str,
        agent: str,
        messages: list[Json],
        text: str,
        *,
        tokens: tuple[int, int] = (200, 80),
        cost: str | None = "0.0011",
        tool_calls: list[Json] | None = None,
        wait: int = 1200,
        **input: Json,
    ) -> None:
        """A whole model call: its start and, `wait` milliseconds later, its result."""
        calls = tool_calls or []
        self.start(
            "model_call",
            key,
            agent,
            "anthropic/claude-sonnet-4-5",
            {"messages": messages, **input},
            provider="anthropic",
            model="claude-sonnet-4-5",
        )
        self.finish(
            key,
            agent,
            {"text": text, "tool_calls": calls, "stop": "tool_use" if calls else "end"},
            wait=wait,
            usage={"input_tokens": tokens[0], "output_tokens": tokens[1]},
            **({"cost_usd": cost} if cost else {}),
        )

    def tool(
        self, key: str, agent: str, name: str, arguments: Json, output: Json, *, wait: int = 300
    ) -> None:
        """A whole tool call."""
        self.start("tool_call", key, agent, name, arguments)
        self.finish(key, agent, output, wait=wait)

    def redact(self, seq: int, reason: str) -> None:
        """Erase the payload of an entry and say so."""
        gone = self.erased[seq] = self.entries[seq - 1]
        self.entries[seq - 1] = gone.model_copy(update={"payload": None, "salt": None})
        self.add("redacted", actor="ada@example.org", seq=seq, reason=reason)
