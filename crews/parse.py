"""From bytes to a CrewSpec and back to text; every refusal is a list of problems."""

import re
from collections.abc import Iterable
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from crews.problems import MOST, Problem, capped, listed, meant, problem
from crews.spec import CrewSpec
from crews.strict_json import MAX_BYTES, Json, Refused, json_dump, json_load
from crews.yaml_text import yaml_dump, yaml_load

Format = Literal["yaml", "json"]
_NAME_RULE = "starts with a small letter and has at most 40 small letters, digits, '-' and '_'"
# What a value of another type should have been, by pydantic's name of the error.
_WANTED = {
    **dict.fromkeys(
        ("dict_type", "model_type", "model_attributes_type"), "names with values: 'name: value'"
    ),
    "tuple_type": "a list",
    "list_type": "a list",
    "string_type": "text",
    **dict.fromkeys(("int_type", "int_parsing", "int_from_float"), "a whole number"),
    **dict.fromkeys(("float_type", "float_parsing"), "a number"),
    "bool_type": "true or false",
    "bool_parsing": "true or false",
}


class DocumentRefused(ValueError):
    """The document cannot be used. `problems` say where and why."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("; ".join(str(item) for item in problems[:3]))
        self.problems = problems


def document_load(data: bytes | str, format: Format | None = None) -> dict[str, Json]:
    """Read the text of a document, whatever its shape.

    Without a format, what starts with a brace is tried as JSON first.

    Raises:
        DocumentRefused: no UTF-8, no YAML or JSON, hostile, or no object.
    """
    try:
        value = _load(_text(data), format)
    except Refused as error:
        where = f" ({error.where})" if error.where else ""
        raise DocumentRefused([problem("", f"The document was refused. {error}{where}")]) from error
    if not isinstance(value, dict):
        what = "a document with fields like 'callsheet', 'name', 'pattern' and 'roles'"
        raise DocumentRefused([problem("", f"This is not {what}.", value=value)])
    return value


def document_dump(document: dict[str, Json], format: Format) -> str:
    """Return the text of a document; `document_load` gives an equal document back."""
    if format == "json":
        return json_dump(document, indent=2) + "\n"
    return yaml_dump(document)


def spec_check(document: Json) -> tuple[CrewSpec | None, list[Problem]]:
    """Check the shape of a document: the spec, or what is wrong."""
    try:
        return CrewSpec.model_validate(document), []
    except ValidationError as error:
        return None, shape_problems(error, CrewSpec)


def shape_problems(error: ValidationError, root: type[BaseModel]) -> list[Problem]:
    """Return what pydantic says of a document of the class `root`, in our words."""
    found = error.errors(include_url=False)
    told = [item for one in found[:MOST] for item in _problems(one, root)]
    return capped(told, len(found))


def crew_parse(data: bytes | str, format: Format | None = None) -> CrewSpec:
    """Read a document of the right shape; `crews.lint` says whether it can run.

    Raises:
        DocumentRefused: with every problem found.
    """
    spec, problems = spec_check(document_load(data, format))
    if spec is None:
        raise DocumentRefused(problems)
    return spec


def _text(data: bytes | str) -> str:
    if isinstance(data, str):
        return data.removeprefix("\ufeff")
    if len(data) > MAX_BYTES:
        raise Refused(f"It is larger than {MAX_BYTES // 1024} KiB.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Refused(f"It is not UTF-8 text (byte {error.start}).") from error


def _load(text: str, format: Format | None) -> Json:
    if format == "json":
        return json_load(text)
    if format is None and text.lstrip().startswith("{"):
        try:
            return json_load(text)
        except Refused as as_json:
            try:
                return yaml_load(text)
            except Refused:
                raise as_json from None
    return yaml_load(text)


def _problems(error: ErrorDetails, root: type[BaseModel]) -> list[Problem]:
    """Translate one error of pydantic."""
    loc = [str(part) for part in error["loc"] if part != "[key]"]
    path, value, ctx = ".".join(loc), error["input"], error.get("ctx", {})
    if error["type"] == "faults":
        below = [(f"{path}.{part}".strip("."), text) for part, text in ctx["faults"]]
        return [problem(place, _sentence(text)) for place, text in below]
    if error["type"] == "extra_forbidden":
        allowed = _fields(loc[:-1], root)
        text = f"Unknown field '{loc[-1]}'. Allowed here: {listed(allowed)}."
        text += meant(loc[-1], allowed)
        return [problem(path, text, value=value, allowed=allowed)]
    if error["type"] == "missing":
        return [problem(path, in_plain_words(error["type"], loc[-1], error["msg"]))]
    if error["type"] == "literal_error":
        names = tuple(re.findall(r"[^\s',]+(?='|$|,)", ctx["expected"]))
        return [problem(path, f"This must be {listed(names)}.", value=value, allowed=names)]
    if error["type"] == "string_pattern_mismatch":
        return [problem(path, f"A name {_NAME_RULE}.", value=value)]
    if error["type"] == "too_short":
        return [problem(path, f"Give at least {ctx['min_length']}.")]
    if error["type"] == "too_long":
        return [problem(path, f"Give at most {ctx['max_length']}.")]
    text = in_plain_words(error["type"], path, error["msg"])
    return [problem(path, text, value=value)]


def in_plain_words(kind: str, name: str, message: str) -> str:
    """Return what pydantic has found wrong with the field `name` as people say it."""
    if kind == "missing":
        return f"'{name}' is missing."
    if kind == "extra_forbidden":
        return f"There is no field '{name}'."
    if wanted := _WANTED.get(kind):
        return f"This must be {wanted}."
    return _sentence(message.removeprefix("Value error, ").replace("Input should", "This should"))


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:].rstrip(".") + "."


def _fields(loc: Iterable[str], root: type[BaseModel]) -> tuple[str, ...]:
    """Return the names of the fields that the part of a document at `loc` may have."""
    here: Any = root
    for part in loc:
        if _is_part(here):
            named = _named(here)
            here = _without_none(named[part].annotation) if part in named else None
        else:  # a key of a mapping, an index of a list
            here = next((item for item in get_args(here) if _is_part(item)), None)
    return tuple(_named(here)) if _is_part(here) else ()


def _is_part(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _named(model: type[BaseModel]) -> dict[str, Any]:
    return {field.alias or name: field for name, field in model.model_fields.items()}


def _without_none(annotation: Any) -> Any:
    """Return X for `X | None`."""
    if get_origin(annotation) in (Union, UnionType):
        return next(item for item in get_args(annotation) if item is not type(None))
    return annotation
