"""Limits of tokens, money, calls, actions and time, of a crew and of a role."""

import pytest

from tests.fakes.model_server import Reply, Rule
from tests.integration.runs.documents import (
    ANTHROPIC,
    OPENAI,
    delegate,
    desk,
    model_role,
    pipeline,
    steps,
)
from tests.integration.runs.playing import Stage


def test_no_limit_is_reached_by_a_run_that_keeps_them(stage: Stage) -> None:
    played = stage.play(steps(3, limits={"tokens": 100_000, "cost_usd": "1.00", "actions": 20}))
    assert played.run.status == "finished"
    assert played.run.tokens == 45
    assert len(stage.server.calls) == 3
