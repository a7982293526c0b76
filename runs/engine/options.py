"""Options and arguments as code takes them that were checked by a JSON Schema."""

from collections.abc import Mapping
from typing import Any

Json = Any


def with_defaults(schema: Mapping[str, Json], options: Mapping[str, Json]) -> dict[str, Json]:
    """Return the options with the schema's default for each that is not given."""
    properties: Mapping[str, Mapping[str, Json]] = schema.get("properties", {})
    defaults = {name: part["default"] for name, part in properties.items() if "default" in part}
    return defaults | whole(schema, options)


def whole(schema: Mapping[str, Json], values: Mapping[str, Json]) -> dict[str, Json]:
    """Return values with those that the schema wants whole as int: 3.0 is an integer to it, and to
    Python it is none."""
    wanted = [
        name
        for name, part in schema.get("properties", {}).items()
        if name in values and isinstance(part, dict) and part.get("type") == "integer"
    ]
    return {**values, **{name: int(values[name]) for name in wanted}}
