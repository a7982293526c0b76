"""What a hostile or broken model can say. Each run ends, in its defined way, and is sound."""

import json
import time
from typing import Any

import pytest

from runs.journal.fold import FINAL
from tests.fakes.model_server import Reply, Rule
from tests.integration.runs.documents import delegate, desk, model_role, pipeline, steps
from tests.integration.runs.playing import Played, Stage

Json = Any
ANY_OBJECT = {"schema": {"type": "object"}, "on_invalid": {"retries": 1, "then": "fail"}}


def answered(stage: Stage, text: str, document: Json = None) -> Played:
    """Play a crew whose model says nothing but `text`."""
    stage.server.rules = [Rule(reply=Reply(text=text))]
    played = stage.play(document or steps(2))
    assert played.run.status in FINAL
    return played


def checked(source: Json = None) -> Json:
    """A pipeline whose first answer must be an object."""
    return pipeline({"a": model_role("stage"), "b": model_role("stage")}, {0: ANY_OBJECT})


def test_ten_megabytes_of_text(stage: Stage) -> None:
    played = answered(stage, "0123456789" * 1_000_000)
    assert played.run.status == "finished"
    assert len(played.output) == 10_000_000


@pytest.mark.parametrize("text", ["a\0b", "a\ud800b", "\udfff" * 50])
def test_nul_and_half_surrogates_become_marks(stage: Stage, text: str) -> None:
    played = answered(stage, text)
    assert played.run.status == "finished"
    assert "\ufffd" in played.output


@pytest.mark.parametrize(
    "value",
    [
        "[" * 5000 + "]" * 5000,
        '{"a":' * 5000 + "1" + "}" * 5000,
        *('{"a":' * depth + "1" + "}" * depth for depth in (60, 100, 300, 600, 800, 900, 960)),
        '{"x": NaN}',
        '{"x": 1e999}',
        '{"x": -1e999}',
        '{"x": ' + "9" * 6000 + "}",
        '{"x": ' + "9" * 4000 + "}",
        '{"x": "\\u0000"}',
        '{"x": "\\ud800"}',
        '{"\\ud800": 1, "\\u0000": 2}',
        '{"x": 1, "x": 2}',
        "",
        "{",
        '"',
        "```json\n{",
    ],
    ids=lambda text: text[:20].replace("\\", "/"),
)
def test_json_that_parsers_and_databases_choke_on(stage: Stage, value: str) -> None:
    played = answered(stage, value, checked())
    if played.run.status == "failed":
        assert played.error["kind"] == "invalid_payload"
        assert len(stage.server.calls) == 2


@pytest.mark.parametrize(
    "text", ["```json" + "\n" * 200_000, "```\n" * 100_000, "{" * 300_000, '{"a": "' + "\\" * 300_000]
)
def test_answers_made_to_be_slow_to_search(stage: Stage, text: str) -> None:
    begun = time.monotonic()
    played = answered(stage, text, checked())
    assert played.run.status == "failed"
    assert time.monotonic() - begun < 5


@pytest.mark.parametrize("text", ["<coder_task>" * 50_000, "<coder_task>x</CODER_TASK>" * 2_000])
def test_tags_made_to_be_slow_to_search(stage: Stage, text: str) -> None:
    begun = time.monotonic()
    options = {"delegation": "tags", "max_delegations": 3}
    stage.server.rules = [Rule(anywhere="You lead.", reply=Reply(text=text))]
    played = stage.play(desk(["coder"], options))
    assert played.run.status in FINAL
    assert time.monotonic() - begun < 10
