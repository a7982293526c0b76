"""How runs and actions are written on pages: ``{% load runs %}``."""

import json
from datetime import datetime
from typing import Any

from django import template
from django.template import Context

from runs.models import Action, Run
from teams.templatetags.callsheet import duration, money

register = template.Library()
_LOOKS = {"finished": "done", "retrying": "waiting", "uncertain": "waiting", "lost": "failed"}
_WORDS = {
    "waiting": "waiting for a person",
    "retrying": "trying again",
    "uncertain": "in doubt",
    "lost": "worker lost",
}
_TYPES = {
    "ask": "asked",
    "model_call": "model",
    "tool_call": "tool",
    "delegation": "delegates",
    "handoff": "hands over",
    "escalation": "asks a person",
    "state_write": "writes state",
}


@register.filter
def look(status: str) -> str:
    """Return the name of a status's colour and icon."""
    return _LOOKS.get(status, status)


@register.filter
def word(status: str) -> str:
    """Return a status as people say it."""
    return _WORDS.get(status, status)


@register.filter
def doing(type: str) -> str:
    """Return an action's type as people say it."""
    return _TYPES.get(type, type.replace("_", " "))


@register.filter
def who(actor: str) -> str:
    """Return the name of an entry's actor: the person's address, the role, or the system."""
    return actor.removeprefix("user:")


@register.filter
def shown(value: Any) -> str:
    """Return a payload as text: text as it is, everything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False)


@register.filter
def tall(text: Any) -> bool:
    """Tell whether a text may be higher than the box that it is shown in."""
    return len(str(text)) > 600 or str(text).count("\n") > 12


@register.filter
def fields(value: Any) -> list[tuple[str, Any]]:
    """Return the fields of an object with long texts, to be shown one by one; else nothing."""
    if not isinstance(value, dict):
        return []
    long = any(
        isinstance(part, str) and (len(part) > 60 or "\n" in part) for part in value.values()
    )
    return [(name, part) for name, part in value.items() if part not in ("", None)] if long else []


@register.filter
def compact(tokens: int) -> str:
    """Return a number of tokens in few characters: ``312``, ``1.2k``, ``48k``, ``1.3M``."""
    if tokens < 1000:
        return str(tokens)
    if tokens < 10_000:
        return f"{tokens / 1000:.1f}k"
    return f"{tokens / 1000:.0f}k" if tokens < 999_500 else f"{tokens / 1_000_000:.1f}M"


@register.filter
def differs(what: str) -> str:
    """Return in what two runs' actions differ as people say it."""
    return {"only_a": "only in A", "only_b": "only in B"}.get(what, what)


@register.simple_tag(takes_context=True)
def written(context: Context, choice: Any) -> str:
    """Return what a form's field holds: what was written into it, else its own text."""
    return str(context["written"][choice.name])


@register.simple_tag
def cost_of(run: Run) -> str:
    """Return what a run cost, and whether there is more of which the price is not known."""
    if run.rehearsal and not run.cost_usd:
        return "–"
    if run.unpriced:
        return f"{money(run.cost_usd)} + unknown" if run.cost_usd else "unknown"
    return money(run.cost_usd)


@register.simple_tag(takes_context=True)
def subject(context: Context, action: Any) -> str:
    """Return what an action is about: for what goes to another role, that one's title."""
    name: str = action.name
    if action.type in ("delegation", "handoff"):
        return f"→ {role(context, name.rpartition(' → ')[2])}"
    return name


@register.simple_tag(takes_context=True)
def role(context: Context, name: str) -> str:
    """Return what people call a role: its title in the crew's document, else its name."""
    titles: dict[str, str] = context.get("titles") or {}
    return titles.get(name) or name or "System"


@register.simple_tag
def duration_of(run: Run, now: datetime) -> str:
    """Return how long a run took, or has been going on."""
    return duration((run.ended_at or now) - run.created_at)


@register.simple_tag
def took(action: Action) -> str:
    """Return the time from an action's start to the end of its last attempt."""
    return duration(action.ended_at - action.started_at) if action.ended_at else "…"
