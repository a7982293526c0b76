from crews.catalog import ToolInfo
from runs.tools.base import Json, Tool, ToolContext, ToolOutput

INFO = ToolInfo(
    name="ask_human",
    title="Ask a person",
    description="Ask the user a question and wait for the answer. Use it when only they can"
    " decide.",
    parameters={
        "type": "object",
        "required": ["question"],
        "additionalProperties": False,
        "properties": {
            "question": {"type": "string", "minLength": 1},
            "choices": {
                "type": "array",
                "items": {"type": "string", "minLength": 1, "maxLength": 200},
                "maxItems": 10,
                "uniqueItems": True,
            },
        },
    },
)


async def run(context: ToolContext, arguments: dict[str, Json]) -> ToolOutput:
    decision = await context.ask_person(
        arguments["question"], list(arguments.get("choices") or ["answer"])
    )
    answer = decision["comment"] or decision["value"] or decision["choice"]
    if decision["comment"] and decision["choice"] != "answer":
        answer = f"{decision['choice']}: {decision['comment']}"
    return ToolOutput(text=str(answer), data={"decision": decision})


TOOL = Tool(info=INFO, run=run, repeatable=True, acts=False)
