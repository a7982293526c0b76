"""What people call a role; the pages do the same (static/src/graph/document.ts)."""

import re


def title_of(name: str, title: object = "") -> str:
    """Return a role's title, or its name made readable: `fact_checker` is "Fact checker"."""
    if title:
        return str(title)
    words = re.sub(r"[_-]+", " ", name).strip()
    return words[:1].upper() + words[1:]
