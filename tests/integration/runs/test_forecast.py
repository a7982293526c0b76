"""What runs of the templates cost, held against what was said before them."""

from collections import Counter
from decimal import Decimal

import pytest
from pytest_django.fixtures import Settings

from tests.integration.runs.playing import Stage
from tests.integration.runs.priced import ENTRIES, record

SEEDS = range(5)


@pytest.mark.alike
def test_no_run_of_a_template_costs_more_than_was_said(stage: Stage, settings: Settings) -> None:
    settings.EMBEDDED = False  # The sandboxes of these workers are not Docker's.
    ends: Counter[str] = Counter()
    bounds: Counter[str] = Counter()
    near = 0
    for it in record(stage, SEEDS):
        worst = it.forecast.worst if it.forecast else Decimal(0)
        assert worst is not None
        assert it.run.cost_usd <= worst, (it.run.crew_name, it.limits)
        ends[it.run.status] += 1
        near += it.run.cost_usd > worst / 2
        if it.forecast:
            bounds[it.forecast.bounded_by] += 1
    assert ends.total() == len(ENTRIES) * len(SEEDS) >= 100
    assert ends["finished"] >= 50
    assert ends["failed"] >= 10
    assert set(bounds) == {"limits.cost_usd", "limits.tokens", "the limits of the roles"}
    assert near >= 10
