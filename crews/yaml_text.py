"""YAML by the core schema of YAML 1.2, without what documents from strangers must not have.

Words like `on`, `no` and dates stay text. Anchors, aliases, tags, several documents, doubled keys
and keys that are not text are refused.
"""

import re
from collections.abc import Iterator
from typing import Any

import yaml

from crews.strict_json import (
    MAX_DEPTH,
    MAX_DIGITS,
    Json,
    Refused,
    bounded_float,
    bounded_int,
    check_json,
    check_size,
)

_INT = re.compile(r"[-+]?[0-9]+\Z")
_OCTAL_OR_HEX = re.compile(r"0o[0-7]+\Z|0x[0-9a-fA-F]+\Z")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?\Z")
_ENDLESS = re.compile(r"[-+]?\.(?:inf|Inf|INF)\Z|\.(?:nan|NaN|NAN)\Z")
# Line ends of other times and invisible characters: only double quotes keep them.
_ODD = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\xa0\u2028\u2029\ufeff]")
_WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}


def yaml_load(text: str) -> Json:
    """Parse YAML text to JSON-able data.

    Raises:
        Refused: with the place in the text.
    """
    check_size(text)
    try:
        value = _read(yaml.parse(text, Loader=yaml.CSafeLoader))
    except yaml.MarkedYAMLError as error:
        raise Refused(
            f"It is not valid YAML: {_reason(error)}.", _at(error.problem_mark)
        ) from error
    except (yaml.YAMLError, UnicodeError) as error:
        raise Refused(f"It is not valid YAML: {str(error).splitlines()[0]}.") from error
    check_json(value)
    return value


def yaml_dump(value: Json) -> str:
    """Return YAML text that `yaml_load` reads back to an equal value."""
    text: str = yaml.dump(
        value,
        Dumper=_Dumper,
        sort_keys=False,
        allow_unicode=True,
        width=96,
        default_flow_style=False,
    )
    return text


def _read(events: Iterator[yaml.Event]) -> Json:
    for event in events:
        if isinstance(event, yaml.DocumentStartEvent):
            break
    else:
        return None
    value = _node(next(events), events, MAX_DEPTH)
    next(events)
    if not isinstance(extra := next(events), yaml.StreamEndEvent):
        raise Refused("It holds more than one document.", _at(extra.start_mark))
    return value


def _node(event: yaml.Event, events: Iterator[yaml.Event], depth: int) -> Json:
    _check_plain(event, depth)
    if isinstance(event, yaml.ScalarEvent):
        return _scalar(event) if event.implicit[0] else event.value
    if isinstance(event, yaml.SequenceStartEvent):
        items = []
        while not isinstance(event := next(events), yaml.SequenceEndEvent):
            items.append(_node(event, events, depth - 1))
        return items
    pairs: dict[str, Json] = {}
    while not isinstance(event := next(events), yaml.MappingEndEvent):
        key = _key(event, depth)
        if key in pairs:
            raise Refused(f"The key '{key[:60]}' is there twice.", _at(event.start_mark))
        pairs[key] = _node(next(events), events, depth - 1)
    return pairs


def _check_plain(event: yaml.Event, depth: int) -> None:
    if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
        raise Refused("Anchors (&) and aliases (*) are not accepted.", _at(event.start_mark))
    if getattr(event, "tag", None):
        raise Refused("Tags (!) are not accepted.", _at(event.start_mark))
    if depth == 0:
        raise Refused(f"It is nested deeper than {MAX_DEPTH} levels.", _at(event.start_mark))


def _key(event: yaml.Event, depth: int) -> str:
    _check_plain(event, depth)
    key = _scalar(event) if isinstance(event, yaml.ScalarEvent) and event.implicit[0] else None
    if isinstance(event, yaml.ScalarEvent) and not event.implicit[0]:
        key = event.value
    if not isinstance(key, str):
        raise Refused("A key must be text; put it in quotes.", _at(event.start_mark))
    return key


def _scalar(event: yaml.ScalarEvent) -> Json:
    try:
        return _resolve(event.value)
    except Refused as error:
        raise Refused(str(error), _at(event.start_mark)) from error


def _resolve(text: str) -> Json:
    """Return the value of a plain scalar."""
    if text in _WORDS:
        return _WORDS[text]
    if _INT.match(text):
        return bounded_int(text)
    if _OCTAL_OR_HEX.match(text):
        return int(text, 0) if len(text) <= MAX_DIGITS else bounded_int(text)
    if _FLOAT.match(text):
        return bounded_float(text)
    if _ENDLESS.match(text):
        raise Refused(f"{text} is not a number that JSON knows.")
    return text


def _reason(error: yaml.MarkedYAMLError) -> str:
    return ", ".join(part for part in (error.context, error.problem) if part)


def _at(mark: Any) -> str:
    return f"line {mark.line + 1}, column {mark.column + 1}" if mark else ""


class _Dumper(yaml.SafeDumper):
    """Writes text in blocks and quotes what would be read as something else."""

    def ignore_aliases(self, data: Json) -> bool:
        return True


def _write_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = None
    if _ODD.search(text):
        style = '"'
    elif "\n" in text:
        style = "|"
    elif not isinstance(_resolve_or_none(text), str):
        style = "'"
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


def _resolve_or_none(text: str) -> Json:
    try:
        return _resolve(text)
    except Refused:
        return None


def _write_float(dumper: yaml.SafeDumper, value: float) -> yaml.ScalarNode:
    text = repr(value)
    if "." not in text:  # PyYAML knows a float by its point
        text = text.replace("e", ".0e")
    return dumper.represent_scalar("tag:yaml.org,2002:float", text)


_Dumper.add_representer(str, _write_text)
_Dumper.add_representer(float, _write_float)
