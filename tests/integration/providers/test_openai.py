"""OpenAI's wire: what is asked exactly, and what compatible servers make of the protocol."""

from typing import Any

import pytest

from runs.providers.base import AssistantMessage, ToolCall, ToolMessage, ToolResult, ToolSpec
from runs.providers.base import UserMessage as User
from runs.providers.errors import BadRequest, MalformedAnswer, Overloaded, Refusal
from tests.fakes.model_server import ModelServer, Reply, Rule
from tests.integration.providers.conftest import KEY, Caller

TOOL = ToolSpec(name="f", description="does f", parameters={})
OBJECT = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}
DONE = "data: [DONE]\n\n"


def chunk(delta: Any, finish: str | None = None, **more: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": delta, "finish_reason": finish}], **more}


def tool(name: str | None = None, arguments: Any = None, **more: Any) -> dict[str, Any]:
    return {**more, "function": {"name": name, "arguments": arguments}}


async def test_the_request(openai: Caller, server: ModelServer) -> None:
    call = ToolCall(id="c1", name="f", arguments={"x": "é"}, raw="")
    broken = ToolCall(id="c2", name="f", arguments=None, raw="{oops")
    results = (
        ToolResult(id="c1", name="f", text="fine"),
        ToolResult(id="c2", name="f", text="no JSON", is_error=True),
    )
    messages = (
        User(text="one"),
        User(text="two"),
        AssistantMessage(text="", tool_calls=(call, broken)),
        ToolMessage(results=results),
    )
    await openai(messages=messages, system="Be brief.", tools=(TOOL,), temperature=0.5)
    [seen] = server.calls
    assert seen.key == KEY
    assert seen.body == {
        "model": "m",
        "stream": True,
        "stream_options": {"include_usage": True},
        "max_tokens": 4096,
        "temperature": 0.5,
        "tools": [
            {
                "type": "function",
                "function": {
                    "name": "f",
                    "description": "does f",
                    "parameters": {"type": "object", "properties": {}},
                },
            }
        ],
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "one\n\ntwo"},
            {
                "role": "assistant",
                "content": None,
                "tool_calls": [
                    {
                        "id": "c1",
                        "type": "function",
                        "function": {"name": "f", "arguments": '{"x": "é"}'},
                    },
                    {
                        "id": "c2",
                        "type": "function",
                        "function": {"name": "f", "arguments": '{"not_json": "{oops"}'},
                    },
                ],
            },
            {"role": "tool", "tool_call_id": "c1", "content": "fine"},
            {"role": "tool", "tool_call_id": "c2", "content": "Error: no JSON"},
        ],
    }


async def test_the_owners_account_is_not_named_to_other_servers(
    openai: Caller, server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_ADMIN_KEY", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID"):
        monkeypatch.setenv(name, "owners-own")
    openai.api_key = ""
    await openai()
    assert "owners-own" not in str(server.calls[0].headers)


async def test_the_schema_goes_natively(openai: Caller, server: ModelServer) -> None:
    await openai(returns=OBJECT)
    body = server.calls[0].body
    assert body["response_format"]["json_schema"]["strict"] is True
    assert body["response_format"]["json_schema"]["schema"] == {
        **OBJECT,
        "additionalProperties": False,
    }


async def test_a_schema_that_strictness_would_change_is_not_strict(
    openai: Caller, server: ModelServer
) -> None:
    optional = {**OBJECT, "required": []}
    await openai(returns=optional)
    form = server.calls[0].body["response_format"]["json_schema"]
    assert form["strict"] is False
    assert form["schema"] == optional


@pytest.mark.parametrize(
    "settings",
    [
        {"returns": {"type": "array", "items": {"type": "string"}}},
        {"returns": OBJECT, "tools": (TOOL,)},
    ],
    ids=["no object", "a grammar would keep from calling tools"],
)
async def test_where_a_native_schema_cannot_work_none_is_sent(
    openai: Caller, server: ModelServer, settings: Any
) -> None:
    await openai(**settings)
    assert "response_format" not in server.calls[0].body


@pytest.mark.parametrize(
    ("setting", "message", "settings", "instead"),
    [
        ("temperature", "'temperature' does not support 0.5", {"temperature": 0.5}, None),
        (
            "max_tokens",
            "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.",
            {},
            "max_completion_tokens",
        ),
        ("stream_options", "unknown field stream_options", {}, None),
        ("response_format", "Bad Request", {"returns": OBJECT}, None),
    ],
)
async def test_a_rejected_setting_is_left_out_from_then_on(
    openai: Caller,
    server: ModelServer,
    setting: str,
    message: str,
    settings: Any,
    instead: str | None,
) -> None:
    server.rules = [Rule(has=setting, status=400, message=message)]
    assert (await openai(**settings)).text == "ok"
    assert (await openai(**settings)).text == "ok"
    assert [setting in call.body for call in server.calls] == [True, False, False]
    assert instead is None or instead in server.calls[2].body
    server.rules = []
    await openai(**{**settings, "model": "another"})
    assert setting in server.calls[3].body, "remembered for the one model only"


async def test_json_mode_where_only_that_is_known(openai: Caller, server: ModelServer) -> None:
    complaint = "response_format.type must be text or json_object"
    server.rules = [Rule(has="response_format", status=400, message=complaint, times=1)]
    await openai(returns=OBJECT)
    assert server.calls[1].body["response_format"] == {"type": "json_object"}


async def test_several_rejections_in_a_row(openai: Caller, server: ModelServer) -> None:
    server.rules = [
        Rule(has="temperature", status=400, message="no temperature here"),
        Rule(has="stream_options", status=422, message="extra: stream_options"),
        Rule(has="response_format", status=400, message="json_schema not supported"),
    ]
    assert (await openai(temperature=1.0, returns=OBJECT)).text == "ok"
    assert (await openai(temperature=1.0, returns=OBJECT)).text == "ok"
    assert server.calls[-1].body.keys() == {"model", "messages", "stream", "max_tokens"}


async def test_a_rejection_of_something_else_is_the_error(
    openai: Caller, server: ModelServer
) -> None:
    server.rules = [Rule(status=400, message="messages must alternate")]
    error = await openai.error(returns=OBJECT)
    assert isinstance(error, BadRequest)
    assert error.cause == "messages must alternate"
    server.rules = []
    await openai(returns=OBJECT)
    assert "response_format" in server.calls[-1].body, "nothing learned from a failure"


async def test_a_model_without_tools_is_named_as_such(openai: Caller, server: ModelServer) -> None:
    server.rules = [Rule(has="tools", status=400, message="m does not support tools")]
    assert "tags" in (await openai.error(tools=(TOOL,))).advice


async def reply_to(openai: Caller, server: ModelServer, *events: Any) -> Any:
    server.rules = [Rule(events=events)]
    return await openai(tools=(TOOL,))


async def test_usage_is_estimated_where_none_is_reported(
    openai: Caller, server: ModelServer
) -> None:
    server.rules = [Rule(reply=Reply(text="four words of text", usage=None))]
    reply = await openai("x" * 1000)
    assert not reply.usage_reported
    assert reply.usage.input_tokens >= 500
    assert reply.usage.output_tokens == 9


async def test_cached_tokens(openai: Caller, server: ModelServer) -> None:
    server.rules = [Rule(reply=Reply(text="hi", usage=(100, 7), cached=80))]
    usage = (await openai()).usage
    assert (usage.input_tokens, usage.output_tokens, usage.cached_input_tokens) == (100, 7, 80)


async def test_a_server_that_does_not_stream(openai: Caller, server: ModelServer) -> None:
    reply = Reply(text="all at once", tool_calls=({"name": "f", "arguments": {"a": 1}},))
    server.rules = [Rule(reply=reply, whole=True)]
    got = await openai(tools=(TOOL,))
    assert got.text == "all at once" == "".join(openai.pieces)
    assert got.tool_calls[0].arguments == {"a": 1}
    assert got.usage.input_tokens == 10


async def test_no_done_no_usage_no_ids_and_unknown_fields(
    openai: Caller, server: ModelServer
) -> None:
    reply = await reply_to(
        openai,
        server,
        ": keep-alive\n\n",
        {"choices": [], "x_info": {"queue": 3}},
        {"object": "ping"},
        chunk({"content": None, "reasoning_content": "hmm", "audio": 7}, x=1),
        chunk({"content": "hello", "tool_calls": None}, unknown=[1]),
        {"choices": [{"index": 1, "delta": {"content": "another choice"}}]},
        chunk(None, "stop"),
    )
    assert reply.text == "hello"
    assert reply.stop == "end"
    assert reply.model == "m"
    assert not reply.usage_reported


async def test_tool_calls_out_of_order_and_interleaved(openai: Caller, server: ModelServer) -> None:
    reply = await reply_to(
        openai,
        server,
        chunk({"tool_calls": [tool("g", '{"n"', index=1, id="b")]}),
        chunk({"tool_calls": [tool("f", '{"n"', index=0, id="a")]}),
        chunk({"tool_calls": [tool(None, ": 2}", index=1), tool(None, ": 1}", index=0)]}),
        chunk({}, "tool_calls"),
        DONE,
    )
    assert [(c.id, c.name, c.arguments) for c in reply.tool_calls] == [
        ("a", "f", {"n": 1}),
        ("b", "g", {"n": 2}),
    ]


async def test_whole_calls_without_ids_and_indexes(openai: Caller, server: ModelServer) -> None:
    reply = await reply_to(
        openai,
        server,
        chunk({"tool_calls": [tool("f", {"n": 1}), tool("f", '{"n": 2}')]}, "stop"),
        DONE,
    )
    assert [call.arguments for call in reply.tool_calls] == [{"n": 1}, {"n": 2}]
    assert [call.id for call in reply.tool_calls] == ["call_1_0", "call_1_1"]
    assert reply.stop == "tool_calls", "whatever the finish reason says"


@pytest.mark.parametrize("ids", [("x", "y"), (None, None)])
async def test_whole_calls_that_all_claim_the_first_index(
    openai: Caller, server: ModelServer, ids: Any
) -> None:
    first, second = (
        chunk({"tool_calls": [tool("f", f'{{"n": {n}}}', index=0, id=identity)]})
        for n, identity in enumerate(ids, start=1)
    )
    reply = await reply_to(openai, server, first, second, chunk({}, "stop"), DONE)
    assert [call.arguments for call in reply.tool_calls] == [{"n": 1}, {"n": 2}]


async def test_a_name_repeated_with_each_piece_is_one_call(
    openai: Caller, server: ModelServer
) -> None:
    reply = await reply_to(
        openai,
        server,
        chunk({"tool_calls": [tool("f", '{"n"', index=0, id="x")]}),
        chunk({"tool_calls": [tool("f", ": 1}", index=0, id="x")]}, "tool_calls"),
    )
    assert [call.arguments for call in reply.tool_calls] == [{"n": 1}]


async def test_repeated_ids_become_distinct(openai: Caller, server: ModelServer) -> None:
    reply = await reply_to(
        openai,
        server,
        chunk({"tool_calls": [tool("f", "{}", index=0, id="x"), tool("g", "{}", index=1, id="x")]}),
        chunk({}, "tool_calls"),
        DONE,
    )
    assert [(call.id, call.name) for call in reply.tool_calls] == [("x", "f"), ("call_1_1", "g")]


@pytest.mark.parametrize("raw", ["{oops", "[1]", '"text"', '{"a": NaN}', '{"a": 1' + "0" * 5000])
async def test_arguments_that_are_no_object(openai: Caller, server: ModelServer, raw: str) -> None:
    reply = await reply_to(
        openai, server, chunk({"tool_calls": [tool("f", raw, index=0)]}, "tool_calls")
    )
    assert reply.tool_calls[0].arguments is None
    assert reply.tool_calls[0].raw == raw


async def test_what_no_database_stores_is_replaced(openai: Caller, server: ModelServer) -> None:
    raw = '{"a\\u0000": ["\\ud800"]}'
    reply = await reply_to(
        openai,
        server,
        chunk({"content": "nul \x00 and half a pair \ud83d."}),
        chunk({"tool_calls": [tool("f\x00", raw, index=0)]}, "tool_calls"),
    )
    assert reply.text == "nul \ufffd and half a pair \ufffd."
    assert reply.tool_calls[0].arguments == {"a\ufffd": ["\ufffd"]}
    assert "\x00" not in reply.tool_calls[0].name


async def test_cut_by_length(openai: Caller, server: ModelServer) -> None:
    server.rules = [Rule(reply=Reply(text="half a sen", stop="length"))]
    assert (await openai()).stop == "max_tokens"


async def test_a_cut_after_the_finish_reason_loses_only_the_count(
    openai: Caller, server: ModelServer
) -> None:
    server.rules = [Rule(reply=Reply(text="whole", pieces=1), fault="cut", after=3)]
    reply = await openai()
    assert reply.text == "whole"
    assert not reply.usage_reported


async def test_a_refusal_in_words(openai: Caller, server: ModelServer) -> None:
    server.rules = [
        Rule(events=(chunk({"refusal": "I can't "}), chunk({"refusal": "do it."}, "stop")))
    ]
    error = await openai.error()
    assert isinstance(error, Refusal)
    assert "I can't do it." in error.cause


async def test_an_error_in_the_choice(openai: Caller, server: ModelServer) -> None:
    broken = {"choices": [{"index": 0, "error": {"code": 502, "message": "upstream"}, "delta": {}}]}
    server.rules = [Rule(events=(chunk({"content": "a"}), broken))]
    error = await openai.error()
    assert isinstance(error, Overloaded)
    assert error.partial_text == "a"


async def test_calls_without_end_are_stopped(openai: Caller, server: ModelServer) -> None:
    calls = [tool("f", "{}", index=n, id=str(n)) for n in range(300)]
    server.rules = [Rule(events=(chunk({"tool_calls": calls}, "tool_calls"),))]
    assert isinstance(await openai.error(tools=(TOOL,)), MalformedAnswer)


async def test_counts_and_names_beyond_reason_are_bounded(
    openai: Caller, server: ModelServer
) -> None:
    usage = {"prompt_tokens": 10**300, "completion_tokens": -5, "prompt_tokens_details": [1]}
    reply = await reply_to(
        openai, server, chunk({"content": "a"}, "stop", usage=usage, model="m\x00" * 5000)
    )
    assert (reply.usage.input_tokens, reply.usage.output_tokens) == (10**9, 0)
    assert len(reply.model) == 200


async def test_an_answer_without_end_is_stopped(
    openai: Caller, server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.rules = [Rule(events=(chunk({"content": "x" * 1_000_000}),) * 70)]
    assert isinstance(await openai.error(), MalformedAnswer)
