"""What a lead delegates to workers: how it is done and accounted for, reviewed, and ended."""

from dataclasses import dataclass, field

from runs.errors import ActionError
from runs.patterns.base import Crew, Given, Json, Say

REMINDERS = 2


@dataclass
class Delegations:
    """What has been delegated in one run of the pattern. Delegations of one turn run side by
    side and end in any order, so they are accounted for together, in the order in which they
    began."""

    crew: Crew
    lead: str
    workers: list[str]
    count: int = 0
    said: float = 0.0
    confidence: float = 0.0
    turn: dict[int, tuple[str, Json]] = field(default_factory=dict)
    unreviewed: dict[str, Json] = field(default_factory=dict)

    @property
    def left(self) -> int:
        return 0 if self.enough else int(self.crew.options["max_delegations"]) - self.count

    @property
    def enough(self) -> bool:
        """Whether the lead has said that it is confident enough to answer."""
        wanted = self.crew.options.get("enough_confidence")
        return wanted is not None and self.confidence >= wanted

    async def delegate(self, crew: Crew, worker: str, task: str, context: str = "") -> str:
        """Let a worker do a task and return its result, or what went wrong, as text for the
        lead."""
        if worker not in self.workers:
            return (
                f"Error: there is no agent '{worker}'. The agents are: {', '.join(self.workers)}."
            )
        if self.left <= 0:
            return f"Error: {self.why_none_left()}"
        self.count = number = self.count + 1
        given = [Given(source=self.lead, payload=context)] if context else []

        async def work(inner: Crew) -> Json:
            result = await inner.ask(worker, task, given=given, to=self.lead)
            passage = await inner.hand_over(worker, self.lead, result)
            done = {"result": passage.payload, "passed": passage.open, "reason": passage.reason}
            return done | {"files": list(passage.files)} if passage.files else done

        message = {"from": self.lead, "to": worker, "task": task, "context": context}
        try:
            done = await crew.step(
                "delegation", f"{self.lead} → {worker}", self.lead, message, work
            )
        except ActionError as failed:
            return f"Error: '{worker}' failed: {failed.error.get('message', '')}" + (
                f"\nWhat it had written until then:\n{crew.quote(worker, partial)}"
                if (partial := failed.error.get("partial_text"))
                else ""
            )
        self.turn[number] = (worker, done["result"])
        note = "" if done["passed"] else f"\n(Held back by the contract: {done['reason']})"
        if files := done.get("files"):
            listed = crew.quote(worker, "\n".join(files))
            note += f"\nThese files came along; they are in your /workspace:\n{listed}"
        return crew.quote(worker, done["result"]) + note

    def why_none_left(self) -> str:
        if self.enough:
            return f"you are confident enough ({self.confidence:g}); nothing more is delegated."
        return "no delegations are left. Finish with what you have."

    async def report(self, crew: Crew, confidence: float, reason: str) -> str:
        """Take the lead's word on how confident it is; it holds from the next turn on."""

        async def noted(_: Crew) -> Json:
            return {"confidence": confidence, "enough": self.crew.options["enough_confidence"]}

        told = {"confidence": confidence, "reason": reason}
        done = await crew.step("checkpoint", f"confidence {confidence:g}", self.lead, told, noted)
        self.said = max(self.said, done["confidence"])
        return "That is enough: answer now." if self.said >= done["enough"] else "Go on."

    def after_turn(self) -> None:
        """Account for a turn: work to be reviewed, and how confident the lead is."""
        turn, self.turn = sorted(self.turn.items()), {}
        self.confidence = self.said
        for _, (worker, result) in turn:
            self._account_for_review(worker, result)

    def _account_for_review(self, worker: str, result: Json) -> None:
        if worker in self.crew.options["must_review"]:
            self.unreviewed[worker] = result
        elif worker in self.reviewers and not rejected(result):
            self.unreviewed.clear()

    @property
    def reviewers(self) -> list[str]:
        return [name for name in self.workers if "review" in self.crew.role(name).capabilities]

    async def before_end(self, say: Say, answer: str) -> str:
        """Do not let the lead end before what must be reviewed is reviewed: remind it, and have the
        review made where that does not help."""
        for _ in range(REMINDERS):
            if not self.unreviewed or not self.reviewers or self.left <= 0:
                break
            answer = await say(
                f"Not finished yet: the work of {', '.join(self.unreviewed)} must be approved by"
                f" {' or '.join(self.reviewers)} first. Delegate the review, have problems"
                f" fixed, then answer."
            )
        if self.unreviewed and self.reviewers:
            verdict = await self._review(self.reviewers[0])
            answer = await say(
                "The review that this crew requires was made for you. Answer now, and say what it"
                f" found.\n\n{verdict}"
            )
        return answer

    async def _review(self, reviewer: str) -> str:
        given = [Given(source=name, payload=result) for name, result in self.unreviewed.items()]

        async def review(inner: Crew) -> Json:
            return await inner.ask(reviewer, "Review this work.", given=given, to=self.lead)

        message = {
            "from": self.lead,
            "to": reviewer,
            "task": "Review this work.",
            "of": list(self.unreviewed),
        }
        verdict = await self.crew.step(
            "review", f"review by {reviewer}", self.lead, message, review
        )
        return self.crew.quote(reviewer, verdict)


def rejected(verdict: Json) -> bool:
    """Say whether a review's result plainly disapproves."""
    return isinstance(verdict, dict) and verdict.get("approved") is False
