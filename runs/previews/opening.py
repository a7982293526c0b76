"""The previews of a run, as pages and programs are told of them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from runs.errors import Conflict
from runs.models import OpenPreview, Run
from runs.previews import links, table
from runs.previews.links import Guest
from runs.selectors import state_of


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewRow:
    """A preview that the journal tells of. `until`: when its sandbox goes, once that is known."""

    number: int
    title: str
    port: int
    agent: str
    action: str
    status: Literal["open", "over"]
    until: datetime | None


def previews_of(run: Run) -> list[PreviewRow]:
    """Return the previews of a run in the order in which they were opened."""
    rows = {str(row.action): row for row in OpenPreview.objects.filter(run=run)}
    found = []
    for action in state_of(run).actions.values():
        told: Any = action.output.get("preview") if isinstance(action.output, dict) else None
        opened = (action.type, action.name) == ("tool_call", "open_preview")
        if not opened or action.taken or not isinstance(told, dict):
            continue  # what a fork took over was another run's: its sandbox is not here
        row = rows.get(action.id)
        found.append(
            PreviewRow(
                number=told["number"],
                title=told["title"],
                port=told["port"],
                agent=action.agent,
                action=action.id,
                status="over" if row is None or table.is_past(row.until) else "open",
                until=row.until if row else None,
            )
        )
    return sorted(found, key=lambda preview: preview.number)


def preview_link(*, run: Run, number: int, plain_host: str = "") -> str:
    """Return a link into a preview. Whoever asks may see the run.

    Raises Conflict when the preview is over, LookupError when the run has opened none of that
    number.
    """
    place = table.preview_find(run.pk, number)
    if place is None:
        raise LookupError(f"The run has no preview {number}.")
    if place.is_over:
        raise Conflict("This preview is over: its sandbox went half an hour after the run ended.")
    return links.link_make(Guest(str(run.pk), number), plain_host=plain_host)
