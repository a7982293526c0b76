"""A draft in rows and the same draft as a document, both ways without loss, without Django.

A draft may be unfinished or wrong in any way that is still a JSON object. What fits goes to the
columns; whatever they would not give back exactly stays in `rest` and wins when it is put together.
"""

from dataclasses import dataclass, field
from typing import Final

from crews.strict_json import Json, json_canonical

Document = dict[str, Json]
NAME_MAX: Final = 40
KIND_MAX: Final = 20
TITLE_MAX: Final = 100
ORDER: Final = (
    "callsheet",
    "name",
    "description",
    "pattern",
    "task",
    "roles",
    "handoffs",
    "limits",
    "layout",
)


@dataclass(kw_only=True)
class RoleRow:
    name: str
    seat: str = ""
    kind: str = ""
    body: Document = field(default_factory=dict)
    x: float | None = None
    y: float | None = None


@dataclass(kw_only=True)
class HandoffRow:
    """`source` and `target` name roles of the draft; an end that does not stays in `body`."""

    source: str | None = None
    target: str | None = None
    body: Document = field(default_factory=dict)


@dataclass(kw_only=True)
class Draft:
    name: str = ""
    description: str = ""
    pattern: str = ""
    options: Document = field(default_factory=dict)
    task: Document = field(default_factory=dict)
    limits: Document = field(default_factory=dict)
    roles: list[RoleRow] = field(default_factory=list)
    handoffs: list[HandoffRow] = field(default_factory=list)
    rest: Document = field(default_factory=dict)


def draft_of(document: Document) -> Draft:
    """Take a document apart. A missing `callsheet` is added: every draft is of version 1."""
    document = {"callsheet": 1, **document}
    pattern = _object(document.get("pattern"))
    draft = Draft(
        name=_text(document.get("name"), TITLE_MAX),
        description=_text(document.get("description"), None),
        pattern=_text(pattern.get("name"), NAME_MAX),
        options=_object(pattern.get("options")),
        task=_object(document.get("task")),
        limits=_object(document.get("limits")),
    )
    draft.roles = _roles(document.get("roles"))
    _place(draft.roles, document.get("layout"))
    draft.handoffs = _handoffs(document.get("handoffs"), {role.name for role in draft.roles})
    given = document_of(draft)
    draft.rest = {
        key: value
        for key, value in document.items()
        if key not in given or json_canonical(given[key]) != json_canonical(value)
    }
    return draft


def document_of(draft: Draft) -> Document:
    """Put a draft together, its fields in the order of the documentation."""
    pattern = {"name": draft.pattern} if draft.pattern else {}
    layout = {
        role.name: {"x": _number(role.x), "y": _number(role.y)}
        for role in draft.roles
        if role.x is not None and role.y is not None
    }
    parts: Document = {
        "name": draft.name,
        "description": draft.description,
        "pattern": pattern | ({"options": draft.options} if draft.options else {}),
        "task": draft.task,
        "roles": {role.name: _role_document(role) for role in draft.roles},
        "handoffs": [_handoff_document(handoff) for handoff in draft.handoffs],
        "limits": draft.limits,
        "layout": layout,
    }
    whole = {"callsheet": 1} | {key: value for key, value in parts.items() if value} | draft.rest
    first = {key: whole.pop(key) for key in ORDER if key in whole}
    return first | whole


def _roles(value: Json) -> list[RoleRow]:
    if not isinstance(value, dict) or not all(
        isinstance(role, dict) and len(name) <= NAME_MAX for name, role in value.items()
    ):
        return []
    rows = []
    for name, role in value.items():
        seat, kind = _text(role.get("seat"), NAME_MAX), _text(role.get("kind"), KIND_MAX)
        taken = {key for key, text in (("seat", seat), ("kind", kind)) if text}
        body = {key: part for key, part in role.items() if key not in taken}
        rows.append(RoleRow(name=name, seat=seat, kind=kind, body=body))
    return rows


def _role_document(row: RoleRow) -> Document:
    ends = {key: text for key, text in (("seat", row.seat), ("kind", row.kind)) if text}
    return ends | row.body


def _handoffs(value: Json, names: set[str]) -> list[HandoffRow]:
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        return []
    rows = []
    for item in value:
        source, target = item.get("from"), item.get("to")
        ends = {
            key: end
            for key, end in (("from", source), ("to", target))
            if isinstance(end, str) and end in names
        }
        body = {key: part for key, part in item.items() if key not in ends}
        rows.append(HandoffRow(source=ends.get("from"), target=ends.get("to"), body=body))
    return rows


def _handoff_document(row: HandoffRow) -> Document:
    ends = {key: end for key, end in (("from", row.source), ("to", row.target)) if end is not None}
    return ends | row.body


def _place(roles: list[RoleRow], layout: Json) -> None:
    points = layout if isinstance(layout, dict) else {}
    for role in roles:
        match points.get(role.name):
            case {"x": int() | float() as x, "y": int() | float() as y}:
                if max(abs(x), abs(y)) <= 1e6:
                    role.x, role.y = float(x), float(y)


def _number(value: float | None) -> float | int | None:
    """Return whole numbers without a point, as browsers write them."""
    return int(value) if value is not None and value.is_integer() else value


def _text(value: Json, limit: int | None) -> str:
    return value if isinstance(value, str) and (limit is None or len(value) <= limit) else ""


def _object(value: Json) -> Document:
    return value if isinstance(value, dict) else {}
