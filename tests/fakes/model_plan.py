"""What a fake model server is asked, and the rules by which it answers."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from tests.fakes.model_wire import Reply

Json = Any
Fault = Literal["", "hang", "close", "cut", "stop"]


@dataclass(kw_only=True)
class Call:
    """One request as it came. `ended` is how it was left: answered, failed, cut or abandoned."""

    wire: str
    model: str
    key: str
    body: Json
    headers: dict[str, str]
    ended: str = ""

    @property
    def last_text(self) -> str:
        """The text of the last message, tool results included."""
        messages = self.body.get("messages") or [{}]
        return text_of(messages[-1].get("content"))

    @property
    def all_text(self) -> str:
        parts = [text_of(self.body.get("system"))]
        parts += [text_of(message.get("content")) for message in self.body.get("messages", [])]
        return "\n".join(parts)


@dataclass(kw_only=True)
class Rule:
    """When to answer, and how. Empty conditions fit everything; `times` 0 means always.

    Faults: `close` drops the connection unanswered; `hang` falls silent, `cut` drops the
    connection and `stop` ends the answer cleanly but early, each after `after` events.
    `events` replaces the reply's events (text goes as it is), `status` makes an error.
    `wrapped` puts the stream into gzip, or a byte order mark before it.
    """

    model: str = ""
    contains: str = ""
    anywhere: str = ""
    key: str = ""
    has: str = ""
    wire: str = ""
    times: int = 0
    latency_ms: float = 0
    piece_ms: float = 0
    reply: Reply | Callable[[Call], Reply] = field(default_factory=lambda: Reply(text="ok"))
    status: int = 0
    message: str = "it failed"
    code: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    content: str = ""
    events: tuple[Json, ...] = ()
    whole: bool = False
    wrapped: Literal["", "gzip", "mark"] = ""
    fault: Fault = ""
    after: int = 0
    used: int = 0

    def fits(self, call: Call) -> bool:
        return (
            (not self.times or self.used < self.times)
            and (not self.model or self.model == call.model)
            and (not self.wire or self.wire == call.wire)
            and (not self.key or self.key == call.key)
            and (not self.has or self.has in call.body)
            and (not self.contains or self.contains in call.last_text)
            and (not self.anywhere or self.anywhere in call.all_text)
        )


def text_of(content: Json) -> str:
    """The text of a message's content in either wire format."""
    if isinstance(content, list):
        return "\n".join(text_of(part.get("text") or part.get("content")) for part in content)
    return content if isinstance(content, str) else ""
