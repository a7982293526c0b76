"""JSON from strangers: what Python's parser lets pass or chokes on is refused with a reason."""

import json
import math
import re
from typing import Any, NoReturn

Json = Any

MAX_BYTES = 1 << 20
MAX_DEPTH = 64
MAX_DIGITS = 30
_BRACKETS = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"?|[\[{]|[\]}]', re.DOTALL)
_DEEP = "too deep"


class Refused(ValueError):
    """The text is not acceptable. `where` is a place in it, "" when the whole is meant."""

    def __init__(self, message: str, where: str = "") -> None:
        super().__init__(message)
        self.where = where


def json_load(text: str) -> Json:
    """Parse JSON text.

    Raises:
        Refused: not JSON, too large or deep, a doubled key, NaN or Infinity, a number out of
            bounds, a NUL or half a surrogate pair in a string.
    """
    check_size(text)
    depth = 0
    for found in _BRACKETS.finditer(text):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(found[0], 0)
        if depth > MAX_DEPTH:
            raise Refused(f"It is nested deeper than {MAX_DEPTH} levels.")
    try:
        value = json.loads(
            text,
            object_pairs_hook=_unique,
            parse_constant=_no_constant,
            parse_int=bounded_int,
            parse_float=bounded_float,
        )
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise Refused(f"It is not valid JSON: {error.msg}.", where) from error
    check_json(value)
    return value


def json_dump(value: Json, *, indent: int | None = None) -> str:
    """Return JSON text with the keys in their order."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, indent=indent)


def json_canonical(value: Json) -> str:
    """Return the one JSON text of a value: sorted keys, no spaces; what is hashed and compared."""
    return json.dumps(
        value, ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":")
    )


def check_size(text: str) -> None:
    """Refuse a text of more than `MAX_BYTES` in UTF-8."""
    if len(text) > MAX_BYTES or len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise Refused(f"It is larger than {MAX_BYTES // 1024} KiB.")


def check_json(value: Json, max_depth: int = MAX_DEPTH) -> None:
    """Refuse what JSON or the database cannot hold; `where` is the dotted path to it."""
    trail: list[str | int] = []
    if fault := _fault(value, trail, max_depth):
        if fault is _DEEP:
            raise Refused(f"It is nested deeper than {max_depth} levels.")
        raise Refused(fault, ".".join(str(part) for part in reversed(trail)))


def bounded_int(text: str) -> int:
    if len(text) > MAX_DIGITS:
        raise Refused(f"The number {text[:12]}… has more than {MAX_DIGITS} digits.")
    return int(text)


def bounded_float(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise Refused(f"The number {text[:24]} is out of bounds.")
    return value


def _fault(value: Json, trail: list[str | int], depth: int) -> str:
    """Return a value's fault or ""; the way to it goes to `trail`, leaf first."""
    if isinstance(value, str):
        return _text_fault(value)
    if isinstance(value, dict | list):
        if depth == 0:
            return _DEEP
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        for key, item in pairs:
            fault = _text_fault(key) if isinstance(key, str) else ""
            if fault := fault or _fault(item, trail, depth - 1):
                trail.append(key)
                return fault
        return ""
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN and Infinity are not JSON."
    return ""


def _text_fault(text: str) -> str:
    if "\x00" in text:
        return "There is a NUL character in the text."
    # isascii is a flag of the string; the scan happens for other texts only.
    if not text.isascii() and any("\ud800" <= char <= "\udfff" for char in text):
        return "There is half a surrogate pair in the text."
    return ""


def _unique(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    result = dict(pairs)
    if len(result) < len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise Refused(f"The key '{twice[:60]}' is there twice.")
    return result


def _no_constant(name: str) -> NoReturn:
    raise Refused(f"{name} is not JSON.")
