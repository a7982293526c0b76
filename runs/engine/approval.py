"""Calls of tools that a person approves first: shown are the arguments as the model gave them."""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from crews.titles import title_of
from runs.journal.entries import canonical
from runs.providers.base import ToolCall

if TYPE_CHECKING:
    from runs.engine.crew import CrewAtWork

Json = Any
CHANGED_SHOWN = 2_000


class Answer:
    """A decision on its way from the branch that asks for it to the one that needs it."""

    def __init__(self) -> None:
        self._future: asyncio.Future[dict[str, Json]] = asyncio.get_running_loop().create_future()

    def put(self, decision: dict[str, Json]) -> None:
        self._future.set_result(decision)

    async def get(self) -> dict[str, Json]:
        """Wait for the decision. Raises what ended the branch that asks for it."""
        return await asyncio.shield(self._future)

    @contextmanager
    def passing_on(self) -> Iterator[None]:
        """Let whoever waits end as this block does."""
        try:
            yield
        except asyncio.CancelledError:
            self._future.cancel()
            raise
        except BaseException as ended:
            self._future.set_exception(ended)
            self._future.exception()  # It may be that nobody waits for it any more.
            raise


async def approve(
    place: "CrewAtWork", role: str, tool: str, parameters: dict[str, Json], call: ToolCall
) -> dict[str, Json]:
    """Ask a person whether a call may be made and return the decision: approve, edit (then its
    value is the arguments, valid by the tool's schema) or reject. Raises RunSuspended."""
    return await place.question(
        "approval",
        role,
        f"{title_of(role, place.role(role).title)} wants to call {tool}. May it?",
        ["approve", "edit", "reject"],
        reason="approval",
        schema=parameters,
        context={"tool": tool},
        proposed=call.arguments,
    )


def refusal_of(decision: Mapping[str, Json]) -> str:
    """Return what a model is told of a call that was rejected."""
    return f"this call was not approved. {decision['comment']}".strip()


def change_of(decision: Mapping[str, Json]) -> str:
    """Return what a model is told of a call whose arguments a person changed, "" where none did."""
    if decision["choice"] != "edit":
        return ""
    shown = canonical(decision["value"])[:CHANGED_SHOWN]
    return f"(A person changed the arguments of this call before it was made: {shown})"
