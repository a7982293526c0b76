"""What servers do that speak a vendor's wire nearly: none of it is lost, or taken for an answer."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from runs.providers.base import (
    AssistantMessage,
    ProviderError,
    ToolCall,
    ToolMessage,
    ToolResult,
    ToolSpec,
    Usage,
)
from runs.providers.base import UserMessage as User
from runs.providers.errors import (
    BadRequest,
    ContextTooLong,
    CutStream,
    Overloaded,
    QuotaExceeded,
    RateLimited,
    Refusal,
)
from tests.fakes.model_server import ModelServer, Reply, Rule
from tests.integration.providers.conftest import KEY, Caller
from tests.integration.providers.test_openai import DONE, TOOL, chunk, tool

Json = Any
COUNTED = {"prompt_tokens": 10, "completion_tokens": 2}


def block(form: str, index: int = 0, **parts: Json) -> Json:
    opened = {"type": form, **parts}
    return {"type": "content_block_start", "index": index, "content_block": opened}


def piece(form: str, value: str, index: int = 0) -> Json:
    field = {"text_delta": "text", "input_json_delta": "partial_json"}[form]
    delta = {"type": form, field: value}
    return {"type": "content_block_delta", "index": index, "delta": delta}


def ended(reason: str | None = "end_turn", **usage: Json) -> Json:
    return {"type": "message_delta", "delta": {"stop_reason": reason}, "usage": usage}


CHATS: list[tuple[str, tuple[Json, ...]]] = [
    ("azure", ({"choices": [], "prompt_filter_results": [{}]}, chunk({"content": "hi"}, "stop"))),
    ("empty events", ("id: 1\n\n", "data:\n\n", chunk({"content": "hi"}, "stop"), "id: 2\n\n")),
    ("thoughts", (chunk({"reasoning_content": "hm"}), chunk({"content": "hi"}, "stop"))),
    (
        "thought tags",
        (
            chunk({"content": "\n<thi"}),
            chunk({"content": "nk>\n{}</thi"}),
            chunk({"content": "nk>\n"}),
            chunk({"content": "\nhi"}, "stop"),
        ),
    ),
    ("the whole again", (chunk({"content": "hi"}), {"choices": [{"message": {"content": "hi"}}]})),
    (
        "parts",
        (chunk({"content": [{"type": "thinking"}, {"type": "text", "text": "hi"}]}, "stop"),),
    ),
    (
        "several answers",
        ({"choices": [{"index": 1, "delta": {"content": "x"}}]}, chunk({"content": "hi"})),
    ),
]


@pytest.mark.parametrize(("odd", "events"), CHATS, ids=[odd for odd, _ in CHATS])
async def test_an_odd_chat_is_read(
    openai: Caller, server: ModelServer, odd: str, events: tuple[Json, ...]
) -> None:
    server.rules = [Rule(events=(*events, {"choices": [], "usage": COUNTED}, DONE))]
    reply = await openai()
    assert (reply.text, reply.stop, reply.usage.input_tokens) == ("hi", "end", 10)
    assert "".join(openai.pieces) == "hi"


@pytest.mark.parametrize("text", ["<thin", "<think> without end", " \n<b>no thought</think>", "\n"])
async def test_what_only_looks_like_a_thought_is_kept(
    openai: Caller, server: ModelServer, text: str
) -> None:
    server.rules = [Rule(reply=Reply(text=text, pieces=len(text)))]
    assert (await openai()).text == text


MESSAGES: list[tuple[str, tuple[Json, ...]]] = [
    (
        "one index",
        (block("text"), piece("text_delta", "h"), block("text"), piece("text_delta", "i")),
    ),
    ("no start", (piece("text_delta", "hi"),)),
    ("no stop reason", (block("text", text="hi"), ended(None))),
    (
        "the server's tools",
        (
            block("server_tool_use", 0, id="s", name="search"),
            piece("input_json_delta", '{"q"', 0),
            block("web_search_tool_result", 1, content=[]),
            block("text", 2, citations=[]),
            {"type": "content_block_delta", "index": 2, "delta": {"type": "citations_delta"}},
            piece("text_delta", "hi", 2),
        ),
    ),
]


@pytest.mark.parametrize(("odd", "events"), MESSAGES, ids=[odd for odd, _ in MESSAGES])
async def test_an_odd_message_is_read(
    anthropic: Caller, server: ModelServer, odd: str, events: tuple[Json, ...]
) -> None:
    start = {"type": "message_start", "message": {"usage": {"input_tokens": 10}}}
    reason = None if odd == "no stop reason" else "end_turn"
    end = (ended(reason, input_tokens=0, output_tokens=2), {"type": "message_stop"})
    server.rules = [Rule(events=(start, {"type": "ping"}, *events, *end))]
    reply = await anthropic()
    assert (reply.text, reply.stop, reply.tool_calls) == ("hi", "end", ())
    assert (reply.usage.input_tokens, reply.usage.output_tokens) == (10, 2)


async def test_a_connection_that_stays_open_after_the_answer(
    caller: Caller, server: ModelServer
) -> None:
    server.rules = [Rule(reply=Reply(text="hi"), fault="hang", after=99)]
    assert (await caller(deadline_s=20)).text == "hi"


async def test_an_id_for_each_piece_of_a_call(openai: Caller, server: ModelServer) -> None:
    pieces = [
        chunk({"tool_calls": [tool("f", '{"n"', index=0, id="a")]}),
        chunk({"tool_calls": [tool(None, ": 1}", index=0, id="b")]}, "tool_calls"),
    ]
    server.rules = [Rule(events=tuple(pieces))]
    [call] = (await openai(tools=(TOOL,))).tool_calls
    assert (call.id, call.arguments) == ("a", {"n": 1})


@pytest.mark.parametrize("given", [None, "", "null", {}, "{}", '"{}"'])
async def test_a_call_without_arguments(caller: Caller, server: ModelServer, given: Json) -> None:
    called = block("tool_use", id="a", name="f", input=given)
    if caller.provider.name == "openai":
        called = chunk({"tool_calls": [tool("f", given, index=0, id="a")]}, "tool_calls")
    server.rules = [Rule(events=(called, ended()))]
    [call] = (await caller(tools=(TOOL,))).tool_calls
    assert call.arguments == {}


async def test_an_input_that_comes_whole_and_in_pieces(
    anthropic: Caller, server: ModelServer
) -> None:
    called = block("tool_use", id="a", name="f", input={"n": 1})
    server.rules = [Rule(events=(called, piece("input_json_delta", '{"n": 1}'), ended("tool_use")))]
    assert (await anthropic(tools=(TOOL,))).tool_calls[0].arguments == {"n": 1}


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        ({"error": {"code": 429, "message": "Slow down. Please retry in 2s."}}, RateLimited),
        ({"error": {"code": "502", "message": "Upstream"}, "choices": []}, Overloaded),
        ({"error": {"code": 402, "message": "Credits"}}, QuotaExceeded),
        ({"error": "the input exceeds the context window"}, ContextTooLong),
        ({"object": "error", "message": "Bad sampling", "code": 400}, BadRequest),
        (chunk({}, "error"), Overloaded),
        (chunk({}, "insufficient_system_resource"), Overloaded),
        (chunk({}, "content_filter", content_filter_results={"hate": {}}), Refusal),
        (chunk({"content": "more"}, usage=COUNTED), CutStream),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
async def test_an_answer_that_goes_wrong_in_the_middle(
    openai: Caller, server: ModelServer, event: Json, kind: type[ProviderError]
) -> None:
    server.rules = [Rule(events=(chunk({"content": "begun"}, usage=COUNTED), event))]
    error = await openai.error()
    assert type(error) is kind
    assert error.partial_text.startswith("begun")
    assert error.retry_after_s == (2.0 if kind is RateLimited else None)


async def test_what_goes_back_beside_thoughts_is_storable(
    anthropic: Caller, server: ModelServer
) -> None:
    thought = block("thinking", 0, thinking="hm\0", signature="\ud800")
    called = block("tool_use", 1, id="\ud800", name="f\0", input={})
    server.rules = [Rule(events=(thought, called, ended("tool_use")))]
    reply = await anthropic(tools=(TOOL,))
    assert "\\u0000" not in reply.model_dump_json()


async def test_another_wires_error_is_one(anthropic: Caller, server: ModelServer) -> None:
    server.rules = [Rule(events=('data: {"error": {"code": 503, "message": "Busy"}}\n\n',))]
    assert isinstance(await anthropic.error(), Overloaded)


async def test_an_error_inside_a_list(openai: Caller, server: ModelServer) -> None:
    told = {"error": {"code": 429, "message": "Used up", "status": "RESOURCE_EXHAUSTED"}}
    json_type = {"content-type": "application/json"}
    server.rules = [Rule(status=429, content=json.dumps([told]), headers=json_type)]
    error = await openai.error()
    assert isinstance(error, RateLimited)
    assert error.cause == "Used up"


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "1m2.5s"}, 62.5),
        ({"x-ratelimit-remaining-tokens": "9", "x-ratelimit-reset-tokens": "9s"}, 7),
        ({"retry-after-ms": "1500", "x-ratelimit-remaining": "0", "x-ratelimit-reset": "9"}, 1.5),
        (
            {
                "anthropic-ratelimit-requests-remaining": "0",
                "anthropic-ratelimit-requests-reset": "in a minute",
            },
            60,
        ),
    ],
)
async def test_how_long_a_rate_limit_lasts(
    caller: Caller, server: ModelServer, headers: dict[str, str], wait: float
) -> None:
    soon = (datetime.now(UTC) + timedelta(minutes=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    headers = {name: value.replace("in a minute", soon) for name, value in headers.items()}
    message = "Rate limit reached. Please try again in 7s."
    server.rules = [Rule(status=429, message=message, headers=headers)]
    assert (await caller.error()).retry_after_s == pytest.approx(wait, abs=30 if wait == 60 else 0)


@pytest.mark.parametrize(
    ("told", "usage"),
    [
        (
            {"prompt_tokens": 5, "completion_tokens": 1, "total_tokens": 9},
            Usage(input_tokens=5, output_tokens=4),
        ),
        (
            {
                "prompt_tokens": 5,
                "completion_tokens": None,
                "prompt_tokens_details": {"cached_tokens": 50},
            },
            Usage(input_tokens=5, cached_input_tokens=5),
        ),
    ],
)
async def test_counts_that_do_not_add_up(
    openai: Caller, server: ModelServer, told: Json, usage: Usage
) -> None:
    server.rules = [Rule(events=(chunk({"content": "a"}, "stop"), {"choices": [], "usage": told}))]
    assert (await openai()).usage == usage


async def test_what_belongs_to_a_call_goes_back_with_it(
    openai: Caller, server: ModelServer
) -> None:
    signed = {"google": {"thought_signature": "s1"}}
    events = (
        chunk({"reasoning_content": "I need "}),
        chunk({"reasoning_content": "f."}),
        chunk({"tool_calls": [tool("f", "{}", index=0, id="a", extra_content=signed)]}),
        chunk({}, "tool_calls"),
    )
    server.rules = [Rule(events=events, times=1), Rule(reply=Reply(text="done"))]
    reply = await openai(tools=(TOOL,))
    assert reply.text == ""
    result = ToolMessage(results=(ToolResult(id="a", name="f", text="7"),))
    await openai(messages=(User(text="go"), reply.as_message(), result), tools=(TOOL,))
    turn = server.calls[1].body["messages"][1]
    assert turn["reasoning_content"] == "I need f."
    assert turn["tool_calls"][0]["extra_content"] == signed


def said_by_another() -> tuple[Any, ...]:
    """A conversation that a model of another server began."""
    call = ToolCall(id="functions.f:0", name="f<|channel|>x", arguments={}, raw="{}")
    thought = {"type": "thinking", "thinking": "hm", "signature": "not yours"}
    used = {"type": "tool_use", "id": call.id, "name": "f", "input": {}}
    result = ToolResult(id=call.id, name="f", text="7")
    native = {"openai": {"reasoning_content": "hm"}, "anthropic": [thought, used]}
    turn = AssistantMessage(text="", tool_calls=(call,), native=native)
    return User(text="go"), turn, ToolMessage(results=(result,))


async def test_ids_and_names_of_another_server(anthropic: Caller, server: ModelServer) -> None:
    server.rules = [
        Rule(contains="7", times=1, status=400, message="Invalid `signature` in `thinking` block"),
        Rule(times=1, status=400, message="Requests which include `tool_use` must define tools."),
    ]
    assert (await anthropic(messages=said_by_another())).text == "ok"
    begun, body = server.calls[0].body, server.calls[2].body
    assert begun["messages"][1]["content"][1]["id"] == "functions_f_0"
    used = {"type": "tool_use", "id": "functions_f_0", "name": "f__channel__x", "input": {}}
    assert body["messages"][1]["content"] == [used]
    assert body["messages"][2]["content"][0]["tool_use_id"] == "functions_f_0"
    assert body["tool_choice"] == {"type": "none"}
    assert [offered["name"] for offered in body["tools"]] == ["f__channel__x"]


@pytest.mark.parametrize(
    ("complaint", "thoughts"),
    [
        (
            "The `reasoning_content` in the thinking mode must be passed back to the API.",
            ["hm", ""],
        ),
        ("messages.1: property 'reasoning_content' is unsupported", []),
    ],
)
async def test_thoughts_by_what_a_server_wants(
    openai: Caller, server: ModelServer, complaint: str, thoughts: list[str]
) -> None:
    server.rules = [
        Rule(times=1, status=400, message=complaint),
        Rule(times=1, status=400, message="Tool call id was functions.f:0 but must be a-z, 0-9"),
        Rule(times=1, status=400, message="toolConfig field must be defined"),
    ]
    first = said_by_another()
    await openai(messages=(*first, AssistantMessage(text="Well."), User(text="and?")))
    body = server.calls[-1].body
    turns = [turn for turn in body["messages"] if turn["role"] == "assistant"]
    kept = [turn["reasoning_content"] for turn in turns if "reasoning_content" in turn]
    assert kept == thoughts
    [call] = turns[0]["tool_calls"]
    assert call["id"] == body["messages"][2]["tool_call_id"]
    assert len(call["id"]) == 9
    assert call["id"].isalnum()
    assert body["tool_choice"] == "none"


async def test_ids_that_each_turn_repeats_become_distinct(
    caller: Caller, server: ModelServer
) -> None:
    server.rules = [Rule(reply=Reply(tool_calls=({"id": "call_0", "name": "f", "arguments": {}},)))]
    spec = ToolSpec(name="f", description="does f", parameters={})
    first = await caller(tools=(spec,))
    result = ToolMessage(results=(ToolResult(id="call_0", name="f", text="7"),))
    second = await caller(messages=(User(text="go"), first.as_message(), result), tools=(spec,))
    assert [call.id for call in (*first.tool_calls, *second.tool_calls)] == ["call_0", "call_3_0"]


async def test_a_server_that_repeats_the_key_is_not_quoted(
    caller: Caller, server: ModelServer
) -> None:
    call = {"id": "call_0", "name": "f", "arguments": {"text": f"It is {KEY}."}}
    server.rules = [Rule(reply=Reply(text=f"You sent {KEY}.", tool_calls=(call,), pieces=9))]
    reply = await caller(tools=(ToolSpec(name="f", description="does f", parameters={}),))
    assert reply.text == "".join(caller.pieces) == "You sent [credential]."
    assert reply.tool_calls[0].arguments == {"text": "It is [credential]."}
    assert KEY not in reply.model_dump_json()
