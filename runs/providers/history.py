"""What goes back to a server of a conversation in which other servers may have had a part: a role's
fallback models go on where the first one failed."""

import hashlib
import re

from runs.providers.base import AssistantMessage, ModelRequest, ToolSpec

_NO_NAME = re.compile(r"[^a-zA-Z0-9_-]")
# of a server that wants tools to be named in order to be told of their results
NAMELESS = ("must define tools", "toolconfig", "without `tools=`")


def plain_name(name: str) -> str:
    """A tool's name, or a call's id, in the letters that all servers take."""
    return _NO_NAME.sub("_", name)[:64] or "unknown"


def short_id(identity: str) -> str:
    """A call's id for servers that take only nine letters and digits."""
    return hashlib.sha256(identity.encode("utf-8", "replace")).hexdigest()[:9]


def tools_called(request: ModelRequest) -> tuple[ToolSpec, ...]:
    """The tools that were called before, as far as a server must know them that is to call none."""
    turns = (message for message in request.messages if isinstance(message, AssistantMessage))
    names = dict.fromkeys(plain_name(call.name) for turn in turns for call in turn.tool_calls)
    told = "It cannot be called any more."
    return tuple(ToolSpec(name=name, description=told, parameters={}) for name in names)
