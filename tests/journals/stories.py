"""The golden journals. `python -m tests.journals.stories` writes them; look at what changed."""

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from runs.journal.fold import fold
from runs.progress import progress
from tests.journals.desk import BAD_KEY, DESK, LINE, OVERLOADED
from tests.journals.nets import thrifty
from tests.journals.projection import plain
from tests.journals.story import Story

Json = Any
FOLDER = Path(__file__).parent


def delegations() -> Story:
    """Two delegations at once, a tool, a retry; all finished."""
    story = Story("delegations")
    story.begin(
        DESK,
        "How fast does the Nile flow?",
        models={
            "lead": {"provider": "anthropic", "name": "claude-sonnet-4-5", "credential": "default"}
        },
    )
    story.start("ask", "lead", "lead", "lead", {"task": "How fast does the Nile flow?"})
    story.start(
        "model_call",
        "lead/model1",
        "lead",
        "anthropic/claude-sonnet-4-5",
        {"messages": []},
        provider="anthropic",
        model="claude-sonnet-4-5",
        reserved={"tokens": 4096, "cost_usd": "0.07"},
    )
    story.fail("lead/model1", "lead", OVERLOADED, final=False, retry_in_s=0.5)
    story.start(
        "model_call",
        "lead/model1",
        "lead",
        "anthropic/claude-sonnet-4-5",
        {"messages": []},
        provider="anthropic",
        model="claude-sonnet-4-5",
        attempt=2,
    )
    calls = [
        {"id": "a", "name": "delegate_to_agent", "arguments": {"agent_name": "researcher"}},
        {"id": "b", "name": "delegate_to_agent", "arguments": {"agent_name": "coder"}},
    ]
    story.finish(
        "lead/model1",
        "lead",
        {"text": "", "tool_calls": calls, "stop": "tool_use"},
        usage={"input_tokens": 812, "output_tokens": 96},
        cost_usd="0.003876",
    )
    for worker, letter in (("researcher", "a"), ("coder", "b")):
        story.start(
            "delegation",
            f"lead/{letter}",
            "lead",
            f"lead → {worker}",
            {"from": "lead", "to": worker, "task": f"Your half, {worker}.", "context": {}},
        )
    for worker, letter in (("researcher", "a"), ("coder", "b")):
        story.start("ask", f"lead/{letter}/ask", worker, worker, {"task": f"Your half, {worker}."})
    story.call("lead/a/ask/model1", "researcher", [], "About 0.9 m/s.", cost="1E-7")
    story.tool(
        "lead/b/ask/tool1",
        "coder",
        "run_python",
        {"source": "print(0.9 * 3.6)"},
        {"exit_code": 0, "stdout": "3.24\n", "stderr": ""},
    )
    story.call("lead/b/ask/model1", "coder", [], "3.24 km/h.", cost="0.0020000")
    for worker, letter in (("coder", "b"), ("researcher", "a")):
        story.finish(f"lead/{letter}/ask", worker, {"text": "done"})
        story.finish(f"lead/{letter}", "lead", {"text": "done"})
    story.call("lead/model2", "lead", [], "It flows at **0.9 m/s**, 3.24 km/h.")
    story.finish("lead", "lead", {"text": "It flows at **0.9 m/s**, 3.24 km/h."})
    story.add(
        "run.finished",
        status="finished",
        output="It flows at **0.9 m/s**, 3.24 km/h.",
        totals={"calls": 4, "tokens": 1748, "cost_usd": "0.0069761"},
    )
    return story


def revision() -> Story:
    """A rehearsal: an invalid handoff goes back to its producer; cached calls; a checkpoint."""
    story = Story("revision")
    story.begin(LINE, {"source": "sales.csv"}, rehearsal=True, input={"year": 2025})
    story.start("ask", "extract", "extract", "extract", {"task": {"source": "sales.csv"}})
    story.call("extract/model1", "extract", [], '{"rows": 3}', cost=None, tokens=(0, 0))
    story.finish("extract", "extract", {"rows": 3})
    story.start(
        "handoff",
        "extract>report",
        "extract",
        "extract → report",
        {"from": "extract", "to": "report", "payload": {"rows": 3}},
    )
    story.fail(
        "extract>report",
        "extract",
        {"kind": "invalid_handoff", "message": "rows: 3 is not an array"},
        final=False,
    )
    story.start(
        "handoff",
        "extract>report",
        "extract",
        "extract → report",
        {"from": "extract", "to": "report", "payload": {"rows": [1, 2, 3], "confidence": 0.9}},
        attempt=2,
    )
    story.finish(
        "extract>report",
        "extract",
        {"valid": True, "confidence": 0.9, "passed": True, "reason": ""},
    )
    story.start("checkpoint", "checkpoint1", "", "after extract", {"stage": "extract"})
    story.finish("checkpoint1", "", None)
    story.start("ask", "report", "report", "report", {"task": None})
    story.finish("report", "report", "Drei Zeilen — größer als null ✓", usage={"cached_tokens": 12})
    story.add(
        "run.finished",
        status="finished",
        output={"summary": "Drei Zeilen — größer als null ✓", "rows": 3},
    )
    return story


def question() -> Story:
    """Two questions at once; one is answered; the run is paused, resumed, and waits."""
    story = Story("question")
    story.begin(DESK, "Delete the staging database?")
    days = {"type": "object", "properties": {"days": {"type": "integer"}}}
    for n in (1, 2):
        story.start("escalation", f"ask{n}", "lead", "ask_human", {"question": f"Question {n}?"})
        story.add(
            "run.waiting",
            key=f"ask{n}",
            agent="lead",
            actor="lead",
            question=f"Question {n}?",
            choices=["approve", "reject"],
            context={"table": "staging"},
            reason="approval",
            proposed={"table": "staging", "days": n},
            assignee="ada@example.org",
            deadline="2026-03-15T09:30:00+00:00",
            default="reject",
            wait=20,
            schema_=days if n == 2 else None,
        )
    story.add(
        "decision.made",
        key="ask1",
        agent="lead",
        actor="ada@example.org",
        choice="approve",
        comment="Go on.",
        wait=60_000,
    )
    story.finish("ask1", "lead", {"choice": "approve"})
    story.add("run.paused", actor="bob@example.org", reason="Lunch")
    story.add("run.resumed", actor="bob@example.org", wait=3_600_000)
    return story


def takeover() -> Story:
    """Workers are lost, and one hands over: a call is repeated, a tool is in doubt, a person
    decides and cancels."""
    story = Story("takeover")
    story.begin(DESK, "Send the invoice")
    story.start("ask", "lead", "lead", "lead", {"task": "Send the invoice"})
    call = {"provider": "openai", "model": "gpt-4.1-mini"}
    story.start(
        "model_call", "lead/model1", "lead", "openai/gpt-4.1-mini", {"messages": []}, **call
    )
    story.add("run.resumed", reason="The worker was lost.", wait=12_000)
    story.start(
        "model_call",
        "lead/model1",
        "lead",
        "openai/gpt-4.1-mini",
        {"messages": []},
        attempt=2,
        lost=True,
        **call,
    )
    story.add("run.resumed", reason="The worker was lost.", wait=12_000)
    story.start(
        "model_call",
        "lead/model1",
        "lead",
        "openai/gpt-4.1-mini",
        {"messages": []},
        attempt=3,
        lost=True,
        **call,
    )
    story.add("run.resumed", reason="The worker before was told to end.", handover=True, wait=500)
    story.start(
        "model_call",
        "lead/model1",
        "lead",
        "openai/gpt-4.1-mini",
        {"messages": []},
        attempt=4,
        lost=True,
        **call,
    )
    story.finish(
        "lead/model1",
        "lead",
        {"text": "", "tool_calls": [{"id": "x", "name": "shell"}], "stop": "tool_use"},
        usage={"input_tokens": 50, "output_tokens": 5},
    )
    story.start("tool_call", "lead/tool1", "lead", "shell", {"command": "send"})
    story.add("run.resumed", reason="The worker was lost.", wait=12_000)
    story.add(
        "action.uncertain",
        key="lead/tool1",
        agent="lead",
        reason="The worker was lost while it ran.",
    )
    story.add(
        "run.waiting",
        key="lead/tool1",
        agent="lead",
        question="Did it happen?",
        choices=["it did", "repeat"],
    )
    story.add("run.resumed", actor="ada@example.org")
    story.add(
        "decision.made",
        key="lead/tool1",
        actor="ada@example.org",
        choice="repeat",
        value={"why": [1, None]},
    )
    story.start("tool_call", "lead/tool1", "lead", "shell", {"command": "send"}, attempt=2)
    story.add("run.paused", actor="system", reason="Three crashes at the same action.")
    story.add("run.resumed", actor="ada@example.org")
    story.add("run.cancelled", actor="ada@example.org", reason="Sent by hand.")
    return story


def refused() -> Story:
    """The provider refuses the key: action, ask and run fail. Later the task is erased."""
    story = Story("refused")
    story.begin(DESK, "A task with a secret in it")
    story.start("ask", "lead", "lead", "lead", {"task": "A task with a secret in it"})
    story.start(
        "model_call",
        "lead/model1",
        "lead",
        "anthropic/claude-sonnet-4-5",
        {"messages": [{"role": "user"}]},
        provider="anthropic",
        model="claude-sonnet-4-5",
    )
    story.fail(
        "lead/model1", "lead", BAD_KEY, final=True, usage={"input_tokens": 10}, cost_usd="0.00003"
    )
    story.fail("lead", "lead", BAD_KEY, final=True)
    story.add("run.finished", status="failed", error=BAD_KEY)
    story.redact(2, "A customer asked for it.")
    return story


def forked() -> Story:
    """A fork: a delegation, a refused call and an answered question are taken over, a result is
    edited by a person, and the lead goes on from there."""
    story = Story("forked")
    source = Story("forked-from").run
    at = "2026-03-14T08:00:0{}.250000Z"

    def mark(seq: int, **more: Json) -> dict[str, Json]:
        return {"run": source, "seq": seq, "at": at.format(seq % 10), **more}

    origin = {"run": source, "action": None, "key": "lead/model2", "edit": {"output": "Edited"}}
    story.begin(DESK, "Compare two libraries", origin={**origin, "root": source, "entries": 9})
    here = {"run": source, "seq": 2}
    story.start("ask", "lead", "lead", "lead", {"task": "Compare"}, taken=here)
    call = {"provider": "anthropic", "model": "claude-sonnet-4-5"}
    story.start("model_call", "lead/model1", "lead", "m", {"messages": []}, taken=mark(3), **call)
    usage = {"input_tokens": 200, "output_tokens": 80}
    story.fail("lead/model1", "lead", BAD_KEY, final=False, retry_in_s=0.5, taken=mark(4))
    story.start(
        "model_call", "lead/model1", "lead", "m", {"messages": []},
        attempt=2, taken=mark(5), **call,
    )  # fmt: skip
    story.finish(
        "lead/model1", "lead", {"text": "Ask"}, usage=usage, cost_usd="0.0011", taken=mark(6)
    )
    story.start("escalation", "lead/question", "lead", "Go on?", {}, taken=mark(7))
    story.add("run.waiting", key="lead/question", question="Go on?", choices=["yes"], taken=mark(8))
    story.add(
        "decision.made", key="lead/question", actor="user:ada@example.org", choice="yes",
        taken=mark(9),
    )  # fmt: skip
    story.start("model_call", "lead/model2", "lead", "m", {"messages": []}, taken=mark(11), **call)
    story.add(
        "action.finished", key="lead/model2", agent="lead", actor="user:ada@example.org",
        output={"text": "Edited"}, taken=mark(11, edited=True),
    )  # fmt: skip
    story.finish("lead/question", "lead", {"choice": "yes", "value": None, "comment": ""})
    story.call("lead/model3", "lead", [{"role": "user", "text": "And?"}], "Both are fine.")
    story.finish("lead", "lead", "Both are fine.")
    story.add("run.finished", status="finished", output="Both are fine.")
    return story


STORIES: tuple[Callable[[], Story], ...] = (
    delegations, revision, question, takeover, refused, forked, thrifty,
)  # fmt: skip


def golden(tell: Callable[[], Story]) -> str:
    """Return a golden journal's text: what it is about, its entries, the state they fold to, and
    the progress of its tasks after half of them and after all."""
    story = tell()
    entries = [entry.model_dump(mode="json") for entry in story.entries]
    halves = (story.entries[: len(entries) // 2], story.entries)
    tasks = [[asdict(task) for task in progress(fold(half))] for half in halves]
    state = plain(fold(story.entries))
    data = {"about": tell.__doc__, "entries": entries, "state": state, "progress": tasks}
    return json.dumps(data, indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    for tell in STORIES:
        (FOLDER / f"{tell.__name__}.json").write_text(golden(tell))
