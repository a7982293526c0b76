"""How times, durations and money are written on every page: ``{% load callsheet %}``."""

from datetime import datetime, timedelta
from decimal import Decimal

from django import template
from django.forms import BoundField, CheckboxInput, FileInput, RadioSelect, Select, Textarea
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()

_UNITS = ((86400 * 365, "y"), (86400 * 30, "mo"), (86400, "d"), (3600, "h"), (60, "min"))


@register.filter
def ago(moment: datetime | None) -> SafeString | str:
    """Write a moment relative to now; its exact time shows on hover and to machines."""
    if moment is None:
        return "never"
    seconds = int((timezone.now() - moment).total_seconds())
    relative = "just now" if abs(seconds) < 60 else _relative(seconds)
    exact = timezone.localtime(moment)
    return format_html(
        '<time class="num" datetime="{}" title="{}">{}</time>',
        exact.isoformat(),
        exact.strftime("%Y-%m-%d %H:%M:%S %Z"),
        relative,
    )


def _relative(seconds: int) -> str:
    size, unit = next((size, unit) for size, unit in _UNITS if abs(seconds) >= size)
    amount = f"{abs(seconds) // size} {unit}"
    return f"in {amount}" if seconds < 0 else f"{amount} ago"


@register.filter
def duration(value: timedelta | float | None) -> str:
    """Write a timedelta or seconds with units: ``840 ms``, ``3.2 s``, ``4 min 05 s``."""
    if value is None:
        return "–"
    seconds = value.total_seconds() if isinstance(value, timedelta) else float(value)
    if round(seconds * 1000) < 1000:
        return f"{round(seconds * 1000)} ms"
    if round(seconds, 1) < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min"


@register.filter
def money(value: Decimal | str | None) -> str:
    """Write US dollars to the cent that matters: ``$1.24``, ``$0.0031``; None is ``unknown``."""
    if value is None:
        return "unknown"
    amount = Decimal(value)
    if not amount:
        return "$0.00"
    if abs(amount) < 1:
        # Two significant digits, however small the sum.
        amount = Decimal(f"{amount:.1e}")
    return f"${amount:,.{max(2, 1 - amount.adjusted())}f}"


@register.filter
def styled(field: BoundField) -> SafeString:
    """Draw a form field's widget with the class that belongs to its kind."""
    widget = field.field.widget
    kinds = {
        Textarea: "textarea",
        RadioSelect: "",
        Select: "select",
        CheckboxInput: "checkbox",
        FileInput: "input",
    }
    style = next((name for kind, name in kinds.items() if isinstance(widget, kind)), "input")
    attrs: dict[str, str | bool] = {"class": f"{style} {widget.attrs.get('class', '')}".strip()}
    # A placeholder that only repeats the label is noise.
    if str(widget.attrs.get("placeholder", "")).lower().startswith(str(field.label).lower()):
        attrs["placeholder"] = ""
    return field.as_widget(attrs=attrs)
