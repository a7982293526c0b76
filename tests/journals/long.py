"""A run of ten thousand actions, for what must stay fast."""

from tests.journals.desk import DESK
from tests.journals.story import Story


def long() -> Story:
    """1,250 delegations, each with three model calls and three tool calls: 20,004 entries."""
    story = Story("long", step=5)
    story.begin(DESK, "Ten thousand actions")
    story.start("ask", "lead", "lead", "Lead", {"task": "much"})
    for n in range(1250):
        part = f"lead/{n}"
        told = {"from": "lead", "to": "researcher", "task": f"part {n}"}
        story.start("delegation", part, "lead", "lead → researcher", told)
        story.start("ask", f"{part}/ask", "researcher", "Researcher", {"task": f"part {n}"})
        for turn in range(3):
            asked = [{"role": "user", "text": f"part {n}"}]
            story.call(f"{part}/ask/model{turn}", "researcher", asked, f"answer {n}.{turn}", wait=5)
            printed = {"exit_code": 0, "stdout": "1", "stderr": ""}
            story.tool(f"{part}/ask/tool{turn}", "researcher", "run_python", {}, printed, wait=5)
        story.finish(f"{part}/ask", "researcher", "ok")
        story.finish(part, "lead", "ok")
    story.finish("lead", "lead", "ok")
    story.add("run.finished", status="finished", output="All done.")
    return story
