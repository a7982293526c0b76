"""What a tool gets, without a run around it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

from runs.tools.base import ToolContext

Json = Any
T = TypeVar("T")


def alone(**fields: Any) -> ToolContext:
    """Return the context of nobody's run; it has no sandboxes and asks nobody."""
    return cast(ToolContext, Alone(**fields))


@dataclass
class Alone:
    options: Mapping[str, Json] = field(default_factory=dict)
    rehearsal: bool = False
    team: str = "00000000-0000-0000-0000-000000000000"
    role: str = "reader"
    action: str = "an-action"
    shown: list[str] = field(default_factory=list)

    async def read(self, work: Callable[[], T]) -> T:
        return work()

    def show(self, text: str) -> None:
        self.shown.append(text)
