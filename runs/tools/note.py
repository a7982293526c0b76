from crews.catalog import ToolInfo
from runs.tools.base import Json, Tool, ToolContext, ToolOutput

MOST_NOTES = 200

INFO = ToolInfo(
    name="note",
    title="Note something",
    description="Write a note on your own scratchpad, which nobody else in the crew sees. It stays"
    " for the whole run, also when you are asked again later; read it with read_notes.",
    parameters={
        "type": "object",
        "required": ["text"],
        "additionalProperties": False,
        "properties": {"text": {"type": "string", "minLength": 1, "maxLength": 4_000}},
    },
)


async def run(context: ToolContext, arguments: dict[str, Json]) -> ToolOutput:
    number = await context.note(arguments["text"], most=MOST_NOTES)
    if number is None:
        return ToolOutput(text=f"Your scratchpad is full: {MOST_NOTES} notes.", is_error=True)
    return ToolOutput(text=f"Noted as {number}.")


TOOL = Tool(info=INFO, run=run, repeatable=True, acts=False)
