"""A string that a regular expression matches, by walking the expression's parse tree."""

from re import _constants as op  # type: ignore[attr-defined, unused-ignore]
from re import _parser as parser  # type: ignore[attr-defined, unused-ignore]
from typing import Any

MAX_LENGTH = 500
_CATEGORIES: dict[Any, str] = {
    op.CATEGORY_DIGIT: "7",
    op.CATEGORY_NOT_DIGIT: "a",
    op.CATEGORY_SPACE: " ",
    op.CATEGORY_NOT_SPACE: "a",
    op.CATEGORY_WORD: "a",
    op.CATEGORY_NOT_WORD: "-",
}
_CANDIDATES = "abcxyz0189ABZ-_ .:/@#é\n"


def matching(pattern: str) -> str | None:
    """A short string that `pattern` matches; None for what it cannot parse.

    Repeats as little as it may. Assertions and back references are taken for empty, so for
    a pattern with those the string may not match.
    """
    try:
        tree = parser.parse(pattern)
        return _walk(tree)[:MAX_LENGTH]
    except (ValueError, RecursionError, OverflowError, parser.error):
        return None


def _walk(tree: Any) -> str:
    text = ""
    for operation, value in tree:
        text += _one(operation, value)
        if len(text) > MAX_LENGTH:
            break
    return text


def _one(operation: Any, value: Any) -> str:
    if operation is op.LITERAL:
        return chr(value)
    if operation is op.NOT_LITERAL:
        return "a" if value != ord("a") else "b"
    if operation is op.ANY:
        return "a"
    if operation is op.IN:
        return _from_set(value)
    if operation is op.BRANCH:
        return _walk(value[1][0])
    if operation is op.SUBPATTERN:
        return _walk(value[-1])
    if operation is getattr(op, "ATOMIC_GROUP", None):
        return _walk(value)
    if operation in (op.MAX_REPEAT, op.MIN_REPEAT, getattr(op, "POSSESSIVE_REPEAT", None)):
        least, most, inner = value
        # one of what may be absent: "a+" and "a*" alike read better with something there
        times: int = max(least, min(1, most))
        return _walk(inner) * min(times, MAX_LENGTH)
    return ""


def _from_set(members: Any) -> str:
    kind, value = members[0]
    if kind is op.CATEGORY:
        return _CATEGORIES.get(value, "a")
    if kind is not op.NEGATE:
        return chr(value[0] if kind is op.RANGE else value)
    return next((c for c in _CANDIDATES if not any(_in(c, member) for member in members[1:])), "?")


def _in(character: str, member: Any) -> bool:
    kind, value = member
    if kind is op.RANGE:
        return bool(value[0] <= ord(character) <= value[1])
    if kind is op.CATEGORY:
        word = character.isalnum() or character == "_"
        truth = {
            op.CATEGORY_DIGIT: character.isdigit(),
            op.CATEGORY_SPACE: character.isspace(),
            op.CATEGORY_WORD: word,
            op.CATEGORY_NOT_DIGIT: not character.isdigit(),
            op.CATEGORY_NOT_SPACE: not character.isspace(),
            op.CATEGORY_NOT_WORD: not word,
        }
        return truth.get(value, False)
    return bool(ord(character) == value)
