"""Which edits an action of a fork can be given, and what they must look like."""

from typing import Any

from pydantic import TypeAdapter, ValidationError

from runs.errors import BadRequest
from runs.journal.fold import ActionState
from runs.providers.base import Message, ModelReply, ToolMessage

Json = Any
_MESSAGES: TypeAdapter[list[Message]] = TypeAdapter(list[Message])
EDITABLE = ("ask", "model_call", "tool_call", "handoff")


def check_output(at: ActionState, output: Json) -> Json:
    """Return a result as it takes the place of an action's own. Raises BadRequest.

    Text alone stands for the text of a model's or a tool's answer. What a command left in its
    workspace stays as it was.
    """
    if at.type == "model_call":
        return _reply(output)
    if at.type == "tool_call":
        return _tool_output(at, output)
    if at.type == "ask" and at.status != "finished":
        return output
    if at.status != "finished":
        raise BadRequest(
            f"edit.output: this {at.type} did not finish, so nothing says what its result looks"
            " like; edit an action in it"
        )
    _like(at.output, output, top=at.type != "ask")
    if at.type in ("handoff", "state_write"):
        _same_files(at.output, output)
    return output


def check_input(at: ActionState, input: Json) -> Json:
    """Return an input as the action gets it. Raises BadRequest.

    Text alone stands for the task of an ask, and for the message of a model call.
    """
    own = at.input if isinstance(at.input, dict) else {}
    if at.type == "ask":
        return _asked(own, input)
    if at.type == "model_call":
        return {"messages": _messages(own, input)}
    if at.type == "tool_call" and not at.key.rpartition("/")[2].startswith("refused"):
        if not isinstance(input, dict):
            raise BadRequest("edit.input: the arguments of a tool are an object")
        if "source" in own and "stdin" in own:
            return own | {"stdin": input.get("stdin", own["stdin"])}
        return input
    if at.type == "handoff":
        if not isinstance(input, dict) or "payload" not in input:
            raise BadRequest("edit.input: give an object with the payload to hand over")
        return own | {"payload": input["payload"]}
    raise BadRequest(
        f"edit.input: what a {at.type} is given comes from what was before it;"
        f" {', '.join(EDITABLE)} have an input of their own. Fork at one of these, or edit the"
        " output"
    )


def _reply(output: Json) -> Json:
    if isinstance(output, str):
        output = {"text": output}
    if isinstance(output, dict):
        output = {"text": ""} | output
    try:
        reply = ModelReply.model_validate(output)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(["edit.output", *map(str, first["loc"])])
        raise BadRequest(f"{where}: {first['msg']}") from None
    kept = reply.model_dump(mode="json", exclude_defaults=True, exclude={"usage"})
    return kept | {"text": reply.text}


def _tool_output(at: ActionState, output: Json) -> Json:
    own = at.output if isinstance(at.output, dict) else {}
    field = "stdout" if "stdout" in own and "text" not in own else "text"
    if "stdin" in (at.input or {}) and "source" in (at.input or {}):
        field = "stdout"
    if isinstance(output, str):
        output = {**own, field: output}
    if not isinstance(output, dict) or not isinstance(output.get(field), str):
        raise BadRequest(f"edit.output: give an object with the field '{field}', which is text")
    files = {"workspace": own["workspace"]} if "workspace" in own else {}
    return {name: value for name, value in output.items() if name != "workspace"} | files


def _asked(own: dict[str, Json], input: Json) -> Json:
    told = own | {"task": input} if isinstance(input, str) else input
    if not isinstance(told, dict) or "task" not in told:
        raise BadRequest("edit.input: give the task, or an object with the field 'task'")
    if unknown := told.keys() - {"task", "words", "given"}:
        raise BadRequest(
            f"edit.input.{min(unknown)}: it is not known; an ask has task, words and given"
        )
    if type(told["task"]) is not type(own.get("task")):
        raise BadRequest("edit.input.task: it must be of the kind that the task was")
    if not isinstance(told.get("words", ""), str):
        raise BadRequest("edit.input.words: it is text")
    given = told.get("given", [])
    if not isinstance(given, list) or not all(
        isinstance(item, dict) and isinstance(item.get("from"), str) and "payload" in item
        for item in given
    ):
        raise BadRequest("edit.input.given: it is a list of objects with 'from' and 'payload'")
    return told


def _messages(own: dict[str, Json], input: Json) -> Json:
    """Return the new messages of a model call: as many as it had, of the same kinds."""
    had = _MESSAGES.validate_python(own.get("messages", []))
    if isinstance(input, str):
        input = {"messages": _with_last_text([m.model_dump(mode="json") for m in had], input)}
    if not isinstance(input, dict) or not isinstance(input.get("messages"), list):
        raise BadRequest("edit.input: give the message as text, or an object with 'messages'")
    try:
        messages = _MESSAGES.validate_python(input["messages"])
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(["edit.input.messages", *map(str, first["loc"])])
        raise BadRequest(f"{where}: {first['msg']}") from None
    if [_answers(message) for message in messages] != [_answers(message) for message in had]:
        raise BadRequest(
            "edit.input.messages: they must be as many as there were, by the same roles, with the"
            " results of the same tool calls"
        )
    return [message.model_dump(mode="json") for message in messages]


def _with_last_text(messages: list[dict[str, Json]], text: str) -> list[dict[str, Json]]:
    for message in reversed(messages):
        if message["role"] == "user":
            message["text"] = text
            return messages
    raise BadRequest("edit.input: this call has no message in words; give an object 'messages'")


def _answers(message: Message) -> Json:
    ids = [result.id for result in message.results] if isinstance(message, ToolMessage) else []
    return [message.role, ids]


def _like(own: Json, output: Json, *, top: bool, path: str = "edit.output") -> None:
    """Raise BadRequest unless a result has the kind that the action's own had; one that the engine
    made must have its fields as well."""
    if _kind(own) != _kind(output):
        raise BadRequest(f"{path}: it must be {_kind(own)}, as the action's own result was")
    if not top or not isinstance(own, dict):
        return
    for name, value in own.items():
        if name not in output:
            raise BadRequest(f"{path}.{name}: it is missing; the action's own result has it")
        if isinstance(value, bool) or (name != "payload" and value is not None):
            _like(value, output[name], top=False, path=f"{path}.{name}")


def _same_files(own: Json, output: Json) -> None:
    """Raise BadRequest where a result tells of other files than the action's own: they lie where
    they lie."""
    for name in ("artifacts", "missing", "modes", "placed", "workspace"):
        if isinstance(own, dict) and output.get(name) != own.get(name):
            raise BadRequest(f"edit.output.{name}: files cannot be edited here; leave it as it was")


def _kind(value: Json) -> str:
    for kinds, name in (
        (bool, "true or false"), (str, "text"), (int | float, "a number"),
        (list, "a list"), (dict, "an object"),
    ):  # fmt: skip
        if isinstance(value, kinds):
            return name
    return "null"
