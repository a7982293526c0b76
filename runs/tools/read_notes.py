from crews.catalog import ToolInfo
from runs.tools.base import Json, Tool, ToolContext, ToolOutput

INFO = ToolInfo(
    name="read_notes",
    title="Read own notes",
    description="Read all notes on your own scratchpad, the oldest first.",
    parameters={"type": "object", "additionalProperties": False, "properties": {}},
)


async def run(context: ToolContext, arguments: dict[str, Json]) -> ToolOutput:
    notes = context.notes()
    listed = "\n".join(f"{number}. {text}" for number, text in enumerate(notes, start=1))
    return ToolOutput(text=listed or "There are no notes yet.", data={"notes": len(notes)})


TOOL = Tool(info=INFO, run=run, repeatable=True)
