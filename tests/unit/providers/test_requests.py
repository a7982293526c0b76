"""The small rules of requests and errors: schemas, token estimates, secrets, the registry."""

import subprocess
import sys
from typing import Any

import pytest

from runs.providers import PROVIDERS, UnknownProvider, provider_get
from runs.providers.base import (
    AssistantMessage,
    ModelRequest,
    ProviderError,
    ToolCall,
    ToolMessage,
    ToolResult,
    ToolSpec,
    UserMessage,
)
from runs.providers.errors import Overloaded, Peer, plain
from runs.providers.schemas import closed, strict
from runs.providers.tokens import tokens_of_text, tokens_upper_bound
from runs.providers.waits import retry_after

TEXT = {"type": "string"}


def obj(required: list[str] | None = None, **properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": required or []}


def test_strict_only_closes_objects() -> None:
    schema = obj(["a", "b"], a=TEXT, b={"type": "array", "items": obj(["c"], c={"enum": [1]})})
    exact = strict(schema)
    assert exact is not None
    assert exact["additionalProperties"] is False
    assert exact["properties"]["b"]["items"]["additionalProperties"] is False
    assert "additionalProperties" not in schema, "the original is left alone"


@pytest.mark.parametrize(
    "schema",
    [
        obj([], a=TEXT),
        obj(["a"], a={"type": "object"}),
        obj(["a"], a={"oneOf": [TEXT]}),
        obj(["a"], a={"type": "string", "default": "x"}),
        obj(["a"], a={}),
        {**obj(["a"], a=TEXT), "additionalProperties": True},
        {**obj(["a"], a=TEXT), "additionalProperties": TEXT},
        obj(["a"], a=obj(["b"], b=obj(["c"], c=obj(["d"], d=obj(["e"], e=obj()))))),
        {"type": "array", "items": TEXT},
    ],
)
def test_what_strictness_would_change_is_not_strict(schema: Any) -> None:
    assert strict(schema) is None


def test_an_enum_that_looks_like_a_schema_is_none() -> None:
    assert closed(obj(a={"enum": [{"type": "object"}]}))


def test_the_token_bound_is_above_what_any_part_costs() -> None:
    """Each part adds at least its bytes over the 2.5 that the least compressible prose takes."""
    base = ModelRequest(model="m", messages=(UserMessage(text=""),))
    prose = "Die Straße führt über sieben Brücken, 道路穿过七座桥。" * 50
    size = len(prose.encode()) / 2.5
    call = ToolCall(id="1", name="f", arguments={"x": prose})
    tool = ToolSpec(name="f", description=prose, parameters={})
    result = ToolResult(id="1", name="f", text=prose)
    for change in (
        {"system": prose},
        {"messages": (UserMessage(text=prose),)},
        {"messages": (AssistantMessage(text=prose),)},
        {"messages": (AssistantMessage(tool_calls=(call,)),)},
        {"messages": (AssistantMessage(native={"anthropic": [prose]}),)},
        {"messages": (ToolMessage(results=(result,)),)},
        {"tools": (tool,)},
        {"returns": {"description": prose}},
    ):
        request = base.model_copy(update=change)
        assert tokens_upper_bound(request) - tokens_upper_bound(base) >= size
    assert tokens_of_text(prose) >= size
    assert tokens_upper_bound(base) > 0


@pytest.mark.parametrize(
    "text",
    [
        "key sk-proj-abcdefgh1234 is wrong",
        "AIzaSyabcdefgh1234-abcdefgh1234 is wrong",
        "Authorization: Bearer abc.def",
        "provided: abcd****wxyz",
        "it is top-secret-value",
    ],
)
def test_no_message_shows_what_looks_like_a_key(text: str) -> None:
    shown = plain(text, "top-secret-value")
    assert "[key]" in shown
    for part in ("abcdefgh1234", "abc.def", "wxyz", "top-secret"):
        assert part not in shown


def test_a_message_keeps_what_only_begins_like_a_key() -> None:
    told = "key_findings is missing, sk-8 is skipped, org_unit too, 2 * 3 ** 4"
    assert plain(told) == told


def test_a_message_is_one_short_printable_line() -> None:
    assert plain("a\x1b[31m\nb\u202e\tc") == "a [31m b c"
    assert len(plain("x" * 100_000)) == 400


def test_retry_after_that_is_no_time() -> None:
    for value in ("nan", "inf", "-1", "", "Tue, 99 Nov"):
        assert retry_after({"retry-after": value}) is None


def test_an_error_names_the_server_and_no_key() -> None:
    peer = Peer(provider="openai", host="localhost:1", api_key="abcd-efgh")
    error = peer.error(Overloaded, "abcd-efgh is busy", status=503, retry_after_s=2.0)
    assert str(error) == error.cause == "[key] is busy"
    assert (error.provider, error.host, error.status) == ("openai", "localhost:1", 503)
    assert (error.kind, error.permanent, error.retry_after_s) == ("overloaded", False, 2.0)


def test_every_kind_of_error_has_its_own_name_cause_and_advice() -> None:
    kinds = _subclasses(ProviderError)
    assert len({kind.kind for kind in kinds}) == len(kinds) > 12
    for kind in kinds - {UnknownProvider}:
        assert kind().cause.endswith(".")
        assert kind.advice.endswith(".")


def _subclasses(kind: type[ProviderError]) -> set[type[ProviderError]]:
    below = set(kind.__subclasses__())
    return below.union(*(_subclasses(one) for one in below))


def test_the_registry_makes_one_instance_and_lists_the_choices() -> None:
    assert set(PROVIDERS) == {"anthropic", "openai", "rehearsal"}
    assert provider_get("rehearsal") is provider_get("rehearsal")
    with pytest.raises(UnknownProvider) as caught:
        provider_get("oracle")
    assert "anthropic, openai, rehearsal" in caught.value.cause
    assert caught.value.permanent


def test_importing_the_registry_loads_no_sdk() -> None:
    heavy = "{'anthropic', 'openai', 'httpx2', 'jsonschema'}"
    code = "import sys, runs.providers, runs.providers.pricing as _; "
    code += f"print(sorted({heavy} & set(sys.modules)))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
