"""Runs of the templates with models that have a price: models that play a template's script, leave
it, break contracts, break off, and count tokens about as vendors do; crews with other limits."""

import asyncio
import json
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from decimal import Decimal
from random import Random
from typing import Any

from crews.library import LibraryEntry, library_entries
from crews.models import Crew, Template
from crews.services import crew_draft_save, crew_from_template, crew_publish, templates_install
from crews.spec import CrewSpec
from runs.decisions import question_of
from runs.engine.allowances import TOP_UP
from runs.engine.drive import Drive
from runs.engine.machine import Machine
from runs.journal.entries import WITH_VALUE
from runs.models import Question, Run
from runs.providers.base import Cue
from runs.providers.improvise import improvise
from runs.providers.script import filled, script_parse, turn_of
from runs.readiness.checks import readiness
from runs.readiness.forecast import Forecast
from runs.services import decision_make, run_start
from sandbox.scripted import ScriptedDriver
from sandbox.scripted_programs import Call as Started
from teams.models import User
from teams.services import tier_set
from tests.fakes.model_server import Call, Reply, Rule
from tests.integration.runs.playing import Stage

Json = Any
# Both wire formats, and prices that rise with the length of a prompt.
TIERS = {
    "fast": ("openai", "gpt-6-luna"),
    "balanced": ("openai", "gpt-4.1"),
    "best": ("anthropic", "claude-sonnet-4-5"),
}
ENTRIES = {entry.spec.name: entry for entry in library_entries()}
QUESTIONS = 6
_ROLE = re.compile(r"the role '([^']+)' of the crew '([^']+)'")
_SCHEMA = re.compile(r"by this JSON Schema:\n(\{.*\})")


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """A run that was driven to its end, or to where nobody answers, and what was said of it
    (nothing of crews without a model)."""

    run: Run
    forecast: Forecast | None
    limits: Json


@dataclass(kw_only=True)
class Models:
    """The models of one run; `wild` is how often they do something other than their script."""

    chance: Random
    wild: float
    visits: Counter[str] = field(default_factory=Counter)

    def rules(self) -> list[Rule]:
        busy = Rule(status=429, headers={"retry-after": "0"}, times=1)
        cut = Rule(fault="cut", after=3, times=1, reply=self.answer)
        failing = [rule for rule in (busy, cut) if self.chance.random() < self.wild]
        return [*failing, Rule(reply=self.answer)]

    def answer(self, call: Call) -> Reply:
        """Answer, and count a token for about four bytes, as most vendors do."""
        text, calls = self._said(call)
        most = call.body.get("max_completion_tokens") or call.body["max_tokens"]
        spoken = text + "".join(json.dumps(one) for one in calls)
        made = min(most, len(spoken.encode()) // 4 + 1)
        asked = {n: part for n, part in call.body.items() if n in ("messages", "system", "tools")}
        told = len(json.dumps(asked, ensure_ascii=False).encode()) // 4
        if made == most:
            text, calls = text[: 3 * most], ()
        return Reply(text=text, tool_calls=calls, usage=(told, made))

    def _said(self, call: Call) -> tuple[str, tuple[Json, ...]]:
        found = _ROLE.search(call.all_text)
        role, crew = found.groups() if found else ("", "")
        turn = 1 + sum(m["role"] == "assistant" for m in call.body["messages"])
        self.visits[role] += turn == 1
        if self.chance.random() >= self.wild and (said := self._scripted(call, role, crew, turn)):
            return said
        return self._made_up(call, turn)

    def _scripted(
        self, call: Call, role: str, crew: str, turn: int
    ) -> tuple[str, tuple[Json, ...]] | None:
        entry = ENTRIES.get(crew)
        if entry is None or entry.rehearsal is None:
            return None
        cue = Cue(role=role, visit=max(1, self.visits[role]), turn=turn)
        played = turn_of(script_parse(entry.rehearsal), cue, call.all_text)
        if played is None:
            return None
        said = filled(played.say, lambda text: text.replace("{{last}}", call.last_text[:600]))
        calls = tuple(
            {"name": name, "arguments": given} for one in played.call for name, given in one.items()
        )
        return said if isinstance(said, str) else json.dumps(said), calls

    def _made_up(self, call: Call, turn: int) -> tuple[str, tuple[Json, ...]]:
        seed = str(self.chance.random())
        tools = [tool.get("function", tool) for tool in call.body.get("tools", [])]
        if tools and turn <= 3 and self.chance.random() < 0.6:
            tool = self.chance.choice(tools)
            schema = tool.get("parameters") or tool["input_schema"]
            given = improvise(schema, seed=seed, about="one more part")
            return "I look.", ({"name": tool["name"], "arguments": given},)
        schemas = [json.loads(found) for found in _SCHEMA.findall(call.all_text)]
        if not schemas or self.chance.random() < 0.2:
            return "word " * self.chance.randint(1, 2_000), ()
        made = improvise({"allOf": schemas}, seed=seed, about="one part")
        if isinstance(made, dict):
            made |= {n: self.chance.random() for n in made if n == "confidence"}
            made |= {n: self.chance.random() < 0.5 for n in made if n == "approved"}
        return json.dumps(made), ()


def record(stage: Stage, seeds: range) -> Iterator[Recorded]:
    """Record a run of each template for each seed; of seed 0 as the template is."""
    templates_install()
    for tier, (provider, model) in TIERS.items():
        tier_set(team=stage.team, tier=tier, provider=provider, model=model)
    for entry in ENTRIES.values():
        template = Template.objects.get(team=None, slug=entry.slug)
        crew = crew_from_template(template=template, team=stage.team, user=stage.user)
        for seed in seeds:
            chance = Random(f"{entry.slug}/{seed}")
            wild = chance.choice((0.1, 0.5)) if seed else 0.0
            stage.server.rules = Models(chance=chance, wild=wild).rules()
            changed = _otherwise(entry, chance) if seed else entry.document
            yield _recorded(crew, changed, stage.user, chance)


def _otherwise(entry: LibraryEntry, chance: Random) -> Json:
    """Return the template with other limits, from ones that nobody reaches to ones that end it."""
    document = deepcopy(entry.document)
    limits = document["limits"]
    if "cost_usd" in limits:
        limits["cost_usd"] = f"{Decimal(limits['cost_usd']) / chance.randint(1, 150):.6f}"
        limits["tokens"] = limits["tokens"] // chance.choice((1, 1, 20, 60))
    limits["on_reached"] = chance.choice(("ask", "end"))
    how_many = chance.choice((0, 0.4, 1))
    for role in document["roles"].values():
        if "model" in role and chance.random() < how_many:
            kind, most = chance.choice((("cost_usd", "0.004"), ("tokens", 4_000), ("calls", 2)))
            kind, most = (kind, most) if how_many < 1 else ("cost_usd", "0.01")
            role["limits"] = {**role.get("limits", {}), kind: most}
            role["model"]["max_tokens"] = chance.choice((60, 500, 4096))
    return document


def _recorded(crew: Crew, document: Json, user: User, chance: Random) -> Recorded:
    crew.refresh_from_db()
    crew = crew_draft_save(crew=crew, document=document, revision=crew.revision, user=user)
    version = crew_publish(crew=crew, user=user)
    spec = CrewSpec.model_validate(document)
    said = readiness(team=crew.team, spec=spec, crew=crew).forecast
    run = run_start(team=crew.team, user=user, version=version, task=spec.task.example)
    for _ in range(QUESTIONS):
        drive_scripted(run)
        run.refresh_from_db()
        if run.status != "waiting":
            break
        _decide(run, user, chance)
    return Recorded(run=run, forecast=said, limits=document["limits"])


def drive_scripted(run: Run) -> None:
    """Drive a run as a worker would whose sandboxes hold nothing but Python."""

    async def main() -> None:
        machine = Machine(driver=ScriptedDriver({"python": _python}))
        try:
            async with asyncio.timeout(60):
                await Drive(machine, str(run.pk)).go()
        finally:
            await machine.close()

    asyncio.run(main())


async def _python(call: Started) -> int:
    """The templates' own programs; what models wrote has no workspace here and mostly fails."""
    pipe = asyncio.subprocess.PIPE
    argv = (sys.executable, "-I", "-S", "-c", call.source)
    with tempfile.TemporaryDirectory() as folder:
        process = await asyncio.create_subprocess_exec(
            *argv, stdin=pipe, stdout=pipe, stderr=pipe, cwd=folder
        )
        out, failed = await process.communicate(call.stdin)
    call.write(out)
    call.write(failed, "stderr")
    return process.returncode or 0


def _decide(run: Run, user: User, chance: Random) -> None:
    """Answer all open questions, but top no limit up."""
    for question in Question.objects.filter(run=run, closed_at=None):
        action = str(question.action)
        asked = question_of(run, action)
        assert asked is not None
        assert asked.payload is not None
        choice = chance.choice([one for one in asked.payload["choices"] if one != TOP_UP])
        schema = asked.payload.get("schema")
        value = improvise(schema, seed="") if schema and choice in WITH_VALUE else None
        decision_make(run=run, action=action, user=user, choice=choice, value=value)
