"""How times, durations and money are written."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from teams.templatetags.callsheet import ago, duration, money


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (None, "–"),
        (0.0004, "0 ms"),
        (0.84, "840 ms"),
        (0.9996, "1.0 s"),
        (3.24, "3.2 s"),
        (59.99, "1 min 00 s"),
        (245, "4 min 05 s"),
        (timedelta(hours=3, minutes=4), "3 h 04 min"),
    ],
)
def test_durations_have_units(value: timedelta | float | None, written: str) -> None:
    assert duration(value) == written


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (None, "unknown"),
        (Decimal(0), "$0.00"),
        ("1.236", "$1.24"),
        (Decimal("0.5"), "$0.50"),
        (Decimal("0.0999"), "$0.10"),
        (Decimal("0.0031"), "$0.0031"),
        (Decimal("0.0000247"), "$0.000025"),
        (Decimal("1234.5"), "$1,234.50"),
    ],
)
def test_money_is_written_to_the_cent_that_matters(
    value: Decimal | str | None, written: str
) -> None:
    assert money(value) == written


@pytest.mark.parametrize(
    ("past", "written"),
    [
        (timedelta(seconds=20), "just now"),
        (timedelta(minutes=5, seconds=3), "5 min ago"),
        (timedelta(hours=26), "1 d ago"),
        (-timedelta(hours=2, minutes=1), "in 2 h"),
    ],
)
def test_a_moment_is_relative_with_the_exact_one_on_hover(past: timedelta, written: str) -> None:
    moment = timezone.now() - past
    shown = ago(moment)
    assert f">{written}<" in shown
    assert f'datetime="{moment.isoformat()}"' in shown


def test_no_moment_is_never() -> None:
    assert ago(None) == "never"
