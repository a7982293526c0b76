"""What is wrong with a document, told so that an editor can mark the place."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from difflib import get_close_matches
from typing import Any, Literal

from crews.strict_json import Json, json_dump

Severity = Literal["error", "warning", "advice"]
PREVIEW = 80
MOST = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """One finding.

    `path` is dotted (`roles.lead.model.tier`), "" for the document as a whole; `value` is a short
    preview of what stood there; `allowed` lists the choices, if they are few; `role` and `handoff`
    (its index) say which node or edge to mark.
    """

    path: str
    message: str
    value: str | None = None
    allowed: tuple[str, ...] | None = None
    severity: Severity = "error"
    role: str | None = None
    handoff: int | None = None

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"allowed": None if self.allowed is None else list(self.allowed)}

    def under(self, prefix: str) -> "Problem":
        """Return the problem with its path below `prefix`, placed anew."""
        path = f"{prefix}.{self.path}".strip(".")
        role, handoff = place(path)
        return replace(self, path=path, role=role, handoff=handoff)

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.path else self.message


def problem(
    path: str,
    message: str,
    *,
    value: Json = None,
    allowed: tuple[str, ...] | None = None,
    severity: Severity = "error",
) -> Problem:
    """Make a problem, with the role or handoff read off its path."""
    role, handoff = place(path)
    shown = None if value is None else preview(value)
    return Problem(
        path=path,
        message=message,
        value=shown,
        allowed=allowed,
        severity=severity,
        role=role,
        handoff=handoff,
    )


def place(path: str) -> tuple[str | None, int | None]:
    """Return the role, or the index of the handoff, that a path lies in."""
    match path.split(".")[:2]:
        case ["roles" | "layout", name]:
            return name, None
        case ["handoffs", index] if index.isdecimal():
            return None, int(index)
    return None, None


def preview(value: Json) -> str:
    """Return the start of a value as JSON."""
    if isinstance(value, str):
        value = value[: PREVIEW + 1]
    text = json_dump(value)
    return text if len(text) <= PREVIEW else text[: PREVIEW - 1] + "…"


def capped(problems: list[Problem], total: int = 0) -> list[Problem]:
    """Return the first problems; what is left out, of `total` if not all are there, is counted."""
    total = max(total, len(problems))
    if total <= MOST:
        return problems
    rest = total - MOST + 1
    text = f"There are {rest} more problems."
    return [
        *problems[: MOST - 1],
        Problem(path="", message=text, severity=problems[MOST - 1].severity),
    ]


def errors(problems: list[Problem]) -> list[Problem]:
    return [item for item in problems if item.severity == "error"]


def meant(name: str, allowed: Iterable[str]) -> str:
    """Return a guess at what a wrong name was meant to be, as a sentence to append, or ""."""
    found = get_close_matches(name[:60], list(allowed), n=1, cutoff=0.75)
    return f" Did you mean '{found[0]}'?" if found else ""


def listed(names: tuple[str, ...] | list[str]) -> str:
    """Return names as a phrase: "a, b or c"."""
    if not names:
        return "nothing"
    return " or ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
