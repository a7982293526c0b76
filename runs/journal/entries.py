"""The journal's entries: what a run is made of. ◆ See docs/journal.md.

An entry is an envelope (who, when, where in the run) around a payload, one class per kind.
No Django and no I/O here: the fold, the verifier and the golden journals are built on it.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

Json = Any
GENESIS = "0" * 64
ActionType = Literal[
    "plan",
    "route",
    "ask",
    "model_call",
    "tool_call",
    "delegation",
    "handoff",
    "message",
    "state_write",
    "review",
    "synthesis",
    "checkpoint",
    "escalation",
    "spawn",
]
# The choices that come with a value, by the question's schema.
WITH_VALUE = ("answer", "edit", "top_up")
# Why a person is asked: a tool's call is to be approved, a result's confidence is low, a result is
# invalid, nobody knows whether an action happened, a limit is reached, too much has failed, an
# agent asks, a person has the role.
WaitingReason = Literal[
    "approval",
    "confidence",
    "invalid",
    "uncertain",
    "failures",
    "limit",
    "breaker",
    "question",
    "role",
]


class Payload(BaseModel):
    """What an entry says. Fields that are None are left out of the journal."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    kind: ClassVar[str]

    def data(self) -> dict[str, Json]:
        return {name: value for name, value in self.__dict__.items() if value is not None}


class ActionPayload(Payload):
    """What an entry says of an action. `taken` stands in a fork where the entry was taken over:
    `{run, seq, at}` of the entry that it repeats; `edited` in it marks a result that a person
    put in the place of the original's."""

    taken: dict[str, Json] | None = None


class RunStarted(Payload):
    """A run begins. `document` is the whole crew document, `models` the model chosen for each
    role (`{role: {"provider", "name", "credential"}}`), `crews` the crews that stand for roles,
    by the role (`{slug, version, hash, document}`; inside such a crew `role/role`), `origin` the
    run and action it was forked from (see `Origin` in runs/forks.py), `tools` the tools of the
    team's MCP servers by their names in the document (see `pin_of` in runs/tools/mcp.py)."""

    kind: ClassVar[str] = "run.started"
    crew: dict[str, Json]
    document: dict[str, Json]
    pattern_version: int
    task: Json
    input: Json = None
    rehearsal: bool = False
    models: dict[str, Json] = Field(default_factory=dict)
    crews: dict[str, Json] | None = None
    images: dict[str, str] | None = None
    tools: dict[str, Json] | None = None
    origin: dict[str, Json] | None = None


class ActionStarted(ActionPayload):
    """An action is about to happen. `input_hash` covers the whole input also where `input` is
    shortened to what is new (a model call names the messages since the call before it). `waits_s`:
    it begins that much later, for the limit that `waits_for` names. `cached` (`{run, action, at}`)
    is whose result is taken instead of doing it. `lost`: the attempt before it was lost with its
    worker, and what that cost nobody knows."""

    kind: ClassVar[str] = "action.started"
    type: ActionType
    name: str
    attempt: int
    input: Json
    input_hash: str
    provider: str | None = None
    model: str | None = None
    reserved: dict[str, Json] | None = None
    waits_s: float | None = None
    waits_for: str | None = None
    cached: dict[str, Json] | None = None
    lost: bool | None = None


class ActionFinished(ActionPayload):
    """An action's result. `usage` is tokens, `cost_usd` decimal text (None: price not known)."""

    kind: ClassVar[str] = "action.finished"
    output: Json
    usage: dict[str, int] | None = None
    cost_usd: str | None = None


class ActionFailed(ActionPayload):
    """An attempt failed. Without `final` another attempt follows after `retry_in_s` seconds.
    `error` has `kind`, `message`, `advice`, and where known `role`, `provider`, `host`,
    `status`."""

    kind: ClassVar[str] = "action.failed"
    error: dict[str, Json]
    final: bool
    retry_in_s: float | None = None
    usage: dict[str, int] | None = None
    cost_usd: str | None = None


class ActionUncertain(ActionPayload):
    """Nobody knows whether the action happened: it was under way when its worker was lost."""

    kind: ClassVar[str] = "action.uncertain"
    reason: str


class RunWaiting(ActionPayload):
    """A person must decide. `choices` name what they may choose; `schema` describes an answer's
    value, and `proposed` is the value in question, from which an edit begins. `reason` says why
    somebody is asked; `assignee` is the address of who is asked first; at the `deadline` (UTC) the
    system chooses `default`, and without one the question stays open."""

    kind: ClassVar[str] = "run.waiting"
    question: str
    choices: list[str]
    schema_: dict[str, Json] | None = None
    context: Json = None
    proposed: Json = None
    reason: WaitingReason | None = None
    assignee: str | None = None
    deadline: str | None = None
    default: str | None = None

    def data(self) -> dict[str, Json]:
        data = super().data()
        if "schema_" in data:
            data["schema"] = data.pop("schema_")
        return data


class DecisionMade(ActionPayload):
    kind: ClassVar[str] = "decision.made"
    choice: str
    value: Json = None
    comment: str = ""


class RunPaused(Payload):
    kind: ClassVar[str] = "run.paused"
    reason: str = ""


class RunResumed(Payload):
    """The run goes on: a person resumed it, or (actor `system`) another worker took it over. With
    `handover` the one before was told to end and gave the run up by itself: that is no crash."""

    kind: ClassVar[str] = "run.resumed"
    reason: str = ""
    handover: bool | None = None


class RunCancelled(Payload):
    kind: ClassVar[str] = "run.cancelled"
    reason: str = ""


class RunFinished(Payload):
    kind: ClassVar[str] = "run.finished"
    status: Literal["finished", "failed"]
    output: Json = None
    error: dict[str, Json] | None = None
    totals: dict[str, Json] = Field(default_factory=dict)


class Redacted(Payload):
    """The payload of entry `seq` was erased; its commitment stays, so the chain still verifies."""

    kind: ClassVar[str] = "redacted"
    seq: int
    reason: str


PAYLOADS: dict[str, type[Payload]] = {
    cls.kind: cls
    for cls in (
        RunStarted,
        ActionStarted,
        ActionFinished,
        ActionFailed,
        ActionUncertain,
        RunWaiting,
        DecisionMade,
        RunPaused,
        RunResumed,
        RunCancelled,
        RunFinished,
        Redacted,
    )
}
Kind = Literal[
    "run.started",
    "action.started",
    "action.finished",
    "action.failed",
    "action.uncertain",
    "run.waiting",
    "decision.made",
    "run.paused",
    "run.resumed",
    "run.cancelled",
    "run.finished",
    "redacted",
]


class Entry(BaseModel):
    """One entry as it is stored, streamed and exported. `payload` and `salt` are None once
    redacted."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    run: str
    seq: Annotated[int, Field(ge=1)]
    at: str
    kind: Kind
    action: str | None = None
    parent: str | None = None
    key: str = ""
    agent: str = ""
    actor: str = "system"
    payload: dict[str, Json] | None
    salt: str | None
    payload_hash: str
    prev_hash: str
    hash: str


def canonical(value: Json) -> str:
    """Return the one JSON text of a value: sorted keys, no spaces, ASCII. Raises ValueError on
    NaN."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def entry_text(fields: Mapping[str, Json], payload: str | None) -> str:
    """Return the JSON of an entry from its fields and its payload as it is stored (`fields` may
    have any `payload`, which is not looked at)."""
    head = {name: fields[name] for name in Entry.model_fields if name != "payload"}
    return f'{json.dumps(head)[:-1]}, "payload": {payload or "null"}}}'


def digest(value: Json) -> str:
    """Return the SHA-256 of a value's canonical JSON, hex."""
    return hashlib.sha256(canonical(value).encode()).hexdigest()


def commitment(salt: str, payload_text: str) -> str:
    """Return the salted commitment to a payload's canonical JSON, hex."""
    return hashlib.sha256(f"{salt}{payload_text}".encode()).hexdigest()


def chain_hash(
    *,
    run: str,
    seq: int,
    at: str,
    kind: str,
    action: str | None,
    parent: str | None,
    key: str,
    agent: str,
    actor: str,
    payload_hash: str,
    prev_hash: str,
) -> str:
    """Return an entry's hash: SHA-256 over its envelope, its payload's commitment and the hash
    before."""
    envelope = [run, seq, at, kind, action, parent, key, agent, actor, payload_hash, prev_hash]
    return hashlib.sha256(canonical(envelope).encode()).hexdigest()


def action_id(run: str, key: str) -> str:
    """Return the id of the action at a structural path of a run: the same in every replay."""
    return str(UUID(bytes=hashlib.sha256(f"{run}/{key}".encode()).digest()[:16]))
