"""Every way a model server fails, by name: kind, host, status, plain cause, one piece of advice."""

import asyncio
import socket
import ssl
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from runs.providers import UnknownProvider, provider_get
from runs.providers.base import Credential, ModelRequest, ProviderError, UserMessage
from runs.providers.errors import (
    BadKey,
    BadRequest,
    ContextTooLong,
    CutStream,
    DeadlineExceeded,
    MalformedAnswer,
    Overloaded,
    QuotaExceeded,
    RateLimited,
    Refusal,
    UnknownModel,
    Unreachable,
    WrongAddress,
)
from tests.fakes.model_server import ModelServer, Reply, Rule
from tests.integration.providers.certificate import self_signed
from tests.integration.providers.conftest import KEY, Caller

STATUSES = [
    (401, f"Incorrect API key provided: {KEY}", "invalid_api_key", BadKey, True),
    (401, "invalid x-api-key", "authentication_error", BadKey, True),
    (403, "Country not supported", "permission_error", BadKey, True),
    (402, "Pay first", "billing_error", QuotaExceeded, True),
    (429, "You exceeded your current quota", "insufficient_quota", QuotaExceeded, True),
    (400, "Your credit balance is too low", "invalid_request_error", QuotaExceeded, True),
    (429, "You exceeded your current quota. Please retry in 5s.", "", RateLimited, False),
    (400, "Filtered by the policy", "content_filter", Refusal, True),
    (400, "Output blocked by content filtering policy", "invalid_request_error", Refusal, True),
    (400, "Failed to call a function", "tool_use_failed", MalformedAnswer, False),
    (404, "No endpoints found that support tool use.", "", UnknownModel, True),
    (404, "The model `m` does not exist", "model_not_found", UnknownModel, True),
    (404, "model: m", "not_found_error", UnknownModel, True),
    (404, "model 'm' not found", "", UnknownModel, True),
    (429, "Slow down", "rate_limit_error", RateLimited, False),
    (529, "Overloaded", "overloaded_error", Overloaded, False),
    (503, "Service unavailable", "", Overloaded, False),
    (500, "Oops", "server_error", Overloaded, False),
    (504, "Gateway timeout", "timeout_error", Overloaded, False),
    (400, "temperature must be at most 2", "invalid_request_error", BadRequest, True),
    (422, "messages: bad", "", BadRequest, True),
    (413, "Request exceeds the maximum size", "request_too_large", ContextTooLong, True),
    (400, "prompt is too long: 9 tokens > 8", "invalid_request_error", ContextTooLong, True),
    (400, "maximum context length is 8 tokens", "context_length_exceeded", ContextTooLong, True),
    (400, "the request exceeds the available context size", "", ContextTooLong, True),
]


@pytest.mark.parametrize(("status", "message", "code", "kind", "permanent"), STATUSES)
async def test_a_status_becomes_a_typed_error(
    caller: Caller,
    server: ModelServer,
    status: int,
    message: str,
    code: str,
    kind: type[ProviderError],
    permanent: bool,
) -> None:
    server.rules = [Rule(status=status, message=message, code=code)]
    error = await caller.error()
    assert type(error) is kind
    assert error.permanent is permanent
    assert error.status == status
    assert error.host == f"127.0.0.1:{server.port}"
    assert error.usage is None
    assert len(server.calls) == 1, "neither the SDK nor we repeat a call by ourselves"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7.0),
        ({"retry-after-ms": "250", "retry-after": "1"}, 0.25),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-3"}, None),
        ({}, None),
    ],
)
async def test_retry_after_in_seconds(
    caller: Caller, server: ModelServer, headers: dict[str, str], seconds: float | None
) -> None:
    server.rules = [Rule(status=429, headers=headers)]
    assert (await caller.error()).retry_after_s == seconds


async def test_retry_after_as_a_date(caller: Caller, server: ModelServer) -> None:
    moment = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
    server.rules = [Rule(status=503, headers={"retry-after": moment})]
    wait = (await caller.error()).retry_after_s
    assert wait is not None
    assert 50 < wait <= 60


@pytest.mark.parametrize(
    ("code", "kind"), [("overloaded_error", Overloaded), ("x", MalformedAnswer)]
)
async def test_an_error_inside_the_stream(
    caller: Caller, server: ModelServer, code: str, kind: type[ProviderError]
) -> None:
    event = {"type": "error", "error": {"type": code, "message": "Overloaded"}}
    server.rules = [Rule(events=(event,))]
    error = await caller.error()
    assert type(error) is kind
    assert "Overloaded" in error.cause


async def test_a_key_that_the_server_repeats_is_not_shown(
    caller: Caller, server: ModelServer
) -> None:
    """Checked by `error` itself, also for a server that spells the key in other places."""
    server.rules = [Rule(status=400, message=f"no key {KEY} and sk-test-********cdef here")]
    assert "cdef" not in (await caller.error()).cause


@pytest.mark.parametrize("fault", ["cut", "stop"])
async def test_a_stream_that_ends_early(caller: Caller, server: ModelServer, fault: str) -> None:
    rule = Rule(reply=Reply(text="one two three four"), fault=fault, after=4)  # type: ignore[arg-type]
    server.rules = [rule]
    error = await caller.error()
    assert isinstance(error, CutStream)
    assert not error.permanent
    assert error.partial_text == "".join(caller.pieces) != ""
    assert error.usage is not None
    assert error.usage.output_tokens > 0


async def test_a_connection_closed_without_an_answer(caller: Caller, server: ModelServer) -> None:
    server.rules = [Rule(fault="close")]
    error = await caller.error()
    assert isinstance(error, CutStream)
    assert error.usage is None


async def test_a_stream_that_stalls_meets_the_total_deadline(
    caller: Caller, server: ModelServer
) -> None:
    server.rules = [Rule(reply=Reply(text="one two three"), fault="hang", after=4)]
    error = await caller.error(deadline_s=1.5)
    assert isinstance(error, DeadlineExceeded)
    assert error.partial_text
    assert error.usage is not None
    assert "did not finish" in error.cause


async def test_pieces_that_keep_coming_do_not_extend_the_deadline(
    caller: Caller, server: ModelServer
) -> None:
    server.rules = [Rule(reply=Reply(text="a" * 400, pieces=400), piece_ms=20)]
    began = time.monotonic()
    assert isinstance(await caller.error(deadline_s=0.3), DeadlineExceeded)
    assert time.monotonic() - began < 2


@pytest.mark.parametrize(
    "events", [("event: x\ndata: {nope\n\n",), ('event: x\ndata: "text"\n\n',)]
)
async def test_garbage(caller: Caller, server: ModelServer, events: tuple[str, ...]) -> None:
    server.rules = [Rule(events=events)]
    assert isinstance(await caller.error(), MalformedAnswer)


async def test_json_nested_too_deeply(caller: Caller, server: ModelServer) -> None:
    server.rules = [Rule(content="[" * 100_000, headers={"content-type": "application/json"})]
    assert isinstance(await caller.error(), MalformedAnswer)


@pytest.mark.parametrize("body", ["{}", "[]", '"hi"', "null", '{"choices": 7, "content": 7}'])
async def test_json_that_is_no_answer(caller: Caller, server: ModelServer, body: str) -> None:
    server.rules = [Rule(content=body, headers={"content-type": "application/json"})]
    assert isinstance(await caller.error(), MalformedAnswer)


async def test_a_web_page_instead_of_a_model(caller: Caller, server: ModelServer) -> None:
    server.rules = [Rule(content="<html>Welcome</html>")]
    error = await caller.error()
    assert isinstance(error, WrongAddress)
    assert "web page" in error.cause


async def test_a_redirect_is_not_followed_with_the_key(caller: Caller, server: ModelServer) -> None:
    server.rules = [Rule(status=307, headers={"location": "https://example.com/v1?token=x"})]
    error = await caller.error()
    assert isinstance(error, WrongAddress)
    assert "https://example.com/v1" in error.cause
    assert "token" not in error.cause


async def test_a_path_without_a_model_server(caller: Caller, server: ModelServer) -> None:
    caller.base_url = f"{server.url}/elsewhere"
    error = await caller.error()
    assert isinstance(error, WrongAddress)
    assert error.status == 404


@pytest.mark.parametrize("address", ["localhost:1/v1", "ftp://localhost", "http://", "http://[::1"])
async def test_an_address_that_is_none(caller: Caller, address: str) -> None:
    caller.base_url = address
    assert isinstance(await caller.error(), WrongAddress)


async def test_the_vendor_is_not_called_without_a_key(caller: Caller) -> None:
    caller.base_url = caller.api_key = ""
    error = await caller.error()
    assert isinstance(error, BadKey)
    assert error.host in ("api.openai.com", "api.anthropic.com")


async def test_refused(caller: Caller) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        caller.base_url = f"http://user:secret@127.0.0.1:{listener.getsockname()[1]}"
        error = await caller.error()
    assert isinstance(error, Unreachable)
    assert "refused" in error.cause
    assert "secret" not in str(vars(error))


async def test_a_proxy_that_refuses_is_thought_of(
    caller: Caller, server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert "HTTP_PROXY" in (await caller.error()).advice


async def test_a_name_that_does_not_resolve(caller: Caller) -> None:
    caller.base_url = "http://no-such-host.invalid/v1"
    error = await caller.error()
    assert isinstance(error, Unreachable)
    assert "no-such-host.invalid" in error.cause
    assert "resolved" in error.cause


async def test_a_host_that_does_not_accept_is_named_within_five_seconds(caller: Caller) -> None:
    """A listener whose queue is full drops every further SYN, as a firewall does."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        caller.base_url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        began = time.monotonic()
        error = await caller.error()
        for filler in fillers:
            filler.close()
    assert isinstance(error, Unreachable)
    assert time.monotonic() - began < 5


@pytest.fixture
def tls_server(tmp_path: Path) -> Iterator[ModelServer]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(self_signed(tmp_path))
    with ModelServer(ssl=context) as running:
        yield running


async def test_a_certificate_that_nobody_signed(caller: Caller, tls_server: ModelServer) -> None:
    caller.base_url = tls_server.url
    error = await caller.error()
    assert isinstance(error, Unreachable)
    assert error.permanent
    assert "certificate" in error.cause


async def test_tls_to_a_server_without(caller: Caller, server: ModelServer) -> None:
    caller.base_url = server.url.replace("http:", "https:")
    error = await caller.error()
    assert isinstance(error, Unreachable)
    assert "TLS" in error.cause


async def test_a_refusal(caller: Caller, server: ModelServer) -> None:
    stop = "content_filter" if caller.provider.name == "openai" else "refusal"
    server.rules = [Rule(reply=Reply(text="I", stop=stop))]
    error = await caller.error()
    assert isinstance(error, Refusal)
    assert error.permanent
    assert error.usage is not None
    assert error.usage.input_tokens == 10


async def test_an_abandoned_call_is_ended_at_the_server_too(
    caller: Caller, server: ModelServer
) -> None:
    server.rules = [Rule(fault="hang")]
    call = asyncio.create_task(caller())
    await asyncio.to_thread(server.wait, lambda: len(server.calls) == 1)
    call.cancel()
    await asyncio.wait([call])
    await asyncio.to_thread(server.wait, lambda: server.calls[0].ended == "abandoned")


async def test_failures_leave_the_pool_usable(caller: Caller, server: ModelServer) -> None:
    server.rules = [Rule(fault="cut", after=1, times=20), Rule(status=500, times=20)]
    await asyncio.gather(*(caller.error() for _ in range(40)))
    assert (await caller()).text == "ok"


async def test_an_unknown_provider_lists_the_choices() -> None:
    with pytest.raises(UnknownProvider, match="anthropic, openai, rehearsal"):
        provider_get("oracle")


async def test_a_broken_script_names_the_place() -> None:
    from runs.providers.base import Cue
    from runs.providers.script import BadScript

    script = {"roles": {"lead": [{"turns": [{"says": "typo"}]}]}}
    cue = Cue(role="lead", visit=1, turn=1, script=script)
    request = ModelRequest(model="", messages=(UserMessage(text="hi"),), cue=cue)
    with pytest.raises(BadScript, match=r"roles\.lead\.0\.turns\.0\.says"):
        await provider_get("rehearsal").complete(request, Credential(), lambda _: None)
