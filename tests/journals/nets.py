"""A story of safety nets."""

from runs.journal.entries import digest
from tests.journals.desk import DESK
from tests.journals.story import Story


def thrifty() -> Story:
    """A plan: one subtask's result is found again, one waits for a rate limit and runs out of time,
    one is skipped, and one is still queued when the run is cancelled, with a call under way."""
    story = Story("thrifty")
    story.begin(DESK, "A report")
    ids = ("a", "b", "c", "d")
    parts = [{"id": name, "worker": "coder", "task": f"Part {name} 🚀"} for name in ids]
    story.start("plan", "plan", "lead", "planned by lead", {"task": "A report"})
    story.finish("plan", "lead", {"subtasks": parts, "synthesis_instructions": "join"})
    for n, part in enumerate(parts[:3], start=1):
        key = f"branch/{n}/delegation"
        told = {"from": "lead", "to": "coder", **part}
        story.add(
            "action.started", key=key, agent="lead", type="delegation", name="lead → coder",
            attempt=1, input=told, input_hash=digest(told),
        )  # fmt: skip
    origin = {"run": Story("thrifty-before").run, "action": "ask", "at": "2026-03-01T08:00:00Z"}
    story.start("ask", "branch/1/delegation/coder", "coder", "coder", {}, cached=origin)
    story.finish("branch/1/delegation/coder", "coder", "found")
    story.finish("branch/1/delegation", "lead", {"status": "finished", "result": "found"})
    story.start("ask", "branch/2/delegation/coder", "coder", "coder", {})
    story.start(
        "model_call", "branch/2/delegation/coder/model1", "coder", "m", {"messages": []},
        provider="openai", model="m", waits_s=2.5, waits_for="2 calls a minute",
        reserved={"tokens": 900},
    )  # fmt: skip
    late = {"kind": "timeout", "message": "Out of time.", "partial_text": "So far"}
    for key in ("branch/2/delegation/coder/model1", "branch/2/delegation/coder"):
        story.fail(key, "coder", late, final=True)
    story.fail("branch/2/delegation", "lead", late, final=True)
    skipped = {"status": "skipped", "reason": "It needs 'b', which is failed."}
    story.finish("branch/3/delegation", "lead", skipped)
    story.start(
        "model_call", "lead/model2", "lead", "m", {"messages": []}, provider="openai", model="m"
    )
    story.add("run.cancelled", actor="user:ada@example.org", reason="Enough.")
    return story
