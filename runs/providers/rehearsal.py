"""The provider that calls no model: it plays a crew's script, or improvises an answer.

What it says depends on the request (with its cue) alone, so a rehearsal is the same every time.
"""

import asyncio
import json
import os
import re
from collections import Counter
from collections.abc import Callable
from hashlib import sha256

from runs.providers.base import (
    AssistantMessage,
    Credential,
    Cue,
    Json,
    ModelReply,
    ModelRequest,
    Provider,
    ToolCall,
    ToolMessage,
    ToolSpec,
    Usage,
    UserMessage,
)
from runs.providers.errors import DeadlineExceeded
from runs.providers.improvise import improvise
from runs.providers.script import Turn, filled, script_parse, turn_of

NAME = "rehearsal"
DELEGATE = "delegate_to_agent"
PIECE = re.compile(r"\S*\s*\S*\s*\S*\s*", re.DOTALL)
# what others produced stands between such tags in prompts
QUOTED = re.compile(r"<data-([0-9a-f]+)\b.*?</data-\1>", re.DOTALL)
TAG = re.compile(r"</?\w[^<>]*>")
PIECE_MS = 20
MAX_STREAM_MS = 1500


def provider() -> Provider:
    """Paced for the eye; `CALLSHEET_REHEARSAL_PACE` is a factor on all its delays, 0 for none."""
    return RehearsalProvider(pace=float(os.environ.get("CALLSHEET_REHEARSAL_PACE") or 1))


class RehearsalProvider:
    """A `Provider` without a server, a key or a price."""

    name = NAME

    def __init__(self, *, pace: float = 1.0) -> None:
        self._pace = pace

    async def complete(
        self, request: ModelRequest, credential: Credential, on_delta: Callable[[str], None]
    ) -> ModelReply:
        """Play the turn that `request.cue` calls for. Raises `BadScript` and `DeadlineExceeded`."""
        turn = _turn(request)
        text = turn.say if isinstance(turn.say, str) else json.dumps(turn.say, ensure_ascii=False)
        try:
            async with asyncio.timeout(request.deadline_s):
                await self._speak(text, turn.delay_ms, on_delta)
        except TimeoutError:
            cause = f"The rehearsed answer was not complete within {request.deadline_s:g} s."
            raise DeadlineExceeded(cause, provider=NAME) from None
        calls = tuple(
            _call(f"rehearsed_{len(request.messages)}_{number}", name, arguments)
            for number, one in enumerate(turn.call)
            for name, arguments in one.items()
        )
        spoken = text + "".join(call.raw for call in calls)
        made = turn.tokens if turn.tokens is not None else _tokens(spoken)
        return ModelReply(
            text=text,
            tool_calls=calls,
            stop="tool_calls" if calls else "end",
            usage=Usage(input_tokens=_tokens(_said_before(request)), output_tokens=made),
            model=NAME,
        )

    async def aclose(self) -> None:
        """Nothing is open."""

    async def _speak(self, text: str, delay_ms: int, on_delta: Callable[[str], None]) -> None:
        pieces = [piece for piece in PIECE.findall(text) if piece]
        between = min(PIECE_MS, MAX_STREAM_MS / max(1, len(pieces))) * self._pace / 1000
        await asyncio.sleep(delay_ms * self._pace / 1000)
        for piece in pieces:
            on_delta(piece)
            await asyncio.sleep(between)


def _turn(request: ModelRequest) -> Turn:
    cue = request.cue or Cue(role="", visit=1, turn=1)
    ask = cue.task or _ask(request)
    turn = turn_of(script_parse(cue.script), cue, ask) if cue.script is not None else None
    if turn is None:
        return _improvised(request, cue, ask)

    def fill(text: str) -> str:
        last = _last(request)
        return text.replace("{{task}}", _short(ask, 300)).replace("{{last}}", _short(last, 600))

    return turn.model_copy(
        update={"say": filled(turn.say, fill), "call": tuple(filled(list(turn.call), fill))}
    )


def _improvised(request: ModelRequest, cue: Cue, ask: str) -> Turn:
    tool = next((tool for tool in request.tools if tool.name == DELEGATE), None)
    roles = _roles_to_ask(request, cue, tool)
    task = _short(ask, 200)
    if roles and tool is not None:
        return Turn(
            say="Rehearsal: I hand the work out.",
            call=tuple({DELEGATE: _delegation(tool, role, task, request)} for role in roles),
        )
    if roles:
        orders = (f"<{tag}>{task}</{tag}>" for tag, role in cue.delegates.items() if role in roles)
        return Turn(say="\n".join(["Rehearsal: I hand the work out.", *orders]))
    if request.returns is not None:
        return Turn(say=improvise(request.returns, seed=_seed(request), about=_short(ask, 60)))
    who = f" by {cue.role}" if cue.role else ""
    return Turn(say=f"A rehearsed answer{who} to “{task}”. {cue.end_word}".rstrip())


def _roles_to_ask(request: ModelRequest, cue: Cue, tool: ToolSpec | None) -> list[str]:
    """Whom to delegate to now: everyone at first; later whom the crew itself asks for by name."""
    agents: Json = tool.parameters.get("properties", {}).get("agent_name", {}) if tool else {}
    offered = agents.get("enum") if isinstance(agents, dict) else None
    roles = [str(role) for role in offered or dict.fromkeys(cue.delegates.values())]
    asked = _asked(request, cue)
    if cue.turn == 1 and cue.visit == 1 and not asked:
        return roles
    last = request.messages[-1] if request.messages else None
    if cue.turn == 1 or not isinstance(last, UserMessage):
        return []
    demand = QUOTED.sub("", last.text)
    named = [role for role in roles if re.search(rf"\b{re.escape(role)}\b", demand)]
    return [role for role in named if asked[role] < 2 and "Error:" not in demand]


def _asked(request: ModelRequest, cue: Cue) -> Counter[str]:
    """How often each role was delegated to in this conversation, by tool or by tag."""
    asked: Counter[str] = Counter()
    for message in request.messages:
        if isinstance(message, AssistantMessage):
            asked.update(role for tag, role in cue.delegates.items() if f"<{tag}>" in message.text)
            calls = (call for call in message.tool_calls if call.name == DELEGATE)
            asked.update(str((call.arguments or {}).get("agent_name")) for call in calls)
    return asked


def _delegation(tool: ToolSpec, role: str, task: str, request: ModelRequest) -> dict[str, Json]:
    made = improvise(tool.parameters, seed=_seed(request), about=task)
    arguments = made if isinstance(made, dict) else {}
    return {**arguments, "agent_name": role, "task": task}


def _call(identity: str, name: str, arguments: dict[str, Json]) -> ToolCall:
    raw = json.dumps(arguments, ensure_ascii=False)
    return ToolCall(id=identity, name=name, arguments=arguments, raw=raw)


def _ask(request: ModelRequest) -> str:
    """What the role was asked: the first paragraph of the first message, without quoted data.

    Further paragraphs tell how to go about it (the tags to delegate by, for one); said again
    in an answer they would be taken for orders.
    """
    first = next((m.text for m in request.messages if isinstance(m, UserMessage)), "")
    return TAG.sub("", QUOTED.sub("", first)).strip().partition("\n\n")[0]


def _last(request: ModelRequest) -> str:
    last = request.messages[-1] if request.messages else None
    if isinstance(last, ToolMessage):
        return "\n".join(result.text for result in last.results)
    return last.text if last is not None else ""


def _said_before(request: ModelRequest) -> str:
    texts = [request.system]
    for message in request.messages:
        if isinstance(message, ToolMessage):
            texts += [result.text for result in message.results]
        else:
            texts.append(message.text)
    return "\n".join(texts)


def _short(text: str, size: int) -> str:
    line = text.strip()
    return line if len(line) <= size else line[: size - 1].rstrip() + "…"


def _tokens(text: str) -> int:
    """About what a model would count: four bytes to a token."""
    return (len(text.encode("utf-8", "replace")) + 3) // 4


def _seed(request: ModelRequest) -> str:
    """The same for the same request; the script and the deadline have no say in it."""
    plain = request.model_dump_json(exclude={"cue": {"script"}, "deadline_s": True})
    return sha256(plain.encode("utf-8", "replace")).hexdigest()
