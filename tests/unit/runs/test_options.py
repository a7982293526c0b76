"""Options and arguments as code takes them."""

from typing import Any

from runs.engine.options import whole

Json = Any
SCHEMA = {
    "type": "object",
    "properties": {
        "most": {"type": "integer"},
        "share": {"type": "number"},
        "any": True,
    },
}


def test_what_a_schema_wants_whole_is_whole() -> None:
    values: dict[str, Json] = {"most": 2.0, "share": 1.0, "any": 4.0, "other": 5.0}
    assert type(whole(SCHEMA, values)["most"]) is int
    assert whole(SCHEMA, values) == values
    assert [type(value) for value in whole(SCHEMA, values).values()] == [int, float, float, float]
