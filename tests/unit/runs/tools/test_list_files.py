"""A listing tells a model no more than it can use."""

from dataclasses import dataclass, field
from typing import cast

from runs.tools.base import ToolContext
from runs.tools.list_files import SHOWN, TOOL
from sandbox.api import Sandbox, SandboxSpec
from sandbox.scripted import ScriptedDriver
from tests.unit.runs.tools.contexts import Alone


@dataclass
class InSandbox(Alone):
    driver: ScriptedDriver = field(default_factory=ScriptedDriver)
    box: Sandbox | None = None

    async def sandbox(self) -> Sandbox:
        self.box = self.box or await self.driver.create(SandboxSpec())
        return self.box


async def test_long_names_are_counted_instead():
    context = InSandbox()
    box = await context.sandbox()
    for n in range(30):
        await box.files.write(f"{n:02}" + ("/" + "x" * 200) * 10, b"")
    told = await TOOL.run(cast(ToolContext, context), {})
    lines = told.text.splitlines()
    assert len(told.text) < SHOWN + 100
    assert told.data == {"files": 30}
    assert lines[-1] == f"… and {31 - len(lines)} more"
