"""``{% load resources %}``: how the definitions of tools are shown."""

import json
from typing import Any

from django import template

register = template.Library()


@register.filter
def as_json(value: Any) -> str:
    """Write a value as JSON that a person can read."""
    return json.dumps(value, ensure_ascii=False, indent=2)
