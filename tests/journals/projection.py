"""A run's state as plain JSON, the same text from Python and TypeScript."""

from dataclasses import fields
from decimal import Decimal
from typing import Any

from runs.journal.fold import RunState


def plain(state: RunState) -> dict[str, Any]:
    """Return the state with its actions listed in order and money as the shortest exact text."""
    data = {field.name: getattr(state, field.name) for field in fields(state)}
    data["actions"] = [
        {field.name: _money(getattr(action, field.name)) for field in fields(action)}
        for action in state.actions.values()
    ]
    return {name: _money(value) for name, value in data.items()}


def _money(value: Any) -> Any:
    if not isinstance(value, Decimal):
        return value
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
