"""Made-up JSON that satisfies a JSON Schema: always the same for the same schema and seed."""

import json
from hashlib import sha256
from math import ceil, floor

from runs.providers.base import Json
from runs.providers.regex_words import matching

MAX_DEPTH = 24
MAX_NODES = 4000
MAX_ITEMS = 200
MAX_TEXT = 5000

# names of what a crew that goes well leaves empty or denies
_ABSENT = (
    *("depend", "issue", "error", "block", "conflict", "missing", "fail", "reject", "concern"),
    *("escalat", "problem", "warning", "needs_", "uncertain"),
)
_FORMATS = {
    "date-time": "2026-01-02T03:04:05Z",
    "date": "2026-01-02",
    "time": "03:04:05Z",
    "duration": "P1D",
    "email": "rehearsal@example.com",
    "idn-email": "rehearsal@example.com",
    "hostname": "example.com",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "uri": "https://example.com/rehearsal",
    "url": "https://example.com/rehearsal",
    "iri": "https://example.com/rehearsal",
    "uri-reference": "/rehearsal",
    "uuid": "00000000-0000-4000-8000-000000000000",
    "regex": "^rehearsal$",
    "json-pointer": "/rehearsal",
}


def improvise(schema: Json, *, seed: str, about: str = "") -> Json:
    """A value that satisfies `schema`, cheerful in tone: approvals are given, errors are absent.

    Bounded in depth, items and nodes, whatever the schema says; what it cannot satisfy
    (contradictions, some `not` and `oneOf`) comes out as near as it can.
    """
    return _Improviser(schema, seed, about).value(schema, "", 0)


class _Improviser:
    def __init__(self, root: Json, seed: str, about: str) -> None:
        self._root = root
        self._seed = seed
        self._about = about
        self._nodes = 0

    def value(self, schema: Json, path: str, depth: int) -> Json:
        self._nodes += 1
        if depth > MAX_DEPTH or self._nodes > MAX_NODES:
            return None
        schema = self._flat(schema, path, depth)
        chosen = self._given(schema, path)
        return self._made(schema, path, depth) if chosen is self else chosen

    def _given(self, schema: dict[str, Json], path: str) -> Json:
        """A value that the schema itself spells out, or `self` where there is none."""
        for given in ("const", "default"):
            if given in schema:
                return schema[given]
        for choices in (schema.get("enum"), schema.get("examples")):
            if isinstance(choices, list) and choices:
                return choices[self._pick(path, len(choices))]
        return self

    def _made(self, schema: dict[str, Json], path: str, depth: int) -> Json:
        match _type(schema):
            case "object":
                return self._object(schema, path, depth)
            case "array":
                return self._array(schema, path, depth)
            case "integer" | "number" as form:
                return _number(schema, whole=form == "integer")
            case "boolean":
                return not _is_absent(path)
            case "null":
                return None
        return self._text(schema, path)

    def _pick(self, path: str, size: int) -> int:
        """One of `size`, by chance of the seed and the place; neighbours in a list take turns."""
        steps = path.split("/")
        names = "/".join("#" if step.isdigit() else step for step in steps)
        digest = sha256(f"{self._seed}\n{names}".encode("utf-8", "replace")).digest()
        turn = sum(int(step) for step in steps if step.isdigit())
        return (int.from_bytes(digest[:8], "big") + turn) % size

    def _flat(self, schema: Json, path: str, depth: int) -> dict[str, Json]:
        """The schema without references and alternatives: one of each is chosen and merged in."""
        flat = dict(schema) if isinstance(schema, dict) else {}
        for _ in range(MAX_DEPTH):
            if isinstance(flat.get("$ref"), str):
                flat = _merged(flat, _target(self._root, flat.pop("$ref")))
            elif isinstance(flat.get("allOf"), list):
                for part in flat.pop("allOf"):
                    flat = _merged(flat, part)
            elif choice := next((word for word in ("anyOf", "oneOf") if word in flat), ""):
                flat = _merged(flat, self._alternative(flat.pop(choice), path, depth))
            else:
                break
        for word in ("$ref", "allOf", "anyOf", "oneOf"):
            flat.pop(word, None)
        return self._conditional(flat, path, depth)

    def _alternative(self, choices: Json, path: str, depth: int) -> Json:
        """Any that says something; deep down the plainest, so that recursion ends."""
        choices = [c for c in choices if isinstance(c, dict)] if isinstance(choices, list) else []
        telling = [c for c in choices if c.get("type") != "null"] or choices
        if not telling:
            return {}
        if depth > 3:
            return min(choices, key=lambda choice: len(json.dumps(choice)))
        return telling[self._pick(path + "|", len(telling))]

    def _conditional(self, flat: dict[str, Json], path: str, depth: int) -> dict[str, Json]:
        """Merge what `if` demands of the value that comes out without it."""
        condition = flat.pop("if", None)
        then, otherwise = flat.pop("then", {}), flat.pop("else", {})
        if condition is None or depth > MAX_DEPTH:
            return flat
        from jsonschema import Draft202012Validator

        draft = self.value(flat, path, depth + 1)
        holds = Draft202012Validator(condition).is_valid(draft)
        return _merged(flat, then if holds else otherwise)

    def _object(self, schema: dict[str, Json], path: str, depth: int) -> dict[str, Json]:
        properties = schema.get("properties", {})
        required = [name for name in schema.get("required", []) if isinstance(name, str)]
        names = list(dict.fromkeys(required or ([] if self._spent(depth) else properties)))
        least = min(schema.get("minProperties", 0), MAX_ITEMS)
        spare = [name for name in properties if name not in names]
        while len(names) < least:
            names.append(spare.pop(0) if spare else f"item_{len(names) + 1}")
        for name, others in schema.get("dependentRequired", {}).items():
            names += [other for other in others if name in names and other not in names]
        return {
            name: self.value(_property(schema, name), f"{path}/{name}", depth + 1) for name in names
        }

    def _array(self, schema: dict[str, Json], path: str, depth: int) -> list[Json]:
        first = schema.get("prefixItems", [])
        least = max(schema.get("minItems", 0), 1 if "contains" in schema else 0)
        wanted = 0 if self._spent(depth) or _is_absent(path) else max(2, len(first))
        rest = schema.get("items", True)
        if rest is False:
            wanted = min(wanted, len(first))
        size = min(max(least, min(wanted, schema.get("maxItems", MAX_ITEMS))), MAX_ITEMS)
        schemas = [*first, *([rest] * size)][:size]
        if "contains" in schema and size > len(first):
            schemas[-1] = schema["contains"]
        values: list[Json] = []
        for index, item in enumerate(schemas):
            tries = 30 if schema.get("uniqueItems") else 1
            made = (self.value(item, f"{path}/{index + n}", depth + 1) for n in range(tries))
            values += [next((v for v in made if tries == 1 or v not in values), None)]
        return values

    def _spent(self, depth: int) -> bool:
        return depth > 6 or self._nodes > MAX_NODES

    def _text(self, schema: dict[str, Json], path: str) -> str:
        if schema.get("format") in _FORMATS:
            return _FORMATS[schema["format"]]
        if isinstance(schema.get("pattern"), str):
            found = matching(schema["pattern"])
            if found is not None:
                return found
        least = min(schema.get("minLength", 0), MAX_TEXT)
        most = min(schema.get("maxLength", MAX_TEXT), MAX_TEXT)
        text = self._words(path)
        if len(text) < least:
            text += " rehearsal" * ceil((least - len(text)) / 10)
        return text[: max(most, least)]

    def _words(self, path: str) -> str:
        *_, parent, name = ["", *path.split("/")]
        if name in ("id", "key", "slug"):
            return f"step-{int(parent) + 1}" if parent.isdigit() else "step-1"
        number = f" {int(name) + 1}" if name.isdigit() else ""
        label = (parent if name.isdigit() else name).replace("_", " ").strip() or "answer"
        about = f" for “{self._about}”" if self._about else ""
        return f"Rehearsed {label}{number}{about}"


def _is_absent(path: str) -> bool:
    name = path.rpartition("/")[2].lower()
    return any(word in name for word in _ABSENT)


def _type(schema: dict[str, Json]) -> str:
    form = schema.get("type")
    if isinstance(form, list):
        form = next((one for one in form if one != "null"), "null")
    if isinstance(form, str):
        return form
    hints = (
        ("object", ("properties", "required", "additionalProperties", "minProperties")),
        ("array", ("items", "prefixItems", "minItems", "contains")),
        ("number", ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")),
    )
    return next((name for name, words in hints if any(w in schema for w in words)), "string")


def _number(schema: dict[str, Json], *, whole: bool) -> Json:
    """Nine tenths of the way up the range, so that a confidence is a confident one."""
    step = schema.get("multipleOf")
    low, high = schema.get("minimum"), schema.get("maximum")
    gap = step or (1 if whole else 1e-6)
    if "exclusiveMinimum" in schema:
        above = schema["exclusiveMinimum"] + gap
        low = above if low is None else max(above, low)
    if "exclusiveMaximum" in schema:
        top = schema["exclusiveMaximum"] - gap
        high = top if high is None else min(top, high)
    if low is None:
        low = 1 if high is None or high >= 1 else high - 1
    if high is None:
        high = low + 2
    value = low + (high - low) * 0.9
    unit = step or (1 if whole else None)
    if unit is not None:
        value = floor(value / unit) * unit
        value = value if value >= low else ceil(low / unit) * unit
    return int(value) if whole or value == int(value) else round(value, 6)


def _property(schema: dict[str, Json], name: str) -> Json:
    if name in schema.get("properties", {}):
        return schema["properties"][name]
    for pattern, inner in schema.get("patternProperties", {}).items():
        if pattern.strip("^$") in name:
            return inner
    more = schema.get("additionalProperties", True)
    return more if isinstance(more, dict) else {}


def _target(root: Json, reference: str) -> Json:
    """The schema that a local `$ref` names; anything for all others."""
    node = root
    if not reference.startswith("#"):
        return {}
    for part in filter(None, reference[1:].split("/")):
        step = part.replace("~1", "/").replace("~0", "~")
        node = node.get(step, {}) if isinstance(node, dict) else {}
    return node


def _merged(one: dict[str, Json], other: Json) -> dict[str, Json]:
    """Both schemas in one: the narrower of each bound, all properties, all required names."""
    if not isinstance(other, dict):
        return one
    merged = {**other, **one}
    for word in one.keys() & other.keys():
        merged[word] = _narrower(word, one[word], other[word])
    return merged


def _narrower(word: str, one: Json, other: Json) -> Json:
    if word == "properties":
        both = one.keys() & other.keys()
        return {**one, **other, **{name: _merged(one[name], other[name]) for name in both}}
    if word == "required":
        return list(dict.fromkeys([*one, *other]))
    if word == "enum":
        return [value for value in one if value in other]
    if word in ("allOf", "anyOf", "oneOf"):
        return [*one, *other] if word == "allOf" else one
    if word.startswith(("min", "exclusiveMin")):
        return max(one, other)
    if word.startswith(("max", "exclusiveMax")):
        return min(one, other)
    if word == "type":
        return next((form for form in _types(one) if form in _types(other)), one)
    return one


def _types(form: Json) -> list[str]:
    types = [form] if isinstance(form, str) else list(form)
    return [*types, "integer"] if "number" in types else types
