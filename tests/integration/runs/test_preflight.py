"""What cannot be had is said before a run starts, never left out in silence."""

import pytest

from runs.errors import BadRequest
from runs.models import Run
from tests.integration.runs.documents import code_role, model_role, pipeline
from tests.integration.runs.playing import Stage


def test_a_network_that_no_sandbox_has_is_refused(stage: Stage) -> None:
    crew = pipeline(
        {
            "fetch": code_role("stage", sandbox={"network": ["example.org"]}),
            "tell": model_role("stage"),
        }
    )
    with pytest.raises(BadRequest, match=r"roles\.fetch\.sandbox\.network"):
        stage.start(crew)
    assert not Run.objects.exists()


def test_a_kind_that_cannot_be_played_is_refused(stage: Stage) -> None:
    agent = {"seat": "stage", "kind": "command", "command": {"argv": ["agent"]}}
    with pytest.raises(BadRequest, match=r"roles\.agent\.kind"):
        stage.start(pipeline({"agent": agent, "tell": model_role("stage")}))
