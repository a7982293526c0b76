"""Options of a pattern, with the defaults of their schema filled in."""

from collections.abc import Mapping
from typing import Any

Json = Any


def with_defaults(schema: Mapping[str, Json], options: Mapping[str, Json]) -> dict[str, Json]:
    """Return the options with the schema's default for each that is not given."""
    properties: Mapping[str, Mapping[str, Json]] = schema.get("properties", {})
    defaults = {name: part["default"] for name, part in properties.items() if "default" in part}
    return defaults | dict(options)
